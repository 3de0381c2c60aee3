"""A bet before it is logged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
import numpy as np

from wager.decide.candidates import Origin
from wager.decide.features import FEATURES
from wager.decide.payoff import Worth
from wager.decide.restraint import Surprise
from wager.domain.asking import Ask
from wager.domain.decisions import (
    Candidate,
    Choice,
    Contender,
    Decision,
    Excluded,
    GoalStake,
    Reason,
    SafeChoice,
    ShadowOdds,
    Weighed,
)
from wager.domain.definitions import Level
from wager.domain.models import Payoffs

LOGGED_FEATURES = (*FEATURES, "said")


class Said(NamedTuple):
    """How often a slot is looked at, beside the first; what a candidate is expected to bring there;
    and what that was before it was put right, None where that changed nothing."""

    looked: float
    told: float
    raw: float | None


class Drawn(NamedTuple):
    """What was drawn for a slot: the candidate's row and its propensity."""

    slot: int
    choice: tuple[int, float]
    said: Said
    why: tuple[Reason, ...]


@dataclass(frozen=True)
class Table:
    """The candidates that may be shown, with their worth, and what was left out."""

    found: list[tuple[str | None, Origin]]
    x: np.ndarray[Any, np.dtype[np.float64]]
    worth: Worth
    dropped: list[tuple[str, str]]
    safe: list[str]
    further: Mapping[str, Worth]
    payoffs: Payoffs
    surprise: Surprise | None = None

    def surprises(self, row: int) -> float:
        """How much the candidate would make the person wonder how one knows, in bits."""
        return self.surprise.of(*self.found[row]) if self.surprise is not None else 0.0

    def looked(self, row: int, slot: int) -> float:
        """How often the slot is looked at, beside the first; nothing needs no looking at."""
        looked = self.payoffs.looked
        if not looked or self.found[row][0] is None:
            return 1.0
        return looked[min(slot, len(looked) - 1)]

    def said(self, row: int, slot: int) -> Said:
        """What a candidate is expected to bring in a slot."""
        looked = self.looked(row, slot)
        raw = looked * float(self.worth.mean[row])
        if self.payoffs.honest is None:
            return Said(looked, raw, None)
        told = float(np.interp(raw, *self.payoffs.honest))
        return Said(looked, told, raw if raw != told else None)

    def certainty(self, row: int) -> float:
        """How likely the candidate brings more than the first of the safe choice (than nothing,
        where there is none): 0 to 1, and a half for the safe choice itself."""
        safe, worth = self.safe_rows, self.worth
        if row in safe:
            return 0.5
        mean, variance = float(worth.told[row]), float(worth.deviation[row]) ** 2
        if safe:
            mean -= float(worth.told[safe[0]])
            variance += float(worth.deviation[safe[0]]) ** 2
        return 0.5 * (1.0 + math.erf(mean / math.sqrt(2.0 * variance))) if variance > 0.0 else 0.5

    @cached_property
    def safe_rows(self) -> list[int]:
        """Where the safe choices stand, in their order; nothing, where there is none."""
        row_of = {name: row for row, (name, _) in enumerate(self.found)}
        wanted: list[str | None] = [*self.safe] or [None]
        return [row_of[name] for name in wanted if name in row_of]


class Bet(msgspec.Struct, frozen=True):
    """What a decision is made of before it has an id and a time."""

    level: Level
    policy: str
    choices: tuple[Choice, ...]
    default: SafeChoice
    candidates: tuple[Candidate, ...] = ()
    dropped: Mapping[str, int] | None = None
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[Reason, ...] = ()
    stake: float = 0.0
    regret: float = 0.0
    shadow: ShadowOdds | None = None
    use_cases: tuple[Contender, ...] = ()
    goals: tuple[GoalStake, ...] = ()
    weighed: tuple[Weighed, ...] = ()


def nothing(why: Reason) -> Choice:
    """The choice of nothing for sure, and why."""
    return Choice(
        slot=0,
        item_id=None,
        level="neutral",
        propensity=1.0,
        expected_reward=0.0,
        standard_error=0.0,
        reasons=(why,),
    )


def logged(ask: Ask, bet: Bet, decision_id: str, down: Sequence[Reason]) -> Decision:
    """The bet with what it was decided on."""
    return Decision(
        decision_id=decision_id,
        placement=ask.placement.name,
        profile_id=ask.profile.profile_id,
        at=ask.now,
        level=bet.level,
        policy=bet.policy,
        model_version=ask.snapshot.version,
        choices=bet.choices,
        default=bet.default,
        candidates=bet.candidates,
        feature_names=LOGGED_FEATURES,
        excluded=bet.excluded,
        dropped=dict(bet.dropped or {}),
        stepped_down=(*down, *bet.notes),
        stake=bet.stake,
        regret=bet.regret,
        shadow=bet.shadow,
        segments=ask.segments,
        context=dict(ask.context),
        limited_to=ask.limited_to or (),
        goals=bet.goals,
        weighed=bet.weighed,
        use_cases=bet.use_cases,
    )
