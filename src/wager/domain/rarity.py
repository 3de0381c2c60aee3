"""How rare what an item is about is with everybody: what showing it says of the person."""

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

from wager.domain.content import Item
from wager.domain.models import Rates

Part = tuple[float, str]  # bits, and the category or tag in lower case; "" is the item itself


class Words:
    """What all items are about, made once for a catalog: each item's words, by their numbers.

    A tag that one item alone has only names it, and is left out.
    """

    __slots__ = ("_counts", "_ids", "_names", "_numbers")

    def __init__(self, items: Iterable[Item] = ()) -> None:
        known = list(items)
        categories = {name for item in known for name in item.categories}
        tags = Counter(name for item in known for name in item.tags)
        numbers: dict[str, int] = {}
        found: list[int] = []
        counts: list[int] = []
        for item in known:
            own = item.categories
            names = (*own, *(tag for tag in item.tags if tag not in own))
            telling = [name.lower() for name in names if name in categories or tags[name] != 1]
            found += [numbers.setdefault(name, len(numbers)) for name in telling]
            counts.append(len(telling))
        self._ids, self._names = [item.item_id for item in known], list(numbers)
        self._numbers = np.array(found, dtype=np.intp)  # (words of all items one after the other,)
        self._counts = np.array(counts, dtype=np.intp)  # (items,)

    def __len__(self) -> int:
        """How many items there are."""
        return len(self._ids)

    def sums(self, rates: Rates) -> dict[str, float]:
        """By word in lower case the sum of the shares of all items about it."""
        shares = np.fromiter(map(rates.of, self._ids), np.float64, len(self._ids))
        of_words = np.repeat(shares, self._counts)
        summed = np.bincount(self._numbers, of_words, minlength=len(self._names))
        return dict(zip(self._names, summed.tolist(), strict=True))


class Rarity:
    """The self-information of categories, tags and items: -log2 of the share p of baskets that
    hold any of it, smoothed as (p baskets + 1) / (baskets + 2), so that little is known of little.

    p follows from the items' shares s as if they came independently: 1 - exp(-sum s).

    >>> tea, milk = Item(item_id="tea", categories=["Tea"]), Item(item_id="milk")
    >>> rarity = Rarity(Words([tea, milk]), Rates({"tea": 1.0, "milk": 20.0}, 62.0), 62.0)
    >>> [(round(bits, 1), part) for bits, part in rarity.of(tea)], round(rarity.of(milk)[0][0], 1)
    ([(5.0, 'tea')], 1.8)
    """

    __slots__ = ("_kept", "_rates", "_sums", "baskets", "items")

    def __init__(
        self, words: Words | None = None, rates: Rates | None = None, baskets: float = 0.0
    ) -> None:
        words = words or Words()
        self._rates, self.baskets = rates or Rates(), baskets
        self._kept: dict[str, tuple[Part, ...]] = {}
        self._sums = words.sums(self._rates)
        self.items = len(words)

    def of(self, item: Item) -> tuple[Part, ...]:
        """What the item is about, the rarest first; where that is nothing, the item itself."""
        kept = self._kept.get(item.item_id)
        if kept is None:
            known = [name for name in words_of(item) if name in self._sums]
            parts = [(self._bits(self._sums[name]), name) for name in known]
            parts = parts or [(self._bits(self._rates.of(item.item_id)), "")]
            kept = self._kept[item.item_id] = tuple(sorted(parts, reverse=True))
        return kept

    def _bits(self, share: float) -> float:
        held = -math.expm1(-share)
        return -math.log2((held * self.baskets + 1.0) / (self.baskets + 2.0))


def words_of(item: Item) -> set[str]:
    """Its categories and tags in lower case."""
    return {name.lower() for name in (*item.categories, *item.tags)}


NOTHING_KNOWN = Rarity()
