"""The policy that is shown to nobody: its odds of what was shown, slot by slot, to be logged."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from msgspec import structs
from msgspec.structs import replace
from numpy.typing import NDArray

from wager.decide.ladder import evidence
from wager.decide.policies import Left, Odds
from wager.domain.asking import Ask
from wager.domain.decisions import ShadowOdds
from wager.domain.definitions import LEVELS, Level, PolicyName, Shadow
from wager.engine.bets import Table

Floats = NDArray[np.float64]


def named(policy: PolicyName | None, risk_appetite: float) -> Shadow:
    """A policy with its share of even odds."""
    return Shadow(policy=cast(PolicyName, policy), risk_appetite=risk_appetite)


def below(ask: Ask, by: Shadow) -> Level:
    """The highest level of the shadow's that the evidence carries; no higher than the live one."""
    allowed = [level for level in by.levels or LEVELS if level in ask.placement.levels]
    if ask.level in allowed:
        return ask.level
    placement = structs.replace(ask.placement, levels=allowed)
    level = evidence(replace(ask, placement=placement), refused=False, words=False).level
    return min(level, ask.level, key=LEVELS.index)


def watched(odds: Odds, lefts: list[Left]) -> Odds:
    """The same odds; what is left for each slot is noted."""

    def noting(left: Left) -> Floats:
        lefts.append(left.copy())
        return odds(left)

    return noting


def certain(table: Table) -> Odds:
    """The first of the safe choice that is left, for sure."""

    def sure(left: Left) -> Floats:
        given = np.zeros(len(table.found))
        best = next((row for row in table.safe_rows if left[row]), None)
        if best is not None:
            given[best] = 1.0
        return given

    return sure


def odds_beside(
    by: Shadow, odds: Odds, other: Table, table: Table, lefts: Sequence[Left], drawn: Sequence[int]
) -> ShadowOdds:
    """For each slot the shadow's odds of what was drawn, and what is expected of the slot by them.

    Of each slot the shadow has what the live one had, and those of its own candidates that the
    live one did not have. What is expected of a candidate is what the live one expects, if it does.
    """
    row_of = {name: row for row, (name, _) in enumerate(table.found)}
    rows = [row_of.get(name) for name, _ in other.found]
    place = {row: number for number, row in enumerate(rows) if row is not None}
    said = [
        table.worth.told[row] if row is not None else other.worth.told[number]
        for number, row in enumerate(rows)
    ]
    chances: list[float] = []
    expected: list[float] = []
    for left, row in zip(lefts, drawn, strict=True):
        mine = np.array([one is None or bool(left[one]) for one in rows], dtype=bool)
        given = odds(mine) if mine.any() else np.zeros(len(rows))
        chances.append(float(given[place[row]]) if row in place else 0.0)
        looked = table.looked(row, len(expected))
        expected.append(looked * float(given @ np.array(said)) if rows else 0.0)
    return ShadowOdds(
        by.policy,
        by.risk_appetite,
        np.array(chances, dtype="<f4").tobytes(),
        np.array(expected, dtype="<f4").tobytes(),
        tuple(by.levels or ()),
    )
