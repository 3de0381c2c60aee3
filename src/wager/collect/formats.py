"""The Segment spec's words, as clients send them, translated into ours."""

import re
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from wager.collect.quality import Unreadable, as_json, shown
from wager.domain.events import EventKind

MAX_ID_LENGTH = 255
MAX_NAME_LENGTH = 200
DERIVED_PREFIX = "derived-"
Id = str | int | float


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """One call of the Segment spec as it was sent; what is not named here is not kept."""

    type: str | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    message_id: Id | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    group_id: Id | None = None
    previous_id: Id | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


_KINDS: dict[str, EventKind] = {
    "track": "track",
    "identify": "identify",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
}
_AN_ID = ("bad-identity", "an id is a string or a number")
_A_TIME = ("bad-timestamp", "write it as text: ISO 8601 with an offset, 2026-01-05T18:03:00+01:00")
_FIELDS = {  # the field that msgspec cannot read -> (code, the way out)
    "type": ("bad-type", f"it is one of {sorted(_KINDS)}"),
    "userId": _AN_ID,
    "anonymousId": _AN_ID,
    "previousId": _AN_ID,
    "groupId": _AN_ID,
    "messageId": ("bad-message-id", "it is a string"),
    "timestamp": _A_TIME,
    "originalTimestamp": _A_TIME,
    "sentAt": _A_TIME,
    "event": ("bad-event", "it is the name of what happened, a string"),
    "name": ("bad-event", "it is the name of the page or screen, a string"),
    "category": ("bad-event", "it is the category of the page or screen, a string"),
    "properties": ("bad-properties", "it is an object"),
    "traits": ("bad-traits", "it is an object"),
    "context": ("bad-context", "it is an object"),
}
_PATH = re.compile(r"`\$\.(\w+)")
_DECODER = msgspec.json.Decoder(Payload)


def parse(payload: object) -> tuple[Payload, bytes]:
    """The payload as a struct of plain JSON types, and its JSON."""
    raw = as_json(payload)
    try:
        return _DECODER.decode(raw), raw
    except msgspec.ValidationError as error:
        path = _PATH.search(str(error))
        field = path.group(1) if path else ""
        code, way_out = _FIELDS.get(field, ("bad-event", str(error)))
        value = msgspec.json.decode(raw).get(field)
        raise Unreadable(code, f"{field or 'the event'} is {shown(value)}; {way_out}") from None


def kind_of(payload: Payload, route: EventKind | None) -> EventKind:
    """The call's type: its own, or that of the route that it came on."""
    if payload.type is None:
        if route is None:
            raise Unreadable("bad-type", f"type is missing; it is one of {sorted(_KINDS)}")
        return route
    kind = _KINDS.get(payload.type)
    if kind is None:
        raise Unreadable(
            "bad-type", f"type is {shown(payload.type)}; it is one of {sorted(_KINDS)}"
        )
    if route is not None and route != kind:
        raise Unreadable(
            "bad-type", f"type is {kind!r}, but it came to /v1/{route}; leave it out or go there"
        )
    return kind


def name_of(payload: Payload, kind: EventKind) -> str:
    """What happened: the event's name, or the page's or screen's (which may have none)."""
    name = (payload.event if kind == "track" else payload.name) or ""
    if kind == "track" and not name.strip():
        raise Unreadable(
            "missing-event", 'a track call needs a name: "event": "Product Viewed", for example'
        )
    if len(name) > MAX_NAME_LENGTH:
        raise Unreadable(
            "bad-event", f"a name has {len(name)} characters; at most {MAX_NAME_LENGTH} are kept"
        )
    return name.strip()


def message_id(payload: Payload, raw: bytes, position: tuple[datetime, int]) -> str:
    """The client's id for the message; or, where it sends none, one made of the content.

    The same content then has the same id, so that a repeat stays harmless (`sentAt` does not
    count). Where a timestamp is missing too, `position` (when and where it came) tells two alike
    apart: such a repeat counts twice, which is better than to lose one of two real events.
    """
    if payload.message_id is not None:
        text = str(payload.message_id).strip()
        if not text or len(text) > MAX_ID_LENGTH or not text.isprintable():
            raise Unreadable(
                "bad-message-id",
                f"messageId {shown(text)} is not 1 to {MAX_ID_LENGTH} printable characters",
            )
        return text
    content: dict[str, Any] = msgspec.json.decode(raw)
    for transport in ("sentAt", "writeKey", "integrations"):
        content.pop(transport, None)
    digest = blake2b(msgspec.json.encode(content, order="sorted"), digest_size=16)
    if payload.timestamp is None and payload.original_timestamp is None:
        digest.update(f"{position[0]} {position[1]}".encode())
    return DERIVED_PREFIX + digest.hexdigest()
