"""What people of the same taste choose: each item's neighbours, and how likely each comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HALF_LIFE_DAYS = 60.0
FRESH, AGAIN = 2, 9  # numbers read of an item not had before, and of one had before


@dataclass(frozen=True, slots=True)
class Had:
    """What one person had: numbers of items, how often, decayed count and days since the last."""

    items: NDArray[np.int64]
    times: Floats
    recent: Floats
    days: Floats


@dataclass(frozen=True, slots=True)
class Taste:
    """For each of `items` its neighbours, numbers into `items`, and their weights.

    `others` and `weights` have the shape (items, neighbours); where an item has fewer, weights are
    0. `places` finds an item's number. `fresh` and `again` weigh what is read of an item not had or
    had before; `appeal` (2, items) is the part of each item's log-odds that is the same for all.
    """

    items: tuple[str, ...] = ()
    others: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    places: Mapping[str, int] = field(default_factory=dict)
    fresh: Floats = field(default_factory=lambda: np.zeros(FRESH))
    again: Floats = field(default_factory=lambda: np.zeros(AGAIN))
    appeal: Floats = field(default_factory=lambda: np.zeros((2, 0)))

    def scores(self, had: Had) -> Floats:
        """What speaks for every item (items,): the sum of strength times weight of what was had."""
        spoken = self.weights[had.items] * strength(had)[:, None]  # (had, neighbours)
        others = self.others[had.items].ravel()
        found: Floats = np.bincount(others, spoken.ravel(), len(self.items)).astype(np.float64)
        return found

    def log_odds(self, had: Had) -> Floats:
        """How likely each item (items,) is chosen within the next thirty days, as log-odds."""
        scores = np.maximum(self.scores(had), 0.0)
        found = self._fresh(scores)
        chosen = had.items
        row = again_row(had, np.sqrt(scores[chosen]))
        found[chosen] = row @ self.again + self.appeal[1, chosen]
        return found

    def _fresh(self, scores: Floats) -> Floats:
        """The log-odds of every item as if it had not been had."""
        found: Floats = np.sqrt(scores)
        found *= self.fresh[0]
        found += scores * self.fresh[1]
        found += self.appeal[0]
        return found

    def had(self, history: Sequence[tuple[str, float, float, float]]) -> Had:
        """What is known of a history: item, times, decayed count, days since the last."""
        places = self.places
        known = [(places[name], *rest) for name, *rest in history if name in places]
        table = np.array(known, dtype=np.float64).reshape(-1, 4)
        return Had(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3])

    def similar(self, had: Had, limit: int) -> list[tuple[str, float]]:
        """The items not had before that are likeliest chosen next, best first, each with its
        probability; none where nothing is known of the person."""
        if not len(had.items):
            return []
        log_odds = self._fresh(np.maximum(self.scores(had), 0.0))
        log_odds[had.items] = -np.inf
        count = min(limit, len(log_odds) - len(had.items))
        best = top(log_odds, count)
        said = 1.0 / (1.0 + np.exp(-log_odds[best]))
        items = self.items
        return [(items[n], p) for n, p in zip(best.tolist(), said.tolist(), strict=True)]


def top(scores: Floats, count: int) -> NDArray[np.intp]:
    """The places of the largest, largest first."""
    if count <= 0:
        return np.zeros(0, np.intp)
    best = np.argpartition(-scores, count - 1)[:count]
    return best[np.argsort(-scores[best], kind="stable")]


def strength(had: Had) -> Floats:
    """How strongly an item was chosen, from the decayed number of times n: 1/4 + log(1 + 2 n)."""
    found: Floats = 0.25 + np.log1p(2.0 * had.recent)
    return found


def again_row(had: Had, roots: Floats) -> Floats:
    """What is read of each item had before (had, AGAIN)."""
    often, lately = np.log1p(had.times), np.log1p(5.0 * had.recent)
    return np.column_stack([
        often, lately, lately * lately, often * often, np.exp(-had.days / 10.0),
        np.exp(-had.days / 30.0), np.exp(-had.days / 90.0), roots, roots * lately,
    ])  # fmt: skip
