"""What is bought and clicked lately, by everybody and in each segment: decayed counts as a fold."""

import heapq
from collections.abc import Iterable, Mapping

import msgspec

from wager.domain.events import CART_ADDED, CLICKED, LIKED, ORDERED, Event
from wager.domain.models import Rates
from wager.stats.decay import in_one_unit

HALF_LIFE_DAYS = 30.0  # a basket weighs twice as much as one from 30 days before
WEIGHTS: Mapping[str, float] = {
    ORDERED: 1.0,
    CART_ADDED: 0.5,
    LIKED: 0.5,
    CLICKED: 0.3,
    "Product Viewed": 0.1,
}
KEPT = 200


class Crowd(msgspec.Struct):
    """Weights of one group's baskets and items, which fade; `top` holds the likely best.

    What was kept before there were units was in that of 2020, which is 0.
    """

    baskets: float = 0.0
    items: dict[str, float] = {}
    top: dict[str, float] = {}
    touched: set[str] = set()
    unit: int | None = None

    def __post_init__(self) -> None:
        if self.unit is None and self.baskets:
            self.unit = 0

    def add(self, names: Iterable[str], weight: float) -> None:
        """One basket (or click) with its items, each of the same weight (`weigh`)."""
        self.baskets += weight
        items, touched = self.items, self.touched
        for name in names:
            items[name] = items.get(name, 0.0) + weight
            touched.add(name)

    def merge(self, other: "Crowd") -> "Crowd":
        """Both groups' weights together."""
        unit, mine, theirs = in_one_unit(self, other)
        items = {name: mine * weight for name, weight in self.items.items()}
        for name, weight in other.items.items():
            items[name] = items.get(name, 0.0) + theirs * weight
        baskets = mine * self.baskets + theirs * other.baskets
        return Crowd(baskets=baskets, items=items, touched=set(items), unit=unit)

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`); a snapshot may still read the old tables."""
        self.baskets *= share
        self.items = {name: share * weight for name, weight in self.items.items()}
        self.top = {name: share * weight for name, weight in self.top.items()}

    def best(self, limit: int = KEPT) -> list[tuple[str, float]]:
        """The largest weights. Weights only grow, so only what was touched can newly be here."""
        if self.touched:
            in_question = self.touched.union(self.top)
            self.top = dict(
                heapq.nlargest(
                    KEPT, ((name, self.items[name]) for name in in_question), key=_by_weight
                )
            )
            self.touched = set()
        return sorted(self.top.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def shares(self, limit: int, doubt: float) -> list[tuple[str, float]]:
        """The most frequent items with their shares of all baskets, `doubt` baskets more."""
        total = self.baskets + doubt
        return [(name, weight / total) for name, weight in self.best(limit)]

    def rates(self, doubt: float = 0.0) -> Rates:
        """The share of baskets that hold each item; `doubt` is the weight of baskets that are
        thought to hold none, so that one basket is not taken for everybody."""
        return Rates(self.items, self.baskets + doubt)


def _by_weight(pair: tuple[str, float]) -> tuple[float, str]:
    return pair[1], pair[0]


def actions(event: Event) -> tuple[list[str], float]:
    """The items that an event speaks for and how much, whenever it was; gifts and unknown events
    speak for none."""
    base = WEIGHTS.get(event.name, 0.0) if event.kind == "track" else 0.0
    if base == 0.0 or event.properties.get("gift") is True:
        return [], 0.0
    products = event.properties.get("products")
    if isinstance(products, list):
        found = {
            str(one["product_id"])
            for one in products
            if isinstance(one, dict) and one.get("product_id") and one.get("gift") is not True
        }
        names = sorted(found)
    else:
        name = event.properties.get("itemId") or event.properties.get("product_id")
        names = [str(name)] if name else []
    return names, base
