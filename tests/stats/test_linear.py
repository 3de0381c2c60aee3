"""The regression recovers the weights that the data was made from, however it is fed."""

import numpy as np

from wager.stats.linear import Regression


def world(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(count), rng.normal(size=(count, 2))])
    truth = np.array([0.3, -0.2, 0.5])
    return x, x @ truth + rng.normal(scale=0.1, size=count), truth


def test_recovers_the_truth_within_its_own_error() -> None:
    x, y, truth = world(5000, 1)
    fold = Regression(3)
    fold.add(x, y)
    mean, covariance = fold.posterior(np.zeros(3), np.full(3, 1e-6))
    error = np.sqrt(np.diag(covariance) * 0.01)
    assert (np.abs(mean - truth) < 5 * error).all()
    wrong, _ = fold.posterior(np.zeros(3), np.full(3, 1e5))
    assert not (np.abs(wrong - truth) < 5 * error).all()


def test_a_correction_is_as_if_it_had_been_known() -> None:
    x, y, _ = world(50, 2)
    known, late = Regression(3), Regression(3)
    known.add(x, y)
    late.add(x, np.zeros(50))
    for row, reward in zip(x, y, strict=True):
        late.correct(row, float(reward))
    np.testing.assert_allclose(late.moment, known.moment)
    np.testing.assert_allclose(late.squares, known.squares)
