"""Events fold into the golden record; two records of one person become one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from wager.domain.content import Item
from wager.domain.events import (
    CANCELLED,
    CART_ADDED,
    CART_REMOVED,
    CLICKED,
    DISLIKED,
    DISMISSED,
    GIFT_MARKED,
    LIKED,
    ORDERED,
    REFUNDED,
    UNBLOCKED,
    VIEWED,
    Event,
)
from wager.domain.identity import Identity, Purpose
from wager.domain.profiles import Count, Field, Profile, Provenance
from wager.unify import gifts, leanings, orders, uses
from wager.unify.draft import (
    Draft,
    into,
    join_consents,
    join_counts,
    join_fields,
    refusals,
    together,
)

MAX_NAME_LENGTH = 100
MAX_VALUE_BYTES = 2000
UNVERIFIED_CONFIDENCE = 0.5
OBSERVED_CONFIDENCE = 0.9
_OBSERVED = ("timezone", "locale")
_HOUSEHOLD = "household"
_DAY_SECONDS = 86400
# What binds even where learning is refused: what they own, have in the cart, saw and never want.
_BINDING: dict[str, Callable[[Draft, Event], None]] = {
    VIEWED: leanings.seen,
    DISMISSED: leanings.seen,
    CLICKED: leanings.clicked,
    "Product Clicked": leanings.clicked,
    REFUNDED: orders.taken_back,
    CANCELLED: orders.taken_back,
    CART_ADDED: orders.carted,
    "Cart Viewed": orders.carted,
    CART_REMOVED: orders.uncarted,
}


def fold(
    profile: Profile,
    events: Sequence[Event],
    items: Mapping[str, Item],
    links: Iterable[Identity] = (),
) -> Profile:
    """The profile with the events in it, one version on; `links` are identities that it gains.

    All at the events' own times: any order of arrival and any split into batches gives the same
    profile. Of an event whose learning or personalization is refused only what binds is taken.
    """
    draft = Draft(profile)
    for event in events:
        _fold(draft, event, items)
    return draft.finished(links)


def _fold(draft: Draft, event: Event, items: Mapping[str, Item]) -> None:
    draft.events += 1
    if event.at < draft.created_at:
        draft.created_at = event.at
    if event.received_at > draft.updated_at:
        draft.updated_at = event.received_at
    if event.consent:
        _consent(draft, event)
    if event.claimed is not None:
        draft.claim((event.claimed,))
    if event.name == GIFT_MARKED:
        gifts.note_mark(draft, event)
        return
    if event.kind == "track":
        if event.name == ORDERED:
            orders.completed(draft, event, items)
        elif event.name in (DISLIKED, UNBLOCKED):
            leanings.blocked(draft, event, items)
        elif bind := _BINDING.get(event.name):
            bind(draft, event)
    if event.refused:
        return
    if event.kind == "track":
        if event.name == LIKED:
            leanings.liked(draft, event)
        about = leanings.fold(draft, event, items)
        if event.name == ORDERED:
            about = uses.bought(event, items)
        uses.used(draft, event, about)
    if event.traits or event.context or event.kind == "group":
        _traits(draft, event)
    name = event.name if event.kind == "track" else event.kind
    if not name.startswith("$"):
        into(draft.counts, name, Count(1.0, event.at), join_counts)
    draft.visited(int(event.at.timestamp()) // _DAY_SECONDS, 1)


def refused(profile: Profile, events: Iterable[Event]) -> tuple[Purpose, ...]:
    """What the person has refused once all that these events say of consent is known."""
    speaking = [event for event in events if event.consent]
    if not speaking:
        return profile.refused
    draft = Draft(profile)
    for event in speaking:
        _consent(draft, event)
    return refusals(draft.consent)


def merge(winner: Profile, loser: Profile, at: datetime) -> tuple[Profile, Profile]:
    """One record out of two of the same person, and the tombstone that leads to it.

    The winner's id stays. It is held out wherever either was; nothing that was blocked comes back.
    """
    draft = Draft(winner)
    draft.join(loser)
    merged = draft.finished(loser.identities)
    merged = msgspec.structs.replace(
        merged,
        updated_at=max(merged.updated_at, at),
        held_out=tuple(sorted({*winner.held_out, *loser.held_out})),
        apart=together(winner.apart, loser.apart),
        merged_from=tuple(sorted({*winner.merged_from, *loser.merged_from, loser.profile_id})),
    )
    tombstone = Profile(
        profile_id=loser.profile_id,
        created_at=loser.created_at,
        updated_at=max(loser.updated_at, at),
        version=loser.version + 1,
        identities=loser.identities,
        joined_with=winner.identities,
        held_out=loser.held_out,
        merged_from=loser.merged_from,
        merged_into=winner.profile_id,
    )
    return merged, tombstone


# ---- traits and consent


def _traits(draft: Draft, event: Event) -> None:
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


def _consent(draft: Draft, event: Event) -> None:
    """The person's word on each purpose that the event speaks of."""
    purpose: Purpose
    for purpose, allowed in event.consent.items():
        word = Field(allowed, event.source, event.at)
        known = draft.consent.get(purpose)
        draft.consent[purpose] = join_consents(known, word) if known else word


def _group(draft: Draft, event: Event) -> None:
    group_id = event.properties.get("groupId")
    if isinstance(group_id, str):
        _state(draft, "groupId", group_id, event)
        of_kind = _HOUSEHOLD in (event.traits.get("kind"), event.traits.get("type"))
        proven = any(one.kind != "anonymous_id" for one in event.identities)
        if of_kind and proven:
            draft.share([group_id])


def _state(draft: Draft, name: str, value: Any, event: Event) -> None:
    """A stated trait; one too long to be a fact about a person stays in the log only."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        return
    if isinstance(value, str | list | dict) and len(msgspec.json.encode(value)) > MAX_VALUE_BYTES:
        return
    _put(draft, name, value, event, "stated", 1.0 if event.verified else UNVERIFIED_CONFIDENCE)


def _put(
    draft: Draft, name: str, value: Any, event: Event, provenance: Provenance, confidence: float
) -> None:
    piece = Field(value, event.source, event.at, confidence, provenance)
    into(draft.traits, name, piece, join_fields)


def statements(event: Event) -> dict[str, Field]:
    """Every trait that one event states or tells: what `explain` weighs against one another."""
    draft = Draft(Profile(profile_id="", created_at=event.at, updated_at=event.at))
    _traits(draft, event)
    return draft.traits
