"""What the console reads of the reports; whatever else they hold is passed over."""

from datetime import datetime
from typing import Literal

from wager.console.answers import Answer
from wager.domain.alarms import Alarm
from wager.domain.definitions import Level
from wager.domain.estimates import NotEnough, Verdict

Standing = Literal["closer", "further", "not-closer", "open", "not-enough"]


class Hour(Answer, frozen=True):
    at: datetime
    bets: int = 0
    won: int = 0


class Counts(Answer, frozen=True):
    """Of the bets of one placement: how many were settled, and how."""

    bets: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    holdout: int = 0


class Overview(Answer, frozen=True):
    since: datetime | None = None
    until: datetime | None = None
    bets: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    holdout: int = 0
    by_level: dict[str, int] = {}
    by_hour: list[Hour] = []
    win_rate: Verdict | None = None
    expected_rate: float | None = None
    lift: Verdict | None = None
    lift_replayed: bool = False
    step_downs: dict[str, int] = {}
    silenced: dict[str, int] = {}
    dropped: dict[str, int] = {}
    by_placement: dict[str, Counts] = {}
    note: str = ""
    people: int = 0
    items: int = 0
    events: int = 0
    replayed: int = 0
    alarms: list[Alarm] = []


class Decile(Answer, frozen=True):
    low: float = 0.0
    high: float = 0.0
    said: float = 0.0
    won: float = 0.0
    count: int = 0


class Skill(Answer, frozen=True, tag=True):
    """Against always saying the base rate: 0 is no better, 1 is all-knowing."""

    log_loss: float
    base_rate_log_loss: float
    base_rate: float
    skill: float


class Calibration(Answer, frozen=True):
    deciles: list[Decile] = []
    error: float | None = None
    error_by_chance: float | NotEnough | None = None
    raw_error: float | NotEnough | None = None
    skill: Skill | NotEnough | None = None
    raw_skill: Skill | NotEnough | None = None
    not_enough: NotEnough | None = None
    count: int = 0


class Shadow(Answer, frozen=True):
    placement: str
    policy: str
    risk_appetite: float
    levels: list[str] = []
    bets: int = 0
    effective: int = 0
    mean_weight: float = 0.0
    live: float = 0.0
    value: Verdict | None = None
    robust: Verdict | None = None
    gain: Verdict | None = None


class Shadows(Answer, frozen=True):
    shadows: list[Shadow] = []
    note: str = ""


class Health(Answer, frozen=True):
    alarms: list[Alarm] = []
    quarantine: int = 0
    condition_errors: dict[str, int] = {}


class Shown(Answer, frozen=True):
    """A mean per decision of the people who were bet on, or of the held-out."""

    profiles: int = 0
    decisions: int = 0
    mean: Verdict | None = None


class Compared(Answer, frozen=True):
    bet: Shown | None = None
    holdout: Shown | None = None
    lift: Verdict | None = None
    relative: Verdict | None = None
    replayed: bool = False
    note: str = ""


class Lifts(Answer, frozen=True):
    placements: dict[str, Compared] = {}


class Stake(Answer, frozen=True):
    """What the bets of a placement are expected to bring of one goal, per decision."""

    placement: str
    goal: str
    decisions: int = 0
    expected: float = 0.0
    default: float = 0.0
    gained: float = 0.0
    realised: Verdict | None = None


class Stakeholders(Answer, frozen=True):
    owners: dict[str, list[Stake]] = {}
    note: str = ""


class Sides(Answer, frozen=True):
    placement: str
    inside: Verdict | None = None
    elsewhere: Verdict | None = None
    net: Verdict | None = None
    replayed: bool = False


class TradeOffs(Answer, frozen=True):
    use_cases: dict[str, Sides] = {}
    note: str = ""


class Below(Answer, frozen=True):
    floor: float
    below: Verdict | None = None


class Diversity(Answer, frozen=True):
    people: int = 0
    sampled: int = 0
    entropy: Verdict | None = None
    repetition: Verdict | None = None
    novelty: Verdict | None = None
    placements: dict[str, Below] = {}
    note: str = ""


