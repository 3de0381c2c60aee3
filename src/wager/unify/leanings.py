"""How a person took what was shown (seen, ignored, liked, never again), and what they lean to."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec.structs import replace

from wager.domain.blocks import kept_out
from wager.domain.content import Item
from wager.domain.events import (
    CART_ADDED,
    CLICKED,
    DISLIKED,
    DISMISSED,
    LIKED,
    UNBLOCKED,
    Effect,
    Event,
)
from wager.domain.identity import Identity
from wager.domain.profiles import Affinity, Block, Exposure, Profile
from wager.unify.draft import Draft, into, join_blocks, join_exposures, later, leaned

Scope = Literal["item", "tag", "creator"]
HALF_LIFE_DAYS = 60.0
MAX_KEYS = 20
MAX_KEY_LENGTH = 120
# How far one event moves a leaning. `Item Viewed` moves none: it says what we showed, not what they
# chose. Taking a dislike back gives what it took.
PRODUCT_VIEWED = "Product Viewed"
WEIGHTS: dict[str, float] = {
    PRODUCT_VIEWED: 0.2,
    CLICKED: 1.0,
    "Product Clicked": 1.0,
    CART_ADDED: 1.5,
    "Product Added to Wishlist": 1.5,
    LIKED: 3.0,
    DISMISSED: -1.0,
    DISLIKED: -3.0,
    UNBLOCKED: 3.0,
}


def fold(draft: Draft, event: Event, items: Mapping[str, Item]) -> Iterable[str]:
    """The leanings that an event about one item (or about one tag or creator) moves; the keys of
    all that the item is about, or of what the event tells of an unknown one."""
    weight = WEIGHTS.get(event.name)
    properties = event.properties
    if weight is None or properties.get("gift") is True:
        return ()
    item_id = properties.get("itemId")
    item = items.get(item_id) if isinstance(item_id, str) else None
    about = keys(item, properties)
    scope = properties.get("scope", "item") if event.name in (DISLIKED, UNBLOCKED) else "item"
    if scope != "item":
        _add(draft, event, f"{scope}:{properties.get(scope)}", weight)
    elif isinstance(item_id, str):
        if event.name == PRODUCT_VIEWED:
            into(draft.viewed, item_id, event.at, later)
        for key, share in about.items():
            _add(draft, event, key, weight * share)
    return about


def lean_to_all(
    draft: Draft,
    event: Event,
    lines: Iterable[tuple[Item | None, Mapping[str, Any]]],
    weight: float,
) -> None:
    """Lean by `weight` to each of several items: the same as one after the other, but faster."""
    total: dict[str, float] = {}
    for item, told in lines:
        for key, share in keys(item, told).items():
            total[key] = total.get(key, 0.0) + share
    for key, share in total.items():
        _add(draft, event, key, weight * share)


def keys(item: Item | None, told: Mapping[str, Any]) -> dict[str, float]:
    """`category:Bakery`, `tag:organic`, `creator:x`, each with its share: a tag's weight, or 1."""
    found: dict[str, float] = {}
    if item is not None:
        for category in item.categories:
            found[f"category:{category}"] = 1.0
        for tag, weight in item.tags.items():
            found[f"tag:{tag}"] = weight
        if item.creator:
            found[f"creator:{item.creator}"] = 1.0
    if item is None or not item.categories:
        _tell(found, "category", told.get("category"))
    if item is None or item.creator is None:
        _tell(found, "creator", told.get("brand"))
    if len(found) > MAX_KEYS:
        ranked = sorted(found, key=lambda key: (-abs(found[key]), key))
        return {key: found[key] for key in ranked[:MAX_KEYS]}
    return found


def _tell(found: dict[str, float], kind: str, value: object) -> None:
    if isinstance(value, str) and value:
        found[f"{kind}:{value}"] = 1.0


def _add(draft: Draft, event: Event, key: str, weight: float) -> None:
    if not weight or len(key) > MAX_KEY_LENGTH:
        return
    known = draft.affinities.get(key)
    if known is None:
        draft.affinities[key] = Affinity(weight, event.at, HALF_LIFE_DAYS, event.source)
    else:
        draft.affinities[key] = leaned(known, weight, event.at, HALF_LIFE_DAYS, event.source)


# ---- reactions


def seen(draft: Draft, event: Event) -> None:
    """`Item Viewed`, and `Item Dismissed`, which counts as ignored without a new showing."""
    second = int(event.at.timestamp())
    _expose(draft, event, Exposure(int(event.name != DISMISSED), 1, event.at, 0, (second,)))


def clicked(draft: Draft, event: Event) -> None:
    """Acted upon: what was shown before was not ignored after all."""
    _expose(draft, event, Exposure(0, 0, event.at, int(event.at.timestamp())))


def liked(draft: Draft, event: Event) -> None:
    clicked(draft, event)
    item_id = event.properties.get("itemId")
    if isinstance(item_id, str):
        into(draft.liked, item_id, event.at, later)


