"""When things are bought again: hazards by days since the last purchase, learnt from all orders."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wager.domain.models import Cycle, Cycles

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
CategoryOf = Callable[[str], Sequence[str]]
Table = Floats  # (2, STRATA, BINS): gaps that ended in a bin, and those last seen open in it

EDGES: Floats = np.array(
    [0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 35, 42, 49, 56, 70, 84, 100, 120, 150,
     180, 220, 260, 300, 365, 430, 600, 1000], dtype=float
)  # fmt: skip
BINS = len(EDGES)  # the last has no end
TIMES = (1, 2, 3, 5, 9)  # a person who bought it so often so far: 1, 2, 3-4, 5-8, 9 and more
STRATA = len(TIMES)
STRENGTH = 30.0  # gaps that what stands above counts for
LEAST_GAPS = 30
HORIZON_DAYS = 180.0
SELDOM = 0.05
EARLY = 0.05
DURABLE_DAYS = 365.0
SEASON_DAYS = (300.0, 430.0)
MOST_ITEMS = 8_000
EVEN = (0.0, 1.0, 0.0)
MONTH_DAYS = 31.0
DOUBT = 100.0  # 1 / 0.1^2
ALL = ""


class Gaps:
    """How long it took people to buy again, by name: of an item, of a category, of all.

    A gap begins with a purchase and ends with the next one of the same thing, or is still open at
    the end of what is known (censored). A fold: gaps of different people are added.
    """

    def __init__(self, tables: Mapping[str, Table] | None = None) -> None:
        self.tables: dict[str, Table] = dict(tables or {})

    def add(self, name: str, times: int, days: float, *, ended: bool) -> None:
        """One gap of so many days after somebody's purchase number `times`."""
        table = self._table(name)
        place = int(np.searchsorted(EDGES, days, side="right")) - 1
        table[int(not ended), stratum(times), max(place, 0)] += 1.0

    def extend(self, name: str, table: Table) -> None:
        """Many gaps, counted already."""
        self._table(name).__iadd__(table)

    def merge(self, other: "Gaps") -> "Gaps":
        """The gaps of both."""
        both = Gaps({name: table.copy() for name, table in self.tables.items()})
        for name, table in other.tables.items():
            both.extend(name, table)
        return both

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            self.tables[name] = np.zeros((2, STRATA, BINS))
        return self.tables[name]


def stratum(times: int) -> int:
    """Which group of people a purchase belongs to, by how often they had bought it by then."""
    return max(sum(times >= least for least in TIMES) - 1, 0)


# ---- counting a whole history


def gaps(profiles: Whole, things: Whole, days: Floats, until: float) -> Floats:
    """Tables (things, 2, STRATA, BINS) of all gaps; purchases of one day are one.

    `profiles`, `things` and `days` (purchases,) say who bought which thing (numbered from 0) when,
    in days since the epoch; what is open at `until` is censored there.
    """
    count = int(things.max()) + 1 if len(things) else 0
    order = np.lexsort((days, things, profiles))
    who, what, day = profiles[order], things[order], np.floor(days[order])
    fresh = np.ones(len(day), dtype=bool)
    fresh[1:] = (who[1:] != who[:-1]) | (what[1:] != what[:-1]) | (day[1:] != day[:-1])
    who, what, day = who[fresh], what[fresh], day[fresh]
    last = np.ones(len(day), dtype=bool)
    last[:-1] = (who[1:] != who[:-1]) | (what[1:] != what[:-1])
    following = np.append(day[1:], until)
    length = np.where(last, until, following) - day
    first = np.ones(len(day), dtype=bool)
    first[1:] = last[:-1]
    started = np.maximum.accumulate(np.where(first, np.arange(len(day)), 0))
    times = np.arange(len(day)) - started + 1
    group = np.searchsorted(np.array(TIMES), times, side="right") - 1
    place = np.maximum(np.searchsorted(EDGES, length, side="right") - 1, 0)
    cell = ((what * 2 + last) * STRATA + group) * BINS + place
    found = np.bincount(cell, minlength=count * 2 * STRATA * BINS)
    return found.reshape(count, 2, STRATA, BINS).astype(np.float64)


# ---- what follows from it


def at_risk(table: Table) -> Floats:
    """Gaps that could have ended in each bin (STRATA, BINS); those open within it count half."""
    ended, opened = table
    beyond = np.cumsum((ended + opened)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.maximum(beyond - opened / 2.0, 0.0))


def hazards(table: Table, above: Floats | None) -> Floats:
    """The probability that a gap ends in a bin (STRATA, BINS), leaning on the one above by
    `STRENGTH` gaps."""
    ended, risk = table[0], at_risk(table)
    if above is None:
        return np.asarray(np.minimum((ended + 0.5) / (risk + 20.0), 0.99))
    return np.asarray(np.minimum((ended + STRENGTH * above) / (risk + STRENGTH), 0.99))


