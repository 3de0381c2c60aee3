"""For whom and when each item brings more than was said: a regression for each, leaning on others.

An item leans on its categories and tags, and these on what holds for everybody; how strongly is
chosen by what would have foretold each next reward best.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.moments import Cell, Fit, Group, record

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
ROOT = 0.05  # and what holds for everybody on nothing; its level may be twice the usual, or none
# times stronger than usual that columns lean, and that an item's own level does
GRID, LEVELS = (0.1, 0.5, 2.5, 12.5, 100.0), (0.02, 0.06, 0.14, 0.4, 1.2, 4.0, 12.0)
USUALLY, SURE = (0.4, 1.0), 1.5  # level and columns a priori, and by how many factors of e
EXACT, STEPS = 1e-6, 100  # share of the distance to the solution that is left; at most so many
HALF_LIFE_DAYS = 60.0  # a showing weighs twice as much as one from 60 days before
MUCH = 1_000.0  # showings
DOUBT = 100.0  # showings that the noise is taken from elsewhere for
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
    squares: float | None = None  # taken for those of rewards of 1 before it was kept


class Moments:
    """The fold of one placement.

    With c the columns of a moment, x the logged features whose weights m are learnt elsewhere and
    e the chance that the slot is looked at, it keeps for each item A = sum e^2 c c^T,
    B = sum e^2 c x^T, b = sum e c y; then b - B m is what x leaves to be explained.
    """

    __slots__ = (
        "_chosen_at", "_leans", "_new", "_waiting", "columns", "features", "gains", "last",
        "newest", "precision", "rows", "shares", "since", "squares", "unit", "width",
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
        self.newest = self.squares = 0.0  # the largest weight; the sum of squared rewards
        self.unit: int | None = None
        self._new: list[tuple[int, Floats, Floats, float]] = []  # not in the sums yet
        self._leans, self._chosen_at = USUALLY, 0.0
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
        given = float(fold.gains[:, 0].sum()) if kept.squares is None else kept.squares
        fold.squares = given
        return fold

    def kept(self) -> KeptMoments:
        """All of it, to be kept as a model."""
        self._gather()
        count = len(self.rows)
        return KeptMoments(
            self.width, self.columns, self.since, self.last, self.rows, self.shares,
            self.precision[:count].tobytes(), self.features[:count].tobytes(),
            self.gains[:count].tobytes(), self.newest, self.unit, self.squares,
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
        self.squares += weight * reward**2

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        self._gather()
        for sums in (self.precision, self.features, self.gains):
            sums *= share
        self.squares *= share

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`)."""
        self.fade(share)
        self.newest *= share

    def row(self, name: str, shares: Sequence[Group]) -> int:
        """Where an item's sums are; late-comers share those of their first group."""
        named = record(self.rows, name, shares, MOST)
        row = self.rows.get(named)
        if row is not None:
            if named == name and shares != self.shares[row]:
                self.shares[row] = tuple(shares)
        else:
            row = self.rows[named] = len(self.rows)
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
        shown = float(self.precision[:count, 0, 0].sum())
        noise = (self.squares / unit + DOUBT * noise) / (shown / unit + DOUBT)
        a = self.precision[:count, :d, :d] / unit
        b = (self.gains[:count, :d] - self.features[:count, :d] @ mean) / unit
        level = noise / max(usual, 0.01) ** 2
        strength = level / USUAL**2
        names = sorted({name for each in self.shares for name, _ in each})
        known = _Known(a, b, _members(names, self.shares), noise, level)
        best = self._best(known, strength)
        by_group = {name: (best.groups[at], best.unsure[at]) for at, name in enumerate(names, 1)}
        by_group[""] = best.groups[0], best.new_item
        by_group["?"] = np.zeros(d), best.new_item / SHARED
        return Fit(
            dict(self.columns), self.rows, self.shares, (best.items, best.covariances), by_group,
            (items, strength * self._leans[0]),
        )  # fmt: skip

    def _best(self, known: "_Known", strength: float) -> "_Solution":
        """The likeliest solution: by how strongly columns lean, then by how the items' own levels
        do; looked for anew with every tenth more that is known."""

        def found(leans: tuple[float, float]) -> _Solution:
            prior = np.full(known.a.shape[1], strength * leans[1])
            prior[0] = strength * leans[0]
            return _solve(known, prior)

        def likely(leans: tuple[float, float]) -> float:
            surprise = sum(
                np.log(one / usual) ** 2 for one, usual in zip(leans, USUALLY, strict=True)
            )
            return found(leans).evidence - 0.5 * float(surprise) / SURE**2

        much = float(known.a[:, 0, 0].sum())
        if much <= MUCH or not 0.9 * self._chosen_at <= much < 1.1 * self._chosen_at:
            level, times = self._leans
            times = max(GRID, key=lambda one: likely((level, one)))
            level = max(LEVELS, key=lambda one: likely((one, times)))
            self._leans, self._chosen_at = (level, times), much
        return found(self._leans)


