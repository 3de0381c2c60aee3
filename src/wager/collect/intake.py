"""Payloads come in; events and rejections, each with its reason, come out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from wager.collect import claims, commerce, consent, formats, quality
from wager.collect.claims import Verify
from wager.collect.formats import Payload
from wager.collect.quality import Unreadable
from wager.domain.events import Arrival, Event, EventKind, Rejection
from wager.domain.identity import PURPOSES, Purpose

MAX_SOURCE_LENGTH = 40


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, in the order of arrival, and what could not be."""

    events: tuple[Event, ...] = ()
    rejections: tuple[Rejection, ...] = ()


def read(
    payloads: Sequence[object], arrival: Arrival, verify: Verify, now: datetime | None = None
) -> Intake:
    """Each payload as an event, or as a rejection that says why.

    `now` is the moment that a time must not lie ahead of, if it is not that of the arrival (a
    replay from quarantine keeps the arrival's time and is measured against today).
    """
    events: list[Event] = []
    rejections: list[Rejection] = []
    for index, payload in enumerate(payloads):
        try:
            events.append(_event(payload, index, arrival, verify, now or arrival.received_at))
        except Unreadable as reason:
            rejections.append(Rejection(index=index, code=reason.code, detail=reason.detail))
    return Intake(events=tuple(events), rejections=tuple(rejections))


def _event(sent: object, index: int, arrival: Arrival, verify: Verify, now: datetime) -> Event:
    payload, raw = formats.parse(sent)
    kind = formats.kind_of(payload, arrival.kind)
    name = formats.name_of(payload, kind)
    context = {**arrival.context, **(payload.context or {})}
    if arrival.public:
        who = claims.public(payload, kind, context, verify)
    else:
        who = claims.trusted(payload, kind, context)
    at, offset_minutes = _time(payload, arrival, now)
    said = _consent(context, arrival)
    source = _source(context, arrival) if context else arrival.source
    _clean(context, offset_minutes)
    return Event(
        message_id=formats.message_id(payload, raw, (arrival.received_at, index)),
        kind=kind,
        at=at,
        received_at=arrival.received_at,
        identities=who.identities,
        name=name,
        previous=who.previous,
        properties=_properties(payload, kind, name),
        traits=payload.traits or {},
        context=context,
        verified=who.verified,
        refused=_refused(said) if said else (),
        source=source,
        claimed=who.claimed,
        consent=said,
    )


def _time(payload: Payload, arrival: Arrival, now: datetime) -> tuple[datetime, int]:
    """When it happened, and the sender's offset from UTC in minutes (0: not told)."""
    written = payload.original_timestamp or payload.timestamp
    if written is None:
        return quality.happened(None, None, arrival.received_at, now), 0
    original, minutes = quality.time("timestamp", written)
    sent_at = arrival.sent_at
    if arrival.source == "import":  # history: when the file was sent says nothing of the clock
        sent_at = None
    elif payload.sent_at:
        sent_at, _ = quality.time("sentAt", payload.sent_at)
    return quality.happened(original, sent_at, arrival.received_at, now), minutes


def _consent(context: Mapping[str, Any], arrival: Arrival) -> dict[Purpose, bool]:
    """A refusal by header counts above what the categories say."""
    said = consent.stated(context) if "consent" in context else {}
    for purpose in arrival.refused:
        said[purpose] = False
    return said


def _refused(said: Mapping[Purpose, bool]) -> tuple[Purpose, ...]:
    return tuple(purpose for purpose in PURPOSES if said.get(purpose) is False)


def _source(context: Mapping[str, Any], arrival: Arrival) -> str:
    """Where the event's facts come from: the route's name, or the client library's. What wager
    says itself is from `wager`, which no client is."""
    library = context.get("library")
    name = library.get("name") if isinstance(library, dict) else None
    if arrival.source != "api" or not isinstance(name, str) or name.strip() in ("", "wager"):
        return arrival.source
    return name.strip()[:MAX_SOURCE_LENGTH]


def _clean(context: dict[str, Any], offset_minutes: int) -> None:
    """A token is a key: it is not kept. The sender's offset is, where no time zone is told."""
    context.pop("userToken", None)
    if offset_minutes and not context.get("timezone"):
        context["utcOffsetMinutes"] = offset_minutes


def _properties(payload: Payload, kind: EventKind, name: str) -> dict[str, Any]:
    properties = payload.properties or {}
    if kind == "track":
        return commerce.translated(name, properties)
    if payload.category and kind in ("page", "screen"):
        properties.setdefault("category", payload.category)
    if kind == "group":
        group_id = claims.identifier("groupId", payload.group_id)
        if group_id is None:
            raise Unreadable("missing-group", "a group call needs a groupId")
        properties["groupId"] = group_id
    return properties
