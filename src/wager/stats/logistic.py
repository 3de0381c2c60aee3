"""Logistic regression by Newton's method: log-odds as a sum of columns."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_STEP = 1e-4


def logistic(x: Floats, y: Floats, penalty: float = 1.0, rounds: int = 20) -> Floats:
    """Weights (1 + columns,), the constant first, of P(y = 1) = 1 / (1 + exp(-(w0 + x w))).

    The least of sum log(1 + exp(v)) - y v + penalty/2 |w|^2, with columns brought to mean 0 and
    deviation 1 meanwhile; each Newton step is halved until it lowers that sum. y holds 0 and 1.

    >>> x = np.array([[0.0], [0.0], [1.0], [1.0]] * 100)
    >>> bool(logistic(x, np.array([0.0, 0.0, 0.0, 1.0] * 100), 1e-3)[1] > 5)
    True

    References: Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.96-4.99.
    """
    if not len(y):
        return np.zeros(x.shape[1] + 1)
    middle, width = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = np.column_stack([np.ones(len(x)), (x - middle) / width])
    weights = np.zeros(z.shape[1])
    loss, log_odds = _loss(z, y, weights, penalty)
    for _ in range(rounds):
        p = 1.0 / (1.0 + np.exp(-log_odds))
        slope = z.T @ (y - p) - penalty * weights
        curve = (z * (p * (1.0 - p))[:, None]).T @ z + penalty * np.eye(len(weights))
        step, before = np.linalg.solve(curve, slope), loss
        while np.abs(step).max() > LEAST_STEP:
            loss, log_odds = _loss(z, y, weights + step, penalty)
            if loss <= before:
                break
            step = step / 2.0
        else:
            break
        weights = weights + step
    found: Floats = np.concatenate([[0.0], weights[1:] / width])
    found[0] = weights[0] - float(middle @ found[1:])
    return found


def _loss(z: Floats, y: Floats, weights: Floats, penalty: float) -> tuple[float, Floats]:
    log_odds = z @ weights
    total = np.logaddexp(0.0, log_odds).sum() - y @ log_odds + penalty / 2.0 * weights @ weights
    return float(total), log_odds
