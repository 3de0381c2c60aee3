"""What another policy would have earned: from the logged odds of the live one, with an interval."""

import msgspec
import numpy as np

from wager.domain.decisions import Decision
from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure.comparison import half_width

NEEDED_EFFECTIVE = 200  # bets that the shadow would have placed, too, by their weights
NEEDED_WON = 10
SNIPS = "self-normalised inverse propensity, asymptotic confidence sequence"
DOUBLY_ROBUST = "doubly robust, asymptotic confidence sequence"


class Seen(msgspec.Struct, frozen=True):
    """One settled bet, in its first slot: weight w (the shadow's odds of what was chosen over the
    live ones), reward r, what was expected of the choice, and on average by the shadow's odds."""

    weight: float
    reward: float
    expected: float
    average: float


class OffPolicy(msgspec.Struct):
    """The fold: sums over settled bets, for the value of a shadow and its gain over the live one.

    With weights w, rewards r, expectations q and q_s: SNIPS = sum w r / sum w; doubly robust is
    the mean of d = q_s + w (r - q); the gain is the mean of d - r, bet by bet.

    >>> fold = OffPolicy()
    >>> fold.value()
    NotEnough(needed=200, seen=0, what='bets that the shadow would have placed, too')

    References: Swaminathan, Joachims (2015), self-normalised estimator; Dudik, Langford, Li (2011).
    """

    count: float = 0.0
    won: float = 0.0
    rewards: float = 0.0
    weights: float = 0.0
    weights_squared: float = 0.0
    weighted: float = 0.0  # sum w r
    squares: tuple[float, float] = (0.0, 0.0)  # sums of w^2 r and w^2 r^2
    robust: tuple[float, float] = (0.0, 0.0)  # sums of d and d^2
    gains: tuple[float, float] = (0.0, 0.0)  # sums of d - r and of its square

    def add(self, seen: Seen, sign: float = 1.0) -> None:
        """Count a settled bet, or with sign -1 take it back."""
        w, r = seen.weight, seen.reward
        d = seen.average + w * (r - seen.expected)
        self.count += sign
        self.won += sign * (r > 0)
        self.rewards += sign * r
        self.weights += sign * w
        self.weights_squared += sign * w * w
        self.weighted += sign * w * r
        self.squares = _plus(self.squares, (w * w * r, w * w * r * r), sign)
        self.robust = _plus(self.robust, (d, d * d), sign)
        self.gains = _plus(self.gains, (d - r, (d - r) ** 2), sign)

    def merge(self, other: "OffPolicy") -> "OffPolicy":
        """Both sides together."""
        return OffPolicy(
            count=self.count + other.count,
            won=self.won + other.won,
            rewards=self.rewards + other.rewards,
            weights=self.weights + other.weights,
            weights_squared=self.weights_squared + other.weights_squared,
            weighted=self.weighted + other.weighted,
            squares=_plus(self.squares, other.squares),
            robust=_plus(self.robust, other.robust),
            gains=_plus(self.gains, other.gains),
        )

    @property
    def effective(self) -> float:
        """Kish's effective sample size: (sum w)^2 / sum w^2."""
        return self.weights**2 / self.weights_squared if self.weights_squared > 0 else 0.0

    @property
    def mean_weight(self) -> float:
        """1, give or take chance, where the logged propensities are true."""
        return self.weights / self.count if self.count else 0.0

    def value(self) -> Verdict:
        """What a bet of the shadow would have brought, self-normalised."""
        if (too_little := self._too_little()) is not None:
            return too_little
        v = self.weighted / self.weights
        spread = (
            self.squares[1] - 2.0 * v * self.squares[0] + v * v * self.weights_squared
        ) / self.weights**2
        return _estimate(v, spread, self.effective, SNIPS)

    def robust_value(self) -> Verdict:
        """The same, doubly robust."""
        return self._mean(self.robust)

    def gain(self) -> Verdict:
        """How much more than the live one, bet by bet, doubly robust."""
        return self._mean(self.gains)

    def _mean(self, sums: tuple[float, float]) -> Verdict:
        if (too_little := self._too_little()) is not None:
            return too_little
        mean = sums[0] / self.count
        spread = (sums[1] / self.count - mean * mean) / self.count
        return _estimate(mean, spread, self.count, DOUBLY_ROBUST)

    def _too_little(self) -> NotEnough | None:
        if self.effective < NEEDED_EFFECTIVE:
            what = "bets that the shadow would have placed, too"
            return NotEnough(needed=NEEDED_EFFECTIVE, seen=int(self.effective), what=what)
        if self.won < NEEDED_WON:
            return NotEnough(needed=NEEDED_WON, seen=int(self.won), what="won bets")
        return None


def seen_of(decision: Decision, reward: float) -> Seen | None:
    """The first slot of a bet as the shadow sees it; None where there was no shadow, or
    the slot was not the policy's to fill."""
    if decision.shadow is None or not decision.choices:
        return None
    first = decision.choices[0]
    odds = np.frombuffer(decision.shadow.odds, dtype="<f4").astype(float)
    said = np.array([one.expected_reward for one in decision.candidates])
    names = [one.item_id for one in decision.candidates]
    if len(odds) != len(names) or first.item_id not in names:
        return None
    row = names.index(first.item_id)
    if abs(decision.candidates[row].propensity - first.propensity) > 1e-9:
        return None  # a term of the placement has chosen, not the policy
    chance = float(odds[row])
    return Seen(
        weight=chance / first.propensity,
        reward=reward,
        expected=first.expected_reward,
        average=float(odds @ said),
    )


def _plus(
    one: tuple[float, float], other: tuple[float, float], sign: float = 1.0
) -> tuple[float, float]:
    return one[0] + sign * other[0], one[1] + sign * other[1]


def _estimate(value: float, spread: float, count: float, method: str) -> Estimate:
    spread = max(spread, 1e-300)
    half = half_width(spread, spread * count) if spread > 1e-300 else 0.0
    return Estimate(
        value=value, low=value - half, high=value + half, count=int(count), method=method
    )
