"""The learner finds the truth of worlds whose truth is known; a blind twin does not."""

import numpy as np
import pytest

from wager.decide.policies import thompson
from wager.decide.slate import draw
from wager.learn.contextual import Contextual, unpack

NAMES = ["ring", "core", "rest"]


def worth(x: np.ndarray) -> list[float]:
    """Which is best is no straight line: it depends on the distance from the middle."""
    far = float(np.hypot(*x))
    return [0.8 if 1.0 < far < 1.8 else 0.1, 0.8 if far <= 1.0 else 0.1, 0.3]


def played(*, blind: bool, rounds: int = 1500) -> tuple[float, Contextual]:
    """The mean of what was chosen in the last third, in shares of the best there was."""
    rng = np.random.default_rng(5)
    learner, got, best = Contextual(2, seed=1), 0.0, 0.0
    groups = [()] * len(NAMES)
    for number in range(rounds):
        x = rng.normal(size=2)
        shown = rng.normal(size=2) if blind else x
        odds = thompson(*learner.expect(shown, NAMES), 0.02)
        item, _ = draw(odds, groups, 1, key=b"k", decision_id=str(number)).choices[0]
        learner.add(shown, NAMES[item], float(rng.random() < worth(x)[item]))
        if number > rounds * 2 // 3:
            got, best = got + worth(x)[item], best + max(worth(x))
    return got / best, learner


def test_finds_a_curve_and_a_blind_twin_does_not() -> None:
    seeing, _ = played(blind=False)
    blind, _ = played(blind=True)
    assert seeing > 0.85
    assert blind < 0.75


def test_goes_on_after_a_restart_as_if_it_had_never_stopped() -> None:
    _, learner = played(blind=False, rounds=200)
    again = unpack(learner.pack())
    rng = np.random.default_rng(6)
    for _ in range(30):
        x = rng.normal(size=2)
        for one in (learner, again):
            one.add(x, "core", 1.0)
        for ours, theirs in zip(learner.expect(x, NAMES), again.expect(x, NAMES), strict=True):
            assert ours == pytest.approx(theirs, rel=1e-3)


def test_an_item_never_shown_is_worth_what_others_are_and_uncertain() -> None:
    _, learner = played(blind=False, rounds=500)
    mean, deviation = learner.expect(np.zeros(2), [*NAMES, "new"])
    assert mean[3] == pytest.approx(learner.rewards / learner.count, abs=0.02)
    assert deviation[3] > 3 * deviation[:3].max()
    odds = thompson(mean, deviation, 0.0)(np.ones(4, dtype=bool))
    assert odds[3] > 0.02


def test_all_items_and_some_items_are_told_the_same() -> None:
    _, learner = played(blind=False, rounds=300)
    x = np.array([0.3, -1.0])
    everything, some = learner.expect(x, list(learner.rows)), learner.expect(x, ["rest", "core"])
    rows = [learner.rows["rest"], learner.rows["core"]]
    for whole, part in zip(everything, some, strict=True):
        assert whole[rows] == pytest.approx(part, rel=1e-4)


def test_a_reward_that_comes_late_is_as_if_it_had_been_known() -> None:
    known, late, rng = Contextual(2), Contextual(2), np.random.default_rng(8)
    rows = [rng.normal(size=2) for _ in range(60)]
    for x in rows:
        known.add(x, "one", 0.0)
        late.add(x, "one", 0.0)
    known.add(rows[0], "one", 1.0)
    late.add(rows[0], "one", 0.0)
    late.correct(rows[0], "one", 1.0)
    assert late.expect(rows[1], ["one"])[0] == pytest.approx(
        known.expect(rows[1], ["one"])[0], abs=1e-3
    )
