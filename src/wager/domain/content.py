"""What can be shown: items, their fragments and renditions."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wager.domain.identity import Time

Name = Annotated[str, Meta(min_length=1, max_length=200)]


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
    string in `title`, `description` or a rendition may be a Liquid template.
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
    parent_id: str | None = None
    fragment: dict[str, Any] | None = None
    renditions: dict[str, dict[str, Any]] = {}
    attributes: dict[str, Any] = {}
