"""What a person states, and what their device tells: traits and consent, each with its source."""

from typing import Any

import msgspec

from wager.domain.events import Event
from wager.domain.identity import Purpose
from wager.domain.profiles import Field, Profile, Provenance
from wager.unify import joins
from wager.unify.draft import Draft

MAX_NAME_LENGTH = 100
MAX_VALUE_BYTES = 2000
UNVERIFIED_CONFIDENCE = 0.5
OBSERVED_CONFIDENCE = 0.9
_OBSERVED = ("timezone", "locale")
_HOUSEHOLD = "household"


def fold(draft: Draft, event: Event) -> None:
    """Stated traits (identify, group, `context.traits`) and what the device tells in `context`."""
    context = event.context
    if event.traits:
        prefix = "group." if event.kind == "group" else ""
        for name, value in event.traits.items():
            _state(draft, prefix + name, value, event)
    if event.kind == "group":
        _group(draft, event)
    if not context:
        return
    traits = context.get("traits")
    if isinstance(traits, dict):
        for name, value in traits.items():
            _state(draft, name, value, event)
    for name in _OBSERVED:
        if name in context:
            _observe(draft, name, context[name], event)
    device = context.get("device")
    if isinstance(device, dict):
        _observe(draft, "device", device.get("type"), event)


def _observe(draft: Draft, name: str, value: object, event: Event) -> None:
    if isinstance(value, str) and 0 < len(value) <= MAX_NAME_LENGTH:
        _put(draft, name, value, event, "derived", OBSERVED_CONFIDENCE)


def consent(draft: Draft, event: Event) -> None:
    """The person's word on each purpose that the event speaks of."""
    purpose: Purpose
    for purpose, allowed in event.consent.items():
        word = Field(allowed, event.source, event.at)
        known = draft.consent.get(purpose)
        draft.consent[purpose] = joins.consent(known, word) if known else word


def _group(draft: Draft, event: Event) -> None:
    group_id = event.properties.get("groupId")
    if isinstance(group_id, str):
        _state(draft, "groupId", group_id, event)
        if event.traits.get("kind") == _HOUSEHOLD or event.traits.get("type") == _HOUSEHOLD:
            draft.share([group_id])


def _state(draft: Draft, name: str, value: Any, event: Event) -> None:
    """A stated trait; one too long to be a fact about a person stays in the log only."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return
    if isinstance(value, str | list | dict) and len(msgspec.json.encode(value)) > MAX_VALUE_BYTES:
        return
    _put(draft, name, value, event, "stated", 1.0 if event.verified else UNVERIFIED_CONFIDENCE)


def _put(
    draft: Draft,
    name: str,
    value: Any,
    event: Event,
    provenance: Provenance,
    confidence: float,
) -> None:
    piece = Field(value, event.source, event.at, confidence, provenance)
    joins.into(draft.traits, name, piece, joins.field)


def statements(event: Event) -> dict[str, Field]:
    """Every trait that one event states or tells: what `explain` weighs against one another."""
    draft = Draft(Profile(profile_id="", created_at=event.at, updated_at=event.at))
    fold(draft, event)
    return draft.traits
