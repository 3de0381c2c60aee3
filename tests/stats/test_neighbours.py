"""EASE against its definition: each item from all the others, one ridge regression at a time."""

import numpy as np
import pytest

from wager.stats.neighbours import ease, strongest


def checkerboard(size: int) -> np.ndarray:
    """Person n has every item of the same parity but n itself."""
    places = np.arange(size)
    board = (places[:, None] + places) % 2 == 0
    board[places, places] = False
    return board.astype(float)


def one_by_one(gram: np.ndarray, penalty: float) -> np.ndarray:
    """The ridge regression of each item on the others: (G' + penalty I) b = g."""
    weights = np.zeros_like(gram)
    for item in range(len(gram)):
        rest = np.delete(np.arange(len(gram)), item)
        inside = gram[np.ix_(rest, rest)] + penalty * np.eye(len(rest))
        weights[rest, item] = np.linalg.solve(inside, gram[rest, item])
    return weights


@pytest.mark.parametrize("penalty", [0.5, 10.0])
def test_the_closed_form_is_each_regression_by_itself(penalty: float) -> None:
    rng = np.random.default_rng(7)
    x = (rng.random((60, 9)) < 0.4).astype(float)
    expected = one_by_one(x.T @ x, penalty)
    np.testing.assert_allclose(ease(x.T @ x, penalty), expected, atol=1e-10)
    assert not np.allclose(ease(x.T @ x, 3.0 * penalty), expected, atol=1e-3)


def test_single_precision_is_kept_and_is_enough() -> None:
    x = (np.random.default_rng(8).random((200, 20)) < 0.3).astype(np.float32)
    found = ease(x.T @ x, 5.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one((x.T @ x).astype(float), 5.0), atol=1e-4)


def test_on_a_checkerboard_what_is_missing_comes_first() -> None:
    board = checkerboard(20)
    scores = board @ ease(board.T @ board, 0.1)
    scores[board > 0] = -np.inf
    assert scores.argmax(axis=1).tolist() == list(range(20))


def test_what_cannot_be_factored_says_so() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="raise the penalty"):
        ease(np.array([[1.0, 2.0], [2.0, 1.0]]), 0.0)


def test_the_strongest_are_kept_whatever_their_sign() -> None:
    columns, kept = strongest(np.array([[0.1, -0.9, 0.5], [0.0, 0.2, 0.3]]), 2)
    found = [dict(sorted(zip(c, k, strict=True))) for c, k in zip(columns, kept, strict=True)]
    assert found == [{1: np.float32(-0.9), 2: 0.5}, {1: np.float32(0.2), 2: np.float32(0.3)}]
    assert strongest(np.eye(3), 9)[0].shape == (3, 3)
