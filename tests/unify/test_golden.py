"""The golden record: what each event does to it, whenever and however it arrives."""

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wager.domain.content import Item
from wager.domain.events import Event, EventKind
from wager.domain.identity import Identity
from wager.domain.profiles import Field, Profile
from wager.unify.draft import BOUNDS
from wager.unify.golden import fold, merge, refused

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
ITEMS = {
    "bread": Item(item_id="bread", categories=["Bakery"], tags={"organic": 0.5}, creator="Müller"),
    "milk": Item(item_id="milk", categories=["Dairy"]),
}
BLANK = Profile(profile_id="p", created_at=START + timedelta(days=999), updated_at=START)


def event(
    name: str = "",
    minutes: float = 0.0,
    kind: EventKind = "track",
    properties: dict[str, Any] | None = None,
    **fields: Any,
) -> Event:
    at = START + timedelta(minutes=minutes)
    told: dict[str, Any] = {
        "message_id": f"{name}{minutes}",
        "received_at": at + timedelta(seconds=1),
        "identities": (Identity("user_id", "u"),),
        "properties": properties or {},
        **fields,
    }
    return Event(name=name, kind=kind, at=at, **told)


def order(*items: str, minutes: float = 0.0, **fields: Any) -> Event:
    lines = [{"product_id": item, "quantity": 1.0, "price": 2.0} for item in items]
    return event("Order Completed", minutes, properties={"products": lines}, **fields)


def of(*events: Event, profile: Profile = BLANK) -> Profile:
    return fold(profile, events, ITEMS)


def about(item_id: str, **more: Any) -> dict[str, Any]:
    return {"itemId": item_id, **more}


# ---- any order, any split, any merge


