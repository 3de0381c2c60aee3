"""What one decision is about: person, place and moment, as every step of it sees them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from wager.domain.content import Item
from wager.domain.decisions import Reason
from wager.domain.definitions import Level, Placement
from wager.domain.models import Snapshot
from wager.domain.prices import Thirds
from wager.domain.profiles import Profile
from wager.domain.queues import Queue
from wager.domain.rarity import NOTHING_KNOWN, Rarity

DAY = 86400.0
PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")


def part_of_day(hour: float) -> str:
    """The quarter of the day that a local hour falls in: night is before 6.

    >>> part_of_day(18.5)
    'evening'
    """
    return PARTS_OF_DAY[int(hour // 6) % 4]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The items that there are, and where to find them by kind and by kind and category.

    `lasting` holds the kind of each item that is there for everybody, without an end. `leading`
    are the best sold of each kind and first category, the best sold categories first. `alike` names
    what an item is the same thing as, where that is more than itself; `accessories` what goes with
    what is owned, by the same names; `ages` the years from and to which a child is the right age;
    `thirds` tell what is cheap among its like.
    """

    items: Mapping[str, Item]
    kinds: Mapping[str, Sequence[str]]
    categories: Mapping[tuple[str, str], Sequence[str]]
    lasting: Mapping[str, str] = field(default_factory=dict)
    leading: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accessories: Mapping[str, Mapping[str, None]] = field(default_factory=dict)
    ages: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    thirds: Thirds = field(default_factory=dict)


class Ask(msgspec.Struct, frozen=True):
    """Everything that a decision is made from; nothing else is read.

    `known` is what words may use of the person: its traits, affinities and counts by name; `held`
    says what was bought and until when (seconds since the epoch) that keeps it out, by which rule.
    `invited` are candidates that the team asks for: sources with their items, weights, and why;
    `queue` are the use cases in force, where the placement has any.
    `spent` says why nothing may be spent on learning.
    `resting` are items that are not shown now, by which rule; `rooms` says how many more of a tag
    may be; `full` are use cases of which no more may be, and why; `hushed` are tags and categories
    of which nothing may be assumed. `elsewhere` says that the person has used other devices, and
    never this one. `present` are the odds of each of several people in an account, where one was
    recognised; the profile is then what is likely theirs. `untagged` are items without a tag that
    the placement requires.
    """

    placement: Placement
    profile: Profile
    now: datetime
    local: datetime
    snapshot: Snapshot
    shelf: Shelf
    level: Level = "context"
    segments: tuple[str, ...] = ()
    cart: tuple[str, ...] = ()
    limited_to: tuple[str, ...] | None = None
    taken: frozenset[str] = frozenset()
    resting: Mapping[str, str] = {}
    hushed: frozenset[str] = frozenset()
    rooms: Mapping[str, int] = {}
    context: Mapping[str, Any] = {}
    known: Mapping[str, Any] = {}
    held: Mapping[str, tuple[float, str]] = {}
    queue: Queue | None = None
    full: Mapping[str, Reason] = {}
    spent: Reason | None = None
    invited: Sequence[tuple[str, Sequence[tuple[str, float, str]]]] = ()
    rarity: Rarity = NOTHING_KNOWN
    elsewhere: bool = False
    present: tuple[float, ...] = ()
    untagged: Collection[str] = ()

    @property
    def timestamp(self) -> float:
        return self.now.timestamp()

    @property
    def hour(self) -> float:
        return self.local.hour + self.local.minute / 60.0
