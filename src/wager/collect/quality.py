"""What a payload must be to be read at all: plain JSON, small, flat enough, at a possible time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from wager.domain.events import Event

MAX_EVENT_BYTES = 32 * 1024
MAX_DEPTH = 20
MAX_ITEM_ID_LENGTH = 200
FUTURE_TOLERANCE = timedelta(minutes=5)
LATE_AFTER = timedelta(days=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_WRITE_TIME = "write ISO 8601 with an offset, such as 2026-01-05T18:03:00+01:00"


class Unreadable(Exception):
    """A payload that cannot become an event: a stable code, and a detail that names the way out."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def shown(value: object) -> str:
    """A value as a message names it, cut to one line."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def as_json(payload: object) -> bytes:
    """The payload as JSON, within the bounds; whatever Python types it had, plain ones come out."""
    if type(payload) is not dict and not isinstance(payload, Mapping):
        raise Unreadable(
            "not-an-object",
            f'an event is a JSON object such as {{"type": "track", ...}}, not {shown(payload)}',
        )
    try:
        raw = msgspec.json.encode(payload)
    except RecursionError:
        raise Unreadable(
            "too-deep", f"the event is nested too deep; at most {MAX_DEPTH} levels are read"
        ) from None
    except UnicodeEncodeError:
        raise Unreadable("not-utf8", "a text in the event is not UTF-8") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable("not-json", f"the event cannot be written as JSON: {error}") from None
    if len(raw) > MAX_EVENT_BYTES:
        raise Unreadable(
            "too-large",
            f"the event has {len(raw)} bytes; at most {MAX_EVENT_BYTES} are read: send less in it",
        )
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and (depth := _depth(payload)) > MAX_DEPTH:
        raise Unreadable(
            "too-deep", f"the event is nested {depth} deep; at most {MAX_DEPTH} levels are read"
        )
    if not _fits_64_bits(payload):
        _check_integers(msgspec.json.decode(raw))
    return raw


def _fits_64_bits(payload: object) -> bool:
    """Whether every whole number does (MessagePack has no longer ones)."""
    try:
        msgspec.msgpack.encode(payload)
    except OverflowError:
        return False
    return True


def _depth(value: object) -> int:
    """How deep objects and lists are nested, level by level: no depth exhausts the stack."""
    depth, level = 0, [value]
    while level:
        level = [part for whole in level for part in _parts(whole)]
        depth += 1
    return depth - 1


def _parts(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _check_integers(value: object) -> None:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise Unreadable(
            "bad-number", f"{shown(value)} does not fit into 64 bits; send it as a string"
        )
    for part in _parts(value):
        _check_integers(part)


def time(name: str, text: str) -> tuple[datetime, int]:
    """An ISO 8601 time in UTC, and the offset that it was written with, in minutes."""
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is UTC:
            return at, 0
        in_utc = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(
            "bad-timestamp", f"{name} {shown(text)} is not a time; {_WRITE_TIME}"
        ) from None
    offset = at.utcoffset()
    if offset is None:
        raise Unreadable("bad-timestamp", f"{name} {shown(text)} has no offset; {_WRITE_TIME}")
    return in_utc, round(offset.total_seconds() / 60)


def happened(
    original: datetime | None, sent_at: datetime | None, received_at: datetime, now: datetime
) -> datetime:
    """When an event happened, by our clock, in UTC.

    at = received_at - (sent_at - original): what a client's clock was wrong by when it sent, it was
    wrong by when the event happened (Segment's correction). Without `sent_at` the client's clock
    is believed. Up to 5 minutes in the future are let pass, more is refused.
    """
    received_at = received_at.astimezone(UTC)
    if original is None:
        return received_at
    try:
        at = original if sent_at is None else received_at - (sent_at - original)
    except OverflowError:
        at = datetime.min.replace(tzinfo=UTC)
    if at < EARLIEST:
        raise Unreadable("bad-timestamp", f"the event's time {original} lies before 1970")
    if at > now + FUTURE_TOLERANCE:
        raise Unreadable(
            "future-timestamp",
            f"the event's time {at.isoformat()} lies more than 5 minutes after now"
            f" ({now.isoformat()}); set the client's clock, send sentAt, or repair and replay it",
        )
    return at


def is_late(event: Event) -> bool:
    """Whether it came over a day after it happened; it counts all the same, at its own time."""
    return event.received_at - event.at > LATE_AFTER
