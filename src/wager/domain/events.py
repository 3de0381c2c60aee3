"""What happened: events as they are kept, and rejections with their reason."""

from typing import Any, Literal

import msgspec

from wager.domain.identity import Identity, Purpose, Time

EventKind = Literal["track", "identify", "page", "screen", "group", "alias"]

VIEWED, CLICKED, LIKED, DISLIKED, DISMISSED, UNBLOCKED = (
    "Item Viewed",
    "Item Clicked",
    "Item Liked",
    "Item Disliked",
    "Item Dismissed",
    "Item Unblocked",
)
FEEDBACK = frozenset((VIEWED, CLICKED, LIKED, DISLIKED, DISMISSED, UNBLOCKED))
ORDERED, REFUNDED, CANCELLED = "Order Completed", "Order Refunded", "Order Cancelled"
GIFT_MARKED = "Gift Marked"
UNMERGED = "$unmerged"
CART_ADDED, CART_REMOVED = "Product Added", "Product Removed"


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that happened, at a time, to an identity; immutable.

    `identities` are those that the event asserts to be one person, strongest first. An event sent
    under a public key without a valid token has `verified=False`: its user id never merges.
    `claimed` is a user id that was named without proof: it is kept, and opens nobody's profile.
    `refused` holds the purposes that the person had refused when the event came (nothing is learnt
    from it); `consent` is what the event itself says, where it says anything.
    """

    message_id: str
    kind: EventKind
    at: Time
    received_at: Time
    identities: tuple[Identity, ...]
    name: str = ""
    previous: Identity | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    verified: bool = True
    refused: tuple[Purpose, ...] = ()
    source: str = "api"
    claimed: Identity | None = None
    consent: dict[Purpose, bool] = {}


class Rejection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why one payload of a batch cannot be read; `code` is stable, `detail` names the way out."""

    index: int
    code: str
    detail: str


class Quarantined(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payload that could not be read, kept as it came so that it can be repaired and replayed.

    `identities` are all that it names, proven or not (so that an erasure finds it); `verified` is
    False if it came under a public key: a replay treats it by that key's rules.
    """

    quarantine_id: str
    at: Time
    code: str
    detail: str
    payload: str
    identities: tuple[Identity, ...] = ()
    verified: bool = True
    refused: tuple[Purpose, ...] = ()
    source: str = "api"


class Effect(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What feedback changed, and how to say it: never again, allowed again, liked."""

    kind: str
    scope: str
    value: str
    text: str
    message_id: str


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event with its place in the log, the profile it was folded into, and what it settled."""

    sequence: int
    profile_id: str
    event: Event
    settled: tuple[str, ...] = ()


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """How payloads came: when, by which key, from where, and what the headers refused.

    `kind` is that of the route (`/v1/track`), None for a batch, where each payload names its own.
    """

    received_at: Time
    kind: EventKind | None = None
    sent_at: Time | None = None
    public: bool = False
    refused: tuple[Purpose, ...] = ()
    source: str = "api"
    context: dict[str, Any] = {}


class Collected(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a batch: new events, harmless repeats, and what went to quarantine."""

    accepted: int
    duplicates: int = 0
    quarantined: tuple[Rejection, ...] = ()
    effects: tuple[Effect, ...] = ()
