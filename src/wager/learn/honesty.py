"""The bookmaker's honesty: what was said of bets is put right by what came of bets like them."""

from math import floor, log2

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.stats.decay import in_one_unit

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats]  # what was said (points,), rising; what to say instead (points,)

HALF_LIFE_DAYS = 4.0  # a bet weighs twice as much as one from 4 days before
PER_DOUBLING = 4  # bins are 19 % wide
DOUBTED_WINS = 10.0  # as many wins, just as often as was said, weigh against those that were seen
FAR = 1000.0  # of the largest that was seen: as far as the curve is drawn


class Honesty(msgspec.Struct):
    """The fold of one placement: [weight, said, rewards] of settled choices in bins of what was
    said before it was put right, and the sum of squared rewards.

    >>> fold = Honesty()
    >>> for number in range(1000):
    ...     fold.add(0.2, float(number % 10 == 0))
    >>> x, y = fold.curve()
    >>> round(float(np.interp(0.2, x, y)), 2)
    0.1
    """

    bins: dict[int | None, list[float]] = {}
    squares: float = 0.0
    newest: float = 0.0  # the largest weight: that of the latest bet
    unit: int | None = None

    def __post_init__(self) -> None:
        if self.unit is None and self.newest:
            self.unit = 0  # kept before there were units, in that of 2020

    def add(self, said: float, reward: float, weight: float = 1.0) -> None:
        """One settled choice, as heavy as `weigh` says."""
        cell = self.bins.setdefault(_bin(said), [0.0, 0.0, 0.0])
        cell[0] += weight
        cell[1] += weight * said
        cell[2] += weight * reward
        self.squares += weight * reward * reward
        self.newest = max(self.newest, weight)

    def correct(self, said: float, before: float, after: float, weight: float = 1.0) -> None:
        """A choice that is in already brought `after` in the end, and not `before`."""
        cell = self.bins.setdefault(_bin(said), [0.0, 0.0, 0.0])
        cell[2] += weight * (after - before)
        self.squares += weight * (after * after - before * before)

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        for cell in self.bins.values():
            cell[:] = [share * one for one in cell]
        self.squares *= share

    def merge(self, other: "Honesty") -> "Honesty":
        """Both sides together."""
        unit, mine, theirs = in_one_unit(self, other)
        bins = {index: [mine * one for one in cell] for index, cell in self.bins.items()}
        for index, cell in other.bins.items():
            both = bins.setdefault(index, [0.0, 0.0, 0.0])
            for column in range(3):
                both[column] += theirs * cell[column]
        squares = mine * self.squares + theirs * other.squares
        return Honesty(bins, squares, max(mine * self.newest, theirs * other.newest), unit)

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`)."""
        self.fade(share)
        self.newest *= share

    def curve(self) -> Curve | None:
        """What to say instead of what would have been said: rising, between the bins straight.

        With n, S and R the sums over a bin of choices, of what was said and of rewards, and K wins
        of the usual size u = sum r^2 / sum r in doubt: for all together g = (R + K u) / (S + K u),
        for each bin y = (R + m g x) / (n + m) at x = S / n, m = K u / (g x); then the nearest
        rising curve (pool adjacent violators). Beyond the largest x that was seen the last y / x
        holds where it promises less, and none promises more there than y or x itself. None before
        the first win.

        References: Zadrozny, Elkan (2002), isotonic calibration; Barlow et al. (1972).
        """
        order = sorted(self.bins, key=lambda index: -(10**9) if index is None else index)
        table = np.array([self.bins[index] for index in order]).reshape(-1, 3)
        table /= max(self.newest, 1e-300)
        count, said, rewards = table[table[:, 0] > 0.0].T
        if rewards.sum() <= 0.0:
            return None
        doubt = DOUBTED_WINS * self.squares / self.newest / rewards.sum()
        ratio = (rewards.sum() + doubt) / (max(said.sum(), 0.0) + doubt)
        x = said / count
        guess = ratio * np.maximum(x, 0.0)
        usual = rewards.sum() / count.sum()
        strength = doubt / np.where(guess > 0.0, guess, usual)
        y = _rising((rewards + strength * guess) / (count + strength), count + strength)
        last, most = max(float(x[-1]), 1e-9), max(float(y[-1]), 0.0)
        if most <= last:
            return np.append(x, FAR * last), np.append(y, FAR * most)
        return np.append(x, [most, FAR * most]), np.append(y, [most, FAR * most])


def _bin(said: float) -> int | None:
    """The bin of a positive number; None for nothing and less."""
    return floor(log2(said) * PER_DOUBLING) if said > 0.0 else None


def _rising(y: Floats, weight: Floats) -> Floats:
    """The nearest rising numbers, by weighted least squares: neighbours that fall are pooled."""
    pools: list[tuple[float, float, int]] = []
    for value, heavy in zip(y.tolist(), weight.tolist(), strict=True):
        pools.append((value, heavy, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, w1, n1), (other, w2, n2) = pools[-2], pools[-1]
            pools[-2:] = [((one * w1 + other * w2) / (w1 + w2), w1 + w2, n1 + n2)]
    return np.repeat([value for value, _, _ in pools], [many for _, _, many in pools])
