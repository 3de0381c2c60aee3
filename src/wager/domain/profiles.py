"""The golden record: what is known of one person, each field with source, time and confidence."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from wager.domain.identity import Identity, Purpose, Time

Provenance = Literal["stated", "derived"]


class Field(msgspec.Struct, frozen=True, array_like=True):
    """One trait's value, where it came from, since when, how sure, and the rule that chose it."""

    value: Any
    source: str
    at: Time
    confidence: float = 1.0
    provenance: Provenance = "stated"
    rule: str = "latest"


class Affinity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A decaying leaning: `weight` as of `at`, to be halved every `half_life_days` from then on."""

    weight: float
    at: Time
    half_life_days: float = 60.0
    source: str = "api"


class Count(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often something happened, and how lately."""

    total: float
    last_at: Time


class Purchase(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one person bought of one item: times, the decayed count as of `last_at`, net quantity.

    Refunds lower `times` and `quantity`. `gift` is True while every purchase of it was a gift;
    `given` is how many of the quantity were, `own_at` when one was last bought that was none.
    `recent` holds the decayed number of purchases (half-life 60 days) at `last_at`; `hours` is the
    circular mean of the local hour as (cosine, sine) sums, so that part of day can be compared.
    """

    times: int
    recent: float
    last_at: Time
    quantity: float = 1.0
    cosine: float = 0.0
    sine: float = 0.0
    gift: bool = False
    given: float = 0.0
    own_at: Time | None = None

    @property
    def own_since(self) -> datetime | None:
        """When the person last bought it for themselves; None where nothing of theirs is left."""
        if self.gift or self.times <= 0 or self.quantity - self.given <= 1e-9:
            return None
        return self.own_at or self.last_at


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A word said afterwards on an order or a line of it: bought for somebody else, or not."""

    gift: bool
    at: Time
    message_id: str = ""


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dislike in force: never again this item, tag or creator, until the person takes it back.

    `group` is the item that a disliked variant belongs to: it binds whatever becomes of the
    variant's own id. `household` says that it was meant for all who live there.
    """

    scope: Literal["item", "tag", "creator"]
    value: str
    at: Time
    message_id: str = ""
    group: str = ""
    household: bool = False


class Exposure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often an item was seen, ignored since the last click (at most 8), and when last.

    `ignored_at` are the epoch seconds of those ignored showings: with them and `clicked_at`, a late
    click or showing gives the same figures as one in time.
    """

    seen: int
    ignored: int
    last_at: Time
    clicked_at: int = 0
    ignored_at: tuple[int, ...] = ()


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One use of the account: the three hours since 1970 that it fell in; the part of the day (0 to
    7, three hours each) and whether it was a weekend, on the person's clock; the device; what it
    was for, as numbers that stand for categories."""

    at: int
    part: int
    weekend: bool
    device: str = ""
    tastes: tuple[int, ...] = ()


class Profile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is known of one person. `version` grows by one with every change.

    `blocked` and `unblocked_at` are keyed by `scope:value`. A merged profile keeps `merged_into`;
    the one it went into lists it in `merged_from`. `held_out` names the placements from which
    this profile is held out by a merge (otherwise it is a keyed hash of the profile id and the
    placement). `hours` counts orders by local hour (24 numbers), `weekdays` by weekday (7).

    `purchases` holds what is theirs (quantity above 0); what went back is in `returned`. `removed`
    and `emptied_at` say what left the cart and when, so that a late event cannot bring it back.
    `marks` are words on gifts, by `order|item`.
    `consent` is the latest word on each purpose; `refused` are those refused. Bit n of `visit_days`
    is set when there was an event n days before `visit_day` (a UTC day since 1970), 63 days long.
    `events` counts what was folded into it. `apart` names identities that never join it again,
    because a merge was undone; a merged profile keeps its `identities`, those that it was
    `joined_with`, and its own `merged_from` and `held_out`: all that undoing the merge asks for.
    `uses` are the latest, by the third of a day since 1970 that they fell in and the device.
    """

    profile_id: str
    created_at: Time
    updated_at: Time
    version: int = 0
    identities: tuple[Identity, ...] = ()
    unverified: tuple[Identity, ...] = ()
    traits: dict[str, Field] = {}
    affinities: dict[str, Affinity] = {}
    counts: dict[str, Count] = {}
    purchases: dict[str, Purchase] = {}
    returned: dict[str, Purchase] = {}
    cart: dict[str, Time] = {}
    removed: dict[str, Time] = {}
    emptied_at: Time | None = None
    exposures: dict[str, Exposure] = {}
    viewed: dict[str, Time] = {}
    liked: dict[str, Time] = {}
    blocked: dict[str, Block] = {}
    unblocked_at: dict[str, Time] = {}
    segments: tuple[str, ...] = ()
    marks: dict[str, Mark] = {}
    consent: dict[Purpose, Field] = {}
    refused: tuple[Purpose, ...] = ()
    refused_at: Time | None = None
    held_out: tuple[str, ...] = ()
    hours: tuple[float, ...] = ()
    weekdays: tuple[float, ...] = ()
    visit_day: int = 0
    visit_days: int = 0
    timezone: str | None = None
    households: tuple[str, ...] = ()
    uses: dict[str, Use] = {}
    merged_from: tuple[str, ...] = ()
    apart: tuple[Identity, ...] = ()
    events: int = 0
    joined_with: tuple[Identity, ...] = ()
    merged_into: str | None = None


TABLES = (
    "traits",
    "affinities",
    "counts",
    "purchases",
    "returned",
    "cart",
    "removed",
    "exposures",
    "viewed",
    "liked",
    "blocked",
    "unblocked_at",
    "marks",
    "consent",
    "uses",
)
"""The fields of a profile that hold many things by name; a change shares those it leaves alone."""
