"""Bought for somebody else: said, marked afterwards, or told by signs with a stated weight."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from wager.domain.content import Item
from wager.domain.events import CANCELLED, GIFT_MARKED, ORDERED, REFUNDED, Event
from wager.domain.profiles import Count, Mark, Profile
from wager.unify.draft import Draft, into, join_counts, join_marks

PRIOR_SHARE = 0.05
GIFT_FROM = 0.8
ORDERS_FOR_TASTE = 5
ADDRESSES_FOR_USUAL = 2
SIGNS: Mapping[str, float] = {
    "gift-wrap": 100.0,
    "registry": 100.0,
    "other-address": 10.0,
    "other-size": 4.0,
    "not-their-taste": 3.0,
    "season": 3.0,
}
"""How many times likelier each sign is where a line is a gift than where it is not."""
_SHIPPED_TO = "$ship:"
_SEASONS = (((2, 7), (2, 14)), ((5, 1), (5, 14)), ((12, 1), (12, 24)))
_WRAPS = ("gift_wrap", "giftWrap", "gift_message", "giftMessage")
_REGISTRIES = ("registry_id", "registryId")
_ADDRESSES = ("shipping_address", "shippingAddress")
_BILLED = ("billing_address", "billingAddress")
_ORDER_EVENTS = (ORDERED, REFUNDED, CANCELLED)


def is_gift(event: Event, line: Mapping[str, Any]) -> bool:
    """Whether a line was bought for somebody else: what it says itself, what the order says, or
    what the signs say."""
    said = line.get("gift")
    if isinstance(said, bool):
        return said
    if event.properties.get("gift") is True:
        return True
    probability = line.get("giftProbability")
    return isinstance(probability, float) and probability >= GIFT_FROM


def because(event: Event, line: Mapping[str, Any], *, marked: bool) -> str | None:
    """How it is known whether a line is a gift; None where nothing speaks for it."""
    if marked:
        return "marked"
    if isinstance(line.get("gift"), bool) or event.properties.get("gift") is True:
        return "said"
    return "inferred" if "giftProbability" in line else None


# ---- signs


def inferred(event: Event, profile: Profile, items: Mapping[str, Item]) -> Event:
    """The order, its lines with `giftProbability` and `giftSigns` where a strong sign is there.

    posterior odds = prior odds x the product of the signs' likelihood ratios. The weak signs
    (taste, season) alone do not reach `GIFT_FROM`: without a strong one nothing is worked out.
    """
    properties = event.properties
    lines = properties.get("products")
    if not isinstance(lines, list) or isinstance(properties.get("gift"), bool):
        return event
    shared = list(_signs_of_order(event, profile))
    told = [_told(event, line, profile, items, shared) for line in lines]
    if all(one is line for one, line in zip(told, lines, strict=True)):
        return event
    return replace(event, properties={**properties, "products": told})


def probability(signs: Iterable[str]) -> float:
    """How likely a line with these signs is a gift.

    >>> round(probability(["gift-wrap"]), 2), round(probability(["other-address", "season"]), 2)
    (0.84, 0.61)
    """
    odds = PRIOR_SHARE / (1.0 - PRIOR_SHARE)
    for sign in signs:
        odds *= SIGNS[sign]
    return odds / (1.0 + odds)


def _told(
    event: Event, line: Any, profile: Profile, items: Mapping[str, Item], shared: list[str]
) -> Any:
    if not isinstance(line, dict) or isinstance(line.get("gift"), bool):
        return line
    signs = list(dict.fromkeys([*shared, *_signs_of_line(line, profile, items)]))
    if not signs:
        return line
    item = items.get(line["product_id"])
    if item is not None and _not_their_taste(item, profile):
        signs.append("not-their-taste")
    if any(first <= (event.at.month, event.at.day) <= last for first, last in _SEASONS):
        signs.append("season")
    return {**line, "giftProbability": probability(signs), "giftSigns": signs}


def _signs_of_order(event: Event, profile: Profile) -> Iterator[str]:
    properties = event.properties
    if any(properties.get(name) for name in _WRAPS):
        yield "gift-wrap"
    if any(properties.get(name) for name in _REGISTRIES):
        yield "registry"
    address = shipped_to(event)
    if address is not None:
        billed = _address(properties, _BILLED)
        known = [name for name in profile.counts if name.startswith(_SHIPPED_TO)]
        seen = sum(profile.counts[name].total for name in known)
        unusual = seen >= ADDRESSES_FOR_USUAL and _SHIPPED_TO + address not in known
        if unusual or (not known and billed is not None and billed != address):
            yield "other-address"


def _signs_of_line(
    line: Mapping[str, Any], profile: Profile, items: Mapping[str, Item]
) -> Iterator[str]:
    if any(line.get(name) for name in _WRAPS):
        yield "gift-wrap"
    if any(line.get(name) for name in _REGISTRIES):
        yield "registry"
    size = line.get("size")
    usual = profile.traits["size"].value if size and "size" in profile.traits else None
    texts = isinstance(size, str) and isinstance(usual, str)
    if texts and str(size).casefold() != str(usual).casefold():
        yield "other-size"


def _not_their_taste(item: Item, profile: Profile) -> bool:
    """Many orders known, and not one leaning to any of its categories."""
    orders = profile.counts.get(ORDERED)
    if orders is None or orders.total < ORDERS_FOR_TASTE or not item.categories:
        return False
    leanings = (profile.affinities.get(f"category:{name}") for name in item.categories)
    return not any(one is not None and one.weight > 0 for one in leanings)


def shipped_to(event: Event) -> str | None:
    """A digest of the address that an order goes to; the address itself stays in the log."""
    return _address(event.properties, _ADDRESSES)


def _address(properties: Mapping[str, Any], names: Iterable[str]) -> str | None:
    address = next((properties[name] for name in names if properties.get(name)), None)
    if not isinstance(address, str | dict):
        return None
    text = msgspec.json.encode(address, order="sorted").decode().casefold()
    return blake2b("".join(text.split()).encode(), digest_size=8).hexdigest()


def note_address(draft: Draft, event: Event) -> None:
    """Count the address, so that another one can be told from the usual."""
    address = shipped_to(event)
    if address is not None:
        into(draft.counts, _SHIPPED_TO + address, Count(1.0, event.at), join_counts)


# ---- marks


def note_mark(draft: Draft, event: Event) -> None:
    """`Gift Marked`: of what is said of one order or line the latest counts."""
    for key, mark in _marks(event):
        into(draft.marks, key, mark, join_marks)


def marks(profile: Profile, events: Iterable[Event]) -> dict[str, Mark]:
    """The profile's marks with those of the events."""
    known = dict(profile.marks)
    for event in events:
        if event.name == GIFT_MARKED:
            for key, mark in _marks(event):
                into(known, key, mark, join_marks)
    return known


