"""What another policy would have earned: from the logged odds of the live one, with an interval."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.decisions import Decision
from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.domain.settlement import Result
from wager.measure.comparison import half_width

Floats = NDArray[np.float64]
NEEDED_EFFECTIVE = 200  # bets that the shadow would have placed, too, by their weights
NEEDED_WON = 10
LEAST_SQUARES = "inverse propensity with control variates, asymptotic confidence sequence"
DOUBLY_ROBUST = "doubly robust, asymptotic confidence sequence"
COLUMNS = 5  # of a bet: 1, y, u, v, r


class Seen(msgspec.Struct, frozen=True):
    """One settled bet, each number the mean over its slots: weight w (the shadow's odds of what
    was chosen over the live ones), w r with the reward r, w q - q_s with what was expected of the
    choice and, by the shadow's odds, of the slot; and r itself."""

    weight: float
    weighted: float
    surplus: float
    reward: float


class OffPolicy(msgspec.Struct):
    """The fold: sums over settled bets, for the value of a shadow and its gain over the live one.

    With y = w r, u = w - 1 and v = w q - q_s, both of which are 0 on average where the logged
    odds are true, the value is the mean of y - a u - b v. With a and b by least squares over y
    its variance is the smallest there is: a = b = 0 is inverse propensity scoring, b = 0 with
    a the value itself the self-normalised one, a = 0 and b = 1 the doubly robust one. So the data
    choose between them, and what lies between. The gain is the mean of (y - r) - a u - b v.

    >>> fold = OffPolicy()
    >>> fold.value()
    NotEnough(needed=200, seen=0, what='bets that the shadow would have placed, too')

    References: Owen (2013), Monte Carlo theory, methods and examples, section 8.9; Swaminathan,
    Joachims (2015); Dudik, Langford, Li (2011).
    """

    won: float = 0.0
    weights_squared: float = 0.0
    products: list[list[float]] = msgspec.field(
        default_factory=lambda: [[0.0] * COLUMNS for _ in range(COLUMNS)]
    )

    def add(self, seen: Seen, sign: float = 1.0) -> None:
        """Count a settled bet, or with sign -1 take it back."""
        w = seen.weight
        row = (1.0, seen.weighted, w - 1.0, seen.surplus, seen.reward)
        self.won += sign * (seen.reward > 0)
        self.weights_squared += sign * w * w
        for sums, one in zip(self.products, row, strict=True):
            for column, other in enumerate(row):
                sums[column] += sign * one * other

    def merge(self, other: "OffPolicy") -> "OffPolicy":
        """Both sides together."""
        return OffPolicy(
            won=self.won + other.won,
            weights_squared=self.weights_squared + other.weights_squared,
            products=(np.array(self.products) + np.array(other.products)).tolist(),
        )

    @property
    def count(self) -> float:
        """How many bets were seen."""
        return self.products[0][0]

    @property
    def weights(self) -> float:
        """The sum of the weights."""
        return self.products[0][2] + self.count

    @property
    def rewards(self) -> float:
        """The sum of the rewards, for each bet the mean over its slots."""
        return self.products[0][4]

    @property
    def effective(self) -> float:
        """Kish's effective sample size: (sum w)^2 / sum w^2."""
        return self.weights**2 / self.weights_squared if self.weights_squared > 0 else 0.0

    @property
    def mean_weight(self) -> float:
        """1, give or take chance, where the logged propensities are true."""
        return self.weights / self.count if self.count else 0.0

    def value(self) -> Verdict:
        """What a slot of the shadow would have brought."""
        return self._fitted(np.array([0.0, 1.0, 0.0, 0.0, 0.0]))

    def gain(self) -> Verdict:
        """How much more than the live one, bet by bet."""
        return self._fitted(np.array([0.0, 1.0, 0.0, 0.0, -1.0]))

    def robust_value(self) -> Verdict:
        """The value by the doubly robust estimator, whose coefficients do not lean on data."""
        return self._too_little() or self._mean(np.array([0.0, 1.0, 0.0, -1.0, 0.0]), DOUBLY_ROBUST)

    def _fitted(self, mix: Floats) -> Verdict:
        """The mean of a mix of the columns, less what u and v explain of it."""
        if (too_little := self._too_little()) is not None:
            return too_little
        spread = self._spread()
        u_v = slice(2, 4)
        explained = spread[u_v, u_v] + 1e-12 * np.eye(2)
        mix = mix.copy()
        mix[u_v] -= np.linalg.lstsq(explained, spread[u_v] @ mix, rcond=1e-9)[0]
        return self._mean(mix, LEAST_SQUARES)

    def _mean(self, mix: Floats, method: str) -> Estimate:
        mean = float(mix @ np.array(self.products[0])) / self.count
        spread = max(float(mix @ self._spread() @ mix) / self.count, 1e-300)
        half = half_width(spread, spread * self.count) if spread > 1e-300 else 0.0
        return Estimate(
            value=mean, low=mean - half, high=mean + half, count=int(self.count), method=method
        )

    def _spread(self) -> Floats:
        """The covariance of the columns (columns, columns)."""
        table = np.array(self.products) / self.count
        return np.asarray(table - np.outer(table[0], table[0]))

    def _too_little(self) -> NotEnough | None:
        if self.effective < NEEDED_EFFECTIVE:
            what = "bets that the shadow would have placed, too"
            return NotEnough(needed=NEEDED_EFFECTIVE, seen=int(self.effective), what=what)
        if self.won < NEEDED_WON:
            return NotEnough(needed=NEEDED_WON, seen=int(self.won), what="won bets")
        return None


def seen_of(decision: Decision, result: Result) -> Seen | None:
    """A settled bet as the shadow sees it, over all slots; None where there was no shadow."""
    if decision.shadow is None or not decision.choices:
        return None
    chances, averages = (
        np.frombuffer(part, dtype="<f4").astype(float)
        for part in (decision.shadow.odds, decision.shadow.expected)
    )
    if not len(chances) == len(averages) == len(decision.choices):
        return None
    live, said, rewards = np.array(
        [
            (one.propensity, one.expected_reward, result.rewards.get(one.slot, 0.0))
            for one in decision.choices
        ]
    ).T
    w = chances / live
    return Seen(
        weight=float(w.mean()),
        weighted=float((w * rewards).mean()),
        surplus=float((w * said - averages).mean()),
        reward=float(rewards.mean()),
    )
