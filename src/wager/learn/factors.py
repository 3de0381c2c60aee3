"""Taste learnt from the whole history: which items go together, and what is chosen next."""

import io
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from wager.domain.taste import FRESH, HALF_LIFE_DAYS, Had, Taste, again_row, top
from wager.stats.logistic import logistic
from wager.stats.neighbours import ease, strongest

Floats = NDArray[np.float64]
AHEAD_DAYS = 30.0
POPULAR_DAYS = (7.0, 15.0, 90.0)  # half-lives of how popular an item is
LEANS = 20.0  # people of the average that stand behind each item's own


@dataclass(frozen=True, slots=True)
class History:
    """Choices as arrays of one length: person and item as small numbers, and the day of each.

    `items` names the items; a person may have chosen an item many times.
    """

    people: NDArray[np.int64]
    chosen: NDArray[np.int64]
    days: Floats
    items: tuple[str, ...]

    def kept(self, rows: NDArray[np.bool_]) -> "History":
        """The choices of these rows alone."""
        return History(self.people[rows], self.chosen[rows], self.days[rows], self.items)


@dataclass(frozen=True, slots=True)
class Shape:
    """How much a taste holds, and from how many people it learns what comes next."""

    most_items: int = 10_000
    least_people: int = 20
    neighbours: int = 50
    penalty: float = 1000.0
    most_people: int = 700
    shown: int = 600


def supported(history: History, shape: Shape) -> History:
    """Without items that fewer than `least_people` chose; the `most_items` of widest support."""
    pairs = np.unique(np.column_stack([history.chosen, history.people]), axis=0)
    support = np.bincount(pairs[:, 0], minlength=len(history.items))
    order = np.argsort(-support, kind="stable")[: shape.most_items]
    kept = np.sort(order[support[order] >= shape.least_people])
    number = np.full(len(history.items), -1)
    number[kept] = np.arange(len(kept))
    rows = number[history.chosen] >= 0
    names = tuple(history.items[place] for place in kept)
    return History(history.people[rows], number[history.chosen[rows]], history.days[rows], names)


def goes_together(history: History, shape: Shape) -> Taste:
    """Items chosen by the same people, whenever, by EASE; what comes next is not learnt yet."""
    x = _once(history)
    weights = ease((x.T @ x).toarray(), shape.penalty)
    found = strongest(weights, shape.neighbours)
    others, kept = found[0].astype(np.intp), found[1].astype(np.float64)
    names = history.items
    places = {name: place for place, name in enumerate(names)}
    taste = Taste(names, others, kept, places, appeal=np.zeros((2, len(names))))
    return replace(taste, fresh=np.array([1.0, 0.0]))


def learn_taste(history: History, shape: Shape) -> Taste:
    """EASE over all, and two logistic regressions that learn from the last thirty days what
    people chose again and for the first time, by what was known of them before.

    The regressions see weights that were worked out before those days. Where nobody has a past
    from before them, what goes together is all that is known.
    """
    end = float(history.days.max(initial=0.0)) + 1e-6
    day = end - AHEAD_DAYS
    past, then = history.kept(history.days < day), history.kept(history.days >= day)
    taste = goes_together(history, shape)
    if not len(past.days) or not len(then.days):
        return taste
    before = goes_together(past, shape)
    fresh, again = _examples(before, past, then, day, shape)
    learnt, now = _crowd(past, day), _crowd(history, end)
    found = [_fit(x, y, items, learnt) for x, y, items in (fresh, again)]
    return replace(
        taste,
        fresh=found[0][1 : -len(now)],
        again=found[1][1 : -len(now)],
        appeal=np.vstack([weights[0] + weights[-len(now) :] @ now for weights in found]),
    )


def each_person(history: History, at: float) -> dict[int, Had]:
    """What each person had as of a day."""
    key = history.people * len(history.items) + history.chosen
    pairs, cell = np.unique(key, return_inverse=True)
    times = np.bincount(cell).astype(np.float64)
    faded = 2.0 ** ((history.days - at) / HALF_LIFE_DAYS)
    recent = np.bincount(cell, faded).astype(np.float64)
    last = np.full(len(pairs), -np.inf)
    np.maximum.at(last, cell, history.days)
    person, item = np.divmod(pairs, max(len(history.items), 1))
    starts = np.flatnonzero(np.diff(person, prepend=-1))
    ends = np.append(starts[1:], len(person))
    return {
        int(person[a]): Had(item[a:b], times[a:b], recent[a:b], at - last[a:b])
        for a, b in zip(starts, ends, strict=True)
    }


