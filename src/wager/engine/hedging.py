"""What holds a bet's odds back: small gains, diversity, unproven tactics, floors, drift."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wager.decide.policies import (
    POLICIES,
    SEEN_THROUGH,
    Least,
    Left,
    Odds,
    cautious,
    cleared,
    floored,
    widened,
)
from wager.domain.asking import Ask
from wager.domain.decisions import Reason, Weighed
from wager.domain.definitions import Placement, Shadow
from wager.domain.restraints import GainShare
from wager.engine import curbing
from wager.engine.bets import Table
from wager.engine.goals import guarded, promised, weighted
from wager.engine.live import Live

Floats = NDArray[np.float64]
UNREAL = Reason(kind="hedge", text="what bets are said to gain is not real: mostly the safe choice")
FALLS_BACK = Reason(kind="drift", text="brings less than was said: mostly the safe choice for now")
SEEKING = 0.5  # of what bets have left is spread evenly where what was learnt holds no more
NEW = 0.5  # of the share to learn with is for new items, where there are any


@dataclass(slots=True)
class Notes:
    """What one bet notes while its odds are asked for, slot by slot: `held` is what the best
    promised more than the safe choice where that was too little, None where it was enough; `given`
    are the policy's odds of what is `told` of the candidates, where learning has a budget;
    `curbed` says which tactics are held to a share of the odds."""

    held: list[float | None] = field(default_factory=list)
    curbed: Reason | None = None
    given: list[Floats] = field(default_factory=list)
    told: Floats = field(default_factory=lambda: np.zeros(0))

    def regret(self, table: Table) -> float:
        """What the policy gives up to learn: over the slots, the most that is told of one of those
        left less the mean by the odds; nothing in a slot that was left to the safe choice.

            sum_s  max_a(l_as t_a) - sum_a p_as l_as t_a,    l how much the slot is looked at
        """
        if not self.given:
            return 0.0
        odds, told = np.array(self.given), self.told  # (slots, candidates), (candidates,)
        looked = [table.looked(0, slot) for slot in range(len(odds))]
        if table.found[-1][0] is None and table.payoffs.looked:  # nothing needs no looking at
            told = np.tile(told, (len(odds), 1))
            told[:, -1] /= looked
        best = np.where(odds > 0.0, told, -np.inf).max(axis=1)
        lost = best - (odds * told).sum(axis=1)
        held = self.held or [None] * len(odds)
        parts = zip(looked, lost.tolist(), held, strict=True)
        return max(float(sum(seen * one for seen, one, gain in parts if gain is None)), 0.0)

    def noted(self, odds: Odds, told: Floats) -> Odds:
        """The same odds, noted slot by slot."""
        self.told = told

        def noting(left: Left) -> Floats:
            self.given.append(given := odds(left))
            return given

        return noting

    def step_down(self, table: Table, drawn: Sequence[int]) -> None:
        """The safe choice in a slot that was left to it assumes nothing of the person."""
        for row, gain in zip(drawn, self.held, strict=False):
            name, origin = table.found[row]
            if gain is not None and row in table.safe_rows:
                table.found[row] = name, replace(origin, level="neutral")

    def reasons(self, placement: Placement) -> list[Reason]:
        """Why the level is lower than it might be (the weight is what the best promised), and what
        is held to a share of the odds."""
        small = [gain for gain in self.held if gain is not None]
        found = [] if self.curbed is None else [self.curbed]
        if not small:
            return found
        where = f" in {len(small)} of {len(self.held)} slots" if len(self.held) > 1 else ""
        text = f"the gain is too small{where}: nothing promises {_said(placement.least_gain)}"
        return [Reason(kind="least-gain", text=text, weight=max(small)), *found]


def hedged(live: Live, ask: Ask, table: Table, by: Shadow, slots: int, notes: Notes) -> Odds:
    """The odds by a policy, within what the placement asks of all of them."""
    placement, names = ask.placement, [name for name, _ in table.found]
    mean, deviation = weighted(placement, table.worth, table.further)
    if ask.queue is not None:
        mean = live.slates.priorities(mean, names, ask.queue)
        deviation = live.slates.priorities(deviation, names, ask.queue)
    new = [row for row, (_, one) in enumerate(table.found) if "new" in one.sources]
    seeking = _falls_back(ask) and ask.spent is None
    risk = max(by.risk_appetite, SEEKING) if seeking else by.risk_appetite
    even = risk * (1.0 - NEW) if new else risk
    odds = POLICIES[by.policy](mean, deviation, even, slots)
    odds = widened(odds, new, NEW * risk) if new else odds
    if placement.least_gain or placement.regret_budget is not None:
        told = promised(placement, table.worth, table.further)
        if ask.queue is not None:
            told = live.slates.priorities(told, names, ask.queue)
        if placement.least_gain:
            least = _least(placement.least_gain)
            odds = cleared(odds, told, table.safe_rows, least, risk, notes.held)
        if placement.regret_budget is not None:
            odds = notes.noted(odds, told)
    if placement.diversity_floor:
        others = [row for row, (_, one) in enumerate(table.found) if "explore" in one.sources]
        odds = widened(odds, others, placement.diversity_floor) if others else odds
    odds, notes.curbed = curbing.within(live.curbs, placement, odds, table)
    if placement.floors:
        odds = floored(odds, guarded(placement, table.worth, table.further), table.safe_rows)
    share = bets_share(ask)
    return odds if share == 1.0 else cautious(odds, table.safe_rows, share)


def weighed_of(
    live: Live, ask: Ask, table: Table, chosen: Sequence[int]
) -> tuple[Weighed, ...]:  # fmt: skip
    """Each choice by all that the bet is for, beside the safe choice of its slot; none where that
    is one goal, or where the safe choice is nothing."""
    placement, safe = ask.placement, table.safe_rows
    if not safe or not (placement.goals or ask.queue is not None):
        return ()
    mean, _ = weighted(placement, table.worth, table.further)
    told, times = promised(placement, table.worth, table.further), np.ones(len(mean))
    if ask.queue is not None:
        names = [name for name, _ in table.found]
        mean, told, times = (
            live.slates.priorities(one, names, ask.queue) for one in (mean, told, times)
        )
    found = []
    for slot, row in enumerate(chosen):
        instead = row if row in safe else safe[min(slot, len(safe) - 1)]
        looked, least = table.looked(row, slot), table.looked(instead, slot)
        gain = looked * mean[row] - least * mean[instead]
        found.append(
            Weighed(
                float(least * told[instead]),
                None if row in safe else float(gain),
                float(times[row]),
            )
        )
    return tuple(found)


def standing_back(ask: Ask) -> list[Reason]:
    """Why the safe choice has most of the odds, where it has."""
    notes = [FALLS_BACK] if _falls_back(ask) else []
    return notes if bets_share(ask) > 0.5 or notes else [UNREAL]


def bets_share(ask: Ask) -> float:
    """The share of the odds that bets get here; the safe choice has the rest. Who is in several
    segments of which something is known gets the mean of what is."""
    snapshot, name = ask.snapshot, ask.placement.name
    trust = snapshot.hedges.get(name)
    share = 1.0 if trust is None else trust.share
    if trust is not None and trust.segments:
        own = [trust.segments[one].share for one in ask.segments if one in trust.segments]
        share = sum(own) / len(own) if own else share
    return min(share, SEEN_THROUGH) if name in snapshot.cautious else share


def _falls_back(ask: Ask) -> bool:
    return ask.placement.name in ask.snapshot.cautious


def _least(wanted: float | GainShare) -> Least:
    return Least(0.0, wanted.share) if isinstance(wanted, GainShare) else Least(wanted, 0.0)


def _said(wanted: float | GainShare) -> str:
    if isinstance(wanted, GainShare):
        return f"{wanted.share:.4g} more than the safe choice, as a share of it"
    return f"the least gain of {wanted:.4g} over the safe choice"
