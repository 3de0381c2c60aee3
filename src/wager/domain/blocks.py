"""What "never again" binds: an item, its variants, and all of a tag or by a creator."""

from collections.abc import Mapping
from itertools import chain

from wager.domain.content import Item
from wager.domain.profiles import Block


def kept_out(item: Item, blocked: Mapping[str, Block], items: Mapping[str, Item]) -> Block | None:
    """The dislike that keeps an item out, None where none does; `blocked` is by scope and value.

    A dislike of one variant holds for its siblings: they share the parent. A tag is also a category
    that is called so.

    >>> from datetime import UTC, datetime
    >>> lily = Item(item_id="lily", categories=["funeral"])
    >>> block = Block("tag", "funeral", datetime(2026, 3, 2, tzinfo=UTC))
    >>> kept_out(lily, {"tag:funeral": block}, {}) == block, kept_out(lily, {}, {})
    (True, None)
    """
    found = blocked.get(f"item:{item.item_id}")
    if found is None and item.parent_id is not None:
        found = blocked.get(f"item:{item.parent_id}")
    if found is None and item.creator is not None:
        found = blocked.get(f"creator:{item.creator}")
    if found is not None:
        return found
    for tag in chain(item.tags, item.categories):
        if (found := blocked.get(f"tag:{tag}")) is not None:
            return found
    return _variant_kept_out(item, blocked, items)


def _variant_kept_out(
    item: Item, blocked: Mapping[str, Block], items: Mapping[str, Item]
) -> Block | None:
    group = item.parent_id or item.item_id
    for block in blocked.values():
        if block.scope == "item":
            if block.group == group:
                return block
            other = items.get(block.value)
            if other is not None and other.parent_id is not None and other.parent_id == group:
                return block
    return None
