"""Tags that mean something: which items have them, and which lack one that they should have."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from wager.domain.content import Item
from wager.domain.definitions import Vocabulary

EXAMPLES, FREE_SHOWN = 20, 50


class Coverage(NamedTuple):
    """Of one vocabulary: how many items should have a tag of it, how many have each, and examples
    of those without any."""

    items: int
    tagged: int
    by_tag: dict[str, int]
    missing: list[str]


def speaks_of(vocabulary: Vocabulary, item: Item) -> bool:
    """Whether an item of this kind should have one of its tags.

    >>> speaks_of(Vocabulary(name="season", tags=["winter"], kinds=["offer"]), Item(item_id="a"))
    False
    """
    return not vocabulary.kinds or item.kind in vocabulary.kinds


def lacks(vocabularies: Iterable[Vocabulary], item: Item) -> bool:
    """Whether the item should have a tag of one of them, and has none of it."""
    return any(
        speaks_of(one, item) and not any(tag in item.tags for tag in one.tags)
        for one in vocabularies
    )


def coverage(vocabulary: Vocabulary, items: Iterable[Item]) -> Coverage:
    """How far the items have the tags that they should have."""
    by_tag, missing = dict.fromkeys(vocabulary.tags, 0), list[str]()
    count = tagged = 0
    for item in items:
        if not speaks_of(vocabulary, item):
            continue
        count += 1
        own = [tag for tag in by_tag if tag in item.tags]
        for tag in own:
            by_tag[tag] += 1
        tagged += bool(own)
        if not own and len(missing) < EXAMPLES:
            missing.append(item.item_id)
    return Coverage(count, tagged, by_tag, missing)


def free(vocabularies: Mapping[str, Vocabulary], items: Iterable[Item]) -> Sequence[str]:
    """Tags that are in no vocabulary, the most frequent first."""
    known: Collection[str] = {tag for one in vocabularies.values() for tag in one.tags}
    counts: dict[str, int] = {}
    for item in items:
        for tag in item.tags:
            if tag not in known:
                counts[tag] = counts.get(tag, 0) + 1
    return sorted(counts, key=lambda tag: (-counts[tag], tag))[:FREE_SHOWN]
