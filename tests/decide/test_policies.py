"""Every policy gives odds: positive, summing to one, larger for what is better."""

import numpy as np
import pytest

from wager.decide.policies import POLICIES, floored, greedy
from wager.domain.definitions import PolicyName


def every(mean: np.ndarray) -> np.ndarray:
    """All candidates are left."""
    return np.ones(len(mean), dtype=bool)


MEANS = [
    np.array([0.05]),
    np.array([0.05, 0.04, 0.01]),
    np.array([0.0, 0.0, 0.0, 0.0]),
    np.linspace(-0.1, 0.4, 30),
]


@pytest.mark.parametrize("name", list(POLICIES))
@pytest.mark.parametrize("mean", MEANS, ids=len)
def test_odds_are_odds(name: PolicyName, mean: np.ndarray) -> None:
    odds = POLICIES[name](mean, np.full(len(mean), 0.02), 0.05, 1)(every(mean))
    assert odds.sum() == pytest.approx(1.0)
    assert (odds >= 0.05 / len(mean) - 1e-12).all()
    assert odds.argmax() == mean.argmax() or np.ptp(mean) == 0


@pytest.mark.parametrize("name", list(POLICIES))
def test_no_exploration_still_leaves_no_propensity_at_zero(name: PolicyName) -> None:
    odds = POLICIES[name](np.array([0.9, 0.0]), np.array([1e-4, 1e-4]), 0.0, 1)(every(np.zeros(2)))
    assert odds.min() > 0


def test_thompson_gives_the_uncertain_its_chance_where_greedy_does_not() -> None:
    mean, deviation = np.array([0.05, 0.04]), np.array([0.001, 0.05])
    assert POLICIES["thompson"](mean, deviation, 0.01, 1)(every(mean))[1] > 0.3
    assert greedy(mean, deviation, 0.01)(every(mean))[1] < 0.01


@pytest.mark.parametrize("name", list(POLICIES))
def test_later_slots_have_the_odds_of_those_left_alone(name: PolicyName) -> None:
    """As if the others had never been there: the second best is not left to chance."""
    mean, deviation = np.array([0.5, 0.3, 0.01, 0.0]), np.full(4, 0.03)
    left = np.array([False, True, True, True])
    odds = POLICIES[name](mean, deviation, 0.05, 3)(left)
    alone = POLICIES[name](mean[1:], deviation[1:], 0.05, 3)(left[1:])
    assert odds[0] == 0
    assert odds[1:] == pytest.approx(alone, abs=1e-6)
    assert odds[1] > 0.9


@pytest.mark.parametrize("seed", range(20))
def test_a_floor_is_reached_with_the_least_that_has_to_move(seed: int) -> None:
    rng = np.random.default_rng(seed)
    given, values = rng.dirichlet(np.ones(6)), rng.random((2, 6))
    shares = rng.uniform(0.5, 1.0, 2)
    guarded = list(zip(values, shares, strict=True))
    odds = floored(lambda left: given, guarded, [3, 1])(np.ones(6, dtype=bool))
    assert odds.sum() == pytest.approx(1.0)
    assert (odds >= 0).all()
    room = [float(odds @ one) - share * one[3] for one, share in guarded]
    assert min(room) >= -1e-12
    if not np.allclose(odds, given):
        assert min(room) == pytest.approx(0.0, abs=1e-12)  # no more than was needed
        assert any(float(given @ one) < share * one[3] for one, share in guarded)  # and it was
