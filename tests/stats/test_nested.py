"""The evidence of nested regressions tells leans apart as the likelihood of rewards does."""

import numpy as np
from numpy.typing import NDArray

from wager.stats.nested import ROOT, SHARED, Known, solve

Floats = NDArray[np.float64]
NOISE, LEVEL = 0.1, 3.0
ITEMS, GROUPS, COLUMNS, ROWS = 12, 4, 3, 900


def world() -> tuple[Floats, Floats, Floats, Floats]:
    """Which item each reward is of, its columns, how much each group says of each item, rewards."""
    rng = np.random.default_rng(8)
    item = rng.integers(ITEMS, size=ROWS)
    c = np.hstack([np.ones((ROWS, 1)), rng.random((ROWS, COLUMNS - 1)) < 0.4])
    member = np.zeros((ITEMS, 1 + GROUPS))
    member[:, 0] = 1.0
    member[np.arange(ITEMS), 1 + rng.integers(GROUPS, size=ITEMS)] = 1.0
    member[np.arange(ITEMS), 1 + rng.integers(GROUPS, size=ITEMS)] = 0.5
    weights = 0.3 * rng.normal(size=(ITEMS, COLUMNS))
    y = np.einsum("nd,nd->n", c, weights[item]) + np.sqrt(NOISE) * rng.normal(size=ROWS)
    return item, c, member, y


def exactly(prior: Floats) -> float:
    """log p(rewards), all of them at once: they are normal with what their weights share."""
    item, c, member, y = world()
    lean = np.tile(SHARED * prior, (1 + GROUPS, 1))
    lean[0] = ROOT * prior
    lean[0, 0] = LEVEL
    design = np.hstack([np.eye(ITEMS), member])[item]
    x = (design[:, :, None] * c[:, None, :]).reshape(ROWS, -1)
    spread = NOISE / np.concatenate([np.tile(prior, ITEMS), lean.ravel()])
    covariance = (x * spread) @ x.T + NOISE * np.eye(ROWS)
    return -0.5 * float(np.linalg.slogdet(covariance)[1] + y @ np.linalg.solve(covariance, y))


def evidence(prior: Floats) -> float:
    item, c, member, y = world()
    a = np.zeros((ITEMS, COLUMNS, COLUMNS))
    b = np.zeros((ITEMS, COLUMNS))
    np.add.at(a, item, c[:, :, None] * c[:, None, :])
    np.add.at(b, item, c * y[:, None])
    return solve(Known(a, b, member, NOISE, LEVEL), prior).evidence


def test_the_evidence_tells_leans_apart_as_the_likelihood_does() -> None:
    usual = np.array([2.0, 2.0, 2.0])
    for other in ([40.0, 2.0, 2.0], [2.0, 40.0, 40.0], [2.0, 0.2, 40.0], [0.1, 0.1, 0.1]):
        prior = np.array(other)
        apart = exactly(prior) - exactly(usual)
        assert abs(evidence(prior) - evidence(usual) - apart) < 0.1 * abs(apart) + 0.5
