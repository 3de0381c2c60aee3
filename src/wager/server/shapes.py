"""How the domain's compact structs look on the wire: the same fields, each by its name."""

import types
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from wager.decide.restraint import SILENCES
from wager.domain.decisions import (
    BETTER_LEFT_ALONE,
    Choice,
    Contender,
    Decision,
    GoalStake,
    LoggedDecision,
    Outcome,
    Reason,
    SafeChoice,
    Weighed,
)
from wager.domain.definitions import Level
from wager.domain.events import Quarantined, StoredEvent
from wager.domain.identity import Time
from wager.domain.profiles import Profile
from wager.unify.view import Explanation

T = TypeVar("T")


class ExplainedCandidate(msgspec.Struct, frozen=True, rename="camel"):
    """What could have been chosen, with what the policy saw of it."""

    item_id: str | None
    propensity: float
    expected_reward: float
    standard_error: float
    level: Level
    features: dict[str, float]


class LeftOut(msgspec.Struct, frozen=True, rename="camel"):
    """An item that was left out, and the rule that dropped it."""

    item_id: str
    rule: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A decision as it is answered. From `candidates` on: only where it is explained; from
    `outcomes` on: only where it is asked for later."""

    decision_id: str
    placement: str
    profile_id: str
    at: Time
    level: Level
    holdout: bool
    policy: str
    model_version: str
    variant: str | None
    choices: tuple[Choice, ...]
    default: SafeChoice | None
    replayed: bool | UnsetType = UNSET
    preview: bool | UnsetType = UNSET
    silence: str | UnsetType = UNSET
    candidates: list[ExplainedCandidate] | UnsetType = UNSET
    excluded: list[LeftOut] | UnsetType = UNSET
    dropped: dict[str, int] | UnsetType = UNSET
    stepped_down: tuple[Reason, ...] | UnsetType = UNSET
    goal: str | UnsetType | None = UNSET
    window_minutes: float | UnsetType = UNSET
    stake: float | UnsetType = UNSET
    regret: float | UnsetType = UNSET
    goals: tuple[GoalStake, ...] | UnsetType = UNSET
    weighed: tuple[Weighed, ...] | UnsetType = UNSET
    use_cases: tuple[Contender, ...] | UnsetType = UNSET
    beside: tuple[str, ...] | UnsetType = UNSET
    segments: tuple[str, ...] | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET
    identity: tuple[str, ...] | UnsetType = UNSET
    limited_to: tuple[str, ...] | UnsetType = UNSET
    learns: bool | UnsetType = UNSET
    outcomes: tuple[Outcome, ...] | UnsetType = UNSET
    state: str | UnsetType = UNSET
    settled: bool | UnsetType = UNSET
    reward: float | UnsetType = UNSET
    settled_at: Time | UnsetType | None = UNSET


def plain(decision: Decision) -> Answer:
    """The decision without its explanation."""
    return Answer(
        decision_id=decision.decision_id,
        placement=decision.placement,
        profile_id=decision.profile_id,
        at=decision.at,
        level=decision.level,
        holdout=decision.holdout,
        policy=decision.policy,
        model_version=decision.model_version,
        variant=decision.variant,
        choices=decision.choices,
        default=decision.default,
        replayed=True if decision.replayed else UNSET,
        preview=True if decision.preview else UNSET,
        silence=decision.silence or UNSET,
    )


def _features(names: tuple[str, ...], logged: bytes) -> dict[str, float]:
    values = np.frombuffer(logged, dtype="<f4").astype(float).round(6).tolist()
    return dict(zip(names, values, strict=False))


def explained(decision: Decision) -> Answer:
    """The decision with all that it was decided on."""
    names = decision.feature_names
    return msgspec.structs.replace(
        plain(decision),
        candidates=[
            ExplainedCandidate(
                one.item_id,
                one.propensity,
                one.expected_reward,
                one.standard_error,
                one.level,
                _features(names, one.features),
            )
            for one in decision.candidates
        ],
        excluded=[LeftOut(one.item_id, one.rule) for one in decision.excluded],
        dropped=decision.dropped,
        stepped_down=decision.stepped_down,
        goal=decision.goal,
        window_minutes=decision.window_minutes,
        stake=decision.stake,
        regret=decision.regret,
        goals=decision.goals,
        weighed=decision.weighed,
        use_cases=decision.use_cases,
        beside=decision.beside,
        segments=decision.segments,
        context=decision.context,
        identity=decision.identity,
        limited_to=decision.limited_to,
        learns=decision.learns,
    )


# What a browser is told in place of the names of segments and use cases, which are the team's own.
UNNAMED = {
    "excluded-segment": SILENCES["excluded-segment"],
    BETTER_LEFT_ALONE: SILENCES[BETTER_LEFT_ALONE],
    "segment": "popular with people like you",
    "use-case": "what this place is for",
}


def in_public(decision: Decision, *, explain: bool) -> Answer:
    """The decision as a browser may know it: what was chosen and what else there was, without what
    is known of the person and what the team calls things."""
    answer = plain(decision)
    if explain:
        seen = explained(decision)
        bare = [] if seen.candidates is UNSET else seen.candidates
        answer = msgspec.structs.replace(
            answer,
            candidates=[msgspec.structs.replace(one, features={}) for one in bare],
            excluded=seen.excluded,
            dropped=seen.dropped,
        )
    return msgspec.structs.replace(answer, choices=tuple(map(_unnamed, answer.choices)))


def _unnamed(choice: Choice) -> Choice:
    if choice.use_case is None and all(one.kind not in UNNAMED for one in choice.reasons):
        return choice
    reasons = tuple(
        Reason(kind=one.kind, text=UNNAMED.get(one.kind, one.text), weight=one.weight)
        for one in choice.reasons
    )
    return msgspec.structs.replace(choice, use_case=None, reasons=reasons)


def settled(logged: LoggedDecision, answer: Answer) -> Answer:
    """The same answer with whom it was for, its goal, and what came of the bet."""
    return msgspec.structs.replace(
        answer,
        goal=logged.decision.goal,
        identity=logged.decision.identity,
        outcomes=logged.outcomes,
        state=logged.state,
        settled=logged.state != "open",
        reward=logged.reward,
        settled_at=logged.settled_at,
    )


@cache
def spelled(kind: Any) -> Any:
    """The type with every compact (array-like) struct in it written as an object, all its fields
    always there."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _spelled_struct(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None or not inner:
        return kind
    if origin is Annotated:
        return Annotated[(spelled(inner[0]), *kind.__metadata__)]
    parts = tuple(one if one is Ellipsis else spelled(one) for one in inner)
    if parts == inner:
        return kind
    if origin is Union or origin is types.UnionType:
        return Union[parts]  # noqa: UP007
    return origin[parts]


def _spelled_struct(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    fields = [
        (field.name, spelled(field.type), *_default(field))
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(
        kind.__name__,
        fields,
        frozen=True,
        kw_only=True,
        rename="camel",
        namespace={"__doc__": kind.__doc__},
        module=__name__,
    )


def _default(field: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    if field.default is not msgspec.NODEFAULT:
        return (field.default,)
    if field.default_factory is not msgspec.NODEFAULT:
        return (msgspec.field(default_factory=field.default_factory),)
    return ()


PROFILE: Any = spelled(Profile)
EXPLANATION: Any = spelled(Explanation)
QUARANTINED: Any = spelled(Quarantined)
STORED_EVENT: Any = spelled(StoredEvent)


def spell(value: object, kind: type[T]) -> T:
    """The value as its spelled-out type."""
    return msgspec.convert(value, kind, from_attributes=True)
