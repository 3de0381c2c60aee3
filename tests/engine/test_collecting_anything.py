"""Whatever JSON comes: each payload is taken in or says why not, and nothing falls over."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

import wager
from wager.domain.events import Arrival, Event
from wager.stores.base import EventQuery, ProfileQuery

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
ITEMS: list[dict[str, Any]] = [
    {"itemId": "bread", "categories": ["Bakery"], "tags": {"organic": 0.5}, "creator": "x"}
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "u",
            "a",
            "bread",
            "null",
            "2026-01-05T17:00:00Z",
            "Europe/Berlin",
            "item",
            "tag",
            "x@y.zz",
        ]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("Order Completed", "Order Refunded", "Order Cancelled", "Product Added"),
        *("Product Removed", "Cart Viewed", "Item Viewed", "Item Clicked", "Item Liked"),
        *("Item Disliked", "Item Unblocked", "Item Dismissed", "Product Viewed", "$revenue", "x"),
    ]
)
KINDS = st.sampled_from(["track", "track", "track", "identify", "group", "alias", "page"])


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda draw: JSON if draw == 0 else good)


def some(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of these fields, each with a likely or an unlikely value."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON))


ITEM = mostly(st.sampled_from(["bread", "new", 7]))
NUMBER = mostly(st.sampled_from([1, 2.5, "3", 0]))
LINE = st.fixed_dictionaries(
    {"product_id": ITEM},
    optional={
        **dict.fromkeys(("quantity", "price", "ordered"), NUMBER),
        **dict.fromkeys(("gift", "category", "brand", "orderedAt"), JSON),
    },
)
PROPERTIES = st.fixed_dictionaries(
    {"itemId": ITEM},
    optional={
        **dict.fromkeys(("tag", "creator", "gift", "decisionId"), JSON),
        **dict.fromkeys(("revenue", "order_id"), NUMBER),
        "scope": st.sampled_from(["item", "tag", "creator"]),
        "products": mostly(st.lists(LINE, max_size=3)),
    },
)
CONTEXT = some("timezone", "locale", "device", "traits", "utcOffsetMinutes", "library")
PAYLOADS = mostly(
    st.fixed_dictionaries(
        {"type": KINDS, "userId": st.sampled_from(["u", "v"]), "event": NAMES},
        optional={
            "anonymousId": st.sampled_from(["a", "b"]),
            "previousId": st.sampled_from(["a", "u"]),
            "groupId": mostly(st.just("g")),
            "timestamp": mostly(
                st.sampled_from([f"2026-01-0{day}T17:00:00+01:00" for day in range(1, 6)])
            ),
            "properties": mostly(PROPERTIES),
            "traits": mostly(some("email", "phone", "timezone", "kind")),
            "context": mostly(CONTEXT),
            "messageId": mostly(st.sampled_from(["m1", "m2", "m3", "m4", "m5"])),
        },
    )
)


@settings(max_examples=150, deadline=None)
@given(payloads=st.lists(PAYLOADS, max_size=6), public=st.booleans())
def test_every_payload_is_taken_in_or_says_why_not(payloads: list[object], public: bool) -> None:
    with wager.open("memory://", now=lambda: NOW) as engine:
        engine.publish(
            items=ITEMS,
            segments=[{"name": "one", "condition": "profile.traits.averageOrder * 2 > 10"}],
        )
        arrival = Arrival(received_at=NOW, public=public)
        collected, durable = engine.collecting.collect(payloads, arrival)
        durable.result()
        told = collected.accepted + collected.duplicates + len(collected.quarantined)
        assert told == len(payloads)
        for profile in engine.stores.profiles.list(ProfileQuery()):
            engine.people.get("profile_id", profile.profile_id)
            read = msgspec.msgpack.decode(msgspec.msgpack.encode(profile), type=type(profile))
            assert read == profile, "what is stored is what is read"
        for stored in engine.stores.events.read(EventQuery()):
            msgspec.msgpack.decode(msgspec.msgpack.encode(stored.event), type=Event)
        engine.collecting.events(None, 10)
        again, _ = engine.collecting.collect(payloads, arrival)
        assert again.accepted == 0
