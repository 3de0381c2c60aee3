"""How varied what people are shown is: means over people, with intervals."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from wager.domain.estimates import Estimate, NotEnough, Verdict

CONFIDENCE = 0.95
NEEDED = 100
NOTE = (
    "Means over people with at least 20 showings in the last 60 days, by the items' first "
    "categories. `entropy` is 0 where all of it was one category, 1 where it was spread evenly; "
    "`repetition` is the share of showings that were not the first of their item, `novelty` the "
    "share that were of an item shown once; `below` is the share of people under a placement's "
    "floor. At most so many people are looked at as `sampled` says, by chance."
)


def variety(
    found: Sequence[tuple[float, float, float]], sampled: int, floors: Mapping[str, float]
) -> dict[str, object]:
    """The report of each person's entropy, repetition and novelty, beside the floors in force."""
    columns = np.array(found, dtype=float).reshape(-1, 3)
    return {
        "people": len(found),
        "sampled": sampled,
        "entropy": mean(columns[:, 0]),
        "repetition": mean(columns[:, 1]),
        "novelty": mean(columns[:, 2]),
        "placements": {
            name: {"floor": floor, "below": mean((columns[:, 0] < floor).astype(float))}
            for name, floor in floors.items()
        },
        "note": NOTE,
    }


def mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Verdict:
    """The mean of independent values from 0 to 1, whatever their distribution; not enough below
    100 of them.

    >>> found = mean(np.full(1000, 0.5))
    >>> round(found.low, 3), found.value, round(found.high, 3)
    (0.49, 0.5, 0.51)

    References: Maurer, Pontil (2009), Empirical Bernstein bounds, theorem 4, for both sides.
    """
    count = len(values)
    if count < NEEDED:
        return NotEnough(needed=NEEDED, seen=count, what="people with 20 showings")
    center, log = float(values.mean()), math.log(4.0 / (1.0 - CONFIDENCE))
    spread = float(values.var(ddof=1))
    half = math.sqrt(2.0 * spread * log / count) + 7.0 * log / (3.0 * (count - 1))
    return Estimate(
        value=center,
        low=max(center - half, 0.0),
        high=min(center + half, 1.0),
        count=count,
        method="empirical Bernstein interval",
        confidence=CONFIDENCE,
    )
