"""Curves from straight lines: numbers on one scale, and random Fourier features of them."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
CLIPPED = 4.0  # standard deviations beyond which a number counts as that far out
NARROW = 2.0  # lengths of the curves in a root of the number of inputs
WIDEST = 192  # straight features at the most: more inputs than that are projected at random


class Scale:
    """Mean and standard deviation of each of several numbers, as a fold.

    >>> seen = Scale(1)
    >>> for number in (1.0, 3.0): seen.add(np.array([number]))
    >>> [float(one[0]) for one in seen.of()]
    [2.0, 1.0]
    """

    __slots__ = ("count", "squares", "total")

    def __init__(self, width: int) -> None:
        self.count = 0
        self.total: Floats = np.zeros(width)
        self.squares: Floats = np.zeros(width)

    def add(self, x: Floats) -> None:
        """One more observation x (width,)."""
        self.count += 1
        self.total += x
        self.squares += x * x

    def merge(self, other: "Scale") -> "Scale":
        """The fold of both sides' observations."""
        both = Scale(len(self.total))
        both.count = self.count + other.count
        both.total = self.total + other.total
        both.squares = self.squares + other.squares
        return both

    def sums(self) -> tuple[int, list[float], list[float]]:
        """The fold in plain numbers."""
        return self.count, self.total.tolist(), self.squares.tolist()

    @staticmethod
    def from_sums(sums: tuple[int, list[float], list[float]]) -> "Scale":
        """The fold that gave these sums."""
        made = Scale(len(sums[1]))
        made.count, made.total, made.squares = sums[0], np.array(sums[1]), np.array(sums[2])
        return made

    def of(self) -> tuple[Floats, Floats]:
        """Means and deviations; a number that has not varied yet has deviation 0."""
        count = max(self.count, 1)
        mean = self.total / count
        spread = np.sqrt(np.maximum(self.squares / count - mean * mean, 0.0))
        return mean, np.where(spread > 1e-6 * np.maximum(np.abs(mean), 1e-6), spread, 0.0)


class Fourier:
    """z = [1, s, sqrt(2 / F) cos(2 s W + b)], s = u / sqrt(d): u is x on one scale, W, b random.

    A regression on z is one with a Gaussian kernel of length sqrt(d) / 2 in u, about a third of the
    typical distance of two observations. W and b follow from the seed alone. More than 192 inputs
    are projected onto 192 at random: exact where no more than that vary freely. The scale is that
    of what was seen so far, taken anew whenever that has grown by a half: what was learnt before
    stays good, because each time it moves less. Without `level` the constant is 0, and the curves
    have their mean over normal inputs taken off: what differs between moments, and nothing else.

    >>> lift = Fourier(2, 8, seed=1)
    >>> lift.see(np.array([1.0, 5.0]))
    >>> lift.of(np.array([1.0, 5.0])).shape
    (11,)

    References: Rahimi, Recht (2007), Random Features for Large-Scale Kernel Machines, algorithm 1.
    """

    __slots__ = (
        "_centre", "_factor", "_level", "_next", "_offset", "_phase", "_project", "_turn", "scale",
        "taken", "width",
    )  # fmt: skip

    def __init__(self, inputs: int, features: int, *, seed: int, level: bool = True) -> None:
        rng = np.random.default_rng(seed)
        straight = min(inputs, WIDEST)
        self._project: Singles | None = None
        if inputs > WIDEST:
            self._project = _normal(rng, (straight, inputs)) / np.float32(np.sqrt(straight))
        self._turn: Singles = _normal(rng, (features, straight)) * np.float32(NARROW)
        self._phase: Singles = rng.uniform(0.0, 2.0 * np.pi, features).astype(np.float32)
        self._level = np.float32(level)
        self.width = 1 + straight + features
        self.scale = Scale(inputs)
        self._take(self.scale)

    def see(self, x: Floats) -> None:
        """Count x (inputs,) among what the scale is made of."""
        self.scale.add(x)
        if self.scale.count >= self._next:
            self._take(self.scale)

    def resume(self, scale: Scale, taken: Scale) -> None:
        """Go on from what was seen, and from the scale that is in force."""
        self.scale = scale
        self._take(taken)

    def _take(self, scale: Scale) -> None:
        self.taken = scale.merge(Scale(len(scale.total)))
        mean, spread = scale.of()
        factor = np.divide(1.0, spread, out=np.zeros(len(spread)), where=spread > 0)
        self._next = max(scale.count * 3 // 2, scale.count + 1)
        self._factor, self._offset = factor, mean * factor
        varying = np.float32((spread > 0).sum() / len(spread) / max(self._turn.shape[1], 1))
        squares = np.square(self._turn).sum(axis=1)
        self._centre: Singles = np.cos(self._phase) * np.exp(-0.5 * varying * squares)

    def of(self, x: Floats) -> Singles:
        """The features z (width,) of x (inputs,)."""
        u = x * self._factor
        u -= self._offset
        np.maximum(u, -CLIPPED, out=u)
        np.minimum(u, CLIPPED, out=u)
        u *= len(u) ** -0.5
        end = self.width - len(self._phase)
        z = np.empty(self.width, dtype=np.float32)
        z[0] = self._level
        straight, curved = z[1:end], z[end:]
        straight[:] = u if self._project is None else self._project.dot(u.astype(np.float32))
        if len(curved):
            turned = self._turn.dot(straight)
            turned += self._phase
            np.cos(turned, out=curved)
            if not self._level:
                curved -= self._centre
            curved *= (2.0 / len(curved)) ** 0.5
        return z


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> Singles:
    return rng.standard_normal(shape, dtype=np.float32)
