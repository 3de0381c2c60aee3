"""Which items speak for which, in closed form: a matrix of weights, cut to what serving needs."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import get_lapack_funcs

Floats = NDArray[np.floating]


def ease(gram: Floats, penalty: float) -> Floats:
    """Weights (items, items) that tell each item from all the others, none from itself.

    With the gram matrix G = X^T X of people by items and P = (G + penalty I)^-1:

        B_ij = -P_ij / P_jj,  B_jj = 0

    A person's scores are x B. `gram` may be overwritten; its precision is kept.

    >>> ease(np.array([[2.0, 1.0], [1.0, 2.0]]), 1.0).round(4).tolist()
    [[0.0, 0.3333], [0.3333, 0.0]]

    References: Steck (2019), Embarrassingly shallow autoencoders for sparse data, eq. 8.
    """
    factor = _factor(gram, penalty)
    (potri,) = get_lapack_funcs(("potri",), (factor,))
    inverse, failed = potri(factor, lower=1, overwrite_c=1)
    _check(failed)
    for row in range(len(inverse) - 1):  # LAPACK fills the lower half alone
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    weights: Floats = inverse
    weights /= -np.diag(inverse).copy()
    np.fill_diagonal(weights, 0.0)
    return weights


def strongest(weights: Floats, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each row's `count` weights of the largest size: their columns and they (items, count)."""
    count = min(count, weights.shape[1])
    columns = np.empty((len(weights), count), dtype=np.int32)
    kept = np.empty((len(weights), count), dtype=np.float32)
    for row, line in enumerate(weights):
        columns[row] = np.argpartition(-np.abs(line), count - 1)[:count]
        kept[row] = line[columns[row]]
    return columns, kept


def _factor(gram: Floats, penalty: float) -> Floats:
    """The lower Cholesky factor of G + penalty I; G is symmetric, so its transpose serves."""
    matrix = gram.T if gram.flags.c_contiguous else gram
    matrix[np.diag_indices(len(matrix))] += penalty
    (potrf,) = get_lapack_funcs(("potrf",), (matrix,))
    factor, failed = potrf(matrix, lower=1, overwrite_a=1, clean=0)
    _check(failed)
    found: Floats = factor
    return found


def _check(failed: int) -> None:
    if failed:
        raise np.linalg.LinAlgError("the gram matrix is not positive definite: raise the penalty")
