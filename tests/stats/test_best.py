"""The probability of being best against a closed form and against simulation."""

import numpy as np
import pytest
from scipy.stats import chisquare, norm

from wager.stats.best import Best


def probability_best(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The probabilities with all arms left."""
    return Best(mean, deviation).among(np.ones(len(mean), dtype=bool))


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [((0.1, 0.2), (0.1, 0.1)), ((0.0, 0.5), (1.0, 0.2)), ((3.0, 3.1), (0.01, 0.1))],
)
def test_two_arms_have_a_closed_form(
    mean: tuple[float, float], deviation: tuple[float, float]
) -> None:
    """P(a > b) = Phi((a - b) / sqrt(s_a^2 + s_b^2))."""
    odds = probability_best(np.array(mean), np.array(deviation))
    assert odds[0] == pytest.approx(norm.cdf((mean[0] - mean[1]) / np.hypot(*deviation)), abs=1e-6)


def test_thirty_arms_against_simulation() -> None:
    rng = np.random.default_rng(7)
    mean, deviation = rng.uniform(0, 0.1, 30), rng.uniform(0.01, 0.04, 30)
    best = rng.normal(mean, deviation, (100_000, 30)).argmax(axis=1)
    counts = np.bincount(best, minlength=30)
    odds = probability_best(mean, deviation)
    assert chisquare(counts, odds * 100_000).pvalue > 1e-6
    assert chisquare(counts, np.roll(odds, 1) * 100_000).pvalue < 1e-6