def target(event: Event) -> tuple[Scope, str] | None:
    """What a dislike, or its taking back, is about: scope and value; None if it names nothing."""
    scope = event.properties.get("scope", "item")
    value = event.properties.get("itemId" if scope == "item" else scope)
    if not isinstance(value, str) or scope not in ("item", "tag", "creator"):
        return None
    return scope, value


def blocked(draft: Draft, event: Event, items: Mapping[str, Item]) -> None:
    """`Item Disliked` and `Item Unblocked`: of both the later counts, for item, tag or creator."""
    found = target(event)
    if found is None:
        return
    scope, value = found
    key = f"{scope}:{value}"
    if event.name == DISLIKED:
        item = items.get(value) if scope == "item" else None
        group = item.parent_id or "" if item is not None else ""
        household = event.properties.get("for") == "household"
        piece = Block(scope, value, event.at, event.message_id, group, household)
        into(draft.blocked, key, piece, join_blocks)
    else:
        into(draft.unblocked_at, key, event.at, later)


def _expose(draft: Draft, event: Event, piece: Exposure) -> None:
    item_id = event.properties.get("itemId")
    if isinstance(item_id, str):
        into(draft.exposures, item_id, piece, join_exposures)


# ---- what feedback changed, in words that can be shown at once


def effect(event: Event, after: Profile, items: Mapping[str, Item]) -> Effect | None:
    """The effect of one event that is in the profile already; None where it has none to tell.

    A dislike that was taken back later, and came late, has none.
    """
    if event.name not in (DISLIKED, UNBLOCKED, LIKED):
        return None
    found = target(event) if event.name != LIKED else _liked_item(event)
    if found is None:
        return None
    scope, value = found
    key, what = f"{scope}:{value}", _words(scope, value, items)
    for_household = event.properties.get("for") == "household" and bool(after.households)
    whom = "Nobody in your household" if for_household else "You"
    if event.name == DISLIKED:
        if key not in after.blocked:
            return None
        text = f"{whom} will {'' if for_household else 'not '}see {what} again."
        return _effect("never-again", scope, value, text, event)
    if event.name == UNBLOCKED:
        if key in after.blocked:
            return None
        item = items.get(value) if scope == "item" else None
        block = None if item is None else kept_out(item, after.blocked, items)
        if block is not None:
            text = f"You will not see {_words(block.scope, block.value, items)} again: nor {what}."
            return _effect("never-again", block.scope, block.value, text, event)
        return _effect("allowed-again", scope, value, f"You may see {what} again.", event)
    return _effect("liked", scope, value, f"You will see more like {what}.", event)


def _effect(kind: str, scope: str, value: str, text: str, event: Event) -> Effect:
    return Effect(kind=kind, scope=scope, value=value, text=text, message_id=event.message_id)


def _liked_item(event: Event) -> tuple[str, str] | None:
    item_id = event.properties.get("itemId")
    liked = isinstance(item_id, str) and not event.refused
    return ("item", str(item_id)) if liked else None


def _words(scope: str, value: str, items: Mapping[str, Item]) -> str:
    if scope == "tag":
        return f"anything about {value}"
    if scope == "creator":
        return f"anything by {value}"
    item = items.get(value)
    return item.title or value if item is not None else value


# ---- for a household: its record holds the dislikes that bind every member


def household_identity(household: str) -> Identity:
    """The identity that leads to a household's record, which is stored like a person's."""
    return Identity("household", household)


def empty_household(household: str, profile_id: str, member: Profile) -> Profile:
    """A household's record before anything was said for it."""
    return Profile(
        profile_id=profile_id,
        created_at=member.updated_at,
        updated_at=member.updated_at,
        identities=(household_identity(household),),
    )


def speaks(before: Profile | None, after: Profile) -> bool:
    """Whether a change of this profile could change what binds its households."""
    if not after.households:
        return False
    if before is not None and before.households == after.households:
        unblocked = before.unblocked_at is after.unblocked_at
        if unblocked and before.blocked is after.blocked:
            return False
    return bool(after.unblocked_at) or any(one.household for one in after.blocked.values())


def told(record: Profile, member: Profile) -> Profile:
    """The record with what the member said for the household; of each dislike the later word
    counts, and any member may take it back. The same record where it says nothing new."""
    draft = Draft(record)
    for key, block in member.blocked.items():
        if block.household:
            into(draft.blocked, key, block, join_blocks)
    for key, at in member.unblocked_at.items():
        into(draft.unblocked_at, key, at, later)
    new = draft.finished()
    if new.blocked == record.blocked and new.unblocked_at == record.unblocked_at:
        return record
    return new


def bound(person: Profile, record: Profile) -> Profile:
    """The person under all that was said for the household as well."""
    if not record.blocked:
        return person
    return replace(person, blocked={**record.blocked, **person.blocked})
