"""What a person bought, gave away, sent back, and has in the cart."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from math import cos, pi, sin
from typing import Any

import msgspec

from wager.domain.content import Item
from wager.domain.events import ORDERED, Event
from wager.domain.profiles import Count, Purchase
from wager.unify import leanings
from wager.unify.draft import Draft, into, join_counts, later, zone_of
from wager.unify.gifts import is_gift, note_address

# Counts that no event can have: an event whose name begins with a dollar sign is not counted.
REVENUE, REFUNDED_VALUE = "$revenue", "$refunded"
ORDERED_WEIGHT = 2.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_AMOUNTS = ("revenue", "total", "subtotal", "value")


def completed(draft: Draft, event: Event, items: Mapping[str, Item]) -> None:
    """`Order Completed`: purchases by line, the order's hour, its revenue; the cart is empty.

    A line marked as a gift (or any line of a gift order) was not bought for the giver: it is kept,
    marked, and moves neither leanings nor what they buy often.
    """
    draft.empty_cart(event.at)
    local = local_time(event)
    angle = 2 * pi * (local.hour + local.minute / 60) / 24
    cosine, sine = cos(angle), sin(angle)
    own = []
    for line in lines(event):
        item_id, quantity = line["product_id"], float(line.get("quantity", 1.0))
        if is_gift(event, line):
            draft.bought(item_id, Purchase(1, 0.0, event.at, quantity, gift=True, given=quantity))
            continue
        own_at = event.at
        draft.bought(item_id, Purchase(1, 1.0, own_at, quantity, cosine, sine, own_at=own_at))
        own.append((items.get(item_id), line))
    if event.refused:
        return
    note_address(draft, event)
    leanings.lean_to_all(draft, event, own, ORDERED_WEIGHT)
    draft.ordered(local)
    into(draft.counts, REVENUE, Count(amount(event), event.at), join_counts)


def taken_back(draft: Draft, event: Event) -> None:
    """`Order Refunded` and `Order Cancelled`: what was bought is theirs no longer, by quantity.

    Where the order is known (`with_order`), the purchase is taken out of its own time.
    """
    for line in lines(event):
        quantity = float(line.get("quantity", 1.0))
        given = -quantity if is_gift(event, line) else 0.0
        ordered_at, ordered = line.get("orderedAt"), line.get("ordered", 0.0)
        if not isinstance(ordered_at, str):
            piece = Purchase(-1, 0.0, _NEVER, -quantity, gift=True, given=given)
        elif quantity >= ordered:
            at, own = datetime.fromisoformat(ordered_at), 0.0 if given else 1.0
            piece = Purchase(-1, -own, at, -quantity, gift=True, given=given)
        else:
            piece = Purchase(0, 0.0, _NEVER, -quantity, gift=True, given=given)
        draft.bought(line["product_id"], piece)
    if not event.refused:
        into(draft.counts, REFUNDED_VALUE, Count(amount(event), event.at), join_counts)


def refunded(refund: Event, events: Iterable[Event]) -> Event | None:
    """The order of the number that a refund names. Of several with one number: the one that holds
    most of what goes back, then the latest, whichever came first."""
    number, items = order_id(refund), {line["product_id"] for line in lines(refund)}
    found = [event for event in events if event.name == ORDERED and order_id(event) == number]
    return max(found, key=lambda order: _fit(order, items), default=None)


def _fit(order: Event, items: set[str]) -> tuple[int, datetime, str]:
    return len(items & {line["product_id"] for line in lines(order)}), order.at, order.message_id


def with_order(event: Event, order: Event | None) -> Event:
    """A refund that knows its order: when and how many were bought, and the lines if it names none.

    The engine finds the order (`refunded`). The lines then say `ordered` and `orderedAt`; a refund
    without lines takes the whole order back.
    """
    if order is None:
        return event
    bought = {line["product_id"]: line for line in lines(order)}
    back = list(lines(event))
    properties = {**event.properties, "ordered": order.message_id}
    if not back and not any(name in properties for name in _AMOUNTS):
        properties["total"] = amount(order)
    properties["products"] = [
        {**line, **_of_order(order, bought.get(line["product_id"]))}
        for line in back or lines(order)
    ]
    return msgspec.structs.replace(event, properties=properties)


def _of_order(order: Event, line: dict[str, Any] | None) -> dict[str, Any]:
    """What an order's line adds to its refund's; if it has no such line, that all of it was a gift,
    as a mark on the whole order would say."""
    if line is None:
        return {"gift": True} if order.properties.get("gift") is True else {}
    return {
        "ordered": line.get("quantity", 1.0),
        "orderedAt": order.at.isoformat(),
        "gift": is_gift(order, line),
    }


def carted(draft: Draft, event: Event) -> None:
    """`Product Added`, `Cart Viewed`: in the cart since then, unless it left it later."""
    for item_id in _items(event):
        into(draft.cart, item_id, event.at, later)


def uncarted(draft: Draft, event: Event) -> None:
    for item_id in _items(event):
        into(draft.removed, item_id, event.at, later)


def lines(event: Event) -> Iterator[dict[str, Any]]:
    """The lines of an order, each with its `product_id`."""
    products = event.properties.get("products")
    for line in products if isinstance(products, list) else ():
        if isinstance(line, dict) and isinstance(line.get("product_id"), str):
            yield line


def order_id(event: Event) -> str | None:
    """The shop's own number of the order, as text."""
    value = event.properties.get("order_id") or event.properties.get("orderId")
    known = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if known else None


def _items(event: Event) -> list[str]:
    item_id = event.properties.get("itemId")
    if isinstance(item_id, str):
        return [item_id]
    return [line["product_id"] for line in lines(event)]


def amount(event: Event) -> float:
    """What the order came to: as it says itself, or by its lines."""
    for name in _AMOUNTS:
        value = event.properties.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return abs(float(value))
    return sum(
        float(line["price"]) * float(line.get("quantity", 1.0))
        for line in lines(event)
        if isinstance(line.get("price"), int | float)
    )


def local_time(event: Event) -> datetime:
    """The time on the person's clock: by the event's time zone, its sender's offset, or UTC."""
    return event.at.astimezone(
        zone_of(event.context.get("timezone"))
        or _offset(event.context.get("utcOffsetMinutes"))
        or UTC
    )


def tells_local_time(event: Event) -> bool:
    return "timezone" in event.context or "utcOffsetMinutes" in event.context


def _offset(minutes: object) -> tzinfo | None:
    if isinstance(minutes, int) and not isinstance(minutes, bool) and abs(minutes) < 1440:
        return _fixed(minutes)
    return None


@lru_cache(maxsize=2880)
def _fixed(minutes: int) -> tzinfo:
    return timezone(timedelta(minutes=minutes))
