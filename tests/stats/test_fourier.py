"""Random features: the kernel they stand for, the scale they are on, the same after a restart."""

import numpy as np
import pytest

from wager.stats.fourier import WIDEST, Fourier


def seen(inputs: int, features: int, rows: np.ndarray, seed: int = 1) -> Fourier:
    lift = Fourier(inputs, features, seed=seed)
    for row in rows:
        lift.see(row)
    return lift


def test_products_are_the_gaussian_kernel() -> None:
    """Rahimi, Recht (2007): E[z(x) z(y)] = exp(-|u - v|^2 / (2 l^2)), l = sqrt(d) / 2."""
    rng = np.random.default_rng(2)
    rows = rng.normal(3.0, [1.0, 50.0], size=(4000, 2))
    lift = seen(2, 20_000, rows)
    x, y = rows[0], rows[1]
    apart = float((((x - y) / lift.taken.of()[1]) ** 2).sum())
    product = float(lift.of(x)[3:] @ lift.of(y)[3:])
    assert product == pytest.approx(np.exp(-apart / (2 * 2 / 4)), abs=0.04)
    assert product != pytest.approx(np.exp(-apart / 2), abs=0.04)


def test_units_do_not_matter() -> None:
    rows = np.random.default_rng(3).normal(size=(200, 3))
    cents = rows * np.array([100.0, 1.0, 1e-3]) + np.array([5.0, 0.0, 7.0])
    assert seen(3, 16, cents).of(cents[5]) == pytest.approx(seen(3, 16, rows).of(rows[5]), abs=1e-4)


def test_a_number_that_never_varies_says_nothing() -> None:
    lift = seen(2, 4, np.column_stack([np.arange(9.0), np.full(9, 1e9)]))
    assert lift.of(np.array([3.0, 1e9]))[2] == 0
    assert (lift.of(np.array([3.0, 2e9])) == lift.of(np.array([3.0, 1e9]))).all()


def test_many_inputs_are_projected_and_keep_their_distances() -> None:
    rows = np.random.default_rng(4).normal(size=(300, 500))
    lift = seen(500, 0, rows)
    assert lift.width == 1 + WIDEST
    apart = [np.linalg.norm(lift.of(rows[n]) - lift.of(rows[n + 1])) for n in range(100)]
    assert np.mean(np.square(apart)) == pytest.approx(2.0, rel=0.1)
