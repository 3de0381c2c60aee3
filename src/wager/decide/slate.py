"""The one place where chance decides: a slate is drawn slot by slot from logged odds."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wager.stats.draws import pick, uniform

Floats = NDArray[np.float64]
Odds = Callable[[NDArray[np.bool_]], Floats]
Quota = tuple[Sequence[int], int]  # candidates, and how many of them may be chosen


def draw(
    odds: Odds, groups: Sequence[str | None], slots: int, *, key: bytes, decision_id: str,
    quotas: Sequence[Quota] = (),
) -> list[tuple[int, float]]:  # fmt: skip
    """(candidate, propensity) for each slot, without repetition.

    Slot by slot the policy gives the odds of what is left; a candidate whose group is taken is
    out (variants of one item), and so are those of a quota that is used up. The propensity is that
    of the choice given the slots before it.
    """
    left = np.ones(len(groups), dtype=bool)
    chosen: list[tuple[int, float]] = []
    for slot in range(min(slots, len(groups))):
        if not np.count_nonzero(left):
            break
        given = odds(left).tolist()
        index = pick(given, uniform(key, decision_id, slot))
        chosen.append((index, given[index]))
        left[index] = False
        group = groups[index]
        if group is not None:
            for other, name in enumerate(groups):
                if name == group:
                    left[other] = False
        for rows, room in quotas:
            if index in rows and sum(one in rows for one, _ in chosen) >= room:
                left[list(rows)] = False
    return chosen
