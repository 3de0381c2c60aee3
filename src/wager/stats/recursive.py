"""Ridge regressions of several things over the same features, each kept exact one row at a time."""

from collections.abc import Sequence
from math import exp, log, log1p

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import sger

Singles = NDArray[np.float32]


class Recursive:
    """For each thing the posterior of its weights in y = z w + noise, prior w ~ N(m e, 1 / lambda).

        v = P z;  w += v (y - z w) / (1 + z v);  P -= v v^T / (1 + z v)

    The prior's mean is m for the first feature (the constant) and 0 for the others. It is handed in
    when something is asked, and holds as if it had been so from the start: y = z w + lambda m v_1.
    P (the covariance over the noise) and w are what a regression over all rows would give. After
    every `horizon` / 4 rows of a thing its evidence is weighed down so that a row's weight falls to
    1 / e within `horizon` rows, towards the prior and not towards nothing.

    >>> two = Recursive(width=2, strength=0.1)
    >>> row = two.grow()
    >>> z = np.array([1.0, 0.0], dtype=np.float32)
    >>> missed = [two.add(row, z, 1.0, 0.5)[0] for _ in range(9)]
    >>> round(float(two.expect(z, 0.5)[0][row]), 2)
    0.99

    References: Sherman, Morrison (1950); Haykin (2002), Adaptive Filter Theory, table 9.1.
    """

    __slots__ = (
        "_covariance",
        "_last",
        "_moments",
        "_since",
        "_volumes",
        "_weights",
        "count",
        "horizon",
        "strength",
        "width",
    )

    def __init__(self, width: int, strength: float, horizon: int = 20_000) -> None:
        self.width, self.strength, self.horizon = width, strength, horizon
        self.count = 0
        self._since: list[int] = []
        self._last: tuple[Singles, Singles] | None = None  # z, and every thing's P z
        self._covariance: Singles = np.empty((0, width, width), dtype=np.float32)
        self._weights: Singles = np.empty((0, width), dtype=np.float32)
        self._moments: Singles = np.empty((0, width), dtype=np.float32)  # sums of (y - m z_1) z
        self._volumes: list[float] = []  # log det(P^-1) / det(prior)

    def grow(self) -> int:
        """One more thing, of which nothing is known but the prior; its row."""
        if self.count == len(self._weights):
            room = max(4, 2 * self.count)
            covariance = np.empty((room, self.width, self.width), dtype=np.float32)
            weights, moments = np.zeros((2, room, self.width), dtype=np.float32)
            covariance[: self.count], weights[: self.count] = self._covariance, self._weights
            moments[: self.count] = self._moments
            self._covariance, self._weights, self._moments = covariance, weights, moments
        self._covariance[self.count] = np.eye(self.width, dtype=np.float32) / self.strength
        self._since.append(0)
        self._volumes.append(0.0)
        self.count += 1
        return self.count - 1

    def expect(self, z: Singles, above: float) -> tuple[Singles, Singles]:
        """Mean (count,) and variance over the noise (count,) of every thing at z (width,)."""
        everything = self._covariance[: self.count].reshape(-1, self.width)
        covered = everything.dot(z).reshape(self.count, self.width)
        self._last = z, covered
        mean = self._weights[: self.count].dot(z)
        mean += (self.strength * above) * covered[:, 0]
        return mean, covered.dot(z)

    def expect_some(self, z: Singles, rows: Sequence[int], above: float) -> tuple[Singles, Singles]:
        """The same of some things alone."""
        covered = np.array([self._covariance[row].dot(z) for row in rows])
        mean = self._weights[rows].dot(z)
        mean += (self.strength * above) * covered[:, 0]
        return mean, covered.dot(z)

    def add(self, row: int, z: Singles, y: float, above: float) -> tuple[float, float]:
        """One more row of a thing; by how much it was missed, and the variance it had before."""
        covariance, weights = self._covariance[row], self._weights[row]
        last, self._last = self._last, None
        covered = last[1][row] if last is not None and last[0] is z else covariance.dot(z)
        spread, missed = float(covered.dot(z)), y - float(weights.dot(z))
        prior = self.strength * above * float(covered[0])
        self._moments[row] += z * np.float32(y - above * float(z[0]))
        self._volumes[row] += log1p(spread)
        sger(-1.0 / (1.0 + spread), covered, covered, a=covariance.T, overwrite_a=1)
        covered *= missed / (1.0 + spread)
        weights += covered
        self._since[row] += 1
        if 4 * self._since[row] >= self.horizon:
            self._fade(row, exp(-self._since[row] / self.horizon))
            self._since[row] = 0
        return missed - prior, spread

    def correct(self, row: int, z: Singles, change: float) -> None:
        """A row that is in already turned out `change` higher."""
        self._last = None
        self._weights[row] += self._covariance[row].dot(z) * np.float32(change)
        self._moments[row] += z * np.float32(change)

    def evidence(self, noise: float, above: float) -> float:
        """log p(rewards) beyond what the prior's mean gives them, with that much noise: the sum of
        the logarithms of each one's odds one step ahead, in whatever order they came.

        References: MacKay (1992), Bayesian interpolation.
        """
        beyond = self._weights[: self.count].copy()
        beyond += (self.strength * above) * self._covariance[: self.count, :, 0]
        beyond[:, 0] -= above
        explained = float((beyond * self._moments[: self.count]).sum())
        return 0.5 * (explained / noise - sum(self._volumes))

    def snapshot(self) -> tuple[Singles, Singles]:
        """Copies of the weights (count, width) and the covariances (count, width, width)."""
        return self._weights[: self.count].copy(), self._covariance[: self.count].copy()

    def pack(self) -> tuple[bytes, bytes, list[int]]:
        """Covariances (their upper halves), weights, and rows since the last fading, as bytes."""
        half = np.triu_indices(self.width)
        covariance = self._covariance[: self.count, half[0], half[1]]
        return covariance.tobytes(), self._weights[: self.count].tobytes(), list(self._since)

    def unpack(self, packed: tuple[bytes, bytes, list[int]]) -> None:
        """Take over what `pack` gave of one with the same width."""
        half = np.triu_indices(self.width)
        self.count, self._since, self._last = len(packed[2]), list(packed[2]), None
        upper = np.frombuffer(packed[0], dtype=np.float32).reshape(self.count, -1)
        self._covariance = np.empty((self.count, self.width, self.width), dtype=np.float32)
        self._covariance[:, half[0], half[1]] = upper
        self._covariance[:, half[1], half[0]] = upper
        weights = np.frombuffer(packed[1], dtype=np.float32).reshape(self.count, self.width)
        self._weights, self._moments = weights.copy(), np.zeros_like(weights)
        self._volumes = [0.0] * self.count
        for row, kept in enumerate(self._covariance):
            precision = np.linalg.inv(kept.astype(np.float64))
            self._moments[row] = precision @ weights[row]
            self._measure(row, precision)

    def fade(self, share: float) -> None:
        """All evidence so far counts `share` (0 to 1) of what it did."""
        for row in range(self.count):
            self._fade(row, share)

    def _fade(self, row: int, kept: float) -> None:
        """Weigh the evidence down, the prior not; worked out in 64 bits, which mends rounding."""
        covariance = self._covariance[row].astype(np.float64)
        precision = np.linalg.inv((covariance + covariance.T) / 2.0)
        moment, moments = precision @ self._weights[row] * kept, self._moments[row] * kept
        prior = np.eye(self.width) * self.strength
        left = prior + kept * (precision - prior)
        faded = np.linalg.inv(left)
        self._covariance[row] = (faded + faded.T) / 2.0
        self._weights[row], self._moments[row] = faded @ moment, moments
        self._measure(row, left)

    def _measure(self, row: int, precision: NDArray[np.float64]) -> None:
        volume = float(np.linalg.slogdet(precision)[1])
        self._volumes[row] = volume - self.width * log(self.strength)
