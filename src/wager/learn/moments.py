"""For whom and when each item brings more than was said: a regression for each, leaning on others.

An item leans on its categories and tags, and these on what holds for everybody; how strongly is
chosen by what would have foretold each next reward best.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.moments import Cell, Fit, Group, record
from wager.stats.decay import half_lives, weigh
from wager.stats.nested import SHARED, Known, Solution, solve

Floats = NDArray[np.float64]

COLUMNS = 24  # the moment's: one for everybody, the others as they come
PEOPLE, WAITING = 5, 500  # with whom something is told before it has a column; others that wait
OWN = frozenset(("", "segment", "weekend", "partOfDay"))  # not told by the caller
TOLD = 12  # columns of what the caller tells
VALUES = 8  # of one key of the context, or segments, that have a column
MOST = 200  # items with a regression of their own; later ones teach their first group
USUAL = 0.15  # by how much of the usual reward one column changes an item's, a priori
# times stronger than usual that an item's level and its columns lean a priori, and by how many
# factors of e it may well be otherwise
LEVEL, OTHERS, SURE_OF_LEVELS, SURE = 0.14, 1.0, 0.5, 1.5
NEXT, WEAKEST, STRONGEST = 2.5, 0.02, 200.0  # leans are looked for by factors, between bounds
# days after which a showing weighs half as much: the pace that foretells best is believed
HALF_LIVES = (60.0, 15.0, 4.0)
JUDGED, FORGOTTEN = 500.0, 4_000.0  # showings between two judgements; that halve the older ones
SURER = 4.0  # rewards' noises by which a faster pace has to be better
DOUBT = 100.0  # showings that the noise is taken from elsewhere for
GATHERED = 1_000  # showings that are brought into the sums at once
_NO_CELLS: Mapping[str, Cell] = {}


def is_heard(waiting: dict[str, set[str]], name: str, who: str) -> bool:
    """Note that a name was told of with that person: True, and forgotten, once it was with `PEOPLE`
    of them. Of more than `WAITING` names the oldest is forgotten."""
    people = waiting.setdefault(name, set())
    people.add(who)
    if len(people) >= PEOPLE:
        del waiting[name]
        return True
    if len(waiting) > WAITING:
        del waiting[next(iter(waiting))]
    return False


class KeptSums(msgspec.Struct, frozen=True, array_like=True):
    """One pace as it is kept; arrays as bytes of 64-bit numbers."""

    half_life: float
    unit: int | None
    newest: float
    squares: float
    loss: float
    precision: bytes
    features: bytes
    gains: bytes


class Sums:
    """What showings add up to at one pace: a showing weighs half as much after `half_life` days.

    With c the columns of a moment, x the logged features whose weights m are learnt elsewhere and
    e the chance that the slot is looked at, it keeps for each item A = sum e^2 c c^T,
    B = sum e^2 c x^T, b = sum e c y; then b - B m is what x leaves to be explained. `loss` is how
    far it was from what came (less what no pace can change), the older the less.
    """

    __slots__ = (
        "features", "gains", "half_life", "loss", "newest", "precision", "squares", "unit",
    )  # fmt: skip

    def __init__(self, half_life: float, width: int, room: int = 16) -> None:
        self.half_life = half_life
        self.unit: int | None = None
        self.precision: Floats = np.zeros((room, COLUMNS, COLUMNS))
        self.features: Floats = np.zeros((room, COLUMNS, width))
        self.gains: Floats = np.zeros((room, COLUMNS))
        self.newest = self.squares = 0.0  # the largest weight; the sum of squared rewards
        self.loss = 0.0

    def weights(self, at: Floats) -> Floats:
        """What showings of those moments (seconds since 1970) weigh."""
        age = half_lives(at, self.half_life)
        weigh(self, float(age.max()))
        found: Floats = 2.0 ** (age - (self.unit or 0))
        self.newest = max(self.newest, float(found.max()))
        return found

    def shown(self) -> float:
        """How many showings it stands on, the newest counting one each."""
        return float(self.precision[:, 0, 0].sum()) / max(self.newest, 1e-300)

    def left(self, rows: int, d: int, mean: Floats) -> tuple[Floats, Floats]:
        """A (rows, d, d) and b - B m (rows, d), the newest showing weighing 1."""
        unit = max(self.newest, 1e-300)
        b = self.gains[:rows, :d] - self.features[:rows, :d] @ mean
        return self.precision[:rows, :d, :d] / unit, b / unit

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        for sums in (self.precision, self.features, self.gains):
            sums *= share
        self.squares *= share

    def rescale(self, share: float) -> None:
        """Count in another unit (`stats.decay`)."""
        self.fade(share)
        self.newest *= share

    def make_room(self) -> None:
        """For as many items again."""
        self.precision = np.concatenate([self.precision, np.zeros_like(self.precision)])
        self.features = np.concatenate([self.features, np.zeros_like(self.features)])
        self.gains = np.concatenate([self.gains, np.zeros_like(self.gains)])

    def kept(self, rows: int, d: int) -> KeptSums:
        """Of so many items and columns."""
        return KeptSums(
            self.half_life, self.unit, self.newest, self.squares, self.loss,
            self.precision[:rows, :d, :d].tobytes(), self.features[:rows, :d].tobytes(),
            self.gains[:rows, :d].tobytes(),
        )  # fmt: skip

    @classmethod
    def of(cls, kept: KeptSums, rows: int, d: int, width: int) -> "Sums":
        """The sums that `kept` was taken from."""
        sums = cls(kept.half_life, width, room=max(16, 2 * rows))
        sums.unit, sums.newest = kept.unit, kept.newest
        sums.squares, sums.loss = kept.squares, kept.loss
        sums.precision[:rows, :d, :d] = np.frombuffer(kept.precision).reshape(rows, d, d)
        sums.features[:rows, :d] = np.frombuffer(kept.features).reshape(rows, d, width)
        sums.gains[:rows, :d] = np.frombuffer(kept.gains).reshape(rows, d)
        return sums


class KeptMoments(msgspec.Struct, frozen=True):
    """The fold as it is kept."""

    width: int
    columns: dict[str, int]
    since: dict[str, int]
    last: int
    rows: dict[str, int]
    shares: list[tuple[Group, ...]]
    paces: list[KeptSums] = []


class Moments:
    """The fold of one placement: the same at several paces, of which the best is believed."""

    __slots__ = (
        "_chosen_at", "_gained", "_new", "_said", "_waiting", "block", "columns", "last", "leans",
        "paces", "rows", "shares", "since", "width",
    )  # fmt: skip

    def __init__(self, width: int) -> None:
        self.width = width
        self.columns: dict[str, int] = {"": 0}
        self.last = 0  # the largest number of a bet
        self.since: dict[str, int] = {}  # the number of the first bet that a column holds for
        self.rows: dict[str, int] = {}
        self.shares: list[tuple[Group, ...]] = []
        self.paces = [Sums(days, width) for days in HALF_LIVES]
        self.block = Sums(np.inf, width)  # what came since the paces were judged
        self._said: list[Floats] = []  # what each pace had said when that was
        self._new: list[tuple[int, Floats, Floats, float, float]] = []  # not in the sums yet
        self._gained: list[tuple[int, Floats, float, float]] = []
        self.leans: dict[str, float] = {}  # by the key of columns: what is told of, before the =
        self._chosen_at = 0.0
        self._waiting: dict[str, set[str]] = {}

    @classmethod
    def of(cls, kept: KeptMoments) -> "Moments":
        """The fold that `kept` was taken from; one without paces was written before there were
        any, and begins anew."""
        fold, count, d = cls(kept.width), len(kept.rows), len(kept.columns)
        if len(kept.paces) == len(HALF_LIVES):
            fold.columns, fold.since, fold.rows = kept.columns, kept.since, kept.rows
            fold.shares, fold.last = kept.shares, kept.last
            fold.paces = [Sums.of(one, count, d, kept.width) for one in kept.paces]
            fold.block = Sums(np.inf, kept.width, room=max(16, 2 * count))
        return fold

    def kept(self) -> KeptMoments:
        """All of it, to be kept as a model."""
        self._gather()
        count, d = len(self.rows), len(self.columns)
        paces = [sums.kept(count, d) for sums in self.paces]
        return KeptMoments(
            self.width, self.columns, self.since, self.last, self.rows, self.shares, paces
        )

    def add(self, c: Floats, row: int, x: Floats, looked: float, at: float) -> None:
        """One showing at c with features x (width,), in a slot that is looked at that often, at a
        moment (seconds since 1970)."""
        self._new.append((row, c, x, looked**2, at))
        if len(self._new) >= GATHERED:
            self._gather()

    def gain(self, row: int, c: Floats, reward: float, looked: float, at: float) -> None:
        """What came of a showing of that moment."""
        self._gained.append((row, looked * reward * c, reward**2, at))

    def _gather(self) -> None:
        """Bring what is new into the sums: many at once cost little each."""
        if self._new:
            rows, c, x, once, at = (np.array(part) for part in zip(*self._new, strict=True))
            order = np.argsort(rows, kind="stable")
            rows, c, x, once, at = rows[order], c[order], x[order], once[order], at[order]
            starts = np.flatnonzero(np.diff(rows, prepend=-1))
            some, d = rows[starts], len(self.columns)
            c = c[:, :d]  # the others are none
            products = (c * once[:, None])[:, :, None] * np.hstack([c, x])[:, None, :]
            for sums in (*self.paces, self.block):
                each = products * sums.weights(at)[:, None, None]
                added = np.add.reduceat(each, starts, axis=0)
                sums.precision[some, :d, :d] += added[:, :, :d]
                sums.features[some, :d] += added[:, :, d:]
            self._new = []
        if self._gained:
            rows, c, squares, at = (np.array(part) for part in zip(*self._gained, strict=True))
            for sums in (*self.paces, self.block):
                weights = sums.weights(at)
                np.add.at(sums.gains, rows, c * weights[:, None])
                sums.squares += float(squares @ weights)
            self._gained = []

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        self._gather()
        for sums in self.paces:
            sums.fade(share)

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
            if row == len(self.block.gains):
                for sums in (*self.paces, self.block):
                    sums.make_room()
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
            if is_heard(self._waiting, name, who):
                self.columns[name], self.since[name] = len(self.columns), self.last + 1

    def _has_room(self, name: str) -> bool:
        keys, key = [_key(one) for one in self.columns], _key(name)
        told = sum(one not in OWN for one in keys)
        return keys.count(key) < VALUES and (key in OWN or told < TOLD)

    def fit(
        self, mean: Floats, noise: float, usual: float, items: Mapping[str, Cell] = _NO_CELLS
    ) -> Fit:
        """Weights of every item, for the features' weights `mean` (width,); `items` are the cells
        of those that have no regression of their own."""
        self._gather()
        judged = self._judge(mean)
        d, names = len(self.columns), sorted({name for each in self.shares for name, _ in each})
        member = _members(names, self.shares)
        paces = [self._known(sums, mean, noise, usual, member) for sums in self.paces]
        at = min(
            range(len(paces)), key=lambda at: self.paces[at].loss + SURER * paces[at].noise * at
        )
        best = self._best(paces[at])
        if judged:
            self._said = [
                best.items if known is paces[at] else solve(known, self._prior(known)).items
                for known in paces
            ]
        cells = items, self._prior(paces[at])[0]
        over = paces[at].noise / max(noise, 1e-12)  # covariances are told over the noise of all
        unsure, alone = over * best.unsure, over * best.new_item
        by_group = {name: (best.groups[at], unsure[at]) for at, name in enumerate(names, 1)}
        by_group[""], by_group["?"] = (best.groups[0], alone), (np.zeros(d), alone / SHARED)
        parts = best.items, over * best.covariances
        return Fit(dict(self.columns), self.rows, self.shares, parts, by_group, cells)

    def _judge(self, mean: Floats) -> bool:
        """How far each pace was from what came since the last time: the squared error, but for
        what is the same for all. Whether it was time to."""
        shown = self.block.shown()
        if self._said and shown < JUDGED:
            return False
        for sums, said in zip(self.paces, self._said, strict=False):
            rows, d = said.shape
            a, b = self.block.left(rows, d, mean)
            missed = float(np.einsum("ri,rij,rj", said, a, said, optimize=True))
            missed -= 2.0 * float((said * b).sum())
            sums.loss = sums.loss * 0.5 ** (shown / FORGOTTEN) + missed
        self.block = Sums(np.inf, self.width, room=len(self.block.gains))
        return True

    def _known(self, sums: Sums, mean: Floats, noise: float, usual: float, member: Floats) -> Known:
        a, b = sums.left(len(self.rows), len(self.columns), mean)
        shown, unit = sums.shown(), max(sums.newest, 1e-300)
        varied = (
            sums.squares - float(sums.gains[:, 0].sum()) ** 2 / max(shown * unit, 1e-300)
        ) / unit
        noise = (max(varied, 0.0) + DOUBT * noise) / (shown + DOUBT)
        return Known(a, b, member, noise, noise / max(usual, 0.01) ** 2)

    def _prior(self, known: Known, leans: Mapping[str, float] | None = None) -> Floats:
        """How strongly an item's level and its columns (d,) lean, in showings."""
        times = self.leans if leans is None else leans
        keys = [_key(name) for name in self.columns]
        return known.level / USUAL**2 * np.array([times.get(key, _usually(key)) for key in keys])

    def _best(self, known: Known) -> Solution:
        """The likeliest solution: by how strongly the columns of each key lean; looked for anew
        with every tenth more that is known."""
        much = float(known.a[:, 0, 0].sum())
        if not 0.9 * self._chosen_at <= much < 1.1 * self._chosen_at:
            leans = {key: self.leans.get(key, _usually(key)) for key in map(_key, self.columns)}
            most = self._likely(known, leans)
            for key in leans:
                for step in (1.0 / NEXT, NEXT):
                    while WEAKEST <= (times := leans[key] * step) <= STRONGEST:
                        likely = self._likely(known, {**leans, key: times})
                        if likely <= most:
                            break
                        leans[key], most = times, likely
            self.leans, self._chosen_at = leans, much
        return solve(known, self._prior(known))

    def _likely(self, known: Known, leans: Mapping[str, float]) -> float:
        """How likely rewards are with those leans, and these themselves."""
        surprise = sum(
            (np.log(times / _usually(key)) / (SURE if key else SURE_OF_LEVELS)) ** 2
            for key, times in leans.items()
        )
        return solve(known, self._prior(known, leans)).evidence - 0.5 * float(surprise)


def _key(column: str) -> str:
    """What the column tells of: one key of the context has a column for each of its values."""
    return column.partition("=")[0]


def _usually(key: str) -> float:
    return OTHERS if key else LEVEL


def _members(names: Sequence[str], shares: Sequence[Sequence[Group]]) -> Floats:
    place = {name: at for at, name in enumerate(names, 1)}
    member = np.zeros((len(shares), 1 + len(names)))
    member[:, 0] = 1.0
    for row, each in enumerate(shares):
        for name, weight in each:
            member[row, place[name]] = weight
    return member
