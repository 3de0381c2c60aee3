"""What people of the same taste choose: each item's neighbours, and how likely each comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
HALF_LIFE_DAYS = 60.0
FRESH, AGAIN = 2, 9  # numbers read of an item not had before, and of one had before


@dataclass(frozen=True, slots=True)
class Had:
    """What one person had: numbers of items, how often, decayed count and days since the last."""

    items: NDArray[np.int64]
    times: Floats
    recent: Floats
    days: Floats


@dataclass(frozen=True)
class Taste:
    """For each of `items` its neighbours, numbers into `items`, and their weights.

    `others` and `weights` have the shape (items, neighbours); where an item has fewer, weights are
    0. They are held as wide as numpy counts, so that nothing is converted when somebody is scored.
    `places` finds an item's number. `fresh` and `again` weigh what is read of an item not had or
    had before; `appeal` (2, items) is the part of each item's log-odds that is the same for all.
    """

    items: tuple[str, ...] = ()
    others: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 0), np.intp))
    weights: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    places: Mapping[str, int] = field(default_factory=dict)
    fresh: Floats = field(default_factory=lambda: np.zeros(FRESH))
    again: Floats = field(default_factory=lambda: np.zeros(AGAIN))
    appeal: Floats = field(default_factory=lambda: np.zeros((2, 0)))

    def scores(self, had: Had) -> Floats:
        """What speaks for every item (items,): the sum of strength times weight of what was had."""
        spoken = self.weights.take(had.items, axis=0)  # (had, neighbours)
        spoken *= strength(had)[:, None]
        others = self.others.take(had.items, axis=0)
        found = np.bincount(others.ravel(), spoken.ravel(), len(self.items))
        return found.astype(np.float64, copy=False)  # without anything had they are integers

    def log_odds(self, had: Had) -> Floats:
        """How likely each item (items,) is chosen within the next thirty days, as log-odds."""
        scores = np.maximum(self.scores(had), 0.0)
        roots = np.sqrt(scores)
        found: Floats = roots * self.fresh[0] + scores * self.fresh[1] + self.appeal[0]
        chosen = had.items
        row = again_row(had, roots[chosen])
        found[chosen] = row @ self.again + self.appeal[1, chosen]
        return found

    @cached_property
    def _plain(self) -> tuple[Singles, np.float32, np.float32]:
        """The appeal of what is new and how it is weighed, in single precision."""
        once, root = np.float32(self.fresh[1]), np.float32(self.fresh[0])
        return self.appeal[0].astype(np.float32), once, root

    def _fresh(self, had: Had) -> Singles:
        """The log-odds of every item as if it had not been had, in single precision."""
        appeal, once, root = self._plain
        roots = self.scores(had).astype(np.float32)
        np.maximum(roots, 0.0, out=roots)
        np.sqrt(roots, out=roots)
        found: Singles = roots * once
        found += root
        found *= roots
        found += appeal
        return found

    def had(self, history: Sequence[tuple[str, float, float, float]]) -> Had:
        """What is known of a history: item, times, decayed count, days since the last."""
        places = self.places
        known = [row for row in history if row[0] in places]
        count = len(known)
        return Had(
            np.fromiter([places[row[0]] for row in known], np.intp, count),
            np.fromiter([row[1] for row in known], np.float64, count),
            np.fromiter([row[2] for row in known], np.float64, count),
            np.fromiter([row[3] for row in known], np.float64, count),
        )

    def similar(self, had: Had, limit: int) -> list[tuple[str, float]]:
        """The items not had before that are likeliest chosen next, best first, each with its
        probability; none where nothing is known of the person."""
        if not len(had.items):
            return []
        log_odds = self._fresh(had)
        log_odds[had.items] = -np.inf
        count = min(limit, len(log_odds) - len(had.items))
        best = top(log_odds, count)
        said = 1.0 / (1.0 + np.exp(-log_odds[best]))
        items = self.items
        return [(items[n], p) for n, p in zip(best.tolist(), said.tolist(), strict=True)]


def top(scores: Floats | Singles, count: int) -> NDArray[np.intp]:
    """The places of the largest, largest first; of what is equal, the first."""
    if count <= 0:
        return np.zeros(0, np.intp)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    best = np.flatnonzero(scores >= least)
    return best[np.argsort(-scores[best], kind="stable")][:count]


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
