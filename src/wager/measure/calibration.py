"""Are the odds honest: what was said of choices against what came of them, by tenths."""

from math import floor, log, log2, pi, sqrt

import msgspec

from wager.domain.estimates import NotEnough

PER_DOUBLING = 16  # bins are 4.4 % wide
NEEDED_WON = 10.0
SURE = 1e-4  # nothing is said to be surer than this, or what is said to be sure could cost all


class Decile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """About a tenth of the choices, by what was said of them; `said` and `won` are means."""

    low: float
    high: float
    said: float
    won: float
    count: int


class Skill(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag=True):
    """Log-loss of what was said, that of saying the same of all, and what that much less is worth:
    `skill` is 1 - logLoss / baseRateLogLoss, 0 for who always says the base rate."""

    log_loss: float
    base_rate_log_loss: float
    base_rate: float
    skill: float


class Calibration:
    """The fold: counts, what was said and what was won, in narrow bins of what was said.

    >>> calibration = Calibration()
    >>> calibration.add(0.5, 1.0)
    >>> calibration.add(0.5, 0.0)
    >>> [(one.said, one.won, one.count) for one in calibration.deciles()]
    [(0.5, 0.5, 2)]
    """

    __slots__ = ("bins",)

    def __init__(self) -> None:
        self.bins: dict[int | None, tuple[int, float, float]] = {}

    def add(self, said: float, won: float) -> None:
        """One settled choice; what was said and won are in the same unit."""
        self._change(said, 1, said, won)

    def correct(self, said: float, change: float) -> None:
        """A choice that was counted already has won `change` more."""
        self._change(said, 0, 0.0, change)

    def merge(self, other: "Calibration") -> "Calibration":
        """Both sides together."""
        both = Calibration()
        for side in (self, other):
            for index, (count, said, won) in side.bins.items():
                before = both.bins.get(index, (0, 0.0, 0.0))
                both.bins[index] = (before[0] + count, before[1] + said, before[2] + won)
        return both

    @property
    def count(self) -> int:
        return sum(count for count, _, _ in self.bins.values())

    def deciles(self) -> list[Decile]:
        """Up to ten groups of neighbouring bins with about as many choices in each."""
        total, reached = self.count, 0
        groups: dict[int, list[int | None]] = {}
        for index in sorted(self.bins, key=lambda one: -(10**9) if one is None else one):
            count = self.bins[index][0]
            middle = reached + count / 2.0
            groups.setdefault(min(int(10.0 * middle / total), 9), []).append(index)
            reached += count
        return [self._decile(indexes) for indexes in groups.values()]

    def error(self) -> float | NotEnough:
        """How far said and won are apart, weighted by count, as a share of what was won:
        sum over deciles of n |said - won| / sum over deciles of n won."""
        deciles = self.deciles()
        won = sum(one.count * one.won for one in deciles)
        if won < NEEDED_WON:
            return NotEnough(needed=int(NEEDED_WON), seen=int(won), what="won choices")
        return sum(one.count * abs(one.said - one.won) for one in deciles) / won

    def error_by_chance(self) -> float | NotEnough:
        """The error that honest odds would show with as many choices, by chance alone:
        sum over deciles of sqrt(2/pi) sqrt(n p (1 - p)) / sum over deciles of n p, p = won."""
        deciles = self.deciles()
        won = sum(one.count * one.won for one in deciles)
        if won < NEEDED_WON:
            return NotEnough(needed=int(NEEDED_WON), seen=int(won), what="won choices")
        spread = sum(
            sqrt(one.count * one.won * max(1.0 - one.won, 0.0)) for one in deciles if one.won > 0
        )
        return sqrt(2.0 / pi) * spread / won

    def skill(self) -> Skill | NotEnough:
        """How much better than always saying the base rate, where a win is 1 and the rest 0.

        Within a bin what was said counts as its mean: the loss is off by less than 0.1 %.

        References: Good (1952), Rational decisions; Murphy (1973), skill scores.
        """
        total, won = self.count, sum(won for _, _, won in self.bins.values())
        if won < NEEDED_WON or won >= total:
            return NotEnough(needed=int(NEEDED_WON), seen=int(won), what="won choices")
        loss = sum(
            _loss(said / count, min(max(won, 0.0), count), count)
            for count, said, won in self.bins.values()
            if count
        )
        base = _loss(won / total, won, total)
        return Skill(
            log_loss=loss / total,
            base_rate_log_loss=base / total,
            base_rate=won / total,
            skill=1.0 - loss / base,
        )

    def _change(self, said: float, count: int, sum_said: float, won: float) -> None:
        index = _bin(said)
        before = self.bins.get(index, (0, 0.0, 0.0))
        self.bins[index] = (before[0] + count, before[1] + sum_said, before[2] + won)

    def _decile(self, indexes: list[int | None]) -> Decile:
        count = sum(self.bins[index][0] for index in indexes)
        first, last = indexes[0], indexes[-1]
        return Decile(
            low=0.0 if first is None else 2.0 ** (first / PER_DOUBLING),
            high=0.0 if last is None else 2.0 ** ((last + 1) / PER_DOUBLING),
            said=sum(self.bins[index][1] for index in indexes) / count,
            won=sum(self.bins[index][2] for index in indexes) / count,
            count=count,
        )


def _bin(said: float) -> int | None:
    """The bin of a positive number; None for nothing and less."""
    return floor(log2(said) * PER_DOUBLING) if said > 0.0 else None


def _loss(said: float, won: float, count: float) -> float:
    """The log-loss of saying the same of `count` choices, of which `won` were won."""
    sure = min(max(said, SURE), 1.0 - SURE)
    return -(won * log(sure) + (count - won) * log(1.0 - sure))
