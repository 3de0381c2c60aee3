"""What can be shown: items, their fragments and renditions."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wager.domain.identity import Time

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Regional(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """How an item is sold in one region: at a price of its own, or as everywhere."""

    price: Annotated[float, Meta(ge=0)] | None = None
    currency: Annotated[str, Meta(min_length=3, max_length=3)] | None = None


class Item(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """One thing that can be shown. `stock` None means unlimited; 0 or less is never shown.
    Orders after `stock_at` take from it; `limit` is to how many people it is granted in all.

    `tags` have weights; `parent_id` names the item that this one is a variant or a part of; a
    string in `title`, `description` or a rendition may be a Liquid template. What names `regions`
    is sold in those alone.
    """

    item_id: Name
    kind: str = "product"
    title: str = ""
    description: str = ""
    tags: dict[str, float] = {}
    categories: list[str] = []
    creator: str | None = None
    price: Annotated[float, Meta(ge=0)] | None = None
    currency: Annotated[str, Meta(min_length=3, max_length=3)] | None = None
    margin: float | None = None
    stock: int | None = None
    stock_at: Time | None = None
    limit: Annotated[int, Meta(ge=0)] | None = None
    available_from: Time | None = None
    available_until: Time | None = None
    regions: dict[Name, Regional] = {}
    parent_id: str | None = None
    fragment: dict[str, Any] | None = None
    renditions: dict[str, dict[str, Any]] = {}
    attributes: dict[str, Any] = {}


def sold_in(item: Item, region: object) -> Item | None:
    """The item as it is sold in a region, the first that it names of several (the shop, the city,
    the country); None where it is not sold, or names regions and nobody says where.

    >>> tea = Item(item_id="tea", price=3.0, regions={"CH": Regional(price=4.0, currency="CHF")})
    >>> sold_in(tea, ["CH-ZH", "CH"]).price, sold_in(tea, "DE"), sold_in(tea, None)
    (4.0, None, None)
    """
    if not item.regions:
        return item
    named = [region] if isinstance(region, str) else region if isinstance(region, list) else []
    found = next((one for one in named if isinstance(one, str) and one in item.regions), None)
    if found is None:
        return None
    there = item.regions[found]
    price = item.price if there.price is None else there.price
    return msgspec.structs.replace(item, price=price, currency=there.currency or item.currency)
