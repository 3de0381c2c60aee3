"""Bought for somebody else: marked afterwards as if said at once, or told by its signs."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unify.test_golden import known, same

import wager
from wager.engine.engine import Engine
from wager.unify.gifts import GIFT_FROM, SIGNS, probability
from wager.unify.view import view

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS: list[dict[str, Any]] = [
    {"itemId": "dress", "categories": ["Dresses"], "attributes": {"repurchase": "durable"}},
    {"itemId": "milk", "categories": ["Dairy"]},
    {"itemId": "bread", "categories": ["Bakery"], "tags": {"organic": 0.5}},
    {"itemId": "plain"},
]
Payload = dict[str, Any]


def shop() -> Engine:
    engine = wager.open("memory://", now=lambda: START + timedelta(days=400))
    engine.publish(items=ITEMS, placements=[{"name": "home", "default": "plain"}])
    return engine


def event(name: str, day: float, number: object = 0, who: str = "u", **properties: Any) -> Payload:
    identity = {"userId": "ada"} if who == "u" else {"anonymousId": "a-1"}
    return {
        "type": "track",
        "event": name,
        "messageId": f"{name}-{day}-{number}",
        "timestamp": (START + timedelta(days=day)).isoformat(),
        "properties": properties,
        **identity,
    }


def order(*items: str, day: float, gift: object = None, who: str = "u", **more: Any) -> Payload:
    flag = {} if gift is None else {"gift": gift}
    lines = [{"product_id": item, "quantity": 1, "price": 3.0, **flag} for item in items]
    number = more.get("order_id", "")
    return event("Order Completed", day, number, who, products=lines, **more)


def mark(
    order_id: str, gift: object = True, day: float = 90, who: str = "u", **more: Any
) -> Payload:
    return event("Gift Marked", day, f"{order_id}{more}", who, order_id=order_id, gift=gift, **more)


def told(engine: Engine) -> dict[str, Any]:
    """What the profile says, but for the marks themselves, how many events it took, and when
    anything arrived."""
    found = known(engine.people.stored("user_id", "ada"))
    found.pop("marks", None)
    found.pop("events", None)
    return found


def fed(*batches: Sequence[Payload]) -> Engine:
    engine = shop()
    for batch in batches:
        assert not engine.collect(msgspec.json.decode(msgspec.json.encode(batch))).quarantined
    return engine


OTHERS = [order("milk", "bread", day=1), order("dress", day=40, order_id="o-0")]


@pytest.mark.parametrize("marked", [True, False])
def test_a_mark_is_as_if_it_had_been_said_at_once(marked: bool) -> None:
    bought = order("dress", "milk", day=30, gift=None if marked else True, order_id="o-1")
    after = fed([*OTHERS, bought], [mark("o-1", marked)])
    at_once = fed([*OTHERS, order("dress", "milk", day=30, gift=marked, order_id="o-1")])
    assert same(told(after), told(at_once))
    assert not same(told(after), told(fed([*OTHERS, bought]))), "the comparison sees a mark"


def test_a_mark_may_be_of_one_line_and_is_taken_back() -> None:
    bought = order("dress", "milk", day=30, order_id="o-1")
    one = fed([*OTHERS, bought], [mark("o-1", itemId="dress")])
    lines = one.people.orders("user_id", "ada")
    assert [line["gift"] for line in lines if line["orderId"] == "o-1"] == [True, False]
    days = [line["at"] for line in lines]
    assert days == sorted(days, reverse=True), "newest first, however they came"
    one.collect([mark("o-1", False, day=91)])
    assert same(told(one), told(fed([*OTHERS, bought])))


DAYS = st.one_of(st.integers(0, 3), st.integers(0, 80))
NUMBERS = st.one_of(st.integers(0, 1), st.integers(0, 10**6))
FACTS = st.one_of(
    st.builds(
        lambda items, day, number, who, refund: [
            order(*items, day=day, order_id=f"o-{number}", who=who),
            *(
                [event("Order Refunded", day + 1, number, who, order_id=f"o-{number}",
                       products=[{"product_id": items[0]}])]
                if refund else []
            ),
        ],
        st.lists(st.sampled_from(["dress", "milk", "bread"]), min_size=1, max_size=2, unique=True),
        DAYS, NUMBERS, st.sampled_from("ua"), st.booleans(),
    ),
    st.builds(
        lambda item, day, who: [event("Product Viewed", day, item, who, product_id=item)],
        st.sampled_from(["dress", "milk"]), DAYS, st.sampled_from("ua"),
    ),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data(), groups=st.lists(FACTS, min_size=1, max_size=5))
def test_marks_and_orders_in_any_order_and_over_any_merge(
    data: st.DataObject, groups: list[list[Payload]]
) -> None:
    facts = list({one["messageId"]: one for group in groups for one in group}.values())
    orders = [one for one in facts if one["event"] == "Order Completed"]
    marks = [
        mark(
            one["properties"]["order_id"],
            said,
            day=90 + place,
            who=data.draw(st.sampled_from("ua")),
        )
        for place, one in enumerate(orders)
        if (said := data.draw(st.sampled_from([True, False, None]))) is not None
    ]
    said = {one["properties"]["order_id"]: one["properties"]["gift"] for one in marks}
    login = {"type": "identify", "userId": "ada", "anonymousId": "a-1", "messageId": "login",
             "timestamp": (START + timedelta(days=100)).isoformat()}  # fmt: skip
    refunds = [one for one in facts if one["event"] == "Order Refunded"]
    first = [one for one in facts if one not in refunds]
    shuffled = data.draw(st.permutations([*first, *marks]))
    cut = data.draw(st.integers(0, len(shuffled)))
    early = data.draw(st.booleans())
    batches = [shuffled[:cut], [login], shuffled[cut:]] if early else [shuffled, [login]]
    marked = fed(*(batch for batch in batches if batch), refunds or [login])
    plain = [
        {**one, "properties": {**one["properties"], "gift": said[number], "products": [
            {**line, "gift": said[number]} for line in one["properties"]["products"]]}}
        if (number := one["properties"].get("order_id")) in said else one
        for one in first
    ]  # fmt: skip
    at_once = fed([login], *([plain] if plain else []), refunds or [login])
    assert same(told(marked), told(at_once))


def refund(item: str, day: float, order_id: str, **more: Any) -> Payload:
    lines = [{"product_id": item}]
    return event("Order Refunded", day, order_id, order_id=order_id, products=lines, **more)


@pytest.mark.parametrize("arrival", list(itertools.permutations(range(3))))
def test_of_orders_with_one_number_a_refund_is_of_the_latest_that_holds_it(
    arrival: tuple[int, int, int],
) -> None:
    bought = [
        order("dress", day=0, order_id="o-1"),
        order("dress", day=1, order_id="o-1"),
        order("milk", day=2, order_id="o-1"),
    ]
    engine = fed(*([bought[place]] for place in arrival), [refund("dress", 3, "o-1")])
    profile = engine.people.stored("user_id", "ada")
    dress = profile.purchases["dress"]
    assert (dress.times, dress.quantity, profile.purchases["milk"].quantity) == (1, 1.0, 1.0)
    assert dress.recent == pytest.approx(2 ** (-1 / 60)), "the one of the day before is left"


@pytest.mark.parametrize("gift", [True, False])
def test_sent_back_with_a_gift_order_that_does_not_hold_it_is_the_same_said_or_marked(
    gift: bool,
) -> None:
    bought, back = order("milk", day=0, order_id="o-1"), refund("dress", 3, "o-1")
    after = fed([bought], [back], [mark("o-1", gift)])
    before = fed([bought], [mark("o-1", gift)], [back])
    said = {**bought, "properties": {**bought["properties"], "gift": gift}}
    at_once = fed([said], [back])
    assert same(told(after), told(at_once))
    assert same(told(before), told(at_once))
    assert told(at_once)["returned"]["dress"][7] == (-1.0 if gift else 0.0)


def test_a_marked_gift_opens_the_durable_again_and_moves_no_taste() -> None:
    engine = fed([order("dress", day=30, order_id="o-1")])
    assert engine.people.stored("user_id", "ada").purchases["dress"].own_since is not None
    engine.collect([mark("o-1")])
    profile = engine.people.stored("user_id", "ada")
    assert profile.purchases["dress"].own_since is None
    assert profile.affinities == {}
    assert profile.counts["$revenue"].total == 3.0, "the money was spent all the same"


def test_one_for_the_niece_does_not_hide_the_own_one() -> None:
    engine = fed([order("dress", day=10), order("dress", day=30, gift=True)])
    profile = engine.people.stored("user_id", "ada")
    assert profile.purchases["dress"].own_since == START + timedelta(days=10)


def test_what_the_log_has_no_more_is_moved_by_the_difference() -> None:
    engine = fed([order("milk", day=1, order_id="o-0")], [order("milk", day=2, order_id="o-1")])
    whole = engine.people.stored("user_id", "ada")
    with engine.stores.transaction():
        engine.stores.events.erase(whole.profile_id)
    engine.collect([order("milk", day=30, order_id="o-2")])
    engine.collect([mark("o-2")])
    profile = engine.people.stored("user_id", "ada")
    first = [order("milk", day=1, order_id="o-0"), order("milk", day=2, order_id="o-1")]
    at_once = told(fed(first, [order("milk", day=30, order_id="o-2", gift=True)]))
    milk, meant = profile.purchases["milk"], at_once["purchases"]["milk"]
    assert same([milk.times, milk.recent, milk.given], [meant[0], meant[1], meant[7]])
    leaning = profile.affinities["category:Dairy"]
    old = at_once["affinities"]["category:Dairy"][0]
    assert leaning.weight == pytest.approx(old * 2 ** (-28 / 60))


# ---- signs


def signs(engine: Engine) -> list[list[str]]:
    return [line["signs"] for line in engine.people.orders("user_id", "ada")]


HOME, AWAY = {"street": "Main St 1", "city": "Ulm"}, {"street": "Sea Rd 9", "city": "Kiel"}


def test_wrapped_counts_as_a_gift_and_says_why() -> None:
    engine = fed([order("dress", day=1, gift_wrap=True)])
    line = engine.people.orders("user_id", "ada")[0]
    assert (line["gift"], line["because"], line["signs"]) == (True, "inferred", ["gift-wrap"])
    assert line["probability"] == pytest.approx(probability(["gift-wrap"]))
    assert engine.people.stored("user_id", "ada").affinities == {}


def test_what_is_said_goes_before_the_signs() -> None:
    assert not fed([order("dress", day=1, gift=False, gift_wrap=True)]).people.orders(
        "user_id", "ada"
    )[0]["gift"]
    marked = fed([order("dress", day=1, gift_wrap=True, order_id="o-1")], [mark("o-1", False)])
    line = marked.people.orders("user_id", "ada")[0]
    assert (line["gift"], line["because"]) == (False, "marked")


def test_another_address_alone_is_not_enough_but_with_taste_and_season_it_is() -> None:
    usual = [order("milk", day=day, shipping_address=HOME) for day in range(6)]
    away = fed(usual, [order("milk", day=20, shipping_address=AWAY)])
    assert signs(away)[0] == ["other-address"]
    assert not away.people.orders("user_id", "ada")[0]["gift"]
    december = fed(usual, [order("dress", day=285, shipping_address=AWAY)])
    assert signs(december)[0] == ["other-address", "not-their-taste", "season"]
    assert december.people.orders("user_id", "ada")[0]["gift"]
    assert all(not found for found in signs(fed(usual, [order("dress", day=285)])))
    assert not any(name.startswith("$") for name in told_counts(december))


def told_counts(engine: Engine) -> Sequence[str]:
    return list(view(engine.people.stored("user_id", "ada"), START)["counts"])


def test_the_weak_signs_alone_never_reach_the_threshold() -> None:
    weak = ["not-their-taste", "season"]
    strong = [name for name in SIGNS if name not in weak]
    assert probability(weak) < GIFT_FROM
    assert all(
        probability(some) <= probability([*some, *weak])
        for some in itertools.combinations(strong, 2)
    )
