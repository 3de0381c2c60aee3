"""The log-odds that outcomes were drawn from are found again."""

import numpy as np
import pytest

from wager.stats.logistic import logistic

TRUTH = np.array([-1.0, 0.8, -0.5])


def world(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    x = rng.normal([3.0, -1.0], [2.0, 0.5], size=(count, 2))
    odds = TRUTH[0] + x @ TRUTH[1:]
    return x, (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(float)


def test_the_truth_is_found_within_its_own_error() -> None:
    x, y = world(20_000)
    z = np.column_stack([np.ones(len(x)), x])
    p = 1 / (1 + np.exp(-(z @ TRUTH)))
    error = np.sqrt(np.diag(np.linalg.inv((z * (p * (1 - p))[:, None]).T @ z)))
    assert (np.abs(logistic(x, y) - TRUTH) < 5 * error).all()
    y = np.random.default_rng(12).permutation(y)  # what has nothing to do with x
    assert not (np.abs(logistic(x, y) - TRUTH) < 5 * error).all()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_gives_finite_weights(outcome: float) -> None:
    found = logistic(np.array([[0.0], [1.0], [2.0]]), np.full(3, outcome))
    assert np.isfinite(found).all()
    assert np.sign(found[0]) == 2 * outcome - 1


def test_a_perfect_split_stays_finite() -> None:
    x = np.repeat([[0.0], [1000.0]], 50, axis=0)
    found = logistic(x, np.repeat([0.0, 1.0], 50), penalty=1e-6)
    assert np.isfinite(found).all() and found[1] > 0


def test_no_rows_know_nothing() -> None:
    assert logistic(np.zeros((0, 2)), np.zeros(0)).tolist() == [0.0, 0.0, 0.0]
