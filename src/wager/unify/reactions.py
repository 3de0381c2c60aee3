"""How a person took what was shown: seen, ignored, liked, never again, and taken back."""

from wager.domain.events import DISLIKED, DISMISSED, Event
from wager.domain.profiles import Block, Exposure
from wager.unify import joins
from wager.unify.draft import Draft


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
        joins.into(draft.liked, item_id, event.at, joins.later)


def blocked(draft: Draft, event: Event) -> None:
    """`Item Disliked` and `Item Unblocked`: of both the later counts, for item, tag or creator."""
    scope = event.properties.get("scope", "item")
    value = event.properties.get("itemId" if scope == "item" else scope)
    if not isinstance(value, str) or scope not in ("item", "tag", "creator"):
        return
    key = f"{scope}:{value}"
    if event.name == DISLIKED:
        piece = Block(scope, value, event.at, event.message_id)
        joins.into(draft.blocked, key, piece, joins.block)
    else:
        joins.into(draft.unblocked_at, key, event.at, joins.later)


def _expose(draft: Draft, event: Event, piece: Exposure) -> None:
    item_id = event.properties.get("itemId")
    if isinstance(item_id, str):
        joins.into(draft.exposures, item_id, piece, joins.exposure)
