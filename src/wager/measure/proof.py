"""Which tactics and items have shown that they work, and which were long used without it."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from wager.domain.estimates import Estimate
from wager.measure.book import Book
from wager.measure.reports import Asked, Report
from wager.measure.tactics import DAY, INSTEAD, Tactics, lift_of, pair_in

TACTICS_NOTE = (
    "What a first slot brings by an item that something speaks for (a feature above 0, its level) "
    "beyond one that it does not, in the goal's unit: over the `bets` in which chance might have "
    "drawn either, weighted by how evenly (odds x their complement). The draw was by the logged "
    "odds, so this is caused by what was shown; items of one tactic often have another, too. "
    "In a replay nobody saw the choices."
)


class Proof(NamedTuple):
    """Of the features that speak for items: those whose lift is surely above 0, and the others that
    have been used long enough to show one, each with the days since it was first used; `refuted`
    are those of them whose lift is surely below 0."""

    proven: frozenset[str]
    unproven: Mapping[str, int]
    refuted: frozenset[str]


def proof(tactics: Tactics, now: datetime, after_days: float) -> Proof:
    """Which features have shown by now that they work, and which have not in so many days.

    >>> proof(Tactics(), datetime(2026, 1, 5, tzinfo=UTC), 30.0)
    Proof(proven=frozenset(), unproven={}, refuted=frozenset())
    """
    today, unproven = int(now.timestamp()) // DAY, dict[str, int]()
    proven, refuted = set[str](), set[str]()
    for name, sums in tactics.sums.items():
        kind, _, feature = name.partition("/")
        if kind != "feature" or not sums.bets:
            continue
        lift, age = lift_of(sums), today - tactics.days[name].first
        if isinstance(lift, Estimate) and lift.low > 0.0:
            proven.add(feature)
        elif age >= after_days:
            unproven[feature] = age
            if isinstance(lift, Estimate) and lift.high < 0.0:
                refuted.add(feature)
    return Proof(frozenset(proven), unproven, frozenset(refuted))


class Winner(NamedTuple):
    """An item that surely brings more than a placement's default, shown to whom chance might have
    shown either; the interval holds for all that were compared."""

    item_id: str
    default: str
    gain: Estimate
    compared: int


def winner(tactics: Tactics, default: str) -> Winner | None:
    """The item that surely brings most more than the default; None where none surely does.

    >>> winner(Tactics(), "p-9")
    """
    pairs = [(pair_in(name), sums) for name, sums in tactics.sums.items() if sums.bets]
    rivals = [(pair[0], sums) for pair, sums in pairs if pair is not None and pair[1] == default]
    found = [
        Winner(item_id, default, gain, len(rivals))
        for item_id, sums in rivals
        if isinstance(gain := lift_of(sums, len(rivals)), Estimate) and gain.low > 0.0
    ]
    return max(found, key=lambda one: one.gain.low, default=None)


def tactics_of(
    book: Book, asked: Asked, capped: Mapping[tuple[str, str], Collection[str]]
) -> Report:
    """For each placement, goal and tactic: how often and since when it was used, its lift, and
    whether its odds are held down (`capped`: the features, by placement and goal)."""
    found: list[Report] = []
    for (placement, goal, replayed), fold in sorted(book.tactics.items()):
        held = () if replayed else capped.get((placement, goal), ())
        for name, sums in sorted(fold.sums.items()):
            kind, _, tactic = name.partition("/")
            if kind != INSTEAD and asked.placement in (None, placement) and sums.bets:
                one: Report = {"placement": placement, "goal": goal, "replayed": replayed}
                one |= {"kind": kind, "tactic": tactic, "lift": lift_of(sums)}
                one |= {"bets": sums.bets, "shown": sums.drawn}
                one["since"], one["until"] = (_at(day) for day in fold.days[name])
                one["capped"] = kind == "feature" and tactic in held
                found.append(one)
    return {"tactics": found, "note": TACTICS_NOTE}


def _at(day: int) -> datetime:
    return datetime.fromtimestamp(day * DAY, UTC)
