"""Ridge regression as a fold: exact, and the same whether fed one by one, in parts or at once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Regression:
    """Sums that give the posterior of the weights w in y = x w + noise.

    A = sum x x^T, b = sum x y; with the prior w ~ N(m, 1/lambda):
    w = (A + lambda I)^-1 (b + lambda m).

    >>> fold = Regression(2)
    >>> fold.add(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([1.0, 3.0]))
    >>> mean, _ = fold.posterior(np.zeros(2), np.full(2, 1e-9))
    >>> mean.round(3).tolist()
    [1.0, 2.0]

    References: Bishop (2006), Pattern Recognition and Machine Learning, eq. 3.50-3.51.
    """

    __slots__ = ("count", "moment", "precision", "squares", "total")

    def __init__(self, width: int) -> None:
        self.precision: Floats = np.zeros((width, width))
        self.moment: Floats = np.zeros(width)
        self.count = 0.0
        self.total = 0.0
        self.squares = 0.0

    def add(self, x: Floats, y: Floats) -> None:
        """Add observations x (n, d) with their rewards y (n,)."""
        self.precision += x.T @ x
        self.moment += x.T @ y
        self.count += float(len(y))
        self.total += float(y.sum())
        self.squares += float(y @ y)

    def correct(self, x: Floats, change: float, before: float = 0.0) -> None:
        """An observation x (d,) that is in already turned out `change` higher than `before`."""
        self.moment += x * change
        self.total += change
        self.squares += (before + change) ** 2 - before**2

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        self.precision *= share
        self.moment *= share
        self.count, self.total = self.count * share, self.total * share
        self.squares *= share

    def merge(self, other: "Regression") -> "Regression":
        """The fold of both sides' observations."""
        both = Regression(len(self.moment))
        both.precision = self.precision + other.precision
        both.moment = self.moment + other.moment
        both.count = self.count + other.count
        both.total = self.total + other.total
        both.squares = self.squares + other.squares
        return both

    def posterior(self, mean: Floats, strength: Floats) -> tuple[Floats, Floats]:
        """Weights (d,), and covariance (d, d) over the noise; `strength` (d,) is the prior's."""
        covariance: Floats = np.asarray(
            np.linalg.inv(self.precision + np.diag(strength)), dtype=np.float64
        )
        weights = covariance @ (self.moment + strength * mean)
        return weights, covariance

    @property
    def noise(self) -> float:
        """The variance of one reward; what was seen weighs against 50 rewards of variance 0.05."""
        if self.count <= 0:
            return 0.05
        mean = self.total / self.count
        seen = max(self.squares / self.count - mean * mean, 0.0)
        return (self.count * seen + 50.0 * 0.05) / (self.count + 50.0)
