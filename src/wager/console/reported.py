"""What the console reads of definitions in force and of the reports on one placement."""

from wager.console.answers import Answer
from wager.domain.alarms import Alarm
from wager.domain.definitions import Goal, Placement, UseCase
from wager.domain.estimates import Verdict


class StoredPlacement(Answer, frozen=True):
    definition: Placement
    warnings: list[str] = []


class Placements(Answer, frozen=True):
    placements: list[StoredPlacement] = []


class StoredUseCase(Answer, frozen=True):
    definition: UseCase
    warnings: list[str] = []


class UseCases(Answer, frozen=True):
    usecases: list[StoredUseCase] = []


class StoredGoal(Answer, frozen=True):
    definition: Goal


class Goals(Answer, frozen=True):
    goals: list[StoredGoal] = []


class Counts(Answer, frozen=True):
    """Of the bets of one placement: what was settled, kept quiet and left out."""

    bets: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    holdout: int = 0


class Totals(Answer, frozen=True):
    by_placement: dict[str, Counts] = {}
    alarms: list[Alarm] = []


class Kept(Answer, frozen=True):
    """Why nobody was talked to, and why items were left out, counted by rule."""

    bets: int = 0
    silenced: dict[str, int] = {}
    dropped: dict[str, int] = {}


class Health(Answer, frozen=True):
    alarms: list[Alarm] = []


class Compared(Answer, frozen=True):
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