def same(one: object, other: object) -> bool:
    """Equal, but for rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def known(profile: Profile) -> dict[str, Any]:
    """What a profile says, without how often it was written and under which id."""
    told: dict[str, Any] = msgspec.to_builtins(profile)
    for name in ("profileId", "version", "updatedAt", "mergedFrom"):
        told.pop(name, None)
    return told


SECONDS = st.integers(0, 200 * 86400)
ITEM = st.sampled_from(["bread", "milk", "unknown"])
CONTEXTS: list[dict[str, Any]] = [
    {},
    {"timezone": "Europe/Berlin", "locale": "de-DE"},
    {"timezone": "America/New_York", "device": {"type": "mobile"}},
    {"utcOffsetMinutes": 330, "traits": {"plan": "pro"}},
]
LINE = st.fixed_dictionaries(
    {"product_id": ITEM, "quantity": st.sampled_from([1.0, 2.0, 0.5]), "price": st.just(2.0)},
    optional={"gift": st.booleans(), "ordered": st.just(1.0)},
)
NAMES = [
    "Item Viewed",
    "Item Clicked",
    "Item Liked",
    "Item Disliked",
    "Item Unblocked",
    "Item Dismissed",
    "Product Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Custom",
]


@st.composite
def events(draw: st.DrawFn) -> Event:
    seconds = draw(SECONDS)
    context = draw(st.sampled_from(CONTEXTS))
    shared = {
        "context": context,
        "message_id": f"m{draw(st.integers(0, 10**9))}",
        "source": draw(st.sampled_from(["api", "browser"])),
        "consent": draw(st.sampled_from([{}, {}, {}, {"learning": False}, {"learning": True}])),
        "claimed": draw(st.sampled_from([None, None, Identity("user_id", "x")])),
    }
    shared["refused"] = ("learning",) if shared["consent"] == {"learning": False} else ()
    what = draw(st.integers(0, 5))
    if what == 0:
        traits = draw(
            st.dictionaries(
                st.sampled_from(["email", "plan", "timezone"]),
                st.sampled_from(["a", "b", None, 3, "Europe/Berlin"]),
            )
        )
        kind: EventKind = draw(st.sampled_from(["identify", "group"]))
        properties: dict[str, Any] = {"groupId": "g"} if kind == "group" else {}
        return event("", seconds / 60, kind, properties, traits=traits, **shared)
    if what == 1:
        name = draw(st.sampled_from(["Order Completed", "Order Refunded", "Order Cancelled"]))
        lines = draw(st.lists(LINE, max_size=3))
        if name != "Order Completed" and draw(st.booleans()):
            for line in lines:
                line["orderedAt"] = START.isoformat()
        return event(name, seconds / 60, properties={"products": lines}, **shared)
    name = draw(st.sampled_from(NAMES))
    properties = about(draw(ITEM))
    if name in ("Item Disliked", "Item Unblocked"):
        properties = draw(
            st.sampled_from([properties, {"scope": "tag", "tag": "organic"}, properties])
        )
    return event(name, seconds / 60, properties=properties, **shared)


def split(pieces: Sequence[Event], cuts: Sequence[int]) -> list[list[Event]]:
    places = sorted({0, len(pieces), *(cut % (len(pieces) + 1) for cut in cuts)})
    return [list(pieces[a:b]) for a, b in itertools.pairwise(places)]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), happened=st.lists(events(), max_size=12))
def test_the_order_of_arrival_and_the_batches_do_not_matter(
    data: st.DataObject, happened: list[Event]
) -> None:
    whole = of(*happened)
    profile = BLANK
    shuffled = data.draw(st.permutations(happened))
    for batch in split(shuffled, data.draw(st.lists(st.integers(0, 20), max_size=4))):
        profile = of(*batch, profile=profile)
    assert same(known(profile), known(whole))


@settings(max_examples=150, deadline=None)
@given(happened=st.lists(events(), max_size=12), side=st.integers(0, 2**12 - 1))
def test_a_merge_of_two_equals_the_fold_of_all(happened: list[Event], side: int) -> None:
    one = of(*(each for place, each in enumerate(happened) if side >> place & 1))
    other = msgspec.structs.replace(
        of(*(each for place, each in enumerate(happened) if not side >> place & 1)),
        profile_id="q",
    )
    whole = known(of(*happened))
    for winner, loser in ((one, other), (other, one)):
        merged, tombstone = merge(winner, loser, START)
        assert same(known(merged), whole)
        assert merged.merged_from == (loser.profile_id,)
        assert tombstone.merged_into == winner.profile_id


def test_the_comparison_would_see_a_difference() -> None:
    """The sabotaged twin: were the last to arrive the one that counts, this would be equal."""
    early, late = (
        event("", minutes, "identify", traits={"plan": plan})
        for minutes, plan in ((0, "old"), (1, "new"))
    )
    assert same(known(of(early, late)), known(of(late, early)))
    swapped = event("", 1, "identify", traits={"plan": "old"})
    assert not same(known(of(early, late)), known(of(early, swapped)))


# ---- traits


def test_the_latest_statement_counts_by_its_own_time() -> None:
    profile = of(
        event("", 5, "identify", traits={"plan": "pro"}),
        event("", 1, "identify", traits={"plan": "free"}, source="crm"),
    )
    assert profile.traits["plan"] == Field("pro", "api", START + timedelta(minutes=5))


def test_what_is_stated_stands_above_what_a_device_tells() -> None:
    profile = of(
        event("", 0, "identify", traits={"locale": "de-DE"}),
        event("", 9, "page", context={"locale": "en-US", "timezone": "Europe/Berlin"}),
    )
    assert profile.traits["locale"].value == "de-DE"
    assert profile.traits["timezone"].provenance == "derived"
    assert profile.timezone == "Europe/Berlin"


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "America", {"a": 1}, 5, ""])
def test_a_time_zone_that_there_is_not_is_none(zone: object) -> None:
    profile = of(event("", 0, "identify", traits={"timezone": zone}))
    assert profile.timezone is None
    assert of(order("milk", context={"timezone": zone})).hours[12] == 1.0


def test_a_group_s_traits_are_kept_apart() -> None:
    call = event("", 0, "group", {"groupId": "h-1"}, traits={"kind": "household", "name": "Ada's"})
    profile = of(call)
    assert profile.traits["groupId"].value == "h-1"
    assert profile.traits["group.name"].value == "Ada's"
    assert "name" not in profile.traits
    assert profile.households == ("h-1",)


def test_an_unproven_statement_is_less_sure() -> None:
    profile = of(
        event(
            "",
            0,
            "identify",
            traits={"plan": "pro"},
            verified=False,
            claimed=Identity("user_id", "victim"),
        )
    )
    assert profile.traits["plan"].confidence == 0.5
    assert profile.unverified == (Identity("user_id", "victim"),)
    assert profile.identities == ()


def test_a_trait_too_long_to_be_a_fact_is_not_taken() -> None:
    profile = of(event("", 0, "identify", traits={"essay": "x" * 2001, "n" * 101: 1, "ok": "x"}))
    assert set(profile.traits) == {"ok"}


# ---- orders


def test_an_order_is_remembered_by_item_hour_and_sum() -> None:
    berlin = {"timezone": "Europe/Berlin"}
    profile = of(order("bread", "milk", context=berlin), order("bread", minutes=7 * 1440))
    bread = profile.purchases["bread"]
    assert (bread.times, bread.quantity) == (2, 2.0)
    assert bread.recent == pytest.approx(1 + 2 ** (-7 / 60))
    assert bread.last_at == START + timedelta(days=7)
    assert profile.hours[13] == profile.hours[12] == 1.0, "13 h in Berlin; 12 h UTC without a zone"
    assert profile.weekdays == (2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert profile.counts["$revenue"].total == 6.0


def test_what_an_order_says_it_came_to_stands_above_its_lines() -> None:
    told = event("Order Completed", properties={"revenue": 25.5, "products": []})
    assert of(told).counts["$revenue"].total == 25.5


def test_a_gift_says_nothing_of_the_giver_s_taste() -> None:
    given_away = {"product_id": "bread", "quantity": 1.0, "gift": True}
    own = {"product_id": "milk", "quantity": 1.0}
    profile = of(event("Order Completed", properties={"products": [given_away, own]}))
    assert profile.purchases["bread"].gift
    assert profile.purchases["bread"].recent == 0.0
    assert not profile.purchases["milk"].gift
    assert set(profile.affinities) == {"category:Dairy"}
    whole = of(event("Order Completed", properties={"gift": True, "products": [own]}))
    assert whole.purchases["milk"].gift
    assert whole.affinities == {}
    later = of(order("bread", minutes=5), profile=profile)
    assert not later.purchases["bread"].gift, "bought for themselves, too"


def test_a_refund_takes_back_what_was_bought() -> None:
    bought = order("bread", "bread", "milk")
    refund = event("Order Refunded", 60, properties={"products": [{"product_id": "bread"}]})
    once = of(bought, refund)
    assert (once.purchases["bread"].times, once.purchases["bread"].quantity) == (1, 1.0)
    twice = of(refund, refund, bought)
    assert "bread" not in twice.purchases
    assert "milk" in twice.purchases
    again = of(order("bread", minutes=90), profile=twice)
    assert again.purchases["bread"].quantity == 1.0


# ---- cart


def test_the_cart_is_what_was_added_and_not_taken_out() -> None:
    added = [event("Product Added", 1, properties=about(item)) for item in ("bread", "milk")]
    assert set(of(*added).cart) == {"bread", "milk"}
    taken_out = event("Product Removed", 2, properties=about("milk"))
    assert set(of(*added, taken_out).cart) == {"bread"}
    assert of(*added, order("bread", minutes=3)).cart == {}
    late = event("Product Added", 2, properties=about("milk"))
    assert of(order("bread", minutes=3), late).cart == {}, (
        "it came late; the cart was emptied since"
    )
    assert set(of(taken_out, event("Product Added", 3, properties=about("milk"))).cart) == {"milk"}


# ---- exposures and feedback


def test_ignored_counts_from_the_last_click() -> None:
    views = [event("Item Viewed", minute, properties=about("bread")) for minute in (1, 2, 3, 4)]
    click = event("Item Clicked", 2.5, properties=about("bread"))
    assert of(*views).exposures["bread"].ignored == 4
    profile = of(*views, click)
    assert (profile.exposures["bread"].seen, profile.exposures["bread"].ignored) == (4, 2)
    dismissed = of(event("Item Dismissed", 5, properties=about("bread")), profile=profile)
    assert (dismissed.exposures["bread"].seen, dismissed.exposures["bread"].ignored) == (4, 3)


def test_being_shown_something_is_no_leaning() -> None:
    assert of(event("Item Viewed", properties=about("bread"))).affinities == {}


def test_a_dislike_holds_until_it_is_taken_back_later() -> None:
    dislike = event("Item Disliked", 1, properties=about("bread"))
    early = event("Item Unblocked", 0, properties=about("bread"))
    late = event("Item Unblocked", 2, properties=about("bread"))
    same_time = event("Item Unblocked", 1, properties=about("bread"))
    assert set(of(dislike).blocked) == {"item:bread"}
    assert set(of(dislike, early).blocked) == {"item:bread"}
    assert set(of(early, dislike, same_time).blocked) == {"item:bread"}
    assert of(dislike, late).blocked == {}
    assert of(late, dislike).blocked == {}, "the dislike only arrived late"
    like = event("Item Liked", 3, properties=about("bread"))
    assert set(of(dislike, like).blocked) == {"item:bread"}, "only taking it back lifts it"


@pytest.mark.parametrize("scope", ["tag", "creator"])
def test_a_dislike_may_hold_for_a_tag_or_a_creator(scope: str) -> None:
    properties = {"itemId": "bread", "scope": scope, scope: "x"}
    profile = of(event("Item Disliked", properties=properties))
    assert set(profile.blocked) == {f"{scope}:x"}
    assert profile.blocked[f"{scope}:x"].message_id == "Item Disliked0.0"
    assert profile.affinities[f"{scope}:x"].weight == -3.0


def test_a_merge_keeps_blocks_and_holdout() -> None:
    dislike = event("Item Disliked", 1, properties=about("bread"))
    winner = msgspec.structs.replace(of(event("", 2, "page")), held_out=("offer",))
    loser = msgspec.structs.replace(of(dislike), profile_id="q", held_out=("home",))
    merged, tombstone = merge(winner, loser, START)
    assert set(merged.blocked) == {"item:bread"}
    assert merged.held_out == ("home", "offer")
    assert merged.version > winner.version
    assert tombstone.blocked == {}
    unblocked = of(event("Item Unblocked", 5, properties=about("bread")), profile=winner)
    assert merge(unblocked, loser, START)[0].blocked == {}


def test_leanings_follow_what_an_item_is_about_and_fade() -> None:
    click = event("Item Clicked", 0, properties=about("bread"))
    cart = event("Product Added", 60 * 1440, properties=about("bread"))
    profile = of(click, cart)
    weights = {name: leaning.weight for name, leaning in profile.affinities.items()}
    assert weights == pytest.approx(
        {"category:Bakery": 0.5 + 1.5, "tag:organic": 0.25 + 0.75, "creator:Müller": 2.0}
    )
    assert profile.affinities["category:Bakery"].at == START + timedelta(days=60)


def test_an_unknown_item_leans_by_what_the_event_tells() -> None:
    properties = about("new", category="Books", brand="Faber")
    profile = of(event("Product Viewed", properties=properties))
    assert set(profile.affinities) == {"category:Books", "creator:Faber"}


# ---- consent


def test_after_a_refusal_only_what_binds_is_taken() -> None:
    no: dict[str, Any] = {"refused": ("learning",)}
    profile = of(
        order("bread", **no),
        event("Product Added", 1, properties=about("milk"), **no),
        event("Item Viewed", 2, properties=about("milk"), **no),
        event("Item Disliked", 3, properties=about("bread"), **no),
        event("Item Liked", 4, properties=about("milk"), **no),
        event("", 5, "identify", traits={"plan": "pro"}, context={"locale": "de"}, **no),
    )
    assert set(profile.purchases) == {"bread"}
    assert set(profile.cart) == {"milk"}
    assert profile.exposures["milk"].seen == 1
    assert set(profile.blocked) == {"item:bread"}
    learnt = (profile.traits, profile.affinities, profile.counts, profile.liked, profile.hours)
    assert not any(learnt)
    assert profile.visit_days == 0


def test_the_latest_word_on_a_purpose_counts() -> None:
    no = event("", 5, "page", consent={"learning": False}, refused=("learning",))
    yes = event("", 3, "page", consent={"learning": True, "personalization": True})
    profile = of(no, yes)
    assert profile.refused == ("learning",)
    assert profile.refused_at == START + timedelta(minutes=5)
    assert refused(profile, []) == ("learning",)
    again = event("", 9, "page", consent={"learning": True})
    assert refused(profile, [again]) == ()
    assert of(again, profile=profile).refused == ()


# ---- bounds


def test_a_profile_is_bounded_and_keeps_what_matters() -> None:
    dislikes = [
        event("Item Disliked", n / 100, properties={"itemId": f"b{n}", "scope": "item"})
        for n in range(700)
    ]
    lines = [{"product_id": f"i{n}", "quantity": 1.0, "category": f"c{n}"} for n in range(600)]
    old = event("Order Completed", -1440 * 300, properties={"products": lines[:150]})
    new = event("Order Completed", 0, properties={"products": lines[150:]})
    traits = [event("", n, "identify", traits={f"t{n}": n}) for n in range(300)]
    profile = of(*dislikes, old, new, *traits)
    assert len(profile.blocked) == 700
    assert len(profile.purchases) == BOUNDS["purchases"]
    assert not {f"i{n}" for n in range(150)} & set(profile.purchases)
    assert len(profile.affinities) == BOUNDS["affinities"]
    assert len(profile.traits) == BOUNDS["traits"]
    assert "t299" in profile.traits
    assert "t0" not in profile.traits


def test_nothing_folds_to_the_same_profile() -> None:
    profile = of(order("bread"))
    assert known(of(profile=profile)) == known(profile)
