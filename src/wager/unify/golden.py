"""Events fold into the golden record; two records of one person become one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from wager.domain.content import Item
from wager.domain.events import (
    CANCELLED,
    CART_ADDED,
    CART_REMOVED,
    CLICKED,
    DISLIKED,
    DISMISSED,
    LIKED,
    ORDERED,
    REFUNDED,
    UNBLOCKED,
    VIEWED,
    Event,
)
from wager.domain.identity import Identity, Purpose
from wager.domain.profiles import Count, Profile
from wager.unify import joins, leanings, orders, reactions, traits
from wager.unify.draft import Draft, refusals

_DAY_SECONDS = 86400
# What binds even where learning is refused: what they own, have in the cart, saw and never want.
_BINDING: dict[str, Callable[[Draft, Event], None]] = {
    VIEWED: reactions.seen,
    DISMISSED: reactions.seen,
    CLICKED: reactions.clicked,
    "Product Clicked": reactions.clicked,
    DISLIKED: reactions.blocked,
    UNBLOCKED: reactions.blocked,
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
    draft.created_at = min(draft.created_at, event.at)
    draft.updated_at = max(draft.updated_at, event.received_at)
    if event.consent:
        traits.consent(draft, event)
    if event.claimed is not None:
        draft.claim((event.claimed,))
    if event.kind == "track":
        if event.name == ORDERED:
            orders.completed(draft, event, items)
        elif bind := _BINDING.get(event.name):
            bind(draft, event)
    if event.refused:
        return
    if event.kind == "track":
        if event.name == LIKED:
            reactions.liked(draft, event)
        leanings.fold(draft, event, items)
    traits.fold(draft, event)
    name = event.name if event.kind == "track" else event.kind
    if not name.startswith("$"):
        joins.into(draft.counts, name, Count(1.0, event.at), joins.count)
    draft.visited(int(event.at.timestamp()) // _DAY_SECONDS, 1)


def refused(profile: Profile, events: Iterable[Event]) -> tuple[Purpose, ...]:
    """What the person has refused once all that these events say of consent is known."""
    speaking = [event for event in events if event.consent]
    if not speaking:
        return profile.refused
    draft = Draft(profile)
    for event in speaking:
        traits.consent(draft, event)
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
        merged_from=tuple(sorted({*winner.merged_from, *loser.merged_from, loser.profile_id})),
    )
    tombstone = Profile(
        profile_id=loser.profile_id,
        created_at=loser.created_at,
        updated_at=max(loser.updated_at, at),
        version=loser.version + 1,
        merged_into=winner.profile_id,
    )
    return merged, tombstone
