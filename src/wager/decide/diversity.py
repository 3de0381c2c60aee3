"""How varied what one person was shown lately is, and what would widen it: no echo chamber."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wager.domain.asking import Shelf
from wager.domain.profiles import Exposure

LATELY = timedelta(days=60)
LEAST_SHOWINGS = 20
LEADING = 3  # items of each category that are kept at hand


@dataclass(frozen=True, slots=True)
class Diversity:
    """What one person was shown lately, by the items' first categories.

    `entropy` is normalised: 0 where all showings were of one category, 1 where they were spread
    evenly over all that there are (or over as many as there were showings, if those are fewer).
    `repetition` is the share of showings that were not the first of their item, `novelty` the share
    that were of an item shown once; `by_category` counts the showings; `categories` is how
    many there are on the shelf.
    """

    entropy: float
    repetition: float
    novelty: float
    showings: int
    by_category: Mapping[str, int]
    categories: int


def diversity(exposures: Mapping[str, Exposure], shelf: Shelf, now: datetime) -> Diversity | None:
    """Of the items that are still there and were last shown within 60 days, all their showings;
    None below 20, which say too little.

    References: Shannon (1948), divided by its maximum (Pielou, 1966).
    """
    since, items = now - LATELY, shelf.items
    by_category: dict[str, int] = {}
    shown = once = showings = 0
    for name, exposure in exposures.items():
        item, seen = items.get(name), exposure.seen
        if seen <= 0 or item is None or not item.categories:
            continue
        if exposure.last_at >= since:
            category = item.categories[0]
            by_category[category] = by_category.get(category, 0) + seen
            showings += seen
            shown += 1
            once += seen == 1
    if showings < LEAST_SHOWINGS:
        return None
    categories = len({name for _, name in shelf.leading})
    return Diversity(
        entropy=_entropy(list(by_category.values()), categories),
        repetition=(showings - shown) / showings,
        novelty=once / showings,
        showings=showings,
        by_category=by_category,
        categories=categories,
    )


def _entropy(counts: Sequence[int], categories: int) -> float:
    """Entropy over its maximum; 1 where there is but one category, which cannot be varied.

    >>> _entropy([10, 10], 2), _entropy([20], 2)
    (1.0, 0.0)
    """
    total, most = sum(counts), max(categories, len(counts))
    if most == 1:
        return 1.0
    chaos = sum(count * math.log(total / count) for count in counts) / total
    return chaos / math.log(min(total, most))


def widening(
    found: Diversity, shelf: Shelf, kinds: Sequence[str]
) -> Iterator[tuple[str, float, str]]:
    """The best sold of each category that had less than an even share of the showings, the least
    shown first, then the second best of each and the third: (item, 1, category)."""
    shown, little = found.by_category, found.showings / max(found.categories, 1)
    kinds = kinds or list(shelf.kinds)
    few = sorted((name for name in shown if shown[name] < little), key=lambda name: shown[name])
    for place in range(LEADING):
        for (kind, category), names in shelf.leading.items():
            if category not in shown and kind in kinds and place < len(names):
                yield names[place], 1.0, category
        for category in few:
            for kind in kinds:
                if place < len(names := shelf.leading.get((kind, category), ())):
                    yield names[place], 1.0, category
