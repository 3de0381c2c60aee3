"""The one place where chance decides: a slate is drawn slot by slot from logged odds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wager.stats.draws import pick, uniform

Floats = NDArray[np.float64]


def draw(
    odds: Floats, groups: Sequence[str | None], slots: int, *, key: bytes, decision_id: str
) -> list[tuple[int, float]]:
    """(candidate, propensity) for each slot, without repetition.

    Slot by slot the odds of what is left are scaled to 1; a candidate whose group is taken is
    out (variants of one item). The propensity is that of the choice given the slots before it.
    """
    left = odds.astype(float).tolist()
    chosen: list[tuple[int, float]] = []
    for slot in range(min(slots, len(left))):
        total = sum(left)
        if total <= 0:
            break
        scaled = [value / total for value in left]
        index = pick(scaled, uniform(key, decision_id, slot))
        chosen.append((index, scaled[index]))
        group = groups[index]
        left[index] = 0.0
        if group is not None:
            for other, name in enumerate(groups):
                if name == group:
                    left[other] = 0.0
    return chosen
