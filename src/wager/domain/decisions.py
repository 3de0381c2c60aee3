"""The logged bet: what was asked, what was chosen with which odds, and what came of it."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from wager.domain.definitions import Level
from wager.domain.identity import Time

Share = Annotated[float, Meta(ge=0, le=1)]


class Mood(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An emotion signal that expires: valence from -1 (bad) to 1 (good)."""

    label: str
    valence: Annotated[float, Meta(ge=-1, le=1)] = 0.0
    confidence: Share = 1.0
    expires_at: Time | None = None


class DecideRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What is asked: the fields of `POST /v1/decide`, the same in Python in snake_case."""

    placement: str | None = None
    placements: list[str] | None = None
    user_id: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    anonymous_id: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    user_token: str | None = None
    decision_id: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    context: dict[str, Any] = {}
    candidates: Annotated[list[str], Meta(max_length=1000)] | None = None
    explain: bool = False
    preview: bool = False
    at: Time | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One additive contribution to a choice, in the goal's unit; a rule's name has weight 0."""

    kind: str
    text: str
    weight: float = 0.0


class Choice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One item in one slot; `item_id` None is nothing, chosen with its own propensity.

    `surprise` is how much the person would wonder how one knows, in bits: 0 where nothing is known.
    `raw_reward` is what was expected before it was put right by what came of bets like it; None
    where that changed nothing.
    """

    slot: int
    item_id: str | None
    level: Level
    propensity: float
    expected_reward: float
    standard_error: float
    raw_reward: float | None = None
    looked: float = 1.0
    fragment_id: str | None = None
    content: dict[str, Any] = {}
    reasons: tuple[Reason, ...] = ()
    use_case: str | None = None
    surprise: float = 0.0


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What could have been chosen; `propensity` is that of the first slot it could have filled.

    `features` are those of the decision's `feature_names`, as little-endian float32: just what the
    policy saw.
    """

    item_id: str | None
    propensity: float
    expected_reward: float
    standard_error: float
    level: Level
    features: bytes = b""


class Excluded(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An item that was left out, and the rule that dropped it."""

    item_id: str
    rule: str


class Contender(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A use case in force for the person, with the best that it had to show and the slots it won.

    `priority` is expected reward x context value x lever of `item_id`, None where none of its
    items could be shown.
    """

    use_case: str
    lever: float
    context_value: float
    mandatory: bool = False
    item_id: str | None = None
    priority: float = 0.0
    slots: tuple[int, ...] = ()


class GoalStake(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of several goals of a bet: what all its choices are expected to bring of it, and what
    the safe choice would have. `said` is what the regression alone said of each choice."""

    goal: str
    weight: float
    expected: float
    default: float
    said: tuple[float, ...] = ()


class Weighed(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A choice by what its bet is for, where that is more than one goal: what was told of the safe
    choice in its slot, how much more the choice was thought to bring (None where it was the safe
    one), and how many times its rewards count for its use case."""

    sure: float
    gain: float | None
    times: float = 1.0


class SafeChoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The default that the bet is measured against, with its own expected reward; `raw_reward` is
    what that was before it was put right, None where that changed nothing."""

    item_id: str | None
    expected_reward: float
    item_ids: tuple[str, ...] = ()
    raw_reward: float | None = None


class ShadowOdds(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What another policy makes of each slot, given the slots before it as they were shown: its
    odds of what was chosen, and the reward that is expected of the slot by its odds, as
    little-endian float32. No `levels` means those of the placement."""

    policy: str
    risk_appetite: float
    odds: bytes
    expected: bytes = b""
    levels: tuple[Level, ...] = ()


class LevelTrial(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The level was drawn by chance, evenly among those that the evidence carried, and not the
    highest of them: so what each brings can be compared."""

    drawn: Level
    among: tuple[Level, ...]


BETTER_LEFT_ALONE = "better-left-alone"


class Decision(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A bet as it was placed. What it was decided on is logged with it.

    `stepped_down` says for each level above the one used why it was not; `dropped` counts what was
    left out by rule (always there; `excluded` names examples). `stake` is the expected reward of
    the safe choice that is put at risk: what is lost if the bet is worth nothing. `regret` is what
    the odds gave up to learn, where there is a budget for it. `silence` is the
    rule by which the person was not talked to; `held_from` is the level that the evidence would
    have carried of who is held out. `use_cases` are those that were in force for the
    person, `beside` those in force for others; `weighed` is each choice by all that the bet is for,
    where that is several goals or use cases.
    """

    decision_id: str
    placement: str
    profile_id: str
    at: Time
    level: Level
    policy: str
    model_version: str
    holdout: bool = False
    variant: str | None = None
    goal: str | None = None
    window_minutes: float = 0.0
    choices: tuple[Choice, ...] = ()
    default: SafeChoice | None = None
    candidates: tuple[Candidate, ...] = ()
    feature_names: tuple[str, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    dropped: dict[str, int] = {}
    stepped_down: tuple[Reason, ...] = ()
    stake: float = 0.0
    regret: float = 0.0
    shadow: ShadowOdds | None = None
    segments: tuple[str, ...] = ()
    context: dict[str, Any] = {}
    identity: tuple[str, ...] = ()
    limited_to: tuple[str, ...] = ()
    replayed: bool = False
    preview: bool = False
    learns: bool = True
    silence: str | None = None
    goals: tuple[GoalStake, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    use_cases: tuple[Contender, ...] = ()
    beside: tuple[str, ...] = ()
    snapshot: str = ""
    level_trial: LevelTrial | None = None
    held_from: Level | None = None


OutcomeKind = Literal["exposure", "goal", "feedback", "returned"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event joined to the choice it came of; `reward` is its worth by the decision's goal,
    `values` by each of its further goals; below 0 where it is `returned`."""

    message_id: str
    decision_id: str
    slot: int
    item_id: str | None
    event: str
    at: Time
    reward: float = 0.0
    kind: OutcomeKind = "feedback"
    sequence: int = 0
    attributed: Literal["named", "window"] = "named"
    values: dict[str, float] = {}


class LoggedDecision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A bet with what came of it. `state` is open until it is won or its window has passed; one of
    which all that won it went back is lost.

    `sequence` and that of each outcome say when they were logged: after a cursor of
    `Decisions.rewarded`, the parts whose sequence is larger are new.
    """

    decision: Decision
    outcomes: tuple[Outcome, ...] = ()
    state: Literal["open", "won", "lost"] = "open"
    reward: float = 0.0
    settled_at: Time | None = None
    sequence: int = 0