def accumulated(hazard: Floats) -> Floats:
    """Cumulative hazard (STRATA, BINS) at the bins' beginnings."""
    steps = -np.log1p(-hazard)
    return np.hstack([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)[:, :-1]])


def _height(curves: Floats, which: Whole, group: Whole, days: Floats) -> Floats:
    """Cumulative hazard at so many days, between the bins' beginnings on a straight line."""
    place = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, BINS - 2)
    share = np.clip((days - EDGES[place]) / (EDGES[place + 1] - EDGES[place]), 0.0, 1.0)
    low = curves[which, group, place]
    return np.asarray(low + share * (curves[which, group, place + 1] - low))


def calibrated(said: Floats, by: tuple[float, float, float]) -> Floats:
    """Probabilities moved by a logistic curve."""
    z = _logit(said)
    moved = by[0] + by[1] * z + by[2] * z * z
    return np.asarray(1.0 / (1.0 + np.exp(-moved)))


def _fitted(said: Floats, came: Floats) -> tuple[float, float, float]:
    """Most likely by Newton's method, before which each weight is thought to be `EVEN`, give or
    take a tenth: where all figures are alike they say little of the curve."""
    z = _logit(said)
    x = np.stack([np.ones_like(z), z, z * z])  # (3, pairs)
    weights = np.array(EVEN)
    for _ in range(12):
        p = 1.0 / (1.0 + np.exp(-np.clip(weights @ x, -30.0, 30.0)))
        slope = x @ (came - p) - DOUBT * (weights - EVEN)
        bend = (x * (p * (1.0 - p))) @ x.T + DOUBT * np.eye(3)
        weights = weights + np.linalg.solve(bend, slope)
    return float(weights[0]), float(weights[1]), float(weights[2])


def _logit(p: Floats) -> Floats:
    bounded = np.clip(p, 1e-5, 1.0 - 1e-5)
    return np.asarray(np.log(bounded / (1.0 - bounded)))


class Repurchase:
    """Hazards of items, leaning on their category's, and those on everybody's."""

    def __init__(self, fold: Gaps, category_of: CategoryOf) -> None:
        none = np.zeros((2, STRATA, BINS))
        self.fold = fold
        self.calibration: tuple[float, float, float] = EVEN
        self._category_of = category_of
        self._all = hazards(fold.tables.get(ALL, none), None)
        self._kept: dict[str, Floats] = {}

    def hazard(self, item_id: str) -> Floats:
        """(STRATA, BINS) of an item: its own gaps, then its category's, then everybody's."""
        names = [name for one in self._category_of(item_id)[:1] if (name := f"same:{one}")]
        found = self._all
        for name in (*names, item_id):
            table = self.fold.tables.get(name)
            if table is not None:
                found = hazards(table, found)
        return found

    def key(self, item_id: str) -> str:
        """What speaks for an item: its own gaps if there are enough, else its category's."""
        if item_id in self.fold.tables:
            return item_id
        for category in self._category_of(item_id)[:1]:
            if (name := f"same:{category}") in self.fold.tables:
                return name
        return ALL

    def curve(self, item_id: str) -> Floats:
        """The item's cumulative hazard (STRATA, BINS)."""
        key = self.key(item_id)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = accumulated(self.hazard(item_id))
        return kept

    def probabilities(self, pairs: "Pairs", now: float) -> Floats:
        """How likely each pair (pairs,) is bought again within a month from day `now` on.

        P = 1 - exp(-(H(t + 31) - H(t))), t the days since the last purchase, H the cumulative
        hazard; then, once `calibrate` was told what came of such figures,
        logit P' = a + b logit P + c (logit P)^2.
        """
        rows: dict[str, int] = {}
        curves: list[Floats] = []
        row = np.zeros(len(pairs.names), dtype=np.int64)
        for number in np.unique(pairs.what):
            name = pairs.names[number]
            key = self.key(name)
            if key not in rows:
                rows[key] = len(rows)
                curves.append(self.curve(name))
            row[number] = rows[key]
        stacked = np.stack(curves)
        group = np.searchsorted(np.array(TIMES), pairs.times, side="right") - 1
        which, days = row[pairs.what], now - pairs.day
        begin = _height(stacked, which, group, days)
        said = -np.expm1(begin - _height(stacked, which, group, days + MONTH_DAYS))
        return calibrated(said, self.calibration)

    def calibrate(self, said: Floats, came: Floats) -> None:
        """Learn how figures said (pairs,) fall short of what came (0 or 1)."""
        self.calibration = _fitted(said, came)

    def cycles(self) -> Cycles:
        """The cycle of each category, and of each item with enough gaps of its own."""
        of: dict[str, tuple[Cycle, float, float]] = {}
        one_of_a_kind = set()
        for name, table in self.fold.tables.items():
            kind, _, category = name.partition(":")
            if kind == "any":
                found = classified(table)
                if found is not None and found[0] == "durable":
                    one_of_a_kind.add(category)
                    of[f"category:{category}"] = found
            elif name != ALL:
                found = classified(table)
                key = f"category:{category}" if kind == "same" else name
                if found is not None and key not in of:
                    of[key] = found
        return Cycles(of=of, one_of_a_kind=frozenset(one_of_a_kind))


