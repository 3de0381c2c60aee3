"""How much of what bets are said to gain over the safe choice is real, and so whether to bet."""

from math import sqrt

import msgspec
from scipy.special import ndtr

from wager.domain.models import Trust
from wager.stats.decay import in_one_unit

DOUBT = 0.75  # the standard deviation of the share that is real, before there is evidence
ENOUGH = 0.9  # bets that are so likely worth it are placed in full
SEEN = 1000.0  # choices before which nothing is held against bets: who has to learn begins worse
LEAST_SHARE = 0.05  # of the odds: so that one can see when bets are worth it again


class Hedge(msgspec.Struct):
    """The fold of one placement: sums over settled choices of [weight, g, g^2, y, y^2, g y].

    y is the reward less what was told of the safe choice there, g what the choice was told to gain
    over it: of bets, and of the safe choice where it was drawn or the person was held out (g = 0).

    >>> fold = Hedge()
    >>> for number in range(600):
    ...     fold.add(0.1, -0.1 + (number % 10 == 0))  # it was said to gain 0.1, and brings nothing
    ...     fold.add(None, 0.1 + (number % 10 == 0) - 0.1)
    >>> fold.real()[0] < 0.0, fold.trust().share < 0.2
    (True, True)
    """

    bets: list[float] = msgspec.field(default_factory=lambda: [0.0] * 6)
    safe: list[float] = msgspec.field(default_factory=lambda: [0.0] * 6)
    newest: float = 0.0  # the largest weight: that of the latest choice
    unit: int | None = None

    def add(self, gain: float | None, brought: float, weight: float = 1.0) -> None:
        """One settled choice; `gain` None is the safe one."""
        side, g, y = self._side(gain), gain or 0.0, brought
        for column, value in enumerate((1.0, g, g * g, y, y * y, g * y)):
            side[column] += weight * value
        self.newest = max(self.newest, weight)

    def correct(
        self, gain: float | None, before: float, after: float, weight: float = 1.0
    ) -> None:  # fmt: skip
        """A choice that is in already brought `after` in the end, and not `before`."""
        side, g = self._side(gain), gain or 0.0
        side[3] += weight * (after - before)
        side[4] += weight * (after * after - before * before)
        side[5] += weight * g * (after - before)

    def _side(self, gain: float | None) -> list[float]:
        return self.safe if gain is None else self.bets

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        self.bets[:] = [share * one for one in self.bets]
        self.safe[:] = [share * one for one in self.safe]

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`)."""
        self.fade(share)
        self.newest *= share

    def merge(self, other: "Hedge") -> "Hedge":
        """Both sides together."""
        unit, mine, theirs = in_one_unit(self, other)
        bets, safe = (
            [mine * own + theirs * more for own, more in zip(*both, strict=True)]
            for both in ((self.bets, other.bets), (self.safe, other.safe))
        )
        return Hedge(bets, safe, max(mine * self.newest, theirs * other.newest), unit)

    def real(self) -> tuple[float, float]:
        """The share of the said gains that is real, and its standard error.

        The slope rho of y on g, above what the safe choice brings: with s^2 the variance of y and
        a the mean of y over n safe choices,

            rho = (sum g y - a sum g) / sum g^2,
            variance = s^2 / sum g^2 + (sum g / sum g^2)^2 s^2 / n,

        and a normal prior around 1 (all of it) with the deviation `DOUBT`.
        """
        scale = max(self.newest, 1e-300)
        bets, safe = [one / scale for one in self.bets], [one / scale for one in self.safe]
        count, squares = bets[0] + safe[0], bets[2]
        if safe[0] <= 0.0 or squares <= 0.0:
            return 1.0, DOUBT
        mean = (bets[3] + safe[3]) / count
        noise = (bets[4] + safe[4]) / count - mean * mean
        variance = noise / squares + (bets[1] / squares) ** 2 * noise / safe[0]
        if variance <= 0.0:
            return 1.0, DOUBT
        seen = (bets[5] - safe[3] / safe[0] * bets[1]) / squares
        precision = 1.0 / variance + 1.0 / DOUBT**2
        return (seen / variance + 1.0 / DOUBT**2) / precision, sqrt(1.0 / precision)

    def trust(self) -> Trust:
        """The share of the odds that bets get: the probability that what they gain is real, all of
        it from `ENOUGH` on, and before `SEEN` choices; never less than `LEAST_SHARE`."""
        count = (self.bets[0] + self.safe[0]) / max(self.newest, 1e-300)
        mean, deviation = self.real()
        share = min(max(float(ndtr(mean / deviation)) / ENOUGH, LEAST_SHARE), 1.0)
        return Trust(share if count >= SEEN else 1.0, mean, deviation, count)
