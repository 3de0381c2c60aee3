"""Policies: from what candidates are worth to the odds that each is chosen with, slot by slot."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wager.domain.definitions import PolicyName
from wager.stats.best import Best

Floats = NDArray[np.float64]
Left = NDArray[np.bool_]
Odds = Callable[[Left], Floats]  # of the candidates that are left: the odds (candidates,) of each
Policy = Callable[[Floats, Floats, float, int], Odds]

LEAST_EXPLORED = 1e-3
SEEN_THROUGH = 0.2


class Least(NamedTuple):
    """How much more than the safe choice is enough: in the goal's unit, and as a share of what that
    brings."""

    gain: float
    share: float


def thompson(mean: Floats, deviation: Floats, explore: float, slots: int = 1) -> Odds:
    """The probability that each is the best of those left, a share `explore` spread evenly.

    >>> odds = thompson(np.array([0.1, 0.1]), np.array([0.02, 0.02]), 0.0)
    >>> odds(np.array([True, True])).round(3).tolist()
    [0.5, 0.5]

    References: Thompson (1933); Agrawal, Goyal (2013).
    """
    best = Best(mean, deviation, slots)
    even = max(explore, LEAST_EXPLORED)
    return lambda left: best.among(left, even)


def softmax(mean: Floats, deviation: Floats, explore: float, slots: int = 1) -> Odds:
    """Odds proportional to exp(mean / typical deviation), and `explore` spread evenly.

    >>> odds = softmax(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 0.1)
    >>> odds(np.array([True, True])).tolist()
    [0.5, 0.5]
    """
    scale = max(float(np.median(deviation)), 1e-9)

    def odds(left: Left) -> Floats:
        weights = np.where(left, np.exp((mean - mean[left].max()) / scale * left), 0.0)
        return _mixed(weights / weights.sum(), left, explore)

    return odds


def inverse_gap(mean: Floats, deviation: Floats, explore: float, slots: int = 1) -> Odds:
    """Odds 1 / (K + gamma gap) for all but the best, which has the rest; gamma = K / spread.

    >>> odds = inverse_gap(np.array([0.3, 0.3]), np.array([0.1, 0.1]), 0.0)
    >>> odds(np.array([True, True])).tolist()
    [0.5, 0.5]

    References: Foster, Rakhlin (2020), Beyond UCB, algorithm 1.
    """
    spread = max(float(np.median(deviation)), 1e-9)

    def odds(left: Left) -> Floats:
        count = int(left.sum())
        best = int(np.argmax(np.where(left, mean, -np.inf)))
        weights = np.where(left, 1.0 / (count + count / spread * (mean[best] - mean) * left), 0.0)
        weights[best] = 0.0
        weights[best] = 1.0 - weights.sum()
        return _mixed(weights, left, explore)

    return odds


def greedy(mean: Floats, deviation: Floats, explore: float, slots: int = 1) -> Odds:
    """The best in expectation, and `explore` spread evenly over all (epsilon-greedy).

    >>> odds = greedy(np.array([0.1, 0.2]), np.array([1.0, 1.0]), 0.1)
    >>> odds(np.array([True, True])).round(6).tolist()
    [0.05, 0.95]
    """

    def odds(left: Left) -> Floats:
        weights = np.zeros(len(mean))
        weights[int(np.argmax(np.where(left, mean, -np.inf)))] = 1.0
        return _mixed(weights, left, explore)

    return odds


def cleared(
    odds: Odds, told: Floats, safe: Sequence[int], least: Least, explore: float,
    held: list[float | None],
) -> Odds:  # fmt: skip
    """The odds, where the best of those left is `told` to bring enough more than the safe choice;
    otherwise the safe choice has them, but for the share `explore` spread evenly.

    Enough is `least.gain`, and `least.share` of what the safe choice brings. What too little
    promised is noted in `held`, None where it was enough.

    >>> held = []
    >>> odds = cleared(lambda left: np.array([0.9, 0.1]), np.array([0.11, 0.1]), [1],
    ...                Least(0.02, 0.0), 0.1, held)
    >>> odds(np.array([True, True])).round(3).tolist()
    [0.05, 0.95]
    """

    ranked = np.argsort(-told).tolist()

    def hedged(left: Left) -> Floats:
        best = next((row for row in safe if left[row]), None)
        if best is not None:
            sure = float(told[best])
            gain = float(told[next(row for row in ranked if left[row])]) - sure
            if gain < max(least.gain, least.share * abs(sure)):
                held.append(gain)
                given = np.zeros(len(told))
                given[best] = 1.0
                return _mixed(given, left, explore)
        held.append(None)
        return odds(left)

    return hedged


def cautious(odds: Odds, safe: Sequence[int], share: float = SEEN_THROUGH) -> Odds:
    """The safe choice of those left, but for a `share` of the odds as they were: what is shown
    while a placement does not bring what was said, so that one can see when it does again.

    >>> odds = cautious(lambda left: np.array([0.5, 0.5]), [1])
    >>> odds(np.array([True, True])).round(3).tolist()
    [0.1, 0.9]
    """

    def hedged(left: Left) -> Floats:
        given = odds(left)
        best = next((row for row in safe if left[row]), None)
        if best is None:
            return given
        given = given * share
        given[best] += 1.0 - share
        return given

    return hedged


def widened(odds: Odds, others: Sequence[int], share: float) -> Odds:
    """The odds, but for a `share` of them that is spread evenly over what is left of `others`.

    Of a person who is shown one of K categories, a share s spread evenly over the others brings the
    normalised entropy to s at the least, for s <= (K - 1) / K: it is concave in s, 0 at 0 and 1
    there.

    >>> odds = widened(lambda left: np.array([0.9, 0.1]), [1], 0.5)
    >>> odds(np.array([True, True])).round(3).tolist()
    [0.45, 0.55]
    """

    def mixed(left: Left) -> Floats:
        given = odds(left)
        among = [row for row in others if left[row]]
        if among:
            given, each = given * (1.0 - share), share / len(among)
            for row in among:
                given[row] += each
        return given

    return mixed


def curbed(odds: Odds, groups: NDArray[np.bool_], share: float) -> Odds:
    """The odds, but none of the `groups` (candidates, groups) has more than this share of them:
    what is over goes to the candidates left that are in no group, in proportion to their odds.

    Where none of those is left there is nothing else to show, and the odds stay as they are.

    >>> odds = curbed(lambda left: np.array([0.7, 0.2, 0.1]), np.array([[1], [0], [0]]) > 0, 0.4)
    >>> odds(np.array([True, True, True])).round(3).tolist()
    [0.4, 0.4, 0.2]
    """
    free = ~groups.any(axis=1)
    of_groups = groups.T.astype(np.float64)  # (groups, candidates)

    def within(left: Left) -> Floats:
        given = odds(left)
        if float((of_groups @ given).max()) <= share:
            return given
        room = float(given @ free)
        if room <= 0.0:
            return given
        kept = given.copy()
        for group in of_groups:
            held = float(kept @ group)
            if held > share:
                kept *= 1.0 - (1.0 - share / held) * group
        kept += free * (given * ((given.sum() - kept.sum()) / room))
        return kept

    return within


def floored(
    odds: Odds, floors: Sequence[tuple[Floats, float]], safe: Sequence[int]
) -> Odds:  # fmt: skip
    """The odds, moved to the safe choice as little as makes each goal's expected value reach its
    share of what the safe choice would bring: k odds + (1 - k) safe with the largest k so that

        k sum(odds v) + (1 - k) v_safe >= share v_safe

    holds for the `values` v of every floor. The safe choice is the first of it that is left.

    >>> guarded = np.array([0.0, 1.0])
    >>> odds = floored(lambda left: np.array([0.9, 0.1]), [(guarded, 0.4)], [1])
    >>> odds(np.array([True, True])).round(3).tolist()
    [0.6, 0.4]
    """

    def hedged(left: Left) -> Floats:
        given = odds(left)
        best = next((row for row in safe if left[row]), None)
        if best is None:
            return given
        kept = 1.0
        for values, share in floors:
            sure, expected = float(values[best]), float(given @ values)
            least = min(share * sure, sure)
            if expected < least:
                kept = min(kept, (sure - least) / (sure - expected))
        given = given * kept
        given[best] += 1.0 - kept
        return given

    return hedged


def _mixed(odds: Floats, left: Left, explore: float) -> Floats:
    """No propensity is zero: an arm that is never shown can never be learnt."""
    floor = max(explore, LEAST_EXPLORED)
    odds *= 1.0 - floor
    np.add(odds, floor / np.count_nonzero(left), out=odds, where=left)
    return odds


POLICIES: Mapping[PolicyName, Policy] = {
    "thompson": thompson,
    "softmax": softmax,
    "inverse-gap": inverse_gap,
    "greedy": greedy,
}
