"""How fast what people bought stops to tell what they buy: a half-life for each category."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from wager.domain.repeats import HALF_LIFE_DAYS
from wager.learn.history import Lines

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
CategoryOf = Callable[[str], Sequence[str]]

GRID: Floats = np.array([7.0, 14.0, 30.0, 60.0, 90.0, 120.0, 180.0, 360.0])
STEP_DAYS = 28.0
LOWEST, LEVELS = -12.0, 40  # log2 of a decayed count in halves: from 1/4096 to 256
STRENGTH = 2000.0  # months of one person and one category that what holds for all counts for
LEAST = 200.0
MOST_PEOPLE = 5_000
ALL = ""


class Fading:
    """How often people bought again within four weeks, by name (a category, or all), by half-life
    and by the level that their decayed count had: tables (GRID, LEVELS, 2) of no and yes. A fold.
    """

    def __init__(self, tables: Mapping[str, Floats] | None = None) -> None:
        self.tables: dict[str, Floats] = dict(tables or {})

    def add(self, name: str, recent: float, days: float, *, again: bool) -> None:
        """One person: the decayed count at the last purchase, and the days since it."""
        for row, place in enumerate(levels(np.array([recent]), np.array([days]))[:, 0]):
            self._table(name)[row, place, int(again)] += 1.0

    def extend(self, name: str, table: Floats) -> None:
        """Many people, counted already."""
        self._table(name).__iadd__(table)

    def merge(self, other: "Fading") -> "Fading":
        """What both saw."""
        both = Fading({name: table.copy() for name, table in self.tables.items()})
        for name, table in other.tables.items():
            both.extend(name, table)
        return both

    def _table(self, name: str) -> Floats:
        if name not in self.tables:
            self.tables[name] = np.zeros((len(GRID), LEVELS, 2))
        return self.tables[name]

    def half_lives(self) -> dict[str, float]:
        """The half-life (days) of each category with enough to tell, and under "" of all: the
        geometric mean over `GRID`, each weighed by how well it foretold what was bought next.

        What holds for all is the prior, with the weight of `STRENGTH` observations.
        """
        if ALL not in self.tables or seen(self.tables[ALL]) < LEAST:
            return {}
        whole = self.tables[ALL]
        prior = evidence(whole) * min(STRENGTH / seen(whole), 1.0)
        found = {
            name: _mean(evidence(table) + prior)
            for name, table in self.tables.items()
            if name != ALL and seen(table) >= LEAST
        }
        return found | {ALL: _mean(evidence(whole))}


def seen(table: Floats) -> float:
    """How many observations a table holds: each half-life saw them all."""
    return float(table[0].sum())


def evidence(table: Floats) -> Floats:
    """Log-likelihood (GRID,) of what came, each foretold from those before it of the same level.

    With a Beta(1/2, 1/2) before the first, the product of these one-step-ahead probabilities is
    B(1/2 + yes, 1/2 + no) / B(1/2, 1/2), in whatever order they came.
    """
    no, yes = table[:, :, 0], table[:, :, 1]
    return np.asarray((betaln(yes + 0.5, no + 0.5) - betaln(0.5, 0.5)).sum(axis=1))


def _mean(weight: Floats) -> float:
    likely = np.exp(weight - weight.max())
    return float(np.exp((likely * np.log(GRID)).sum() / likely.sum()))


def levels(recent: Floats, days: Floats) -> Whole:
    """At which level (GRID, observations) a count stands so many days after the last purchase."""
    log_count = np.log2(recent) - days / GRID[:, None]
    place = np.floor((np.maximum(log_count, LOWEST) - LOWEST) * 2.0).astype(np.int64)
    return np.minimum(place, LEVELS - 1)


def fading(lines: Lines, category_of: CategoryOf) -> Fading:
    """Every four weeks, for each person and category bought before: was it bought in the next four?

    The count at the last purchase decays with the 60 days that profiles are folded with; from then
    on it fades by the half-life that is tried, which is how it will be read. Of more people than
    `MOST_PEOPLE`, evenly so many are taken.
    """
    found = Fading()
    who, what, day, names = _by_category(lines, category_of)
    if not len(who):
        return found
    pair, of = np.unique(who * len(names) + what, return_inverse=True)
    category, start = pair % len(names), float(day.min())
    step = ((day - start) // STEP_DAYS).astype(np.int64)
    total, last = np.zeros(len(pair)), np.full(len(pair), start)
    tables = np.zeros((len(names), len(GRID), LEVELS, 2))
    for number in range(int(step.max())):
        here, next_ones = step == number, step == number + 1
        total += np.bincount(of[here], 2.0 ** ((day[here] - start) / HALF_LIFE_DAYS), len(pair))
        np.maximum.at(last, of[here], day[here])
        known = np.flatnonzero(total > 0)
        again = np.zeros(len(pair), dtype=np.int64)
        again[of[next_ones]] = 1
        recent = total[known] * 2.0 ** ((start - last[known]) / HALF_LIFE_DAYS)
        now = start + (number + 1) * STEP_DAYS
        for row, place in enumerate(levels(recent, now - last[known])):
            cell = (category[known] * LEVELS + place) * 2 + again[known]
            counted = np.bincount(cell, minlength=len(names) * LEVELS * 2)
            tables[:, row] += counted.reshape(len(names), LEVELS, 2)
    for name, table in zip(names, tables, strict=True):
        found.extend(name, table)
        found.extend(ALL, table)
    return found


def _by_category(
    lines: Lines, category_of: CategoryOf
) -> tuple[Whole, Whole, Floats, Sequence[str]]:
    """Each person, category (a number) and day once, of so many people at most."""
    numbers: dict[str, int] = {}
    of = [category_of(name)[:1] for name in lines.names]
    code = np.array([numbers.setdefault(one[0], len(numbers)) if one else -1 for one in of])
    if not len(lines.who):
        return lines.who, lines.who, lines.day, ()
    every = int(lines.who.max()) // MOST_PEOPLE + 1
    kept = (code[lines.what] >= 0) & (lines.who % every == 0)
    rows = np.stack([lines.who[kept], code[lines.what[kept]], np.floor(lines.day[kept])])
    who, what, day = np.unique(rows.astype(np.int64), axis=1)
    return who, what, day.astype(np.float64), list(numbers)
