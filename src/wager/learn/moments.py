"""For whom and when each item brings more than was said: a regression for each, leaning on others.

An item leans on its categories and tags, and these on what holds for everybody; how strongly is
chosen by what would have foretold each next reward best.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.moments import Cell, Fit, Group

Floats = NDArray[np.float64]

COLUMNS = 24  # the moment's: one for everybody, the others as they come
PEOPLE, WAITING = 5, 500  # with whom something is told before it has a column; others that wait
OWN = frozenset(("", "segment", "weekend", "partOfDay"))  # not told by the caller
TOLD = 12  # columns of what the caller tells
VALUES = 8  # of one key of the context, or segments, that have a column
MOST = 200  # items with a regression of their own; later ones teach their first group
USUAL = 0.15  # by how much of the usual reward one column changes an item's, a priori
SHARED = 0.3  # times as strongly that groups lean on what holds for everybody
OVERLAP = 0.5  # of the groups' doubt that is not in the items' already
ITSELF = 0.14  # the item's own level may differ more than the columns'
SWEEPS = 4  # of backfitting
# times stronger than usual that all columns but an item's own level lean
GRID = (0.1, 0.5, 2.5, 12.5, 100.0)
HALF_LIFE_DAYS = 60.0  # a showing weighs twice as much as one from 60 days before
MUCH = 1_000.0  # showings
GATHERED = 1_000  # showings that are brought into the sums at once
_NO_CELLS: Mapping[str, Cell] = {}


class KeptMoments(msgspec.Struct, frozen=True):
    """The fold as it is kept; arrays as bytes of 64-bit numbers."""

    width: int
    columns: dict[str, int]
    since: dict[str, int]
    last: int
    rows: dict[str, int]
    shares: list[tuple[Group, ...]]
    precision: bytes
    features: bytes
    gains: bytes
    newest: float
    unit: int | None = 0  # that of 2020 before there were units


class Moments:
    """The fold of one placement.

    With c the columns of a moment, x the logged features whose weights m are learnt elsewhere and
    e the chance that the slot is looked at, it keeps for each item A = sum e^2 c c^T,
    B = sum e^2 c x^T, b = sum e c y; then b - B m is what x leaves to be explained.
    """

    __slots__ = (
        "_chosen_at", "_new", "_times", "_waiting", "columns", "features", "gains", "last",
        "newest", "precision", "rows", "shares", "since", "unit", "width",
    )  # fmt: skip

    def __init__(self, width: int) -> None:
        self.width = width
        self.columns: dict[str, int] = {"": 0}
        self.last = 0  # the largest number of a bet
        self.since: dict[str, int] = {}  # the number of the first bet that a column holds for
        self.rows: dict[str, int] = {}
        self.shares: list[tuple[Group, ...]] = []
        self.precision: Floats = np.zeros((16, COLUMNS, COLUMNS))
        self.features: Floats = np.zeros((16, COLUMNS, width))
        self.gains: Floats = np.zeros((16, COLUMNS))
        self.newest = 0.0
        self.unit: int | None = None
        self._new: list[tuple[int, Floats, Floats, float]] = []  # not in the sums yet
        self._times, self._chosen_at = 1.0, 0.0
        self._waiting: dict[str, set[str]] = {}

    @classmethod
    def of(cls, kept: KeptMoments) -> "Moments":
        """The fold that `kept` was taken from."""
        fold, count = cls(kept.width), len(kept.rows)
        if len(kept.gains) != 8 * COLUMNS * count:
            return fold  # written with another number of columns
        fold.columns, fold.since, fold.rows = kept.columns, kept.since, kept.rows
        fold.shares, fold.newest, fold.last = kept.shares, kept.newest, kept.last
        fold.unit = kept.unit
        for name in ("precision", "features", "gains"):
            empty = getattr(fold, name)
            full = np.zeros((max(2 * count, 16), *empty.shape[1:]))
            full[:count] = np.frombuffer(getattr(kept, name)).reshape(count, *empty.shape[1:])
            setattr(fold, name, full)
        return fold

    def kept(self) -> KeptMoments:
        """All of it, to be kept as a model."""
        self._gather()
        count = len(self.rows)
        return KeptMoments(
            self.width, self.columns, self.since, self.last, self.rows, self.shares,
            self.precision[:count].tobytes(), self.features[:count].tobytes(),
            self.gains[:count].tobytes(), self.newest, self.unit,
        )  # fmt: skip

    def add(self, c: Floats, row: int, x: Floats, looked: float, weight: float) -> None:
        """One showing at c with features x (width,), in a slot that is looked at that often, as
        heavy as `weigh` says."""
        self._new.append((row, c, x, weight * looked**2))
        self.newest = max(self.newest, weight)
        if len(self._new) >= GATHERED:
            self._gather()

    def _gather(self) -> None:
        """Bring what is new into the sums: many at once cost little each."""
        if not self._new:
            return
        rows = np.array([one[0] for one in self._new])
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        c = np.array([one[1] for one in self._new])[order]
        once = np.array([one[3] for one in self._new])[order]
        both = np.hstack([c, np.array([one[2] for one in self._new])[order]])
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        sums = np.add.reduceat((c * once[:, None])[:, :, None] * both[:, None, :], starts, axis=0)
        self.precision[rows[starts]] += sums[:, :, :COLUMNS]
        self.features[rows[starts]] += sums[:, :, COLUMNS:]
        self._new = []

    def gain(self, row: int, c: Floats, reward: float, looked: float, weight: float) -> None:
        """What came of a showing."""
        self.gains[row] += weight * looked * reward * c

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        self._gather()
        for sums in (self.precision, self.features, self.gains):
            sums *= share

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`)."""
        self.fade(share)
        self.newest *= share

    def row(self, name: str, shares: Sequence[Group]) -> int:
        """Where an item's sums are; late-comers share those of their first group."""
        own = name in self.rows or len(self.rows) < MOST
        if not own:
            name = shares[0][0] if shares else ""
            if name not in self.rows and len(self.rows) >= 2 * MOST:
                name = ""
        row = self.rows.get(name)
        if row is not None:
            if own and shares != self.shares[row]:
                self.shares[row] = tuple(shares)
        else:
            row = self.rows[name] = len(self.rows)
            self.shares.append(tuple(shares))
            if row == len(self.precision):
                self.precision = np.concatenate([self.precision, np.zeros_like(self.precision)])
                self.features = np.concatenate([self.features, np.zeros_like(self.features)])
                self.gains = np.concatenate([self.gains, np.zeros_like(self.gains)])
        return row

    def moment(self, said: Mapping[str, float], number: int) -> Floats:
        """The columns (COLUMNS,) of what is told of a moment, that of the bet with this number."""
        c = np.zeros(COLUMNS)
        c[0] = 1.0
        for name, value in said.items():
            column = self.columns.get(name)
            if column is not None and number >= self.since[name]:
                c[column] = value
        return c

    def admit(self, said: Mapping[str, float], who: str, number: int) -> None:
        """A column for what is told, while there is room, once `PEOPLE` were told of with it: so
        nothing personal gets one. It holds for bets after all that came so far. What the caller
        tells has `TOLD` at the most."""
        self.last = max(self.last, number)
        for name in said:
            if name in self.columns or len(self.columns) == COLUMNS or not self._has_room(name):
                continue
            people = self._waiting.setdefault(name, set())
            people.add(who)
            if len(people) >= PEOPLE:
                self.columns[name], self.since[name] = len(self.columns), self.last + 1
                del self._waiting[name]
            elif len(self._waiting) > WAITING:
                del self._waiting[next(iter(self._waiting))]

    def _has_room(self, name: str) -> bool:
        keys = [one.partition("=")[0] for one in self.columns]
        key = name.partition("=")[0]
        told = sum(one not in OWN for one in keys)
        return keys.count(key) < VALUES and (key in OWN or told < TOLD)

    def fit(
        self, mean: Floats, noise: float, usual: float, items: Mapping[str, Cell] = _NO_CELLS
    ) -> Fit:
        """Weights of every item, for the features' weights `mean` (width,); `items` are the cells
        of those that have no regression of their own."""
        self._gather()
        count, d = len(self.rows), len(self.columns)
        unit = max(self.newest, 1e-300)
        a = self.precision[:count, :d, :d] / unit
        b = (self.gains[:count, :d] - self.features[:count, :d] @ mean) / unit
        strength = noise / (USUAL * max(usual, 0.01)) ** 2
        names = sorted({name for each in self.shares for name, _ in each})
        member = _members(names, self.shares)
        best = self._best(a, b, member, strength, noise)
        by_group = {name: (best.groups[at], best.unsure[at]) for at, name in enumerate(names)}
        by_group[""] = best.root, best.new_item
        by_group["?"] = np.zeros(d), best.new_group
        return Fit(
            dict(self.columns), self.rows, self.shares, (best.items, best.covariances), by_group,
            (items, ITSELF * strength),
        )  # fmt: skip

    def _best(
        self, a: Floats, b: Floats, member: Floats, strength: float, noise: float
    ) -> "_Solution":
        """The solution with the strongest evidence; once much is known it is looked for anew with
        every tenth more."""
        known = float(a[:, 0, 0].sum())
        if known > MUCH and 0.9 * self._chosen_at <= known < 1.1 * self._chosen_at:
            return _solve(a, b, member, strength, self._times, noise)
        found = {times: _solve(a, b, member, strength, times, noise) for times in GRID}
        self._times = max(found, key=lambda times: found[times].evidence)
        self._chosen_at = known
        return found[self._times]