_Example = tuple[Floats, Floats, NDArray[np.int64]]


def _examples(
    taste: Taste, past: History, then: History, day: float, shape: Shape
) -> tuple[_Example, _Example]:
    """Rows, outcomes and items: of what was likeliest of the new, and of all that was had."""
    chosen = {number: had.items for number, had in each_person(then, day).items()}
    popular = top(_popular(past, day)[1], min(shape.shown, len(past.items)))
    known = [one for one in each_person(past, day).items() if one[0] in chosen]
    fresh, again = [], []
    for number, had in known[:: max(1, len(known) // shape.most_people)]:
        scores = np.maximum(taste.scores(had), 0.0)
        roots = np.sqrt(scores)
        again.append(
            (again_row(had, roots[had.items]), np.isin(had.items, chosen[number]), had.items)
        )
        named = np.union1d(popular, top(scores, min(2 * shape.shown, len(scores))))
        new = np.setdiff1d(named, had.items)
        fresh.append(
            (np.column_stack([roots[new], scores[new]]), np.isin(new, chosen[number]), new)
        )
    return _joined(fresh, FRESH), _joined(again, again[0][0].shape[1] if again else 0)


def _joined(
    rows: list[tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]], width: int
) -> _Example:
    x = np.vstack([row[0] for row in rows]) if rows else np.zeros((0, width))
    y, items = (np.concatenate([row[n] for row in rows]) for n in (1, 2))
    return x, y.astype(np.float64), items.astype(np.int64)


def _fit(x: Floats, y: Floats, items: NDArray[np.int64], crowd: Floats) -> Floats:
    return logistic(np.column_stack([x, crowd[:, items].T]), y)


def _crowd(history: History, at: float) -> Floats:
    """What is read of each item as of a day (rows, items): how popular it is, and of those who had
    it, which share chose it again within the last thirty days."""
    return np.vstack([_popular(history, at), stays(history, at)])


def stays(history: History, at: float) -> Floats:
    """Log of the share (items,) of those who had an item thirty days ago that has chosen it again
    since; an item leans on all others by twenty people. Zeros where there is no such past.

        log((again_i + 20 m) / (had_i + 20)),  m = sum again / sum had
    """
    size = len(history.items)
    cells = history.people * size + history.chosen
    early = history.days < at - AHEAD_DAYS
    had = np.unique(cells[early])
    again = had[np.isin(had, cells[~early])]
    if not len(again):
        return np.zeros(size)
    owners, stayed = (np.bincount(one % size, minlength=size) for one in (had, again))
    middle = len(again) / len(had)
    found: Floats = np.log((stayed + LEANS * middle) / (owners + LEANS))
    return found


def _popular(history: History, at: float) -> Floats:
    """Log of the share of lately active people's choices (3, items), by each half-life; and of
    the number of people."""
    rows = []
    for half_life in POPULAR_DAYS:
        weight = 2.0 ** ((history.days - at) / half_life)
        counts = np.bincount(history.chosen, weight, minlength=len(history.items))
        rows.append(np.log(counts / max(weight.sum(), 1e-9) + 1e-6))
    return np.array(rows)


def _once(history: History) -> scipy.sparse.csr_matrix:
    """1 where a person (row) chose an item (column)."""
    shape = (int(history.people.max(initial=-1)) + 1, len(history.items))
    cells = (np.ones(len(history.days), np.float32), (history.people, history.chosen))
    table = scipy.sparse.csr_matrix(cells, shape)
    table.sum_duplicates()
    table.data[:] = 1.0
    return table


def pack(taste: Taste) -> bytes:
    """A taste as bytes for the store."""
    body = io.BytesIO()
    np.savez(
        body, items=np.array(taste.items, dtype=np.str_), others=taste.others.astype(np.int32),
        weights=taste.weights.astype(np.float32), fresh=taste.fresh, again=taste.again,
        appeal=taste.appeal,
    )  # fmt: skip
    return body.getvalue()


def unpack(body: bytes) -> Taste:
    """The taste that was packed."""
    with np.load(io.BytesIO(body), allow_pickle=False) as kept:
        items = tuple(kept["items"].tolist())
        places = {name: place for place, name in enumerate(items)}
        tables = (kept[name] for name in ("fresh", "again", "appeal"))
        others, weights = kept["others"].astype(np.intp), kept["weights"].astype(np.float64)
        return Taste(items, others, weights, places, *tables)
