"""A bet before it is logged."""

from collections.abc import Mapping
from dataclasses import dataclass

from wager.domain.decisions import (
    Candidate,
    Choice,
    Contender,
    Excluded,
    GoalStake,
    Reason,
    SafeChoice,
    ShadowOdds,
)
from wager.domain.definitions import Level


@dataclass(frozen=True, slots=True)
class Bet:
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
    shadow: ShadowOdds | None = None
    use_cases: tuple[Contender, ...] = ()
    goals: tuple[GoalStake, ...] = ()


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