def classified(table: Table) -> tuple[Cycle, float, float] | None:
    """The cycle that the gaps of a thing show, the days until it may be offered again, and those
    until half who buy again have done so.

    Durable: surely fewer than one in twenty buys again within 180 days; seasonal: half of the gaps
    are about a year; else consumable, not due before the first twentieth of the gaps have ended.
    None: too few gaps, or too short a time.
    """
    pooled = table.sum(axis=1, keepdims=True)
    ended, risk = pooled[0, 0], at_risk(pooled)[0]
    long_enough = risk[int(np.searchsorted(EDGES, HORIZON_DAYS / 2.0))] >= LEAST_GAPS
    if ended.sum() + pooled[1, 0].sum() < LEAST_GAPS:
        return None
    first, end = np.searchsorted(EDGES, SEASON_DAYS)
    yearly = ended[first:end].sum()
    if ended.sum() >= LEAST_GAPS and yearly >= ended.sum() / 2.0:
        return "seasonal", SEASON_DAYS[0], 365.0
    inside = EDGES < HORIZON_DAYS
    hazard = ended / np.maximum(risk, 1.0)
    again = 1.0 - float(np.prod(1.0 - np.minimum(hazard[inside], 1.0)))
    doubt = 2.0 * np.sqrt((again * (1.0 - again) + 1.0 / risk[0]) / risk[0])
    if again + doubt < SELDOM:
        return ("durable", DURABLE_DAYS, DURABLE_DAYS) if long_enough else None
    if ended.sum() < LEAST_GAPS:
        return None
    sofar = np.cumsum(ended) / ended.sum()
    early, half = (int(np.searchsorted(sofar, share, side="right")) for share in (EARLY, 0.5))
    return "consumable", float(EDGES[early]), float(EDGES[half])


@dataclass(frozen=True, slots=True)
class Pairs:
    """A person and an item that they bought (pairs,): the last day and how many days so far."""

    who: Whole
    what: Whole
    day: Floats
    times: Whole
    names: Sequence[str]


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
        times = np.add.reduceat(fresh.astype(np.int64), first) if len(first) else first
        last = np.append(first[1:], len(day)) - 1 if len(first) else first
        return Pairs(who[last], what[last], day[last], times, self.names)

    def bought(self, pairs: Pairs, day: float) -> Floats:
        """Whether each pair was bought in the month from that day on: 0 or 1."""
        kept = (self.day >= day) & (self.day < day + MONTH_DAYS)
        width = len(self.names)
        later = np.unique(self.who[kept] * width + self.what[kept])
        return np.isin(pairs.who * width + pairs.what, later).astype(np.float64)

    def fold(self, category_of: CategoryOf, until: float) -> Gaps:
        """All gaps up to a day: of items with enough of them, of categories (of the same item in
        it, and of anything in it), and of all."""
        found = Gaps()
        if not len(self.who):
            return found
        count = len(self.names)
        kept = np.argsort(-np.bincount(self.what, minlength=count), kind="stable")[:MOST_ITEMS]
        rank = np.full(count, -1)
        rank[kept] = np.arange(len(kept))
        shown = rank[self.what] >= 0
        tables = gaps(self.who[shown], rank[self.what[shown]], self.day[shown], until)
        for position, table in zip(kept, tables, strict=False):
            name = self.names[position]
            found.extend(ALL, table)
            for category in category_of(name)[:1]:
                found.extend(f"same:{category}", table)
            if table.sum() >= LEAST_GAPS:
                found.extend(name, table)
        self._add_categories(found, [category_of(name)[:1] for name in self.names], until)
        return found

    def _add_categories(self, found: Gaps, of: Sequence[Sequence[str]], until: float) -> None:
        """Gaps between purchases of anything in a category."""
        numbers: dict[str, int] = {}
        code = np.array([numbers.setdefault(one[0], len(numbers)) if one else -1 for one in of])
        inside = code[self.what] >= 0
        if not inside.any():
            return
        tables = gaps(self.who[inside], code[self.what[inside]], self.day[inside], until)
        for name, table in zip(numbers, tables, strict=False):
            found.extend(f"any:{name}", table)


def learnt(lines: Lines, category_of: CategoryOf) -> Repurchase:
    """Hazards from all lines; calibrated by what their first part said of the last month."""
    until = float(np.floor(lines.day.max())) + 1.0 if len(lines.day) else 0.0
    cut = until - MONTH_DAYS
    whole = Repurchase(lines.fold(category_of, until), category_of)
    earlier = lines.before(cut)
    if len(earlier.day):
        first = Repurchase(earlier.fold(category_of, cut), category_of)
        pairs = earlier.pairs()
        said = first.probabilities(pairs, cut)
        whole.calibrate(said, lines.bought(pairs, cut))
    return whole


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
