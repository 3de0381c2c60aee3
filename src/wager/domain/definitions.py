"""What the team declares: placements, goals and segments, as versioned documents."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wager.domain.identity import Time
from wager.domain.models import Cycle

Slug = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
DefinitionKind = Literal["placements", "segments", "goals", "usecases", "experiments", "categories"]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
CapKind = Literal["item", "tag", "placement", "useCase", "channel", "person", "household"]
Level = Literal["neutral", "customization", "crowd", "segment", "context"]
LEVELS: tuple[Level, ...] = ("neutral", "customization", "crowd", "segment", "context")
PolicyName = Literal["thompson", "softmax", "inverse-gap", "greedy"]
Counted = Literal["kind", "category", "creator", "tag"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A default by rule: `popular` is what was bought or clicked most lately."""

    rule: Literal["popular"]


class QuietHours(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """When a person is left in peace, on the person's own clock: from `start` (inclusive) to
    `until` (exclusive), over midnight where `until` is the earlier; no `channels` means all."""

    start: ClockTime = msgspec.field(name="from")
    until: ClockTime = msgspec.field(name="to")
    channels: list[str] = []


class Fatigue(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What was passed over `ignored` times within the window rests until that is past."""

    ignored: Annotated[int, Meta(ge=1, le=8)] = 5
    window_minutes: Annotated[float, Meta(gt=0, le=527040)] = 10080.0


class Cap(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """No more than `limit` in any window of so many minutes: of an item or a tag each showing
    counts, of all else each decision that shows something.

    `counts` says from when: as decided, or given back where nobody saw it. `unanswered` starts
    again at 0 with each response of the person.
    """

    per: CapKind
    limit: Annotated[int, Meta(ge=1, le=100_000)]
    window_minutes: Annotated[float, Meta(gt=0, le=527040)]
    tag: str | None = None
    counts: Literal["decided", "seen"] = "decided"
    unanswered: bool = False


class Must(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who has a slot for sure, if it may be shown: one item, one of those with a tag, or one that
    serves a use case."""

    item: str | None = None
    tag: str | None = None
    use_case: str | None = None


class Shadow(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A policy whose odds are worked out and logged beside the live ones, and shown to nobody; it
    may use fewer levels than the placement."""

    policy: PolicyName = "thompson"
    risk_appetite: Annotated[float, Meta(ge=0, le=1)] = 0.05
    levels: list[Level] | None = None


class Floor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What bets must be expected to bring of a goal, in each slot: at least this share of what the
    safe choice would bring there."""

    goal: str
    share: Annotated[float, Meta(gt=0, le=1)]


class GainShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So much of what the safe choice is expected to bring."""

    share: Annotated[float, Meta(ge=0, le=1000)]


class Placement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A named place on a surface with numbered slots, the goal it serves and its safe choice."""

    name: Slug
    slots: Annotated[int, Meta(ge=1, le=50)] = 1
    goal: str | None = None
    default: str | list[str] | Rule | None = None
    holdout_share: Annotated[float, Meta(ge=0, le=0.9)] = 0.0
    allow_nothing: bool = False
    policy: PolicyName = "thompson"
    risk_appetite: Annotated[float, Meta(ge=0, le=1)] = 0.05
    least_gain: Annotated[float, Meta(ge=0)] | GainShare = 0.0
    shadow: PolicyName | Shadow | None = None
    levels: list[Level] = msgspec.field(default_factory=lambda: list(LEVELS))
    template: str | None = None
    kinds: list[str] = []
    exposure_cost: Annotated[float, Meta(ge=0)] = 0.0
    exclude: list[str] = []
    quiet_hours: QuietHours | None = None
    identity_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.0
    instead: Literal["nothing", "default"] = "nothing"
    caps: list[Cap] = []
    at_most: dict[Counted, Annotated[int, Meta(ge=1, le=50)]] = {}
    exclusive: list[str] = []
    must_include: list[Must] = []
    goals: dict[str, Annotated[float, Meta(ge=-1e6, le=1e6)]] = {}
    floors: list[Floor] = []
    fatigue: Fatigue | None = Fatigue()
    cool_down_minutes: Annotated[float, Meta(ge=0, le=527040)] = 0.0
    sensitive: list[str] = []
    leave_alone_share: Annotated[float, Meta(ge=0, le=0.95)] = 0.0
    diversity_floor: Annotated[float, Meta(ge=0, le=0.9)] = 0.0
    level_trial_share: Annotated[float, Meta(ge=0, le=0.5)] = 0.0
    description: str = ""


class Goal(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Which outcomes count, how much and by when. `value` is a number or `properties.NAME`."""

    name: Slug
    event: Annotated[str, Meta(min_length=1)]
    window_minutes: Annotated[float, Meta(gt=0, le=527040)] = 30.0
    value: float | Annotated[str, Meta(pattern=r"^properties\.[A-Za-z_][A-Za-z0-9_]*$")] = 1.0
    dislike_cost: Annotated[float, Meta(ge=0)] = 0.0
    owner: str = ""
    description: str = ""


class Segment(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A named CEL condition over `profile`, `context` and `now`."""

    name: Slug
    condition: Annotated[str, Meta(min_length=1, max_length=4000)]
    description: str = ""


class UseCase(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What a team wants shown in a placement, to whom, when and how much it counts.

    It is in force while it is pilot or live, from `start` (inclusive) until `until` (exclusive).
    `context_value` says for each segment what being in it multiplies.
    """

    name: Slug
    placement: str
    goal: str
    owner: str = ""
    state: Literal["draft", "pilot", "live", "retired"] = "draft"
    caps: list[Cap] = []
    items: list[str] = []
    kinds: list[str] = []
    tags: list[str] = []
    segments: list[str] = []
    lever: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    context_value: dict[str, Annotated[float, Meta(gt=0, le=1000)]] = {}
    mandatory: bool = False
    start: Time | None = msgspec.field(default=None, name="from")
    until: Time | None = None
    description: str = ""


class Experiment(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A question about one placement and the variants that answer it, with their shares."""

    name: Slug
    placement: str
    variants: dict[str, Annotated[float, Meta(ge=0, le=1)]]
    owner: str = ""
    description: str = ""


class Category(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """How the items of some categories are bought again and how fast that fades: goes before what
    was learnt, and after what an item says itself. No `categories` means that of its own name."""

    name: Slug
    categories: list[Annotated[str, Meta(min_length=1)]] = []
    repurchase: Cycle | None = None
    repurchase_days: Annotated[float, Meta(ge=0, le=36600)] | None = None
    one_is_enough: bool | None = None
    half_life_days: Annotated[float, Meta(ge=1, le=3660)] | None = None
    description: str = ""


Definition = Placement | Goal | Segment | UseCase | Experiment | Category
DEFINITIONS: dict[DefinitionKind, type[Definition]] = {
    "placements": Placement,
    "segments": Segment,
    "goals": Goal,
    "usecases": UseCase,
    "experiments": Experiment,
    "categories": Category,
}


def noun(kind: str) -> str:
    """One of a kind: `placements` are each a placement."""
    return "category" if kind == "categories" else kind[:-1]
