"""The bookmaker's honesty where chances are known and winners are over-estimated."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from wager.domain.estimates import NotEnough
from wager.learn.honesty import HALF_LIFE_DAYS, Honesty
from wager.measure.calibration import Calibration, Skill
from wager.stats.decay import STEP, half_lives, weigh

Floats = NDArray[np.float64]
ROUNDS, BLOCK, CANDIDATES = 200_000, 2_000, 8


def _told(fold: Honesty, raw: Floats) -> Floats:
    curve = fold.curve()
    return raw if curve is None else np.interp(raw, *curve)


def _world(learn: Callable[[Honesty, float, float, float], None]) -> tuple[Calibration, ...]:
    """Of eight candidates the one that looks best is shown; what it looks like has an error, and
    the larger chances are under-estimated. 200,000 settled bets; news every 2,000."""
    rng = np.random.default_rng(11)
    fold, said, raw = Honesty(), Calibration(), Calibration()
    for _ in range(ROUNDS // BLOCK):
        chance = rng.beta(1.2, 10.0, (BLOCK, CANDIDATES))
        looks = chance**1.15 * np.exp(rng.normal(0.0, 0.5, chance.shape))
        best = looks.argmax(axis=1)[:, None]
        shown = np.take_along_axis(looks, best, axis=1)[:, 0]
        won = rng.random(BLOCK) < np.take_along_axis(chance, best, axis=1)[:, 0]
        told = _told(fold, shown)
        for meant, spoken, win in zip(shown.tolist(), told.tolist(), won.tolist(), strict=True):
            raw.add(meant, float(win))
            said.add(spoken, float(win))
            learn(fold, meant, spoken, float(win))
    return said, raw


def test_what_is_said_comes_true_within_two_percent() -> None:
    said, raw = _world(lambda fold, meant, _, won: fold.add(meant, won))
    told, untold, by_chance = said.error(), raw.error(), said.error_by_chance()
    assert isinstance(told, float)
    assert isinstance(untold, float)
    assert isinstance(by_chance, float)
    assert untold > 0.10  # the winner's curse is there
    assert told < 0.02
    better, worse = said.skill(), raw.skill()
    assert isinstance(better, Skill)
    assert isinstance(worse, Skill)
    assert better.skill > max(worse.skill, 0.0)


def test_learning_from_what_was_told_instead_of_what_was_meant_fails() -> None:
    """The sabotaged twin: the fold must see what was said before it was put right."""
    said, _ = _world(lambda fold, _, spoken, won: fold.add(spoken, won))
    told = said.error()
    assert isinstance(told, float)
    assert told > 0.02


def test_the_curve_never_falls_so_the_order_stays() -> None:
    rng = np.random.default_rng(2)
    fold = Honesty()
    for said in rng.beta(1.0, 9.0, 400).tolist():
        fold.add(said, float(rng.random() < said))
    curve = fold.curve()
    assert curve is not None
    assert (np.diff(curve[0]) > 0).all()
    assert (np.diff(curve[1]) >= 0).all()


def test_a_few_bets_change_little_and_none_changes_nothing() -> None:
    fold = Honesty()
    assert fold.curve() is None
    fold.add(0.1, 0.0)
    assert fold.curve() is None
    fold.add(0.1, 1.0)
    told = float(_told(fold, np.array([0.1]))[0])
    assert 0.1 < told < 0.13


def test_beyond_what_was_seen_no_more_is_promised_than_was_or_would_have_been() -> None:
    fold = Honesty()
    for number in range(40):
        fold.add(0.13, float(number % 5 < 3))  # 0.6, where 0.13 was said
    curve = fold.curve()
    assert curve is not None
    seen = float(np.interp(0.13, *curve))
    assert seen > 0.3
    for said in (0.15, 0.3, 0.66, 5.0):
        assert np.interp(said, *curve) == pytest.approx(max(seen, said))
    modest = Honesty()
    for number in range(400):
        modest.add(0.5, float(number % 4 == 0))
    lower = modest.curve()
    assert lower is not None
    ratio = float(np.interp(0.5, *lower)) / 0.5
    assert np.interp(0.9, *lower) == pytest.approx(0.9 * ratio), "winners' curse goes on"


def test_by_hand() -> None:
    """1,000 choices that promised 0.2 and 100 wins: (100 + 10 g') / (1000 + ...), g = 110 / 210."""
    fold = Honesty()
    for number in range(1000):
        fold.add(0.2, float(number < 100))
    guess = 110.0 / 210.0 * 0.2
    strength = 10.0 / guess
    assert float(_told(fold, np.array([0.2]))[0]) == pytest.approx(
        (100.0 + 10.0) / (1000.0 + strength)
    )


def test_rewards_in_money_are_put_right_in_their_own_unit() -> None:
    cents, euros = Honesty(), Honesty()
    for number in range(500):
        euros.add(0.2, float(number % 10 == 0))
        cents.add(20.0, 100.0 * (number % 10 == 0))
    assert float(_told(cents, np.array([20.0]))[0]) == pytest.approx(
        100.0 * float(_told(euros, np.array([0.2]))[0])
    )


def test_what_promised_nothing_but_won_is_said_to_win() -> None:
    fold = Honesty()
    for number in range(1000):
        fold.add(0.0, float(number % 5 == 0))
        fold.add(0.4, float(number % 5 < 2))
    assert float(_told(fold, np.array([0.0]))[0]) == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("year", [1998, 2026, 2031, 2060])
def test_old_bets_fade(year: int) -> None:
    start = datetime(year, 1, 5, tzinfo=UTC)
    fold = Honesty()
    for day in range(int(10 * HALF_LIFE_DAYS)):
        at = (start + timedelta(days=day)).timestamp()
        weight = weigh(fold, half_lives(at, HALF_LIFE_DAYS))
        for number in range(100):
            fold.add(0.1, float(number < (30 if day < 5 * HALF_LIFE_DAYS else 10)), weight)
    assert float(_told(fold, np.array([0.1]))[0]) == pytest.approx(0.1, rel=0.1)


def test_bets_in_the_unit_of_2020_are_read_as_such() -> None:
    old = Honesty()
    old.add(0.1, 1.0, weigh(old, 900.0))
    assert old.unit == 3 * STEP
    kept = {"bins": {-14: [2.0**900, 2.0**900 * 0.1, 2.0**900]},
            "squares": 2.0**900, "newest": 2.0**900}  # fmt: skip
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(kept), type=Honesty)
    read.add(0.1, 0.0, weigh(read, 901.0))
    old.add(0.1, 0.0, weigh(old, 901.0))
    assert read.unit == old.unit
    assert _told(read, np.array([0.1])) == pytest.approx(_told(old, np.array([0.1])))


def test_a_late_win_counts_once() -> None:
    one, other = Honesty(), Honesty()
    for fold in (one, other):
        fold.add(0.3, 1.0)
    one.add(0.3, 1.0)
    other.add(0.3, 0.0)
    other.correct(0.3, 0.0, 1.0)
    assert one == other


def test_log_loss_against_the_base_rate() -> None:
    """Always saying the base rate has no skill; saying what is true has some (by hand)."""
    always, knows = Calibration(), Calibration()
    for number in range(200):
        likely = number % 2 == 0
        won = float(number % 20 in (0, 2, 4, 6, 8, 10, 1))
        always.add(0.35, won)
        knows.add(0.6 if likely else 0.1, won)
    none, some = always.skill(), knows.skill()
    assert isinstance(none, Skill)
    assert isinstance(some, Skill)
    assert none.skill == pytest.approx(0.0, abs=1e-12)
    assert some.log_loss == pytest.approx(
        -(
            0.5 * (0.6 * np.log(0.6) + 0.4 * np.log(0.4))
            + 0.5 * (0.1 * np.log(0.1) + 0.9 * np.log(0.9))
        )
    )
    assert some.skill > 0.2
    assert isinstance(Calibration().skill(), NotEnough)
