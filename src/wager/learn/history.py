"""Who bought what when, over the whole history, held as numbers."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wager.domain.repeats import HALF_LIFE_DAYS, MONTH_DAYS, Bought

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A person and an item that they bought (pairs,): the last day, how many days so far, and that
    number decayed as of the last one."""

    who: Whole
    what: Whole
    day: Floats
    times: Floats
    recent: Floats
    names: Sequence[str]

    def at(self, now: float) -> Bought:
        """How each stands on a day, with what the person had bought in all."""
        days = now - self.day
        recent = self.recent * 2.0 ** (-days / HALF_LIFE_DAYS)
        quiet = np.full(int(self.who.max()) + 1 if len(self.who) else 0, np.inf)
        np.minimum.at(quiet, self.who, days)
        return Bought(
            times=self.times,
            recent=recent,
            days=days,
            pace=np.asarray(np.bincount(self.who, recent)[self.who], dtype=np.float64),
            different=np.bincount(self.who)[self.who].astype(np.float64),
            all_times=np.asarray(np.bincount(self.who, self.times)[self.who], dtype=np.float64),
            quiet_days=quiet[self.who],
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """Order lines of a history as numbers: who and what from 0 on, the day since the epoch."""

    who: Whole
    what: Whole
    day: Floats
    names: Sequence[str]

    def before(self, day: float) -> "Lines":
        """Those before a day."""
        kept = self.day < day
        return Lines(self.who[kept], self.what[kept], self.day[kept], self.names)

    def pairs(self) -> Pairs:
        """Each person and item once."""
        day = np.floor(self.day)
        order = np.lexsort((day, self.what, self.who))
        who, what, day = self.who[order], self.what[order], day[order]
        new = np.ones(len(day), dtype=bool)
        new[1:] = (who[1:] != who[:-1]) | (what[1:] != what[:-1])
        fresh = new.copy()
        fresh[1:] |= day[1:] != day[:-1]
        first = np.flatnonzero(new)
        if not len(first):
            return Pairs(first, first, day, day, day, self.names)
        last = np.append(first[1:], len(day)) - 1
        long = np.repeat(day[last], last - first + 1) - day
        faded = fresh * 2.0 ** (-long / HALF_LIFE_DAYS)
        times = np.add.reduceat(fresh.astype(np.float64), first)
        recent = np.add.reduceat(faded, first)
        return Pairs(who[last], what[last], day[last], times, recent, self.names)

    def bought(self, pairs: Pairs, day: float) -> Floats:
        """Whether each pair was bought in the month from that day on: 0 or 1."""
        kept = (self.day >= day) & (self.day < day + MONTH_DAYS)
        width = len(self.names)
        later = np.unique(self.who[kept] * width + self.what[kept])
        return np.isin(pairs.who * width + pairs.what, later).astype(np.float64)


class Notes:
    """Order lines as they come by, held small."""

    def __init__(self) -> None:
        self._profiles: dict[str, int] = {}
        self._items: dict[str, int] = {}
        self._who, self._what, self._day = array("q"), array("q"), array("d")

    def noting(self, lines: Iterable[tuple[str, str, float]]) -> Iterator[tuple[str, str, float]]:
        """Hand lines (profile id, item id, seconds) on, and keep them."""
        for profile_id, item_id, at in lines:
            self._who.append(self._profiles.setdefault(profile_id, len(self._profiles)))
            self._what.append(self._items.setdefault(item_id, len(self._items)))
            self._day.append(at / 86400.0)
            yield profile_id, item_id, at

    def lines(self) -> Lines:
        """All that came by."""
        return Lines(
            np.array(self._who), np.array(self._what), np.array(self._day), list(self._items)
        )
