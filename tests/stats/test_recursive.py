"""One row at a time gives what a regression over all rows gives, and old evidence fades."""

import numpy as np
import pytest

from wager.stats.recursive import Recursive

STRENGTH, ABOVE = 0.5, 0.3


def world(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = np.column_stack([np.ones(count), rng.normal(size=(count, 4))]).astype(np.float32)
    return z, z @ np.array([0.2, 0.5, -0.3, 0.0, 0.1]) + rng.normal(scale=0.1, size=count)


def at_once(z: np.ndarray, y: np.ndarray, at: np.ndarray) -> tuple[float, float]:
    """Bishop (2006), eq. 3.50 and 3.51, with the prior's mean on the constant."""
    covariance = np.linalg.inv(z.T @ z + STRENGTH * np.eye(z.shape[1]))
    prior = np.zeros(z.shape[1])
    prior[0] = STRENGTH * ABOVE
    return float(at @ covariance @ (z.T @ y + prior)), float(at @ covariance @ at)


@pytest.mark.parametrize("count", [0, 1, 300])
def test_equals_the_regression_over_all_rows(count: int) -> None:
    z, y = world(count, 1)
    fold = Recursive(5, STRENGTH)
    fold.grow()
    row = fold.grow()
    for one, reward in zip(z, y, strict=True):
        fold.add(row, one, float(reward), 0.9)  # what it was thought then does not matter
    at = np.array([1.0, 0.4, -0.2, 1.0, 0.0], dtype=np.float32)
    mean, variance = fold.expect(at, ABOVE)
    exact = at_once(z.astype(float), y, at.astype(float))
    assert (float(mean[row]), float(variance[row])) == pytest.approx(exact, rel=1e-3)
    some = fold.expect_some(at, [row, 0], ABOVE)
    assert some[0].tolist() == pytest.approx([float(mean[row]), float(mean[0])], rel=1e-5)
    assert some[1].tolist() == pytest.approx([float(variance[row]), float(variance[0])], rel=1e-5)


def test_a_correction_is_as_if_it_had_been_known() -> None:
    z, y = world(50, 2)
    known, late = Recursive(5, STRENGTH), Recursive(5, STRENGTH)
    known.grow(), late.grow()
    for one, reward in zip(z, y, strict=True):
        known.add(0, one, float(reward), ABOVE)
        late.add(0, one, 0.0, ABOVE)
    for one, reward in zip(z, y, strict=True):
        late.correct(0, one, float(reward))
    assert late.expect(z[0], ABOVE)[0] == pytest.approx(known.expect(z[0], ABOVE)[0], abs=1e-4)


def test_old_evidence_fades_towards_the_prior() -> None:
    at = np.array([1.0], dtype=np.float32)
    forgetful, stubborn = Recursive(1, 1.0, horizon=200), Recursive(1, 1.0, horizon=10**9)
    for fold in (forgetful, stubborn):
        fold.grow()
        for reward in [0.0] * 1000 + [1.0] * 400:
            fold.add(0, at, reward, 0.0)
    assert forgetful.expect(at, 0.0)[0][0] > 0.8
    assert stubborn.expect(at, 0.0)[0][0] < 0.3
    assert 1 / 300 < forgetful.expect(at, 0.0)[1][0] < 1 / 100
