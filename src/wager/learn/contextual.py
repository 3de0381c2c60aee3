"""What items are worth by the numbers that a moment is told with: curves, one reward at a time."""

from collections.abc import Mapping, Sequence
from copy import copy

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.moments import Curve, Group, Shares, record
from wager.learn.moments import is_heard
from wager.stats.fourier import Fourier, Scale
from wager.stats.recursive import Recursive

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FEATURES = 128  # random Fourier features
WIDE = 64  # inputs beyond which straight lines alone are learnt
STRENGTHS = (0.3,)  # of the prior of an item's own weights, in rewards
FIRST_REWARD, FIRST_NOISE, DOUBT = 0.05, 0.05, 10.0  # and how many rewards these are worth
SHARE = 0.05  # of the posterior's variance that is played
# in placements, where contexts are smaller and rewards are rare
CURVES, PRIORS, ITEMS = 64, (1.0, 15.0, 200.0), 64
BELIEVED = 5.0  # log of how much likelier rewards must be with curves than without: 150 times
REMEMBERED = 2_000.0  # rewards over which the noise is averaged


class Kept(msgspec.Struct, frozen=True):
    """What of a learner outlives a restart; everything else follows from it."""

    inputs: int
    seed: int
    features: int
    level: bool
    names: list[str]
    items: list[tuple[float, tuple[bytes, bytes, list[int]]]]  # by strength
    scale: tuple[int, list[float], list[float]]
    taken: tuple[int, list[float], list[float]]
    numbers: tuple[float, float, float, float]


class Contextual:
    """The learner of one placement: reward = common + item(context) + noise.

    Each item adds a curve of its own to what items bring on the average, and that curve is nothing
    until there is evidence: so a new item is worth what the others are worth, and uncertain. Of
    several `strengths` of the prior the likeliest is believed. Without `level` it learns what is
    left of a reward that others foretold: how items differ between moments, not on the average.

    >>> learner = Contextual(1)
    >>> for hour in (0.0, 1.0) * 40:
    ...     learner.add(np.array([hour]), "late", hour)
    ...     learner.add(np.array([hour]), "early", 1.0 - hour)
    >>> mean, deviation = learner.expect(np.array([1.0]), ["late", "early", "unknown"])
    >>> mean.round(1).tolist()
    [1.0, 0.0, 0.5]
    """

    def __init__(
        self, inputs: int, *, seed: int = 0, features: int = FEATURES,
        strengths: Sequence[float] = STRENGTHS, level: bool = True,
    ) -> None:  # fmt: skip
        self.inputs, self.seed, self.features, self.level = inputs, seed, features, level
        curves = features if inputs <= WIDE else 0
        self.lift = Fourier(inputs, curves, seed=seed, level=level)
        self.rows: dict[str, int] = {}
        self.all = [Recursive(self.lift.width, strength) for strength in strengths]
        self.items = self.all[0]  # those of the likeliest strength
        self.rewards, self.count = 0.0, 0.0
        self.noise, self.noise_count = FIRST_NOISE, DOUBT
        self._last: tuple[Floats, Singles] | None = None

    @property
    def common(self) -> float:
        """What an item is worth of which nothing is known."""
        if not self.level:
            return 0.0
        return (self.rewards + FIRST_REWARD * DOUBT) / (self.count + DOUBT)

    def expect(self, x: Floats, names: Sequence[str]) -> tuple[Floats, Floats]:
        """Expected reward and its standard deviation (items,) at a context x (inputs,)."""
        z = self.lift.of(x)
        self._last = x, z
        common = self.common
        rows = [self.rows.get(name, -1) for name in names]
        if rows == list(range(self.items.count)):
            found = self.items.expect(z, common)
            mean, variance = found[0].astype(np.float64), found[1].astype(np.float64)
        else:
            mean, variance = np.full(len(names), common), np.full(len(names), float(z.dot(z)))
            variance /= self.items.strength
            known = [place for place, row in enumerate(rows) if row >= 0]
            if known:
                found = self.items.expect_some(z, [rows[place] for place in known], common)
                mean[known], variance[known] = found
        variance *= SHARE * self.noise
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def add(self, x: Floats, name: str, reward: float, looked: float = 1.0) -> None:
        """An item was shown at x (inputs,), looked at that often, and brought `reward`."""
        last, self._last = self._last, None
        z = last[1] if last is not None and last[0] is x else self.lift.of(x)
        if looked != 1.0:
            z = z * np.float32(looked)
        row = self.rows.setdefault(name, len(self.rows))
        for items in self.all:
            if row == items.count:
                items.grow()
            missed, spread = items.add(row, z, reward, self.common)
            if items is self.items:
                of_that = missed * missed / (1.0 + SHARE * spread)
        self.noise_count += 1.0 - self.noise_count / REMEMBERED
        self.noise += (of_that - self.noise) / self.noise_count
        self.rewards, self.count = self.rewards + reward, self.count + 1.0
        self.lift.see(x)

    def correct(self, x: Floats, name: str, change: float, looked: float = 1.0) -> None:
        """What was shown at x, and added before, brought `change` more."""
        row = self.rows.get(name)
        if row is not None:
            z = self.lift.of(x) * np.float32(looked)
            for items in self.all:
                items.correct(row, z, change)
            self.rewards += change

    def choose(self, noise: float) -> float:
        """Believe the strength with the most evidence for it, which is given back: by how much the
        rewards, with that much noise, are likelier than without any curve (a logarithm)."""
        found = [(items.evidence(noise, self.common), at) for at, items in enumerate(self.all)]
        evidence, at = max(found)
        self.items = self.all[at]
        return evidence

    def curve(self, keys: Sequence[str]) -> Curve:
        """What it says now of inputs of these names, as something that does not change any more."""
        parts, strength = self.items.snapshot(), self.items.strength
        return Curves(tuple(keys), copy(self.lift), dict(self.rows), parts, strength)

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        for items in self.all:
            items.fade(share)

    def pack(self) -> bytes:
        """The learner as bytes, to be kept as a model."""
        kept = Kept(
            inputs=self.inputs,
            seed=self.seed,
            features=self.features,
            level=self.level,
            names=list(self.rows),
            items=[(items.strength, items.pack()) for items in self.all],
            scale=self.lift.scale.sums(),
            taken=self.lift.taken.sums(),
            numbers=(self.rewards, self.count, self.noise, self.noise_count),
        )
        return msgspec.msgpack.encode(kept)


