"""How a person took what was shown (seen, ignored, liked, never again), and what they lean to."""

from collections.abc import Iterable, Mapping
from typing import Any

from wager.domain.content import Item
from wager.domain.events import CART_ADDED, CLICKED, DISLIKED, DISMISSED, LIKED, UNBLOCKED, Event
from wager.domain.profiles import Affinity, Block, Exposure
from wager.unify.draft import Draft, into, join_blocks, join_exposures, later, leaned

HALF_LIFE_DAYS = 60.0
MAX_KEYS = 20
MAX_KEY_LENGTH = 120
# How far one event moves a leaning. `Item Viewed` moves none: it says what we showed, not what they
# chose. Taking a dislike back gives what it took.
WEIGHTS: dict[str, float] = {
    "Product Viewed": 0.2,
    CLICKED: 1.0,
    "Product Clicked": 1.0,
    CART_ADDED: 1.5,
    "Product Added to Wishlist": 1.5,
    LIKED: 3.0,
    DISMISSED: -1.0,
    DISLIKED: -3.0,
    UNBLOCKED: 3.0,
}


def fold(draft: Draft, event: Event, items: Mapping[str, Item]) -> None:
    """The leanings that an event about one item (or about one tag or creator) moves."""
    weight = WEIGHTS.get(event.name)
    properties = event.properties
    if weight is None or properties.get("gift") is True:
        return
    scope = properties.get("scope", "item") if event.name in (DISLIKED, UNBLOCKED) else "item"
    if scope != "item":
        _add(draft, event, f"{scope}:{properties.get(scope)}", weight)
        return
    item_id = properties.get("itemId")
    if isinstance(item_id, str):
        lean(draft, event, items.get(item_id), properties, weight)


def lean(
    draft: Draft, event: Event, item: Item | None, told: Mapping[str, Any], weight: float
) -> None:
    """Lean by `weight` to all that the item is about; an unknown item by what the event tells."""
    for key, share in keys(item, told).items():
        _add(draft, event, key, weight * share)


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


def blocked(draft: Draft, event: Event) -> None:
    """`Item Disliked` and `Item Unblocked`: of both the later counts, for item, tag or creator."""
    scope = event.properties.get("scope", "item")
    value = event.properties.get("itemId" if scope == "item" else scope)
    if not isinstance(value, str) or scope not in ("item", "tag", "creator"):
        return
    key = f"{scope}:{value}"
    if event.name == DISLIKED:
        piece = Block(scope, value, event.at, event.message_id)
        into(draft.blocked, key, piece, join_blocks)
    else:
        into(draft.unblocked_at, key, event.at, later)


def _expose(draft: Draft, event: Event, piece: Exposure) -> None:
    item_id = event.properties.get("itemId")
    if isinstance(item_id, str):
        into(draft.exposures, item_id, piece, join_exposures)
