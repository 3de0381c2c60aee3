"""Tactics without a measured lift: how much of a bet's odds what speaks for an item may hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from wager.decide.features import FEATURES
from wager.decide.policies import Odds, curbed
from wager.domain.decisions import Reason
from wager.domain.definitions import Placement
from wager.engine.bets import Table
from wager.learn.attribution import CLICK
from wager.measure.proof import proof
from wager.measure.tactics import Tactics

NOT_CURBED = ("everybody", "ignored")  # true of all; speaks against an item


@dataclass(frozen=True, slots=True)
class Curb:
    """The features of one placement that are held to a share of the odds, each with its age in
    days, and those that have shown that they work; `proven` and `unproven` are their columns, and
    `refuted` says which of the latter do harm."""

    ages: Mapping[str, int]
    proven: list[int]
    unproven: list[int]
    refuted: NDArray[np.bool_]

    def held(self, table: Table) -> NDArray[np.bool_]:
        """Which candidates count to which of the unproven features (candidates, features).

        Where something proven speaks for it, too, it counts only to what does harm. Not the safe
        choice, nor what is there so that the person sees something else: neither is shown because
        a tactic says so.
        """
        held = np.asarray(table.x[:, self.unproven] > 0.0)
        held[(table.x[:, self.proven] > 0.0).any(axis=1)] &= self.refuted
        held[table.safe_rows] = False
        explored = [row for row, (_, one) in enumerate(table.found) if "explore" in one.sources]
        if explored:
            held[explored] = False
        return held


Curbs = Mapping[str, Curb]  # by placement


def curbs_of(
    placements: Mapping[str, Placement],
    folds: Mapping[tuple[str, str, bool], Tactics],
    now: datetime,
) -> Curbs:
    """What is held down in each placement that asks for it, by what its live bets have shown."""
    found: dict[str, Curb] = {}
    for name, placement in placements.items():
        cap, where = placement.tactic_cap, (name, placement.goal or CLICK.name, False)
        if cap is None or where not in folds:
            continue
        known = proof(folds[where], now, cap.after_days)
        ages = {
            one: days
            for one, days in sorted(known.unproven.items())
            if one in FEATURES and one not in NOT_CURBED
        }
        if ages:
            proven, unproven = (
                [FEATURES.index(one) for one in side if one in FEATURES]
                for side in (known.proven, ages)
            )
            harmful = np.array([one in known.refuted for one in ages])
            found[name] = Curb(ages, proven, unproven, harmful)
    return found


def within(
    curbs: Curbs, placement: Placement, odds: Odds, table: Table
) -> tuple[Odds, Reason | None]:
    """The odds with each of what is unproven held to its share of them, and what is said of that
    where anything is."""
    curb, cap = curbs.get(placement.name), placement.tactic_cap
    if curb is None or cap is None:
        return odds, None
    held = curb.held(table)
    named = [name for column, name in enumerate(curb.ages) if held[:, column].any()]
    if not named:
        return odds, None
    words = ", ".join([f"{name} ({curb.ages[name]} days)" for name in named])
    text = f"held to {cap.share:.0%} of the odds, as no lift was measured: {words}"
    return curbed(odds, held, cap.share), Reason(kind="tactic-cap", text=text)
