"""What is bought and clicked lately, by everybody and in each segment: decayed counts as a fold."""

import heapq
from collections.abc import Iterable, Mapping

import msgspec

from wager.domain.events import CART_ADDED, CLICKED, LIKED, ORDERED, Event
from wager.domain.models import Rates

HALF_LIFE_DAYS = 30.0
EPOCH_DAYS = 18262.0  # 2020-01-01: weights grow from here on, so that adding never rescales
LATEST = 900.0  # half-lives after that: what is dated later weighs no more
WEIGHTS: Mapping[str, float] = {
    ORDERED: 1.0,
    CART_ADDED: 0.5,
    LIKED: 0.5,
    CLICKED: 0.3,
    "Product Viewed": 0.1,
}
KEPT = 200


class Crowd(msgspec.Struct):
    """Forward-decayed weights of one group's baskets and items; `top` holds the likely best."""

    baskets: float = 0.0
    items: dict[str, float] = {}
    top: dict[str, float] = {}
    touched: set[str] = set()

    def add(self, names: Iterable[str], weight: float) -> None:
        """One basket (or click) with its items, each of the same weight."""
        self.baskets += weight
        items, touched = self.items, self.touched
        for name in names:
            items[name] = items.get(name, 0.0) + weight
            touched.add(name)

    def merge(self, other: "Crowd") -> "Crowd":
        """Both groups' weights together."""
        items = dict(self.items)
        for name, weight in other.items.items():
            items[name] = items.get(name, 0.0) + weight
        return Crowd(baskets=self.baskets + other.baskets, items=items, touched=set(items))

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


def weight_at(timestamp: float) -> float:
    """What one action at that time weighs: it doubles every 30 days, so older ones fade."""
    return float(2.0 ** min((timestamp / 86400.0 - EPOCH_DAYS) / HALF_LIFE_DAYS, LATEST))


def actions(event: Event) -> tuple[list[str], float]:
    """The items that an event speaks for and how much; gifts and unknown events speak for none."""
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
    return names, base * weight_at(event.at.timestamp())