def unpack(body: bytes) -> Contextual:
    """The learner that `pack` wrote: it answers as if it had never stopped."""
    kept = msgspec.msgpack.decode(body, type=Kept)
    learner = Contextual(
        kept.inputs, seed=kept.seed, features=kept.features, level=kept.level,
        strengths=[strength for strength, _ in kept.items],
    )  # fmt: skip
    learner.rows = {name: row for row, name in enumerate(kept.names)}
    for items, (_, packed) in zip(learner.all, kept.items, strict=True):
        items.unpack(packed)
    learner.lift.resume(Scale.from_sums(kept.scale), Scale.from_sums(kept.taken))
    learner.rewards, learner.count, learner.noise, learner.noise_count = kept.numbers
    return learner


class Curves:
    """The curves of a moment (a `domain.moments.Curve`).

    `keys` are the numbers that are known, in their order; `parts` the weights (items, width) and
    the covariances over the noise (items, width, width) of regressions with a prior that strong.
    """

    __slots__ = ("_covariances", "_lift", "_rows", "_strength", "_weights", "keys")

    def __init__(
        self, keys: Sequence[str], lift: Fourier, rows: Mapping[str, int],
        parts: tuple[Singles, Singles], strength: float,
    ) -> None:  # fmt: skip
        self.keys, self._lift, self._rows, self._strength = keys, lift, rows, strength
        self._weights, self._covariances = parts

    def expect(
        self, names: Sequence[str], shares: Shares, told: Mapping[str, float]
    ) -> tuple[Floats, Floats]:
        """Of each item (names,) what it brings beside others and beyond what else is known, and
        its share of the noise; a number that is not told is taken to be the usual one."""
        z = self._lift.of(_inputs(self.keys, told, self._lift))
        mean, spread = np.zeros(len(names)), np.full(len(names), float(z.dot(z)) / self._strength)
        covered = self._covariances.reshape(-1, len(z)).dot(z).reshape(self._weights.shape)
        means, spreads = self._weights.dot(z), covered.dot(z)
        for place, name in enumerate(names):
            row = self._row(name, shares)
            if row >= 0:
                mean[place], spread[place] = means[row], spreads[row]
        return mean, spread

    def _row(self, name: str, shares: Shares) -> int:
        row = self._rows.get(name)
        if row is None:
            groups = shares(name)
            row = self._rows.get(groups[0][0]) if groups else None
        return self._rows.get("", -1) if row is None else row


