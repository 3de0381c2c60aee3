"""How much of what bets are said to gain over the safe choice is real, and so whether to bet."""

from collections.abc import Mapping
from math import erf, sqrt

import msgspec

from wager.domain.models import Trust
from wager.stats.decay import in_one_unit

HALF_LIFE_DAYS = 15.0  # a choice weighs twice as much as one from 15 days before
DOUBT = 1.5  # the standard deviation of the share that is real, before there is evidence
ALIKE = 0.5  # of what is real with others: by how much it may well differ in a segment
ENOUGH = 0.9  # bets that are so likely worth it are placed in full
SEEN = 1000.0  # choices up to which they count in proportion: who has to learn begins worse
LEAST_SHARE = 0.05  # of the odds: so that one can see when bets are worth it again
ROUNDED = 1e-9  # of what was there: as little is left where all of it was taken away
Real = tuple[float, float]  # the share of the said gains that is real, and its standard error


class Hedge(msgspec.Struct):
    """The fold of one placement, or of a segment there: sums over settled choices of [weight, g,
    g^2, y, y^2, g y].

    y is the reward less what was told of the safe choice there, g what the choice was told to gain
    over it: of bets, and of the safe choice where it was drawn or the person was held out (g = 0).
    What was shown to learn, and said to bring no more than the safe choice, promised no gain.

    >>> fold = Hedge()
    >>> for number in range(600):
    ...     fold.add(0.1, -0.1 + (number % 10 == 0))  # it was said to gain 0.1, and brings nothing
    ...     fold.add(None, 0.1 + (number % 10 == 0) - 0.1)
    >>> fold.real()[0] < 0.0, share(fold.real()) < 0.3
    (True, True)
    """

    bets: list[float] = msgspec.field(default_factory=lambda: [0.0] * 6)
    safe: list[float] = msgspec.field(default_factory=lambda: [0.0] * 6)
    newest: float = 0.0  # the largest weight: that of the latest choice
    unit: int | None = None

    def add(self, gain: float | None, brought: float, weight: float = 1.0) -> None:
        """One settled choice; `gain` None is the safe one."""
        if gain is not None and gain <= 0.0:
            return
        side, g, y = self._side(gain), gain or 0.0, brought
        for column, value in enumerate((1.0, g, g * g, y, y * y, g * y)):
            side[column] += weight * value
        self.newest = max(self.newest, weight)

    def correct(
        self, gain: float | None, before: float, after: float, weight: float = 1.0
    ) -> None:  # fmt: skip
        """A choice that is in already brought `after` in the end, and not `before`."""
        if gain is not None and gain <= 0.0:
            return
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
        return self._with(other, 1.0)

    def without(self, part: "Hedge") -> "Hedge":
        """All but a part of it."""
        left = self._with(part, -1.0)
        for mine, sums in ((left.bets, self.bets), (left.safe, self.safe)):
            if mine[0] <= ROUNDED * sums[0]:
                mine[:] = [0.0] * 6
        return left

    def _with(self, other: "Hedge", times: float) -> "Hedge":
        unit, mine, theirs = in_one_unit(self, other)
        bets, safe = (
            [mine * own + times * theirs * more for own, more in zip(*both, strict=True)]
            for both in ((self.bets, other.bets), (self.safe, other.safe))
        )
        return Hedge(bets, safe, max(mine * self.newest, theirs * other.newest), unit)

    @property
    def count(self) -> float:
        """How many choices it stands on, the latest counting one."""
        return (self.bets[0] + self.safe[0]) / max(self.newest, 1e-300)

    def real(self, before: Real = (1.0, DOUBT)) -> Real:
        """The share of the said gains that is real, and its standard error.

        The slope rho of y on g, above what the safe choice brings: with s^2 the variance of y and
        a the mean of y over n safe choices,

            rho = (sum g y - a sum g) / sum g^2,
            variance = s^2 / sum g^2 + (sum g / sum g^2)^2 s^2 / n,

        and what was thought `before`, a normal: all of it is real, with the deviation `DOUBT`.
        Up to `SEEN` choices the evidence counts in proportion.
        """
        scale = max(self.newest, 1e-300)
        bets, safe = [one / scale for one in self.bets], [one / scale for one in self.safe]
        count, squares = bets[0] + safe[0], bets[2]
        if safe[0] <= 0.0 or squares <= 0.0:
            return before
        mean = (bets[3] + safe[3]) / count
        noise = (bets[4] + safe[4]) / count - mean * mean
        variance = noise / squares + (bets[1] / squares) ** 2 * noise / safe[0]
        if variance <= 0.0:
            return before
        seen = (bets[5] - safe[3] / safe[0] * bets[1]) / squares
        told, known = min(count / SEEN, 1.0) / variance, 1.0 / before[1] ** 2
        return (seen * told + before[0] * known) / (told + known), sqrt(1.0 / (told + known))


def share(real: Real) -> float:
    """The share of the odds that bets get: the probability that what they gain is real, all of it
    from `ENOUGH` on; never less than `LEAST_SHARE`.

    >>> round(share((1.0, DOUBT)), 2), round(share((0.0, 0.2)), 2), share((-1.0, 0.2))
    (0.83, 0.56, 0.05)
    """
    mean, deviation = real
    return min(max(0.5 * (1.0 + erf(mean / deviation / sqrt(2.0))) / ENOUGH, LEAST_SHARE), 1.0)


def trust(fold: Hedge, segments: Mapping[str, Hedge]) -> Trust:
    """What is known of a placement, and of its segments: each leans on what is real with all
    others there, and may differ from that by half of it."""
    real, parts = fold.real(), {}
    for name, part in segments.items():
        others = fold.without(part).real()
        own = part.real((others[0], max(others[1], ALIKE * abs(others[0]))))
        parts[name] = Trust(share(own), *own, part.count)
    return Trust(share(real), *real, fold.count, parts)