class Spent(Answer, frozen=True):
    """A budget for learning, and what of it is spent."""

    amount: float = 0.0
    days: float = 0.0
    spent: float = 0.0
    left: float = 0.0
    exploring: bool = True


class Trust(Answer, frozen=True):
    """How much of what bets are said to gain is real, and the share of the odds they get for it."""

    share: float = 1.0
    real: float = 1.0
    standard_error: float = 0.0
    choices: int = 0


class HeldBack(Answer, frozen=True):
    learnt: Trust | None = None
    regret_budget: Spent | None = None


class Hedge(Answer, frozen=True):
    placements: dict[str, HeldBack] = {}
    note: str = ""


class Bettor(Answer, frozen=True):
    """One who places bets: a use case, or the placement itself; with what came of them."""

    owner: str
    placement: str
    use_case: str | None = None
    bets: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    staked: float = 0.0
    expected: float = 0.0
    brought: float = 0.0
    profit: float = 0.0


class Ledger(Answer, frozen=True):
    bettors: list[Bettor] = []
    note: str = ""


class TenureStep(Answer, frozen=True):
    """What came in some of the weeks since the first decision of each person."""

    from_week: int
    to_week: int
    people: int = 0
    decisions: int = 0
    win_rate: Verdict | None = None
    expected_rate: float | None = None
    lift: Verdict | None = None


class Journey(Answer, frozen=True):
    placement: str
    goal: str
    replayed: bool = False
    steps: list[TenureStep] = []
    trend: Verdict | None = None
    beyond_holdout: Verdict | None = None
    standing: Standing = "not-enough"


class Journeys(Answer, frozen=True):
    journeys: list[Journey] = []


class Tactic(Answer, frozen=True):
    """What showing an item with this brings beyond one without it."""

    placement: str
    goal: str
    kind: str
    tactic: str
    replayed: bool = False
    lift: Verdict | None = None
    bets: int = 0
    shown: int = 0
    capped: bool = False
    since: datetime | None = None
    until: datetime | None = None


class Tactics(Answer, frozen=True):
    tactics: list[Tactic] = []


class OnLevel(Answer, frozen=True):
    """The bets that stood on one level."""

    bets: int = 0
    settled: int = 0
    won: int = 0
    win_rate: Verdict | None = None
    expected_rate: float | None = None


class LevelTrial(Answer, frozen=True):
    """What a level brings beyond the next below it, where chance drew which."""

    placement: str
    level: Level
    over: Level
    lift: Verdict | None = None
    decisions: tuple[int, ...] = ()


class Levels(Answer, frozen=True):
    levels: dict[str, OnLevel] = {}
    trials: list[LevelTrial] = []


class PopularThere(Answer, frozen=True):
    """Something popular in a segment: its share of the baskets there, and of everybody's."""

    item_id: str
    title: str = ""
    share: float = 0.0
    everybody: float = 0.0


class Group(Answer, frozen=True):
    """A segment's people, what is popular with them, and where they are not talked to."""

    people: int = 0
    in_the_moment: bool = False
    popular: list[PopularThere] = []
    apart: list[PopularThere] = []
    excluded_from: list[str] = []
    left_alone_in: list[str] = []
    use_cases: list[str] = []
    condition_errors: int = 0


class Segments(Answer, frozen=True):
    people: int = 0
    segments: dict[str, Group] = {}


class Limited(Answer, frozen=True):
    """An offer of which there are only so many."""

    title: str = ""
    limit: int = 0
    granted: int = 0
    left: int = 0


class Counted(Answer, frozen=True):
    """An item whose stock is counted; `promised` is what those who see it now likely order."""

    item_id: str
    title: str = ""
    stock: int = 0
    stock_at: datetime | None = None
    promised: float = 0.0


class Stock(Answer, frozen=True):
    limited: dict[str, Limited] = {}
    counted: int = 0
    sold_out: int = 0
    nearly: list[Counted] = []
