"""The probability of being best against a closed form and against simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
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


def integrated(mean: np.ndarray, deviation: np.ndarray, row: int) -> float:
    """The same integral by adaptive quadrature over the arm's own density."""
    others = np.arange(len(mean)) != row

    def inside(u: float) -> float:
        below = norm.cdf((u - mean[others]) / deviation[others]).prod()
        return float(norm.pdf(u, mean[row], deviation[row]) * below)

    around = mean[row] - 8 * deviation[row], mean[row] + 8 * deviation[row]
    return float(quad(inside, *around, epsabs=1e-10, limit=400)[0])


@pytest.mark.parametrize("slots", [1, 6])
def test_arms_that_cannot_be_best_are_left_out_without_harm(slots: int) -> None:
    rng = np.random.default_rng(8)
    mean, deviation = rng.uniform(0, 1, 60), rng.uniform(0.02, 0.1, 60)
    best, left = Best(mean, deviation, slots), np.ones(60, dtype=bool)
    for _ in range(slots):
        odds = best.among(left)
        row = int(odds.argmax())
        now = np.flatnonzero(left)
        exact = integrated(mean[now], deviation[now], int(np.flatnonzero(now == row)[0]))
        assert odds[row] == pytest.approx(exact, abs=2e-6)
        assert odds.sum() == pytest.approx(1.0, abs=1e-12)
        left[row] = False


def test_an_even_share_is_mixed_in() -> None:
    best = Best(np.array([5.0, 0.0, 0.0]), np.array([0.1, 0.1, 0.1]))
    left = np.array([True, False, True])
    assert best.among(left, 0.1).tolist() == pytest.approx([0.95, 0.0, 0.05])
    assert best.among(np.array([False, True, False])).tolist() == [0.0, 1.0, 0.0]


def test_payoffs_far_from_zero_lose_no_digits() -> None:
    mean, deviation = np.array([0.1, 0.2, 0.15]), np.array([0.1, 0.05, 0.02])
    near, far = probability_best(mean, deviation), probability_best(mean + 1e6, deviation)
    assert far == pytest.approx(near, abs=1e-6)
