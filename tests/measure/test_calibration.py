"""Calibration: honest odds come out even, and by how much others are off."""

import numpy as np
import pytest

from wager.domain.estimates import NotEnough
from wager.measure.calibration import Calibration


def _world(exaggeration: float) -> Calibration:
    """20,000 choices whose true chance is known, said `exaggeration` times as large."""
    rng = np.random.default_rng(3)
    chances = rng.beta(1.0, 12.0, 20_000)
    won = rng.random(len(chances)) < chances
    calibration = Calibration()
    for chance, win in zip(chances, won, strict=True):
        calibration.add(float(chance) * exaggeration, float(win))
    return calibration


def test_ten_parts_of_about_equal_size() -> None:
    deciles = _world(1.0).deciles()
    assert len(deciles) == 10
    assert sum(one.count for one in deciles) == 20_000
    assert all(1400 < one.count < 2600 for one in deciles)
    assert all(one.low <= one.said < one.high for one in deciles)
    assert [one.said for one in deciles] == sorted(one.said for one in deciles)


def test_the_error_is_what_the_odds_were_exaggerated_by() -> None:
    """Of 20,000 choices some 1,540 win: chance alone leaves about 8 % in all ten together."""
    honest, inflated = _world(1.0).error(), _world(1.5).error()
    assert not isinstance(honest, NotEnough)
    assert not isinstance(inflated, NotEnough)
    assert honest < 0.12
    assert inflated == pytest.approx(0.5, abs=0.12)


def test_by_hand() -> None:
    calibration = Calibration()
    for won in [1.0] * 12 + [0.0] * 8:
        calibration.add(0.5, won)
    (decile,) = calibration.deciles()
    assert (decile.said, decile.won, decile.count) == (0.5, 0.6, 20)
    assert calibration.error() == pytest.approx(20 * 0.1 / 12)


def test_a_correction_moves_what_was_won_and_not_the_count() -> None:
    calibration = Calibration()
    calibration.add(0.25, 0.0)
    calibration.correct(0.25, 1.0)
    (decile,) = calibration.deciles()
    assert (decile.said, decile.won, decile.count) == (0.25, 1.0, 1)


def test_what_promises_nothing_has_a_place_of_its_own() -> None:
    calibration = Calibration()
    calibration.add(0.0, 0.0)
    calibration.add(-0.1, 0.0)
    calibration.add(0.5, 1.0)
    first, second = calibration.deciles()
    assert (first.low, first.high, first.said, first.count) == (0.0, 0.0, -0.05, 2)
    assert second.count == 1


def test_with_hardly_any_wins_there_is_no_error() -> None:
    calibration = Calibration()
    assert calibration.deciles() == []
    assert calibration.error() == NotEnough(needed=10, seen=0, what="won choices")
