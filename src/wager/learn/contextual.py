"""What each of a few items is worth here and now: learnt from context, one reward at a time."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.stats.fourier import Fourier, Scale
from wager.stats.recursive import Recursive

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FEATURES = 128  # random Fourier features
WIDE = 64  # inputs beyond which straight lines alone are learnt
STRENGTH = 0.3  # of the prior of an item's own weights, in rewards
FIRST_REWARD, FIRST_NOISE, DOUBT = 0.05, 0.05, 10.0  # and how many rewards these are worth
SHARE = 0.05  # of the posterior's variance that is played
REMEMBERED = 2_000.0  # rewards over which the noise is averaged


class Kept(msgspec.Struct, frozen=True):
    """What of a learner outlives a restart; everything else follows from it."""

    inputs: int
    seed: int
    names: list[str]
    items: tuple[bytes, bytes, list[int]]
    scale: tuple[int, list[float], list[float]]
    taken: tuple[int, list[float], list[float]]
    numbers: tuple[float, float, float, float]


class Contextual:
    """The learner of one placement: reward = common + item(context) + noise.

    Each item adds a curve of its own to what items bring on the average, and that curve is nothing
    until there is evidence: so a new item is worth what the others are worth, and uncertain.

    >>> learner = Contextual(1)
    >>> for hour in (0.0, 1.0) * 40:
    ...     learner.add(np.array([hour]), "late", hour)
    ...     learner.add(np.array([hour]), "early", 1.0 - hour)
    >>> mean, deviation = learner.expect(np.array([1.0]), ["late", "early", "unknown"])
    >>> mean.round(1).tolist()
    [1.0, 0.0, 0.5]
    """

    def __init__(self, inputs: int, *, seed: int = 0) -> None:
        self.inputs, self.seed = inputs, seed
        self.lift = Fourier(inputs, FEATURES if inputs <= WIDE else 0, seed=seed)
        self.rows: dict[str, int] = {}
        self.items = Recursive(self.lift.width, STRENGTH)
        self.rewards, self.count = 0.0, 0.0
        self.noise, self.noise_count = FIRST_NOISE, DOUBT
        self._last: tuple[Floats, Singles] | None = None

    @property
    def common(self) -> float:
        """What an item is worth of which nothing is known."""
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
            variance /= STRENGTH
            known = [place for place, row in enumerate(rows) if row >= 0]
            if known:
                found = self.items.expect_some(z, [rows[place] for place in known], common)
                mean[known], variance[known] = found
        variance *= SHARE * self.noise
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def add(self, x: Floats, name: str, reward: float) -> None:
        """An item was shown at x (inputs,), and brought `reward`."""
        last, self._last = self._last, None
        z = last[1] if last is not None and last[0] is x else self.lift.of(x)
        row = self.rows.get(name)
        if row is None:
            row = self.rows[name] = self.items.grow()
        missed, spread = self.items.add(row, z, reward, self.common)
        self.noise_count += 1.0 - self.noise_count / REMEMBERED
        self.noise += (missed * missed / (1.0 + SHARE * spread) - self.noise) / self.noise_count
        self.rewards, self.count = self.rewards + reward, self.count + 1.0
        self.lift.see(x)

    def correct(self, x: Floats, name: str, change: float) -> None:
        """What was shown at x, and added before, brought `change` more."""
        row = self.rows.get(name)
        if row is not None:
            self.items.correct(row, self.lift.of(x), change)
            self.rewards += change

    def pack(self) -> bytes:
        """The learner as bytes, to be kept as a model."""
        kept = Kept(
            inputs=self.inputs,
            seed=self.seed,
            names=list(self.rows),
            items=self.items.pack(),
            scale=self.lift.scale.sums(),
            taken=self.lift.taken.sums(),
            numbers=(self.rewards, self.count, self.noise, self.noise_count),
        )
        return msgspec.msgpack.encode(kept)


def unpack(body: bytes) -> Contextual:
    """The learner that `pack` wrote: it answers as if it had never stopped."""
    kept = msgspec.msgpack.decode(body, type=Kept)
    learner = Contextual(kept.inputs, seed=kept.seed)
    learner.rows = {name: row for row, name in enumerate(kept.names)}
    learner.items.unpack(kept.items)
    learner.lift.resume(Scale.from_sums(kept.scale), Scale.from_sums(kept.taken))
    learner.rewards, learner.count, learner.noise, learner.noise_count = kept.numbers
    return learner