class _Known(msgspec.Struct, frozen=True):
    """Of each item A (items, d, d) and b (items, d); how much each group says of it (items,
    1 + groups), what holds for everybody first; the noise of a reward; how strongly the level of
    all leans on nothing."""

    a: Floats
    b: Floats
    member: Floats
    noise: float
    level: float


class _Solution(msgspec.Struct, frozen=True):
    evidence: float
    items: Floats  # (items, d): all that is known of each
    covariances: Floats  # (items, d, d)
    groups: Floats  # (1 + groups, d): what holds for everybody, and groups beyond that
    unsure: Floats  # (1 + groups, d, d)
    new_item: Floats  # (d, d)


def _members(names: Sequence[str], shares: Sequence[Sequence[Group]]) -> Floats:
    place = {name: at for at, name in enumerate(names, 1)}
    member = np.zeros((len(shares), 1 + len(names)))
    member[:, 0] = 1.0
    for row, each in enumerate(shares):
        for name, weight in each:
            member[row, place[name]] = weight
    return member


def _solve(known: _Known, prior: Floats) -> _Solution:
    """Ridge regression of root + groups + item, jointly.

    Where an item's own part is integrated out, what is left to root and groups u is the system
    (M^T H M + K) u = M^T h with H = A - A (A + K)^-1 A, h = b - A (A + K)^-1 b, which conjugate
    gradients solve. The evidence log p(rewards | K) is, but for what K does not change,
    (b w / noise - sum log det(A + K) / det K) / 2: the sum of the logarithms of what each reward's
    odds were one step ahead, in whatever order they came. Groups count as if each stood alone.

    References: Golub, Van Loan (2013), Matrix Computations, algorithm 11.5.1;
    MacKay (1992), Bayesian interpolation.
    """
    a, b, member = known.a, known.b, known.member
    inverse: Floats = np.asarray(np.linalg.inv(a + np.diag(prior)), dtype=np.float64)
    covered = a @ inverse
    lean = np.tile(SHARED * prior, (member.shape[1], 1))
    lean[0] = ROOT * prior
    lean[0, 0] = known.level
    system = _System(a - covered @ a, member, lean)
    groups = system.solve(member.T @ (b - _times(covered, b)))
    above = member @ groups
    items = above + _times(inverse, b - _times(a, above))
    unsure = OVERLAP * np.einsum(
        "rg,gij->rij", member[:, 1:] ** 2, system.blocks[1:], optimize=True
    )
    volumes = _log_volume(inverse, prior) + _log_volume(system.blocks[1:], lean[1:])
    return _Solution(
        0.5 * (float((b * items).sum()) / known.noise - volumes),
        items, inverse + unsure, groups, system.blocks, np.diag(1.0 / prior),
    )  # fmt: skip


class _System:
    """The equations of root and groups, by conjugate gradients with their blocks beforehand."""

    __slots__ = ("_h", "_lean", "_member", "blocks")

    def __init__(self, h: Floats, member: Floats, lean: Floats) -> None:
        self._h, self._member, self._lean = h, member, lean
        blocks = np.einsum("rg,rij->gij", member**2, h, optimize=True)
        at = np.arange(lean.shape[1])
        blocks[:, at, at] += lean
        self.blocks: Floats = np.asarray(np.linalg.inv(blocks), dtype=np.float64)

    def solve(self, right: Floats) -> Floats:
        """u (1 + groups, d) with (M^T H M + K) u = right."""
        u, left = np.zeros_like(right), right.copy()
        nearer = _times(self.blocks, left)
        way, size = nearer, float((left * nearer).sum())
        enough = EXACT**2 * size
        for _ in range(STEPS):
            if size <= enough:
                break
            turned = self._member.T @ _times(self._h, self._member @ way) + self._lean * way
            step = size / float((way * turned).sum())
            u += step * way
            left -= step * turned
            nearer = _times(self.blocks, left)
            before, size = size, float((left * nearer).sum())
            way = nearer + (size / before) * way
        return u


def _log_volume(inverses: Floats, prior: Floats) -> float:
    """Sum of log det(A + K) / det K: what the evidence pays for weights that can be anything."""
    leans = np.broadcast_to(prior, inverses.shape[:2])
    return -float(np.linalg.slogdet(inverses)[1].sum()) - float(np.log(leans).sum())


def _times(matrices: Floats, vectors: Floats) -> Floats:
    found: Floats = (matrices @ vectors[:, :, None])[:, :, 0]
    return found
