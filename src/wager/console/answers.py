"""What the console reads of bets, people, content and events; all else is passed over."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from wager.domain.decisions import Choice, Contender, Outcome, Reason, SafeChoice
from wager.domain.definitions import Level
from wager.domain.events import Rejection

State = Literal["open", "won", "lost"]


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Part of an answer; fields that the console does not know are ignored."""


class Candidate(Answer, frozen=True):
    item_id: str | None = None
    propensity: float = 0.0
    expected_reward: float = 0.0
    standard_error: float = 0.0
    level: Level = "neutral"
    features: dict[str, float] = {}


class Excluded(Answer, frozen=True):
    item_id: str
    rule: str


class Bet(Answer, frozen=True):
    """A decision; what explains it, and what came of it, where the answer says so."""

    decision_id: str
    placement: str
    profile_id: str
    at: datetime
    level: Level
    policy: str = ""
    model_version: str = ""
    holdout: bool = False
    variant: str | None = None
    goal: str | None = None
    window_minutes: float = 0.0
    choices: tuple[Choice, ...] = ()
    default: SafeChoice | None = None
    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    dropped: dict[str, int] = {}
    stepped_down: tuple[Reason, ...] = ()
    stake: float = 0.0
    regret: float = 0.0
    segments: tuple[str, ...] = ()
    context: dict[str, Any] = {}
    identity: tuple[str, ...] = ()
    replayed: bool = False
    learns: bool = True
    silence: str | None = None
    use_cases: tuple[Contender, ...] = ()
    beside: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    state: State = "open"
    reward: float = 0.0
    settled_at: datetime | None = None


class Bets(Answer, frozen=True):
    decisions: list[Bet] = []
    cursor: str | None = None


class Named(Answer, frozen=True):
    kind: str
    value: str


class Known(Answer, frozen=True):
    """One trait of the golden record, and where it is from."""

    value: Any = None
    source: str = ""
    at: datetime | None = None
    confidence: float = 1.0
    provenance: str = "stated"
    rule: str = ""


class Leaning(Answer, frozen=True):
    weight: float
    at: datetime
    half_life_days: float = 60.0
    source: str = ""


class Counted(Answer, frozen=True):
    total: float
    last_at: datetime


class Bought(Answer, frozen=True):
    times: int
    last_at: datetime
    recent: float = 0.0
    quantity: float = 1.0
    gift: bool = False


class Blocked(Answer, frozen=True):
    scope: str
    value: str
    at: datetime


class Person(Answer, frozen=True):
    profile_id: str
    created_at: datetime
    updated_at: datetime
    version: int = 0
    identities: tuple[Named, ...] = ()
    unverified: tuple[Named, ...] = ()
    traits: dict[str, Known] = {}
    affinities: dict[str, Leaning] = {}
    counts: dict[str, Counted] = {}
    purchases: dict[str, Bought] = {}
    cart: dict[str, datetime] = {}
    liked: dict[str, datetime] = {}
    blocked: dict[str, Blocked] = {}
    segments: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    timezone: str | None = None
    merged_from: tuple[str, ...] = ()

    @property
    def last_known(self) -> datetime:
        """When something last happened: the latest purchase, else anything that was counted."""
        bought = [one.last_at for one in self.purchases.values()]
        return max(bought or [one.last_at for one in self.counts.values()], default=self.updated_at)


class Ordered(Answer, frozen=True):
    """One line of an order, and whether it was for somebody else."""

    order_id: str
    at: datetime
    item_id: str
    title: str = ""
    gift: bool = False
    because: str | None = None
    probability: float | None = None
    signs: tuple[str, ...] = ()


class Orders(Answer, frozen=True):
    lines: list[Ordered] = []


class People(Answer, frozen=True):
    profiles: list[Person] = []
    after: str | None = None


class Shown(Answer, frozen=True):
    """An item as it was published."""

    item_id: str
    kind: str = "product"
    title: str = ""
    description: str = ""
    tags: dict[str, float] = {}
    categories: list[str] = []
    creator: str | None = None
    price: float | None = None
    currency: str | None = None
    stock: int | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    parent_id: str | None = None
    attributes: dict[str, Any] = {}


class Items(Answer, frozen=True):
    items: list[Shown] = []
    total: int | None = None
    cursor: str | None = None


class Arrived(Answer, frozen=True):
    """An event, and what became of it; identities are written `kind:value`."""

    state: Literal["accepted", "quarantined"]
    received_at: datetime
    identities: tuple[str, ...] = ()
    verified: bool = True
    message_id: str = ""
    type: str = ""
    name: str = ""
    at: datetime | None = None
    late: bool = False
    profile_id: str = ""
    refused: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    item_id: str | None = None
    quarantine_id: str = ""
    code: str = ""
    detail: str = ""


class Events(Answer, frozen=True):
    events: list[Arrived] = []


class Waiting(Answer, frozen=True):
    """A payload in quarantine: as it came, and why it cannot be read."""

    quarantine_id: str
    at: datetime
    code: str
    detail: str
    payload: str


class Quarantine(Answer, frozen=True):
    quarantined: list[Waiting] = []
    after: str | None = None


class Replayed(Answer, frozen=True):
    accepted: int = 0
    duplicates: int = 0
    quarantined: tuple[Rejection, ...] = ()
