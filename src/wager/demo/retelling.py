"""Rows of Complete Journey retold as items and as events of the Segment spec."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from wager.demo.naming import coupon_title, product_title, readable
from wager.domain.content import Item

Payload = dict[str, Any]
ZONE = "America/New_York"
CONTEXT = {"timezone": ZONE, "channel": "store"}
TRAITS = (
    "ageGroup",
    "incomeGroup",
    "homeOwnership",
    "maritalStatus",
    "householdSize",
    "householdComposition",
    "kidsCount",
)
_NO_PRODUCT = re.compile(r"^(COUPON|FUEL|GASOLINE)")  # goes through the till, stands on no shelf
_MOST_PARTS = 12


def user_id(household: int) -> str:
    """What a household is called: its number; it has no name and no place."""
    return f"hh-{household}"


def coupon_id(campaign: int, upc: int) -> str:
    return f"coupon-{campaign}-{upc}"


def utc(naive: datetime) -> datetime:
    """The files' clock is taken as UTC."""
    return naive.replace(tzinfo=UTC)


def local_noon(day: datetime) -> datetime:
    """Noon in New York, for what is known to the day only."""
    return datetime.combine(day.date(), time(12), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def product(row: Sequence[Any]) -> Item:
    """A product; what has no category, or is fuel or a coupon's own line, is of kind `other`.

    Its category is the finer one: everybody's favourite department is grocery.
    """
    number, manufacturer, department, brand, category, kind, size, price = row
    shown = bool(category) and not any(
        _NO_PRODUCT.match(code) for code in (department, category, kind) if code
    )
    tags = {} if kind is None else {readable(kind) or kind: 1.0}
    if brand == "Private":
        tags["own brand"] = 0.5
    return Item(
        item_id=str(number),
        kind="product" if shown else "other",
        title=product_title(kind, size, brand),
        tags=tags,
        categories=[name for code in (category or department,) if (name := readable(code))],
        creator=f"manufacturer-{manufacturer}",
        price=None if price is None else round(price, 2),
        currency=None if price is None else "USD",
        attributes={"department": readable(department) or "Unknown"},
    )


def coupon(row: Sequence[Any]) -> Item:
    """A coupon of a campaign, valid while the campaign runs, tagged by what it is good for."""
    campaign, upc, campaign_type, start, end, products, parts = row
    weights: dict[str, float] = {}
    for part in parts[:_MOST_PARTS]:
        name = readable(part["category"])
        if name is not None:
            weights[name] = weights.get(name, 0.0) + round(part["products"] / products, 4)
    return Item(
        item_id=coupon_id(campaign, upc),
        kind="coupon",
        title=coupon_title(list(weights), products),
        tags=weights,
        categories=list(weights)[:3],
        available_from=utc(start),
        available_until=utc(end),
        attributes={
            "campaign": campaign,
            "campaignType": campaign_type,
            "couponUpc": str(upc),
            "products": products,
        },
    )


def described(row: Sequence[Any]) -> tuple[datetime, Payload]:
    """What the publisher says of a household, as of its first basket; bands stay words."""
    household, first_at, *values = row
    traits = {name: value for name, value in zip(TRAITS, values, strict=True) if value is not None}
    at = utc(first_at)
    return at, _payload("identify", household, at, f"people-{household}", traits=traits)


def sent(household: int, campaign: int, at: datetime, running: Iterable[int]) -> Payload:
    """A campaign was sent; the trait lists those that the household then holds."""
    traits = {"campaigns": [str(one) for one in running]}
    return _payload("identify", household, at, f"sent-{campaign}-{household}", traits=traits)


def order(row: Sequence[Any]) -> tuple[datetime, Payload]:
    """A whole basket as one `Order Completed`; prices are what was paid for one piece."""
    household, basket, store, at, revenue, discount, products = row
    properties: Payload = {
        "order_id": str(basket),
        "affiliation": f"store-{store}",
        "revenue": revenue,
        "currency": "USD",
        "products": products,
    }
    if discount:
        properties["discount"] = discount
    told = _payload(
        "track", household, utc(at), f"basket-{basket}",
        event="Order Completed", properties=properties,
    )  # fmt: skip
    return utc(at), told


def redeemed(
    household: int, campaign: int, upc: int, day: date, at: datetime, basket: int | None
) -> Payload:
    """A coupon was handed in; `basket` is the one it most likely belongs to."""
    properties = {"itemId": coupon_id(campaign, upc), "coupon_id": str(upc)}
    if basket is not None:
        properties["order_id"] = str(basket)
    return _payload(
        "track", household, at, f"redeemed-{campaign}-{upc}-{household}-{day:%Y%m%d}",
        event="Coupon Applied", properties=properties,
    )  # fmt: skip


def _payload(kind: str, household: int, at: datetime, message_id: str, **more: Any) -> Payload:
    return {
        "type": kind,
        "messageId": f"cj-{message_id}",
        "userId": user_id(household),
        "timestamp": at.isoformat(),
        "context": CONTEXT,
        **more,
    }
