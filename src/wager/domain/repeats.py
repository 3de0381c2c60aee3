"""How likely somebody buys a thing again within a month: the curves, and how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

EDGES: Floats = np.array(
    [0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 35, 42, 49, 56, 70, 84, 100, 120, 150,
     180, 220, 260, 300, 365, 430, 600, 1000], dtype=float
)  # fmt: skip
BINS = len(EDGES)  # the last has no end
TIMES = (1, 2, 3, 5, 9)  # a person who bought it so often so far: 1, 2, 3-4, 5-8, 9 and more
STRATA = len(TIMES)
MONTH_DAYS = 31.0
HALF_LIFE_DAYS = 60.0
TERMS = 11
_STEPS = np.diff(EDGES)
_TIMES = np.array(TIMES)


@dataclass(frozen=True, slots=True)
class Bought:
    """Things that people had bought at some moment, one of each array for each person and thing.

    `times`, and the decayed count `recent` (half-life 60 days); `days` since the last time. Of the
    person (one figure, or one for each): `pace` is the sum of all their decayed counts, `different`
    how many things they ever bought, `all_times` how often in all, `quiet_days` since the last.
    """

    times: Floats
    recent: Floats
    days: Floats
    pace: Floats
    different: Floats
    all_times: Floats
    quiet_days: Floats


@dataclass(frozen=True, slots=True)
class Repeats:
    """What was learnt: cumulative hazards (names, STRATA, BINS) of items, of `same:` and a
    category, and of all (the last row), at the bins' beginnings; and the `weights` (TERMS,)."""

    rows: Mapping[str, int] = field(default_factory=dict)
    curves: Floats = field(default_factory=lambda: np.zeros((1, STRATA, BINS)))
    weights: tuple[float, ...] = ()

    def row(self, item_id: str, categories: Sequence[str]) -> int:
        """Which curve speaks for an item: its own, else its first category's, else everybody's."""
        found = self.rows.get(item_id)
        if found is None and categories:
            found = self.rows.get(f"same:{categories[0]}")
        return len(self.curves) - 1 if found is None else found

    def hazard(self, rows: Whole, had: Bought) -> Floats:
        """P = 1 - exp(-(H(t + 31) - H(t))), t the days since the last purchase, by the curves."""
        group = np.searchsorted(_TIMES, had.times, side="right") - 1
        begin = self._height(rows, group, had.days)
        return np.asarray(-np.expm1(begin - self._height(rows, group, had.days + MONTH_DAYS)))

    def _height(self, rows: Whole, group: Whole, days: Floats) -> Floats:
        """Cumulative hazard at so many days, between the bins' beginnings on a straight line."""
        place = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, BINS - 2)
        share = np.clip((days - EDGES[place]) / _STEPS[place], 0.0, 1.0)
        low = self.curves[rows, group, place]
        return np.asarray(low + share * (self.curves[rows, group, place + 1] - low))

    def probabilities(self, rows: Whole, had: Bought) -> Floats:
        """How likely each is bought again within a month (pairs,); logit P' = weights . terms."""
        said = self.hazard(rows, had)
        if not self.weights:
            return said
        z = np.asarray(self.weights) @ terms(said, had)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0))))


def terms(said: Floats, had: Bought) -> Floats:
    """What the logit of buying again is made of (TERMS, pairs): that of the curves and its square,
    how often, how lately, and how much and how varied the person buys.

    The curves are those of a usual customer; what is the person's own is their rate, as in
    References: Bhagat, Muralidharan, Lobzhanidze, Vishwanath (2018), Buy It Again, section 3.4.
    """
    bounded = np.clip(said, 1e-5, 1.0 - 1e-5)
    z = np.log(bounded / (1.0 - bounded))
    often, long = np.log(had.times), np.log1p(had.days)
    found = np.empty((TERMS, len(z)))
    found[0], found[1], found[2] = 1.0, z, z * z
    found[3] = np.log1p(4.0 * had.recent)
    found[4], found[5], found[6] = often, long, often * long
    found[7] = np.log1p(had.pace)
    found[8] = np.log(had.different)
    found[9] = np.log(had.all_times / had.different)
    found[10] = np.log1p(had.quiet_days)
    return found