class _Solution(msgspec.Struct, frozen=True):
    evidence: float
    items: Floats  # (items, d): all that is known of each
    covariances: Floats  # (items, d, d)
    root: Floats  # (d,)
    groups: Floats  # (groups, d): beyond the root
    unsure: Floats  # (groups, d, d)
    new_item: Floats  # (d, d)
    new_group: Floats  # (d, d)


def _members(names: Sequence[str], shares: Sequence[Sequence[Group]]) -> Floats:
    """How much each group says of each item (items, groups)."""
    place = {name: at for at, name in enumerate(names)}
    member = np.zeros((len(shares), len(names)))
    for row, each in enumerate(shares):
        for name, weight in each:
            member[row, place[name]] = weight
    return member


def _solve(
    a: Floats, b: Floats, member: Floats, strength: float, times: float, noise: float
) -> _Solution:
    """Ridge regression of root + groups + item, each block given the others (backfitting).

    With K the strengths, the evidence log p(rewards | K) is, but for what K does not change,
    (b w / noise - sum log det(A + K) / det K) / 2: the sum of the logarithms of what each reward's
    odds were one step ahead, in whatever order they came.

    References: Hastie, Tibshirani (1990), Generalized Additive Models, section 4.4;
    MacKay (1992), Bayesian interpolation.
    """
    d = b.shape[1]
    prior = np.full(d, strength * times)
    prior[0] = strength * ITSELF
    lean = np.diag(prior)
    inverse: Floats = np.asarray(np.linalg.inv(a + lean), dtype=np.float64)
    root_inverse = np.linalg.inv(a.sum(axis=0) + 0.05 * lean)
    by_group = np.einsum("rg,rij->gij", member**2, a, optimize=True)
    group_inverse = np.linalg.inv(by_group + SHARED * lean)
    groups = np.zeros((member.shape[1], d))
    root, own = np.zeros(d), np.zeros_like(b)
    for _ in range(SWEEPS):
        above = member @ groups
        root = root_inverse @ (b - _times(a, above + own)).sum(axis=0)
        for at in range(len(groups)):
            rows = np.flatnonzero(member[:, at])
            share = member[rows, at, None]
            others = root + member[rows] @ groups - share * groups[at] + own[rows]
            left = b[rows] - _times(a[rows], others)
            groups[at] = group_inverse[at] @ (share * left).sum(axis=0)
        above = root + member @ groups
        own = _times(inverse, b - _times(a, above))
    unsure = OVERLAP * np.einsum("rg,gij->rij", member**2, group_inverse, optimize=True)
    alone = np.diag(1.0 / prior)
    items = above + own
    known = _log_volume(inverse, prior) + _log_volume(group_inverse, SHARED * prior)
    evidence = 0.5 * (float((b * items).sum()) / noise - known)
    return _Solution(
        evidence, items, inverse + unsure, root, groups, group_inverse, alone, alone / SHARED
    )


def _log_volume(inverses: Floats, prior: Floats) -> float:
    """Sum of log det(A + K) / det K: what the evidence pays for weights that can be anything."""
    if not len(inverses):
        return 0.0
    return float(-np.linalg.slogdet(inverses)[1].sum()) - len(inverses) * float(np.log(prior).sum())


def _times(matrices: Floats, vectors: Floats) -> Floats:
    found: Floats = np.einsum("rij,rj->ri", matrices, vectors)
    return found
