"""Evidence that fades: what is newer weighs more, and sums never outgrow a number."""

from math import floor
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Moment = TypeVar("Moment", float, NDArray[np.float64])  # seconds since 1970
EPOCH_DAYS = 18262.0  # 2020-01-01
STEP = 256  # half-lives: no weight is beyond 2^STEP, however long a store lives
_LIGHTEST = 1000.0  # half-lives before now that a unit may lie


def half_lives(timestamp: Moment, days: float) -> Moment:
    """How many half-lives of so many days lie between 2020 and a moment; fewer than none before.

    >>> half_lives(86400.0 * (EPOCH_DAYS + 60.0), 30.0)
    2.0
    """
    return (timestamp / 86400.0 - EPOCH_DAYS) / days


class Decaying(Protocol):
    """A fold of sums, each piece of which weighs twice as much as one from a half-life before.

    The sums are in units of 2^`unit` (None while there are none): `unit` moves up by whole `STEP`s
    with the latest piece, so that nothing overflows, and moving it is exact.

    References: Cormode, Shkapenyuk, Srivastava, Xu (2009), Forward decay.
    """

    unit: int | None

    def rescale(self, share: float) -> None:
        """Multiply every sum."""


def weigh(fold: Decaying, at: float) -> float:
    """What a piece of that moment (`half_lives`) weighs beside what is summed up. It may rescale
    the sums: ask before adding to them."""
    unit = STEP * floor(at / STEP)
    if fold.unit is None:
        fold.unit = unit
    elif unit > fold.unit:
        fold.rescale(2.0 ** (fold.unit - unit))
        fold.unit = unit
    return float(2.0 ** (at - fold.unit))


def weight_now(fold: Decaying, at: float) -> float:
    """What a piece of that moment would weigh, if it came."""
    return 1.0 if fold.unit is None else float(2.0 ** min(at - fold.unit, _LIGHTEST))


def in_one_unit(one: Decaying, other: Decaying) -> tuple[int | None, float, float]:
    """The larger unit of two folds, and what the sums of each are to be multiplied with."""
    units = [fold.unit for fold in (one, other) if fold.unit is not None]
    if len(units) < 2:
        return max(units, default=None), 1.0, 1.0
    unit = max(units)
    return unit, 2.0 ** (units[0] - unit), 2.0 ** (units[1] - unit)
