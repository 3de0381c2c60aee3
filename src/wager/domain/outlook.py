"""What binds and what is due for one person at a moment: caps, purchases, who is there, variety."""

from typing import Literal

import msgspec

from wager.domain.definitions import CapKind
from wager.domain.estimates import NotEnough
from wager.domain.identity import Time
from wager.domain.models import Cycle

Due = Literal["due", "not-due", "lasts", "lapsed"]


class Room(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one cap has counted for the person, and how much it leaves.

    `name` is the tag or the use case that it counts; `item_id` and `channel` are there where each
    is counted apart. `free_at` says when there is room again if nothing more is shown; null where
    there is room.
    """

    placements: tuple[str, ...]
    per: CapKind
    limit: int
    window_minutes: float
    unanswered: bool
    spent: int
    left: int
    name: str | None = None
    item_id: str | None = None
    channel: str | None = None
    free_at: Time | None = None


class Owned(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that the person bought for themselves, and when it will be wanted again.

    `known_from` says where the interval is from: `declared`, `learnt`, or `declared for` or `learnt
    of` and a category. It is kept out until `until`; null is no more, or (where it lasts) for good.
    """

    item_id: str
    title: str
    bought_at: Time
    state: Due
    cycle: Cycle
    known_from: str
    usual_days: float | None = None
    due_at: Time | None = None
    until: Time | None = None


class Somebody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the people that an account's uses tell apart: how likely it is that they are there
    now, their share of the uses, when (by three hours from midnight, adding up to 1; the share at
    weekends), and what for."""

    probability: float
    share: float
    parts: tuple[float, ...]
    weekend: float
    tastes: tuple[str, ...] = ()


class Variety(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag=True):
    """How varied what the person was shown in the last 60 days is, by the items' first categories;
    `by_category` counts the showings."""

    entropy: float
    repetition: float
    novelty: float
    showings: int
    by_category: dict[str, int]


class Outlook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of it at one moment. `people` is empty where one person uses the account; `unsure` are
    the placements that assume nothing of one's own just now, because it is not sure who is there;
    `floors` are the floors under the variety, by placement."""

    profile_id: str
    at: Time
    caps: tuple[Room, ...]
    owned: tuple[Owned, ...]
    people: tuple[Somebody, ...]
    unsure: tuple[str, ...]
    variety: Variety | NotEnough
    floors: dict[str, float]
