"""The store in memory and the one in SQLite say the same after anything that may happen."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from wager.domain.definitions import Goal
from wager.domain.identity import Identity
from wager.domain.profiles import Count
from wager.stores.base import DecisionQuery, EventQuery, ProfileQuery, Stores
from wager.stores.open import open_store
from wager.testing.samples import (
    days,
    decision,
    event,
    item,
    minutes,
    outcome,
    profile,
    quarantined,
)

WHO = ("ada", "bob", "cat")
NUMBERS = st.integers(0, 7)
PEOPLE = st.sampled_from(WHO)


def _event(stores: Stores, who: str, number: int) -> None:
    if not stores.events.seen([f"m-{number}"]):
        stores.events.append(event(f"m-{number}", f"n-{number % 2}", days(number)), who)


def _profile(stores: Stores, who: str, number: int) -> None:
    segments = tuple(f"s-{one}" for one in range(number % 3))
    known = replace(profile(who, segments=segments), version=number)
    stores.profiles.put(known, [Identity("user_id", f"{number}")])


def _grow(stores: Stores, who: str, number: int) -> None:
    """A large profile that changes little: SQLite writes only what differs."""
    known = stores.profiles.get(who)
    if known is None or known.merged_into is not None:
        return
    counts = dict(known.counts) or {f"n-{one}": Count(1.0, days(one)) for one in range(300)}
    counts[f"n-{number}"] = Count(float(known.version), days(number))
    counts.pop(f"n-{number + 1}", None)
    stores.profiles.put(replace(known, version=known.version + 1, counts=counts))


def _merge(stores: Stores, who: str, number: int) -> None:
    other = WHO[number % 3]
    winner = stores.profiles.get(who)
    if other != who and winner is not None and winner.merged_into is None:
        stores.profiles.put(replace(profile(other), merged_into=who))
        stores.events.move(other, who)
        stores.decisions.erase(other, to_profile=who)


def _erase(stores: Stores, who: str, number: int) -> None:
    stores.events.erase(who)
    stores.decisions.erase(who)
    stores.profiles.erase(who)
    stores.quarantine.erase([Identity("user_id", f"{number}")])
    stores.ledger.erase(f"cap:{who}")


def _decide(stores: Stores, who: str, number: int) -> None:
    if stores.decisions.get(f"d-{number}") is None:
        bet = decision(f"d-{number}", profile_id=who, at=minutes(number % 4))
        stores.decisions.append(bet)


def _reward(stores: Stores, who: str, number: int) -> None:
    if stores.decisions.get(f"d-{number}") is not None:
        lost = [(f"d-{number}", "lost", 0.0, minutes(99))] if who == "bob" else []
        stores.decisions.reward([outcome(f"d-{number}", who)], lost)


def _reserve(stores: Stores, who: str, number: int) -> None:
    window = None if number % 2 else 120.0
    stores.ledger.reserve(
        f"cap:{who}", f"r-{number}", minutes(number), limit=3, window_seconds=window
    )


def _release(stores: Stores, _: str, number: int) -> None:
    stores.ledger.release(f"r-{number}")


def _item(stores: Stores, who: str, number: int) -> None:
    stores.catalog.put([item(f"p-{number}", who)])
    stores.definitions.put("goals", Goal(name=who, event=f"e-{number % 2}"))


def _delete(stores: Stores, who: str, number: int) -> None:
    stores.catalog.delete(f"p-{number}")
    stores.definitions.delete("goals", who)
    stores.quarantine.remove(f"q-{number}")


def _quarantine(stores: Stores, who: str, number: int) -> None:
    named = quarantined(f"q-{number}", Identity("user_id", f"{number % 3}"))
    stores.quarantine.put(replace(named, detail=who))


def _expire(stores: Stores, _: str, number: int) -> None:
    stores.events.expire(days(number - 2))


Action = Callable[[Stores, str, int], None]
ACTIONS: list[Action] = [
    _event, _profile, _grow, _grow, _merge, _erase, _decide, _reward, _reserve, _release, _item,
    _delete, _quarantine, _expire,
]  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), PEOPLE, NUMBERS), min_size=1, max_size=12)
ENDINGS = st.sampled_from(["commit", "flush", "fail"])


def _said(stores: Stores) -> list[object]:
    """Everything that a store says, without what may differ: numbers and the clock."""
    log = stores.events.read(EventQuery())
    cursors = [stores.decisions.list(DecisionQuery(limit=3)).cursor]
    bets = [
        stores.decisions.list(query).decisions
        for query in (
            DecisionQuery(),
            DecisionQuery(profile_id="ada"),
            DecisionQuery(placement="home", limit=2),
            DecisionQuery(limit=3, cursor=cursors[0]),
            DecisionQuery(due_before=minutes(32)),
            DecisionQuery(state="lost", since=minutes(1)),
        )
    ]
    goals = stores.definitions.list("goals")
    changed = stores.catalog.changed()
    return [
        [(one.event, one.profile_id) for one in log],
        [one.event.message_id for one in stores.events.read(EventQuery(profile_id="ada"))],
        stores.events.seen([f"m-{number}" for number in range(8)]),
        stores.profiles.find([Identity("user_id", f"{number}") for number in range(8)]),
        [stores.profiles.get(who) for who in WHO],
        stores.profiles.list(ProfileQuery(segment="s-0")),
        stores.profiles.count(),
        stores.quarantine.list(),
        [[(bet.decision, bet.state, len(bet.outcomes)) for bet in page] for page in bets],
        [(bet.decision, bet.state, bet.reward) for bet in stores.decisions.rewarded()[0]],
        [(one.definition, one.version) for one in goals],
        (sorted(one.item_id for one in changed[0]), sorted(changed[1])),
        [
            stores.ledger.spent(f"cap:{who}", minutes(5), window_seconds=window)
            for who in WHO
            for window in (None, 120.0)
        ],
    ]


class Failed(Exception):
    pass


def _lived(stores: Stores, steps: list[tuple[Action, str, int]], ending: str) -> list[object]:
    """What a store says inside a transaction, and after it."""
    inside: list[object] = []
    try:
        with stores.transaction() as commit:
            for action, who, number in steps:
                action(stores, who, number)
            inside = _said(stores)
            if ending == "fail":
                raise Failed
        if ending == "flush":
            commit.durable.result(60)
    except Failed:
        pass
    return [inside, _said(stores)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, ENDINGS), min_size=1, max_size=4))
def test_the_two_stores_say_the_same(
    transactions: list[tuple[list[tuple[Action, str, int]], str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/shop.db"
        memory, sqlite = open_store("memory://"), open_store(url)
        try:
            for steps, ending in transactions:
                assert _lived(sqlite, steps, ending) == _lived(memory, steps, ending)
            sqlite.close()
            sqlite = open_store(url)
            assert _said(sqlite) == _said(memory)
        finally:
            sqlite.close()
