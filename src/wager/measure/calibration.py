"""Are the odds honest: what was said of choices against what came of them, by tenths."""

from math import floor, log2

import msgspec

from wager.domain.estimates import NotEnough

PER_DOUBLING = 16  # bins are 4.4 % wide
NEEDED_WON = 10.0


class Decile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """About a tenth of the choices, by what was said of them; `said` and `won` are means."""

    low: float
    high: float
    said: float
    won: float
    count: int


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
