"""How rare what an item is about is with everybody: what showing it says of the person."""

import math
from collections.abc import Iterable

from wager.domain.content import Item
from wager.domain.models import Rates

Part = tuple[float, str]  # bits, and the category or tag in lower case; "" is the item itself


class Rarity:
    """The self-information of categories, tags and items: -log2 of the share p of baskets that
    hold any of it, smoothed as (p baskets + 1) / (baskets + 2), so that little is known of little.

    p follows from the items' shares s as if they came independently: 1 - exp(-sum s). A tag
    that one item alone has only names it, and is left out.

    >>> tea, milk = Item(item_id="tea", categories=["Tea"]), Item(item_id="milk")
    >>> rarity = Rarity([tea, milk], Rates({"tea": 1.0, "milk": 20.0}, 62.0), 62.0)
    >>> [(round(bits, 1), part) for bits, part in rarity.of(tea)], round(rarity.of(milk)[0][0], 1)
    ([(5.0, 'tea')], 1.8)
    """

    __slots__ = ("_baskets", "_kept", "_rates", "_sums", "baskets", "items")

    def __init__(
        self, items: Iterable[Item] = (), rates: Rates | None = None, baskets: float = 0.0
    ) -> None:
        self._rates, self.baskets = rates or Rates(), baskets
        self._kept: dict[str, tuple[Part, ...]] = {}
        self._sums: dict[str, float] = {}
        self.items = 0
        sums, tags, categories = dict[str, float](), dict[str, int](), set[str]()
        for item in items:
            self.items += 1
            share = self._rates.of(item.item_id)
            categories.update(item.categories)
            for name in item.categories:
                sums[name] = sums.get(name, 0.0) + share
            for name in item.tags:
                tags[name] = tags.get(name, 0) + 1
                if name not in item.categories:
                    sums[name] = sums.get(name, 0.0) + share
        for name, share in sums.items():
            if name in categories or tags[name] != 1:
                self._sums[name.lower()] = self._sums.get(name.lower(), 0.0) + share

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
