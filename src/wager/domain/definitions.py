"""What the team declares: placements, goals and segments, as versioned documents."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wager.domain.identity import Time
from wager.domain.models import Cycle
from wager.domain.restraints import GainShare, RegretBudget, SegmentRisk, SurpriseLimit, TacticCap
from wager.domain.sequences import After

Slug = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
DefinitionKind = Literal[
    "placements", "segments", "goals", "usecases", "experiments", "categories", "vocabularies"
]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
CapKind = Literal["item", "tag", "placement", "useCase", "channel", "person", "household"]
Level = Literal["neutral", "customization", "crowd", "segment", "context"]
LEVELS: tuple[Level, ...] = ("neutral", "customization", "crowd", "segment", "context")
PolicyName = Literal["thompson", "softmax", "inverse-gap", "greedy"]
Counted = Literal["kind", "category", "creator", "tag"]


def _says(meaning: str) -> Meta:
    """What a setting means, in the words of the console and of the API's documentation."""
    return Meta(description=meaning)


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
    counts, of a use case each decision that shows something of it, of all else each that shows
    anything.

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
    risk_appetite: Annotated[float, Meta(ge=0, le=1)] = 0.01
    levels: list[Level] | None = None


class Floor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What bets must be expected to bring of a goal, in each slot: at least this share of what the
    safe choice would bring there."""

    goal: str
    share: Annotated[float, Meta(gt=0, le=1)]


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
    slots: Annotated[int, Meta(ge=1, le=50), _says("How many openings it has.")] = 1
    goal: Annotated[str | None, _says("What counts as a win; a click if none is named.")] = None
    default: Annotated[
        str | list[str] | Rule | None,
        _says("The safe choice that bets are measured against; what is popular if none is named."),
    ] = None
    holdout_share: Annotated[
        float,
        Meta(ge=0, le=0.9),
        _says("Share of the people who always get the safe choice, so that lift can be known."),
    ] = 0.0
    allow_nothing: Annotated[bool, _says("Showing nothing is a candidate like any other.")] = False
    policy: Annotated[
        PolicyName,
        _says(
            "How odds follow from what is expected: by how likely each is the best (thompson), by "
            "how far behind the best it is (softmax, inverse-gap), or the best alone (greedy)."
        ),
    ] = "thompson"
    risk_appetite: Annotated[
        float,
        Meta(ge=0, le=1),
        _says("Share of the odds that is spread evenly over all candidates, to learn."),
    ] = 0.01
    least_gain: Annotated[
        Annotated[float, Meta(ge=0)] | GainShare,
        _says(
            "How much more than the safe choice a bet must promise, in the goal's unit or as a "
            "share of it; where none does, the safe choice is shown."
        ),
    ] = 0.0
    regret_budget: Annotated[
        RegretBudget | None,
        _says("What learning may cost in any window of days, in the goal's unit."),
    ] = None
    risk_by_segment: Annotated[
        list[SegmentRisk], _says("For whom bets are bolder or more careful than for others.")
    ] = []
    shadow: Annotated[
        PolicyName | Shadow | None,
        _says("A policy that is worked out and logged beside the live one, and shown to nobody."),
    ] = None
    levels: Annotated[list[Level], _says("How much may be assumed of people.")] = msgspec.field(
        default_factory=lambda: list(LEVELS)
    )
    template: Annotated[str | None, _says("Words written around each item.")] = None
    kinds: Annotated[list[str], _says("Which kinds of item it shows; any if none is named.")] = []
    exposure_cost: Annotated[
        float,
        Meta(ge=0),
        _says("What showing nothing saves, in the goal's unit, where nothing may be shown."),
    ] = 0.0
    exclude: Annotated[list[str], _says("Segments whose people are not talked to here.")] = []
    quiet_hours: Annotated[
        QuietHours | None, _says("When nobody is talked to, on the person's own clock.")
    ] = None
    identity_threshold: Annotated[
        float,
        Meta(ge=0, le=1),
        _says("How sure it must be who of several people is there to assume anything of them."),
    ] = 0.0
    instead: Annotated[
        Literal["nothing", "default"], _says("What those get who are not talked to.")
    ] = "nothing"
    caps: Annotated[list[Cap], _says("How often is often enough.")] = []
    required_tags: Annotated[
        list[str],
        _says("Vocabularies: an item without one of the tags of each is not shown here."),
    ] = []
    at_most: Annotated[
        dict[Counted, Annotated[int, Meta(ge=1, le=50)]],
        _says("So many of one kind, category, creator or tag at most."),
    ] = {}
    exclusive: Annotated[
        list[str], _says("Tags that no two of the items shown together may share.")
    ] = []
    must_include: Annotated[list[Must], _says("Who has a slot for sure, if it may be shown.")] = []
    goals: Annotated[
        dict[str, Annotated[float, Meta(ge=-1e6, le=1e6)]],
        _says("Further goals that its bets are for, each with its weight."),
    ] = {}
    floors: Annotated[
        list[Floor], _says("Share of what the safe choice would bring of a goal that is kept.")
    ] = []
    fatigue: Annotated[
        Fatigue | None, _says("What was shown and passed over so often rests for a time.")
    ] = Fatigue()
    cool_down_minutes: Annotated[
        float, Meta(ge=0, le=527040), _says("What a person looked at is not shown back so long.")
    ] = 0.0
    sensitive: Annotated[
        list[str],
        _says("Tags, categories and segments that no bet points to unless the person liked some."),
    ] = []
    max_surprise: Annotated[
        SurpriseLimit | None,
        _says("How much a choice may make a person wonder how one knows, in bits."),
    ] = None
    leave_alone_share: Annotated[
        float,
        Meta(ge=0, le=0.95),
        _says("Where bets harm a segment, this share of its people gets the safe choice."),
    ] = 0.0
    diversity_floor: Annotated[
        float,
        Meta(ge=0, le=0.9),
        _says("Who was shown less variety gets something else in so large a share of the odds."),
    ] = 0.0
    level_trial_share: Annotated[
        float,
        Meta(ge=0, le=0.5),
        _says("Share of decisions whose level is drawn by chance, to know what each level brings."),
    ] = 0.0
    tactic_cap: Annotated[
        TacticCap | None,
        _says("How much of a slot's odds what has long not shown that it works may have at most."),
    ] = None
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
    after: After | None = None
    lever: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    context_value: dict[str, Annotated[float, Meta(gt=0, le=1000)]] = {}
    mandatory: bool = False
    start: Time | None = msgspec.field(default=None, name="from")
    until: Time | None = None
    description: str = ""


class Vocabulary(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Tags that mean something, of which every item (of these `kinds`) should have one."""

    name: Slug
    tags: Annotated[list[str], Meta(min_length=1)]
    kinds: list[str] = []
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


Definition = Placement | Goal | Segment | UseCase | Experiment | Category | Vocabulary
DEFINITIONS: dict[DefinitionKind, type[Definition]] = {
    "placements": Placement,
    "segments": Segment,
    "goals": Goal,
    "usecases": UseCase,
    "experiments": Experiment,
    "categories": Category,
    "vocabularies": Vocabulary,
}


def noun(kind: str) -> str:
    """One of a kind: `placements` are each a placement."""
    return f"{kind[:-3]}y" if kind.endswith("ies") else kind[:-1]
