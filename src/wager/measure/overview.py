"""Bets in plain counts: placed, open, won and lost, by hour and placement, level and reason."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from wager.domain.decisions import Choice, Decision
from wager.domain.settlement import Result

HOUR = 3600
LEDGER = ("placed", "staked", "settled", "won", "risked", "expected", "brought")
WEEK = 7 * 24 * HOUR

Fact = tuple[str, str]  # what is counted, and of which level, reason or rule
Facts = dict[Fact, float]


class Hour(NamedTuple):
    """The bets of one placement in one hour, by the time they are about."""

    number: int  # hours since 1970 in UTC
    placement: str


def hour_of(decision: Decision) -> Hour:
    """Where a decision is counted."""
    return Hour(int(decision.at.timestamp()) // HOUR, decision.placement)


def placed(decision: Decision) -> Facts:
    """What is known of a bet when it is placed; a held-out decision is no bet, nor is silence."""
    facts: Facts = {}
    if decision.silence is not None:
        facts["silenced", decision.silence] = 1.0
    elif decision.holdout:
        facts["holdout", ""] = 1.0
    else:
        facts["bets", decision.level] = 1.0
        facts["stake", ""] = decision.stake
        for bettor, choices, stake in _bettors(decision):
            facts["placed by", bettor] = float(len(choices))
            facts["staked by", bettor] = stake
        for reason in decision.stepped_down:
            facts["step", reason.text] = 1.0
        for one in decision.goals:
            facts["goal bets", one.goal] = 1.0
            facts["goal expected", one.goal] = one.expected
            facts["goal default", one.goal] = one.default
            if one.goal == decision.goal:
                facts["own goal", one.goal] = 1.0
    if decision.replayed:
        facts["replayed", ""] = 1.0
    for rule, count in decision.dropped.items():
        facts["dropped", rule] = float(count)
    return facts


def settled(decision: Decision, result: Result, worth: float | None) -> Facts:
    """What a settled bet adds; the held-out have their place in the lift, not here.

    `worth` is what the goal pays for one win, None where each win pays its own: then there are no
    odds of winning to compare with.
    """
    if decision.holdout or decision.silence is not None:
        return {}
    level = decision.level
    facts: Facts = {("won" if result.won else "lost", level): 1.0}
    facts["reward", level] = result.reward
    facts["expected", level] = sum(one.expected_reward for one in decision.choices)
    for bettor, choices, stake in _bettors(decision):
        rewards = [result.rewards.get(one.slot, 0.0) for one in choices]
        facts["won by", bettor] = float(sum(reward > 0.0 for reward in rewards))
        facts["settled by", bettor] = float(len(choices))
        facts["risked by", bettor] = stake
        facts["expected by", bettor] = sum(one.expected_reward for one in choices)
        facts["brought by", bettor] = sum(rewards)
    if worth is not None and worth > 0:
        facts["odds", level] = odds(decision, worth)
        facts["with odds", level] = 1.0
    return facts


def _bettors(decision: Decision) -> Iterator[tuple[str, list[Choice], float]]:
    """Each use case that has placed a bet in a slot (the placement itself is ""), its choices, and
    what of the safe choice it put at risk: to show that is no bet."""
    if decision.policy == "default" or decision.default is None:
        return
    safe = decision.default.item_ids
    bets: dict[str, list[Choice]] = {}
    for one in decision.choices:
        if one.item_id not in safe and not (one.item_id is None and not safe):
            bets.setdefault(one.use_case or "", []).append(one)
    each = decision.stake / max(sum(map(len, bets.values())), 1)
    for bettor, choices in bets.items():
        yield bettor, choices, each * len(choices)


def ledger(
    tally: "Tally", owners: Mapping[str, str], owner_of: Mapping[str, str]
) -> list[dict[str, object]]:  # fmt: skip
    """Who placed which bets, what was staked on them and what they have brought.

    `owners` says whose each use case is, `owner_of` whose each placement's own goal is.
    """
    lines: list[dict[str, object]] = []
    for placement, facts in sorted(tally.by_placement().items()):
        by = {what: of(facts, f"{what} by") for what in LEDGER}
        for bettor, count in sorted(by["placed"].items()):
            figures = {what: by[what].get(bettor, 0.0) for what in LEDGER}
            owner = owners.get(bettor, "") if bettor else owner_of.get(placement, "")
            lines.append(
                {
                    "owner": owner,
                    "placement": placement,
                    "useCase": bettor or None,
                    "bets": int(count),
                    "open": int(count - figures["settled"]),
                    "won": int(figures["won"]),
                    "lost": int(figures["settled"] - figures["won"]),
                    "staked": figures["staked"],
                    "expected": figures["expected"],
                    "brought": figures["brought"],
                    "profit": figures["brought"] - figures["risked"],
                }
            )
    return lines


def odds(decision: Decision, worth: float) -> float:
    """The chance that at least one choice wins, were they independent: 1 - prod (1 - p)."""
    none = 1.0
    for choice in decision.choices:
        none *= 1.0 - min(max(choice.expected_reward / worth, 0.0), 1.0)
    return 1.0 - none


class Tally:
    """The fold: sums of facts by hour and placement.

    >>> tally = Tally()
    >>> tally.add(Hour(0, "home"), {("bets", "crowd"): 1.0})
    >>> tally.total()
    {('bets', 'crowd'): 1.0}
    """

    __slots__ = ("hours",)

    def __init__(self) -> None:
        self.hours: dict[Hour, Facts] = {}

    def add(self, where: Hour, facts: Mapping[Fact, float]) -> None:
        """Count facts."""
        _sum(self.hours.setdefault(where, {}), facts, 1.0)

    def remove(self, where: Hour, facts: Mapping[Fact, float]) -> None:
        """Take back what was counted."""
        _sum(self.hours.setdefault(where, {}), facts, -1.0)

    def merge(self, other: "Tally") -> "Tally":
        """Both sides together."""
        both = Tally()
        for side in (self, other):
            for where, facts in side.hours.items():
                both.add(where, facts)
        return both

    def select(self, *, since: datetime | None = None, placement: str | None = None) -> "Tally":
        """Only the hours from a moment on, only one placement."""
        first = int(since.timestamp()) // HOUR if since is not None else -(10**9)
        part = Tally()
        part.hours = {
            where: facts
            for where, facts in self.hours.items()
            if where.number >= first and placement in (None, where.placement)
        }
        return part

    def total(self) -> Facts:
        """The sums over everything."""
        facts: Facts = {}
        for part in self.hours.values():
            _sum(facts, part, 1.0)
        return facts

    def by_hour(self) -> dict[int, Facts]:
        """The sums of each hour."""
        hours: dict[int, Facts] = {}
        for where, facts in self.hours.items():
            _sum(hours.setdefault(where.number, {}), facts, 1.0)
        return hours

    def by_placement(self) -> dict[str, Facts]:
        """The sums of each placement."""
        placements: dict[str, Facts] = {}
        for where, facts in self.hours.items():
            _sum(placements.setdefault(where.placement, {}), facts, 1.0)
        return placements


def of(facts: Mapping[Fact, float], what: str) -> dict[str, float]:
    """One kind of fact by its level, reason or rule."""
    return {name: value for (kind, name), value in facts.items() if kind == what and value}


def _sum(into: Facts, facts: Mapping[Fact, float], sign: float) -> None:
    for fact, value in facts.items():
        changed = into.get(fact, 0.0) + sign * value
        if changed:
            into[fact] = changed
        else:
            into.pop(fact, None)