def _inputs(keys: Sequence[str], told: Mapping[str, float], lift: Fourier) -> Floats:
    """The numbers (inputs,) in their order; what is not told is taken to be the usual."""
    total, count = lift.taken.total, max(lift.taken.count, 1)
    return np.array([told.get(key, total[at] / count) for at, key in enumerate(keys)])


class KeptNumbers(msgspec.Struct, frozen=True):
    """The fold as it is kept."""

    keys: list[str]
    since: int
    last: int
    learner: bytes


class Numbers:
    """What the numbers that a placement is told change, beyond what everybody's record said.

    Used only where rewards are likelier with it than without: where numbers mean nothing they
    change nothing. With a number that is new it begins anew.
    """

    __slots__ = ("_waiting", "keys", "last", "learner", "since")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.since, self.last = 0, 0  # the number of the first bet that counts, and of the newest
        self.learner: Contextual | None = None
        self._waiting: dict[str, set[str]] = {}

    def admit(self, told: Mapping[str, float], who: str, number: int) -> None:
        """Take up a number, `WIDE` at the most, once enough were told of with it (`is_heard`): for
        the bets after all that came so far."""
        self.last = max(self.last, number)
        for key in told:
            if key in self.keys or len(self.keys) == WIDE:
                continue
            if is_heard(self._waiting, key, who):
                self.keys.append(key)
                self.since = self.last + 1
                self.learner = Contextual(
                    len(self.keys), features=CURVES, strengths=PRIORS, level=False
                )

    def at(self, told: Mapping[str, float], number: int) -> Floats | None:
        """The inputs (inputs,) of the bet with this number; None where nothing is to be learnt."""
        if self.learner is None or number < self.since or not told:
            return None
        return _inputs(self.keys, told, self.learner.lift)

    def add(self, x: Floats, item: tuple[str, Sequence[Group]], left: float, looked: float) -> None:
        """A showing that left so much of its reward unsaid, in a slot looked at that often."""
        if self.learner is not None:
            name = record(self.learner.rows, *item, ITEMS)
            self.learner.add(x, name, looked * left, looked)

    def correct(
        self, x: Floats, item: tuple[str, Sequence[Group]], gain: float, looked: float
    ) -> None:
        """What is in already brought that much more."""
        if self.learner is not None:
            self.learner.correct(x, record(self.learner.rows, *item, ITEMS), gain, looked)

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        if self.learner is not None:
            self.learner.fade(share)

    def curve(self, noise: float) -> Curve | None:
        """What deciding reads; None where rewards are hardly likelier with it."""
        if self.learner is None or self.learner.choose(noise) <= BELIEVED:
            return None
        return self.learner.curve(self.keys)

    def kept(self) -> KeptNumbers | None:
        """All of it, to be kept as a model."""
        if self.learner is None:
            return None
        return KeptNumbers(self.keys, self.since, self.last, self.learner.pack())

    @classmethod
    def of(cls, kept: KeptNumbers) -> "Numbers":
        """The fold that `kept` was taken from."""
        fold = cls()
        fold.keys, fold.since, fold.last = kept.keys, kept.since, kept.last
        fold.learner = unpack(kept.learner)
        return fold