def _marks(event: Event) -> Iterator[tuple[str, Mark]]:
    """Under `order|item` for each line named, under `order|` for the whole order."""
    properties = event.properties
    order = properties.get("order_id") or properties.get("orderId") or properties.get("messageId")
    gift = properties.get("gift", True)
    if not isinstance(order, str | int) or not isinstance(gift, bool):
        return
    item_id = properties.get("itemId")
    products = properties.get("products")
    named = [line["product_id"] for line in products] if isinstance(products, list) else []
    for name in named or [item_id if isinstance(item_id, str) else ""]:
        yield f"{order}|{name}", Mark(gift, event.at, event.message_id)


def marked(event: Event, marks: Mapping[str, Mark]) -> Event:
    """An order, or what takes one back, as it would have been had it said so itself."""
    if not marks or event.name not in _ORDER_EVENTS:
        return event
    properties = event.properties
    lines = properties.get("products")
    named = [properties.get("order_id"), properties.get("orderId"), properties.get("ordered")]
    orders = [str(one) for one in named if isinstance(one, str | int)]
    if event.name == ORDERED:
        orders.append(event.message_id)
    if not isinstance(lines, list) or not orders:
        return event
    told = [_with_mark(line, orders, marks) for line in lines]
    if all(one is line for one, line in zip(told, lines, strict=True)):
        return event
    return replace(event, properties={**properties, "products": told})


def _with_mark(line: Any, orders: Iterable[str], marks: Mapping[str, Mark]) -> Any:
    if not isinstance(line, dict):
        return line
    item_id = line.get("product_id")
    found = [
        mark
        for order in orders
        for name in (item_id, "")
        if (mark := marks.get(f"{order}|{name}")) is not None
    ]
    if not found:
        return line
    last = max(found, key=lambda mark: (mark.at, mark.message_id))
    return {**line, "gift": last.gift}
