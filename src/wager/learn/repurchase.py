"""When things are bought again: hazards by days since the last purchase, learnt from all orders."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wager.domain.models import Cycle, Cycles
from wager.domain.repeats import (
    BINS,
    EDGES,
    MONTH_DAYS,
    STRATA,
    TERMS,
    TIMES,
    Repeats,
    terms,
)
from wager.learn.history import Lines, Pairs

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
CategoryOf = Callable[[str], Sequence[str]]
Table = Floats  # (2, STRATA, BINS): gaps that ended in a bin, and those last seen open in it

STRENGTH = 30.0  # gaps that what stands above counts for
LEAST_GAPS = 30
HORIZON_DAYS = 180.0
SELDOM = 0.05
EARLY = 0.05
DURABLE_DAYS = 365.0
SEASON_DAYS = (300.0, 430.0)
MOST_ITEMS = 8_000
EVEN: Floats = np.array([0.0, 1.0, *[0.0] * (TERMS - 2)])
DOUBT = 100.0  # 1 / 0.1^2
MOST_STEPS = 30
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


def _fitted(x: Floats, came: Floats) -> Floats:
    """Most likely weights (TERMS,) for terms x (TERMS, pairs) by Newton's method with halved steps,
    before which each is thought to be `EVEN`, give or take a tenth: where all figures are alike
    they say little."""

    def loss(weights: Floats) -> float:
        z = weights @ x
        off = weights - EVEN
        return float(np.sum(np.logaddexp(0.0, z) - came * z) + DOUBT / 2.0 * off @ off)

    weights, lost = EVEN, loss(EVEN)
    for _ in range(MOST_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(weights @ x, -30.0, 30.0)))
        slope = x @ (came - p) - DOUBT * (weights - EVEN)
        bend = (x * (p * (1.0 - p))) @ x.T + DOUBT * np.eye(TERMS)
        step = np.linalg.solve(bend, slope)
        while (better := loss(weights + step)) > lost and np.abs(step).max() > 1e-9:
            step = step / 2.0
        if lost - better < 1e-6 * max(lost, 1.0):
            break
        weights, lost = weights + step, better
    return weights


class Repurchase:
    """Hazards of items, leaning on their category's, and those on everybody's."""

    def __init__(self, fold: Gaps, category_of: CategoryOf) -> None:
        none = np.zeros((2, STRATA, BINS))
        self.fold = fold
        self._category_of = category_of
        self._all = hazards(fold.tables.get(ALL, none), None)
        self.repeats = self._repeats()

    def hazard(self, item_id: str) -> Floats:
        """(STRATA, BINS) of an item: its own gaps, then its category's, then everybody's."""
        names = [name for one in self._category_of(item_id)[:1] if (name := f"same:{one}")]
        found = self._all
        for name in (*names, item_id):
            table = self.fold.tables.get(name)
            if table is not None:
                found = hazards(table, found)
        return found

    def _repeats(self) -> Repeats:
        """The curves of all that has gaps of its own."""
        rows: dict[str, int] = {}
        curves: list[Floats] = []
        for name in self.fold.tables:
            if name.startswith("any:") or name == ALL:
                continue
            rows[name] = len(rows)
            table = self.fold.tables[name]
            kind, _, _ = name.partition(":")
            found = hazards(table, self._all) if kind == "same" else self.hazard(name)
            curves.append(accumulated(found))
        return Repeats(rows, np.stack([*curves, accumulated(self._all)]))

    def probabilities(self, pairs: Pairs, now: float) -> Floats:
        """How likely each pair (pairs,) is bought again within a month from day `now` on."""
        return self.repeats.probabilities(self._rows(pairs), pairs.at(now))

    def _rows(self, pairs: Pairs) -> Whole:
        found = [self.repeats.row(name, self._category_of(name)) for name in pairs.names]
        return np.array(found, dtype=np.int64)[pairs.what]

    def calibrate(self, earlier: "Repurchase", pairs: Pairs, now: float, came: Floats) -> None:
        """Learn from what an earlier state of knowledge said of pairs on a day, and what came of
        them (0 or 1): how the curves fall short, and what the person's own rate adds."""
        had = pairs.at(now)
        x = terms(earlier.repeats.hazard(earlier._rows(pairs), had), had)
        weights = tuple(_fitted(x, came).tolist())
        self.repeats = replace(self.repeats, weights=weights)

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


def counted(lines: Lines, category_of: CategoryOf, until: float) -> Gaps:
    """All gaps up to a day: of items with enough of them, of categories (of the same item in
    it, and of anything in it), and of all."""
    found = Gaps()
    if not len(lines.who):
        return found
    count = len(lines.names)
    kept = np.argsort(-np.bincount(lines.what, minlength=count), kind="stable")[:MOST_ITEMS]
    rank = np.full(count, -1)
    rank[kept] = np.arange(len(kept))
    shown = rank[lines.what] >= 0
    tables = gaps(lines.who[shown], rank[lines.what[shown]], lines.day[shown], until)
    for position, table in zip(kept, tables, strict=False):
        name = lines.names[position]
        found.extend(ALL, table)
        for category in category_of(name)[:1]:
            found.extend(f"same:{category}", table)
        if table.sum() >= LEAST_GAPS:
            found.extend(name, table)
    _add_categories(found, lines, [category_of(name)[:1] for name in lines.names], until)
    return found


def _add_categories(found: Gaps, lines: Lines, of: Sequence[Sequence[str]], until: float) -> None:
    """Gaps between purchases of anything in a category."""
    numbers: dict[str, int] = {}
    code = np.array([numbers.setdefault(one[0], len(numbers)) if one else -1 for one in of])
    inside = code[lines.what] >= 0
    if not inside.any():
        return
    tables = gaps(lines.who[inside], code[lines.what[inside]], lines.day[inside], until)
    for name, table in zip(numbers, tables, strict=False):
        found.extend(f"any:{name}", table)


def learnt(lines: Lines, category_of: CategoryOf) -> Repurchase:
    """Hazards from all lines; calibrated by what their first part said of the last month."""
    until = float(np.floor(lines.day.max())) + 1.0 if len(lines.day) else 0.0
    cut = until - MONTH_DAYS
    whole = Repurchase(counted(lines, category_of, until), category_of)
    earlier = lines.before(cut)
    if len(earlier.day):
        first = Repurchase(counted(earlier, category_of, cut), category_of)
        pairs = earlier.pairs()
        whole.calibrate(first, pairs, cut, lines.bought(pairs, cut))
    return whole


def pack(repeats: Repeats) -> bytes:
    """The curves and weights as bytes for the store."""
    body = io.BytesIO()
    np.savez(
        body, names=np.array(list(repeats.rows), dtype=np.str_),
        curves=repeats.curves.astype(np.float32), weights=np.array(repeats.weights),
    )  # fmt: skip
    return body.getvalue()


def unpack(body: bytes) -> Repeats:
    """The curves and weights that were packed."""
    with np.load(io.BytesIO(body), allow_pickle=False) as kept:
        rows = {name: row for row, name in enumerate(kept["names"].tolist())}
        curves = kept["curves"].astype(np.float64)
        return Repeats(rows, curves, tuple(kept["weights"].tolist()))
