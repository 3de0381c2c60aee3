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
ORDERED, REFUNDED = "Order Completed", "Order Refunded"
CART_ADDED, CART_REMOVED = "Product Added", "Product Removed"


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that happened, at a time, to an identity; immutable.

    `identities` are those that the event asserts to be one person, strongest first. An event sent
    under a public key without a valid token has `verified=False`: its user id never merges.
    `refused` holds the purposes that the person refused at the time of the event.
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


class Rejection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why one payload of a batch cannot be read; `code` is stable, `detail` names the way out."""

    index: int
    code: str
    detail: str


class Quarantined(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payload that could not be read, kept as it came so that it can be repaired and replayed."""

    quarantine_id: str
    at: Time
    code: str
    detail: str
    payload: str
    identities: tuple[Identity, ...] = ()
    verified: bool = True


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
