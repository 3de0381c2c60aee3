"""Drift: rare false alarms in worlds that stay, alarms that come in time in worlds that change."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import binom

from wager.domain.alarms import Alarm
from wager.learn import drift
from wager.learn.drift import DAY_HOURS, RARELY, Watch, alarms
from wager.stats import detector

HOURS, PER_HOUR = 24 * 20, 300
CHANGED = 24 * 12
Edit = Callable[[int], float]


def _world(seed: int, share: Edit, *, said: float = 0.08) -> Watch:
    """Hour by hour bets that promise about 8 %, and win `share(hour)` times as often."""
    rng = np.random.default_rng(seed)
    watch = Watch()
    for hour in range(HOURS):
        promised = said * rng.uniform(0.5, 1.5, PER_HOUR)
        won = rng.random(PER_HOUR) < promised * share(hour)
        cell = watch._hour(hour)
        cell[0] += PER_HOUR
        cell[1] += float(promised.sum())
        cell[2] += float(won.sum())
    watch.largest = 1.0
    return watch


def _of(watch: Watch, kind: str) -> list[Alarm]:
    return [one for one in alarms(watch, "home", ()) if one.kind == kind]


def _number(at: datetime) -> int:
    return int(at.timestamp()) // 3600


def test_worlds_that_stay_raise_no_alarm() -> None:
    """40 worlds of 480 hours: by the stated rate 0.22 alarms are due. The odds are off by a tenth,
    within what is tolerated."""
    worlds = [_world(seed, lambda _: 1.1) for seed in range(20)]
    worlds += [_world(seed, lambda _: 0.9) for seed in range(20)]
    many = sum(len(_of(world, kind)) for world in worlds for kind in ("fewer-wins", "more-wins"))
    assert many <= binom.isf(1e-6, 2 * 40 * HOURS, 1.0 / RARELY)


def test_without_tolerance_the_same_worlds_raise_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sabotaged twin: every small dishonesty is taken for a change."""
    monkeypatch.setattr(drift, "TOLERANCE", 0.0)
    many = sum(len(_of(_world(seed, lambda _: 0.9), "fewer-wins")) for seed in range(20))
    assert many > binom.isf(1e-6, 2 * 40 * HOURS, 1.0 / RARELY)


@pytest.mark.parametrize(("share", "kind"), [(0.5, "fewer-wins"), (1.8, "more-wins")])
def test_a_change_is_noticed_within_a_day_and_dated(share: float, kind: str) -> None:
    for seed in range(10):
        watch = _world(seed, lambda hour: share if hour >= CHANGED else 1.0)
        (found,) = _of(watch, kind)
        assert found.over_at is None
        assert found.fallback == (kind == "fewer-wins")
        assert CHANGED <= _number(found.noticed_at) < CHANGED + 24
        assert abs(_number(found.began_at) - CHANGED) <= 6


def test_what_recovers_is_said_to_be_over() -> None:
    watch = _world(5, lambda hour: 0.4 if CHANGED <= hour < CHANGED + 48 else 1.0)
    (found,) = _of(watch, "fewer-wins")
    assert found.over_at is not None
    assert CHANGED + 48 <= _number(found.over_at) < CHANGED + 80
    assert not found.fallback


def test_the_first_thousand_choices_surprise_nobody() -> None:
    watch = _world(1, lambda hour: 0.1 if hour < 3 else 1.0)
    assert _of(watch, "fewer-wins") == []


def _drawn(seed: int, draw: Callable[[np.random.Generator, list[float]], int]) -> Watch:
    rng = np.random.default_rng(seed)
    watch = Watch()
    for hour in range(100):
        for _ in range(60):
            odds = rng.dirichlet([0.7] * 6).tolist()
            watch.placed(hour, odds, draw(rng, odds))
    return watch


def test_true_propensities_raise_no_alarm_and_false_ones_do() -> None:
    for seed in range(5):
        true = _drawn(seed, lambda rng, odds: int(rng.choice(6, p=odds)))
        assert _of(true, "propensities") == []
        greedy = _drawn(seed, lambda _, odds: odds.index(max(odds)))
        assert len(_of(greedy, "propensities")) == 1
        even = _drawn(seed, lambda rng, _: int(rng.integers(6)))
        assert len(_of(even, "propensities")) == 1


def _days(seed: int, shift: float, days: int = 30) -> Watch:
    rng = np.random.default_rng(seed)
    watch = Watch()
    for day in range(days):
        means = rng.normal([1.0, 0.3, 0.0], [0.0, 0.02, 0.01])
        means[1] += shift if day >= 20 else 0.0
        watch.inputs(day, 1000, (1000 * means).tolist())
    return watch


def test_inputs_that_move_are_named_and_dated() -> None:
    names = ("everybody", "popular", "cart")
    for seed in range(20):
        assert alarms(_days(seed, 0.0), "home", names) == []
        (found,) = alarms(_days(seed, 0.3), "home", names)
        assert found.text.startswith("popular is 0.")
        assert found.began_at == datetime.fromtimestamp(20 * DAY_HOURS * 3600, UTC)


def test_false_alarms_of_the_detector_are_as_rare_as_stated() -> None:
    """With a threshold of 200 an alarm comes after 200 steps or more on average: 300 runs."""

    def runs(price: float) -> float:
        rng = np.random.default_rng(8)
        lengths = []
        for _ in range(300):
            evidence = (0.5 * rng.normal(size=1500) - price)[:, None].tolist()
            found = detector.episodes(evidence, [[0.0]] * 1500, rarely=200.0, surely=1e9)
            lengths.append(found[0].noticed + 1 if found else 1500)
        return float(np.mean(lengths))

    assert runs(0.125) > 200.0  # exp(0.5 z - 0.125) has mean 1
    assert runs(0.0) < 200.0  # the sabotaged twin: nothing is paid for the evidence
