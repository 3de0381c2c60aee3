"""What each candidate is expected to be worth, how sure that is, and how the sum comes about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.models import Cell, Payoffs

Floats = NDArray[np.float64]

ITEM_STRENGTH, SEGMENT_STRENGTH, PERSON_STRENGTH = 400.0, 600.0, 60.0
_UNKNOWN = 1.0 / ITEM_STRENGTH + 1.0 / SEGMENT_STRENGTH + 1.0 / PERSON_STRENGTH


@dataclass(frozen=True, slots=True)
class Worth:
    """Expected reward and standard error of each candidate, and the parts that add up to it.

    `parts` (candidates, WIDTH) is feature times weight; the corrections are by what came of earlier
    bets, and a floor at 0; `said` is what the regression alone said.
    """

    mean: Floats
    deviation: Floats
    parts: Floats
    said: Floats
    corrections: Floats  # (candidates, 4): item, segment x item, person x item, floor


def nothing_learnt() -> Payoffs:
    """The payoffs of a placement before its first bet: the prior."""
    return Payoffs(mean=PRIOR_MEAN, covariance=np.diag(1.0 / PRIOR_STRENGTH), noise=0.05, base=0.02)


def worth(
    x: Floats, names: Sequence[str | None], payoffs: Payoffs, profile_id: str,
    segments: Sequence[str],
) -> Worth:  # fmt: skip
    """The ladder: a regression for everybody, corrected by item, by segment, by person.

    Each correction is the mean of what the regression missed, shrunk by k pseudo-observations:
    c = (sum reward - sum said - corrections above) / (n + k); its variance is noise / (n + k).
    """
    parts = x * payoffs.mean  # (candidates, WIDTH)
    said = parts.sum(axis=1)
    spread = ((x @ payoffs.covariance) * x).sum(axis=1)
    corrections = np.zeros((len(names), 4))
    share = np.full(len(names), _UNKNOWN)
    person = payoffs.people.get(profile_id, {})
    inside = [payoffs.segments[name] for name in segments if name in payoffs.segments]
    items = payoffs.items
    for row, name in enumerate(names):
        if name is None or (cell := items.get(name)) is None:
            continue  # the cells of segments and people are parts of the item's
        item, more = _shrunk(cell, ITEM_STRENGTH, 0.0)
        segment, most = _strongest(inside, name, item)
        own, rest = _shrunk(person.get(name), PERSON_STRENGTH, item + segment)
        corrections[row, :3] = (item, segment, own)
        share[row] = more + most + rest
    mean = said + corrections.sum(axis=1)
    if payoffs.base >= 0:  # rewards are not negative, so neither is what is expected
        corrections[:, 3] = np.maximum(-mean, 0.0)
        mean = mean + corrections[:, 3]
    deviation = np.sqrt(payoffs.noise * (spread + share))
    return Worth(mean, deviation, parts, said, corrections)


def _shrunk(cell: Cell | None, strength: float, above: float) -> tuple[float, float]:
    if cell is None:
        return 0.0, 1.0 / strength
    count, rewards, said = cell
    return (rewards - said - above * count) / (count + strength), 1.0 / (count + strength)


def _strongest(
    inside: Sequence[Mapping[str, Cell]], name: str, above: float
) -> tuple[float, float]:
    """The correction of the segment that knows most of this item."""
    best: Cell | None = None
    for cells in inside:
        cell = cells.get(name)
        if cell is not None and (best is None or cell[0] > best[0]):
            best = cell
    return _shrunk(best, SEGMENT_STRENGTH, above)
