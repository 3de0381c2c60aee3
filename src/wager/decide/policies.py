"""Policies: from what candidates are worth to the odds that each is chosen with."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from wager.domain.definitions import PolicyName
from wager.stats.best import probability_best

Floats = NDArray[np.float64]
Policy = Callable[[Floats, Floats, float], Floats]


def thompson(mean: Floats, deviation: Floats, explore: float) -> Floats:
    """The probability that each is best, and a share `explore` spread evenly over all.

    >>> thompson(np.array([0.1, 0.1]), np.array([0.02, 0.02]), 0.0).round(3).tolist()
    [0.5, 0.5]

    References: Thompson (1933); Agrawal, Goyal (2013).
    """
    return _mixed(probability_best(mean, deviation), explore)


def softmax(mean: Floats, deviation: Floats, explore: float) -> Floats:
    """Odds proportional to exp(mean / typical deviation), and `explore` spread evenly.

    >>> softmax(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.1).tolist()
    [0.5, 0.5]
    """
    scale = max(float(np.median(deviation)), 1e-9)
    weights = np.exp((mean - mean.max()) / scale)
    return _mixed(weights / weights.sum(), explore)


def inverse_gap(mean: Floats, deviation: Floats, explore: float) -> Floats:
    """Odds 1 / (K + gamma gap) for all but the best, which has the rest; gamma = K / spread.

    >>> inverse_gap(np.array([0.3, 0.3]), np.array([0.1, 0.1]), 0.0).tolist()
    [0.5, 0.5]

    References: Foster, Rakhlin (2020), Beyond UCB, algorithm 1.
    """
    count = len(mean)
    best = int(np.argmax(mean))
    gamma = count / max(float(np.median(deviation)), 1e-9)
    odds = 1.0 / (count + gamma * (mean[best] - mean))
    odds[best] = 0.0
    odds[best] = 1.0 - odds.sum()
    return _mixed(odds, explore)


def greedy(mean: Floats, deviation: Floats, explore: float) -> Floats:
    """The best in expectation, and `explore` spread evenly over all (epsilon-greedy).

    >>> greedy(np.array([0.1, 0.2]), np.array([1.0, 1.0]), 0.1).tolist()
    [0.05, 0.95]
    """
    odds = np.zeros(len(mean))
    odds[int(np.argmax(mean))] = 1.0
    return _mixed(odds, explore)


def _mixed(odds: Floats, explore: float) -> Floats:
    """No propensity is zero: an arm that is never shown can never be learnt."""
    floor = max(explore, 1e-3)
    mixed: Floats = (1.0 - floor) * odds + floor / len(odds)
    return mixed


POLICIES: Mapping[PolicyName, Policy] = {
    "thompson": thompson,
    "softmax": softmax,
    "inverse-gap": inverse_gap,
    "greedy": greedy,
}
