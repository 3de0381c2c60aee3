"""What each candidate is expected to be worth, how sure that is, and how the sum comes about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.models import Cell, Payoffs

Floats = NDArray[np.float64]

ITEM_STRENGTH, SEGMENT_STRENGTH, PERSON_STRENGTH = 400.0, 600.0, 60.0
_RECORD = Struct("<4d")  # corrections by item and by segment; shares of the noise of both
_NO_RECORD = _RECORD.pack(0.0, 0.0, 1.0 / ITEM_STRENGTH, 1.0 / SEGMENT_STRENGTH)
_UNKNOWN_PERSON = 1.0 / PERSON_STRENGTH


@dataclass(frozen=True, slots=True)
class Worth:
    """Expected reward and standard error of each candidate, and the parts that add up to it.

    Feature times weight adds up to `said`, what the regression alone said; the corrections are by
    what came of earlier bets, and a floor at 0. `told` is the mean put right by what came of bets
    that said as much: it is what is said, while odds follow from the mean.
    """

    mean: Floats
    told: Floats
    deviation: Floats
    x: Floats  # (candidates, WIDTH)
    weights: Floats  # (WIDTH,)
    said: Floats
    corrections: Floats  # (candidates, 5): item, segment x item, person x item, floor, honesty


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
    said = x @ payoffs.mean
    spread = np.einsum("ij,ij->i", x @ payoffs.covariance, x)
    records = _records(names, payoffs, tuple(segments))  # (candidates, 4)
    corrections = np.zeros((len(names), 5))
    corrections[:, :2] = records[:, :2]
    share = records[:, 2] + records[:, 3] + _UNKNOWN_PERSON
    person = payoffs.people.get(profile_id)
    if person:
        for row, name in enumerate(names):
            if name is not None and (cell := person.get(name)) is not None:
                above = float(corrections[row, 0] + corrections[row, 1])
                corrections[row, 2], rest = _shrunk(cell, PERSON_STRENGTH, above)
                share[row] += rest - _UNKNOWN_PERSON
    mean = said + corrections[:, :4].sum(axis=1)
    if (
        payoffs.base >= 0 and not payoffs.costly
    ):  # rewards are not negative, so neither is what is expected
        corrections[:, 3] = np.maximum(-mean, 0.0)
        mean += corrections[:, 3]
    deviation = np.sqrt(payoffs.noise * (spread + share))
    told = mean if payoffs.honest is None else np.interp(mean, *payoffs.honest)
    corrections[:, 4] = told - mean
    return Worth(mean, told, deviation, x, payoffs.mean, said, corrections)


def _records(names: Sequence[str | None], payoffs: Payoffs, segments: tuple[str, ...]) -> Floats:
    """What is known of each item with everybody and in these segments, kept for the next time."""
    kept = payoffs.records.setdefault(segments, {})
    packed = []
    for name in names:
        row = kept.get(name)
        if row is None:
            row = kept[name] = _record(name, payoffs, segments)
        packed.append(row)
    return np.frombuffer(b"".join(packed)).reshape(-1, 4)


def _record(name: str | None, payoffs: Payoffs, segments: Sequence[str]) -> bytes:
    if name is None or (cell := payoffs.items.get(name)) is None:
        return _NO_RECORD  # the cells of segments and people are parts of the item's
    item, more = _shrunk(cell, ITEM_STRENGTH, 0.0)
    inside = [payoffs.segments[one] for one in segments if one in payoffs.segments]
    segment, most = _strongest(inside, name, item)
    return _RECORD.pack(item, segment, more, most)


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
