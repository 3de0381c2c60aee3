"""Two people taken for one are told apart again: as if they had never been joined."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unify.test_golden import known, same

import wager
from wager.domain.profiles import Profile
from wager.engine.engine import Engine
from wager.errors import CannotUnmerge, NotFound
from wager.stores.base import EventQuery

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
ITEMS: list[dict[str, Any]] = [
    {"itemId": name, "categories": [kind], "creator": "x"}
    for name, kind in (("bread", "Bakery"), ("cake", "Bakery"), ("milk", "Dairy"))
]
JOIN = {"type": "identify", "userId": "u", "anonymousId": "a", "messageId": "join"}
Told = dict[str, Any]


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


def engine(clock: Clock, url: str = "memory://") -> Engine:
    made = wager.open(url, now=clock)
    made.publish(
        items=ITEMS,
        placements=[{"name": "home", "slots": 1, "default": "bread"}],
        segments=[{"name": "buyers", "condition": "profile.counts['Order Completed'] > 0.0"}],
    )
    return made


def tell(into: Engine, clock: Clock, events: Sequence[Told]) -> None:
    """One event after the other, a minute apart."""
    for event in events:
        clock.now += timedelta(minutes=1)
        into.collect([{"timestamp": clock.now.isoformat(), **event}])


def did(message_id: str, name: str, who: Told, **properties: Any) -> Told:
    said = {"type": "track", "event": name, "messageId": message_id, "properties": properties}
    return said | {"context": {"device": {"id": "tablet"}}} | who


U, A, BOTH = {"userId": "u"}, {"anonymousId": "a"}, {"userId": "u", "anonymousId": "a"}


def told_of(profile: Profile) -> dict[str, Any]:
    told = known(profile)
    told.pop("apart", None)
    return told


def never_joined(event: Told) -> Told:
    """The event as it would have been, had nobody said that the two are one."""
    one_of_two = {key: value for key, value in event.items() if key != "anonymousId"}
    return one_of_two if "userId" in event else event


def check(made: Engine, apart: Engine) -> None:
    """Every profile of the two is as it is where they were never joined."""
    for kind, value in (("user_id", "u"), ("anonymous_id", "a"), ("email", "e@x.yz")):
        try:
            expected = told_of(apart.people.stored(kind, value))
        except NotFound:
            continue
        assert same(told_of(made.people.stored(kind, value)), expected)


HISTORY = [
    did("1", "Item Liked", A, itemId="milk"),
    did("2", "Item Disliked", A, itemId="cake"),
    did("3", "Item Liked", U, itemId="bread"),
    did("4", "Order Completed", U, order_id="o1", products=[{"product_id": "bread", "price": 2.0}]),
    JOIN,
    did("5", "Order Completed", A, order_id="o2", products=[{"product_id": "milk", "price": 1.0}]),
    did("6", "Gift Marked", A, order_id="o2", itemId="milk"),
    did("7", "Item Disliked", BOTH, itemId="milk"),
    did("8", "Item Unblocked", U, itemId="milk"),
]


@pytest.mark.parametrize("named", ["anonymous_id", "profile_id"])
def test_both_are_as_if_they_had_never_been_joined(named: str) -> None:
    clock, other = Clock(), Clock()
    with engine(clock) as made, engine(other) as apart:
        tell(made, clock, HISTORY[:4])
        value = made.people.stored("anonymous_id", "a").profile_id
        tell(made, clock, HISTORY[4:])
        joined = made.people.stored("user_id", "u")
        assert joined.merged_from == (value,) and "item:cake" in joined.blocked
        found, durable = made.parting.unmerge(named, "a" if named == "anonymous_id" else value)
        durable.result()
        tell(apart, other, [never_joined(event) for event in HISTORY])
        check(made, apart)
        assert (found.parted.profile_id, found.events) == (value, 4)
        assert found.profile.profile_id == joined.profile_id
        assert found.profile.merged_from == found.parted.merged_from == ()
        assert set(found.parted.blocked) == {"item:cake"} and found.parted.purchases["milk"].gift
        assert found.parted.segments == ("buyers",)
        assert found.profile.version > joined.version and not found.profile.blocked


def test_what_was_decided_goes_to_who_asked_and_the_log_says_what_was_done() -> None:
    clock = Clock()
    with engine(clock) as made:
        mine = made.decide(placement="home", anonymous_id="a")
        tell(made, clock, HISTORY)
        joint = made.decide(placement="home", anonymous_id="a")
        other = made.decide(placement="home", user_id="u", anonymous_id="a")
        found, _ = made.parting.unmerge("anonymous_id", "a")
        assert found.decisions == 2
        for decision, whose in (
            (mine, found.parted),
            (joint, found.parted),
            (other, found.profile),
        ):
            assert made.deciding.get(decision.decision_id).decision.profile_id == whose.profile_id
        for profile in (found.profile, found.parted):
            (line,) = made.collecting.events(profile.profile_id, 1)
            assert (line["name"], line["profileId"]) == ("$unmerged", profile.profile_id)
        made.learn()
        made.measuring.report("lift")


@pytest.mark.parametrize(
    "again",
    [JOIN | {"messageId": "again"}, {"type": "alias", "userId": "u", "previousId": "a"}],
)
def test_nothing_joins_them_again(again: Told) -> None:
    clock = Clock()
    with engine(clock) as made:
        tell(made, clock, HISTORY)
        found, _ = made.parting.unmerge("anonymous_id", "a")
        mail = {"type": "identify", "traits": {"email": "e@x.yz"}}
        tell(made, clock, [again, mail | A, mail | U])
        u, a = made.people.stored("user_id", "u"), made.people.stored("anonymous_id", "a")
        assert (u.profile_id, a.profile_id) == (found.profile.profile_id, found.parted.profile_id)
        with pytest.raises(CannotUnmerge, match="was not merged"):
            made.parting.unmerge("anonymous_id", "a")


def test_two_known_people_joined_by_an_alias() -> None:
    clock = Clock()
    with engine(clock) as made:
        alias = {"type": "alias", "userId": "u", "previousId": "v"}
        tell(made, clock, [did("v1", "Item Liked", {"userId": "v"}, itemId="milk"), *HISTORY[:4]])
        tell(made, clock, [JOIN, alias])
        found, _ = made.parting.unmerge("user_id", "v")
        assert set(found.parted.liked) == {"milk"} and set(found.profile.liked) == {"bread", "milk"}
        tell(made, clock, [alias])
        assert made.people.stored("user_id", "v").profile_id == found.parted.profile_id
        with pytest.raises(NotFound):
            made.parting.unmerge("user_id", "w")
        assert made.parting.unmerge("user_id", "u")[0].parted.identities[0].value == "a"


def test_who_is_named_must_be_clear() -> None:
    clock = Clock()
    with engine(clock) as made:
        tell(made, clock, [*HISTORY, did("b", "Item Liked", {"anonymousId": "b"}, itemId="milk")])
        tell(made, clock, [JOIN | {"messageId": "b2", "anonymousId": "b"}])
        with pytest.raises(CannotUnmerge, match="name one of these ids"):
            made.parting.unmerge("user_id", "u")
        found, _ = made.parting.unmerge("anonymous_id", "a")
        assert "anonymous_id:b" in map(str, found.profile.identities)
        assert len(found.profile.merged_from) == 1


def test_nothing_of_who_was_taken_out_outlives_their_erasure() -> None:
    clock = Clock()
    with engine(clock) as made:
        secret = [event | ({"anonymousId": "who-am-i"} if "anonymousId" in event else {})
                  for event in HISTORY]  # fmt: skip
        tell(made, clock, [event for event in secret if event["messageId"] != "7"])
        tell(made, clock, [did("b", "Item Liked", {"anonymousId": "b"}, itemId="milk")])
        tell(made, clock, [{"type": "identify", "userId": "u", "anonymousId": "b"}])
        found, _ = made.parting.unmerge("anonymous_id", "who-am-i")
        made.people.erase("profile_id", found.parted.profile_id)
        rest = made.people.stored("user_id", "u")
        tombstones = [made.stores.profiles.get(name) for name in rest.merged_from]
        assert len(tombstones) == 1 and "who-am-i" not in str([rest, *tombstones])
        lines = made.collecting.events(rest.profile_id, 1)
        assert lines[0]["name"] == "$unmerged" and "who-am-i" not in str(lines)


def test_where_events_are_past_retention_nothing_changes() -> None:
    clock = Clock()
    with engine(clock) as made:
        tell(made, clock, HISTORY)
        before = made.people.stored("user_id", "u")
        with made.stores.transaction():
            made.stores.events.expire(START + timedelta(minutes=2, seconds=30))
        logged = made.stores.events.read(EventQuery())
        with pytest.raises(CannotUnmerge, match=r"2 of the 9 events .* past retention"):
            made.parting.unmerge("anonymous_id", "a")
        assert made.people.stored("user_id", "u") == before
        assert made.stores.events.read(EventQuery()) == logged


def test_each_is_held_out_as_before(tmp_path: Any) -> None:
    clock = Clock()
    with engine(clock, f"sqlite:///{tmp_path}/shop.db") as made:
        half = [{"name": "home", "slots": 1, "default": "bread", "holdoutShare": 0.5}]
        made.publish(placements=half)
        groups = set()
        for number in range(12):
            u, a = {"userId": f"u{number}"}, {"anonymousId": f"a{number}"}
            tell(made, clock, [did(f"{number}u", "X", u), did(f"{number}a", "X", a)])
            before = [made.decide(placement="home", **_names(one)).holdout for one in (u, a)]
            tell(made, clock, [{"type": "identify"} | u | a])
            together = made.decide(placement="home", user_id=f"u{number}").holdout
            assert together == any(before)
            made.parting.unmerge("anonymous_id", f"a{number}")
            assert before == [
                made.decide(placement="home", **_names(one)).holdout for one in (u, a)
            ]
            groups.add(tuple(before))
        assert len(groups) > 2


def _names(who: Told) -> Told:
    return {{"userId": "user_id", "anonymousId": "anonymous_id"}[k]: v for k, v in who.items()}


# ---- any history

WHO = st.sampled_from([U, U, A, A, BOTH])
ITEM = st.sampled_from(["bread", "cake", "milk"])


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    told = []
    for number in range(draw(st.integers(2, 14))):
        who, item = draw(WHO), draw(ITEM)
        what = draw(st.integers(0, 6))
        if what == 0:
            lines = [{"product_id": item, "price": 2.0, "quantity": 1}]
            event = did("", "Order Completed", who, order_id=f"o{number}", products=lines)
        elif what == 1:
            event = {"type": "identify", "traits": {"plan": item}} | who
        else:
            names = [
                "Item Liked",
                "Item Disliked",
                "Item Unblocked",
                "Product Added",
                "Item Viewed",
            ]
            event = did("", draw(st.sampled_from(names)), who, itemId=item)
        told.append(event | {"messageId": f"m{number}"})
    place = draw(st.integers(0, len(told)))
    return [*told[:place], JOIN, *told[place:]]


@settings(max_examples=60, deadline=None)
@given(history=histories())
def test_any_two_are_as_if_they_had_never_been_joined(history: list[Told]) -> None:
    both = [did("u0", "X", U), did("a0", "X", A)]
    clock, other = Clock(), Clock()
    with engine(clock) as made, engine(other) as apart:
        tell(made, clock, [*both, *history])
        made.parting.unmerge("anonymous_id", "a")
        tell(apart, other, [*both, *map(never_joined, history)])
        check(made, apart)
        tell(made, clock, [did("later", "Item Liked", BOTH, itemId="milk")])
        tell(apart, other, [did("later", "Item Liked", U, itemId="milk")])
        check(made, apart)
