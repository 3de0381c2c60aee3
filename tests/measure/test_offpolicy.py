"""What another policy would have earned, in worlds whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

import wager
from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure.offpolicy import OffPolicy, Seen

Floats = NDArray[np.float64]
WORLDS, BETS, CANDIDATES = 60, 1500, 5
Read = Callable[[OffPolicy], Verdict]


def _world(seed: int, *, honest: bool) -> tuple[OffPolicy, float]:
    """Live odds lean to what is good, the shadow's to what is not; expectations are a little off.

    Returns the fold and the shadow's true value. Where it is not honest, all propensities are 1.
    """
    rng = np.random.default_rng(seed)
    good = rng.beta(2.0, 6.0, (BETS, CANDIDATES))
    live = 0.9 * _softmax(8.0 * good) + 0.1 / CANDIDATES
    shadow = 0.8 * _softmax(-4.0 * good) + 0.2 / CANDIDATES
    drawn = (live.cumsum(axis=1) > rng.random((BETS, 1))).argmax(axis=1)
    each = np.arange(BETS)
    reward = (rng.random(BETS) < good[each, drawn]).astype(float)
    said = 0.7 * good + 0.05
    weight = shadow[each, drawn] / (live[each, drawn] if honest else 1.0)
    fold = OffPolicy()
    for bet in range(BETS):
        w, r = float(weight[bet]), float(reward[bet])
        surplus = w * float(said[bet, drawn[bet]]) - float(shadow[bet] @ said[bet])
        fold.add(Seen(w, w * r, surplus, r))
    return fold, float((shadow * good).sum(axis=1).mean())


def _softmax(x: Floats) -> Floats:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _missed(read: Read, *, honest: bool) -> int:
    missed = 0
    for seed in range(WORLDS):
        fold, truth = _world(seed, honest=honest)
        found = read(fold)
        assert isinstance(found, Estimate)
        missed += not found.low <= truth <= found.high
    return missed


LIMIT = binom.isf(1e-6, WORLDS, 0.05)


@pytest.mark.parametrize("read", [OffPolicy.value, OffPolicy.robust_value])
def test_the_interval_covers_the_truth(read: Read) -> None:
    assert _missed(read, honest=True) <= LIMIT


@pytest.mark.parametrize("read", [OffPolicy.value, OffPolicy.robust_value])
def test_pretending_that_propensities_are_one_fails(read: Read) -> None:
    """The sabotaged twin."""
    assert _missed(read, honest=False) > LIMIT


def test_the_gain_is_negative_where_the_shadow_is_worse_and_weights_are_one_on_average() -> None:
    fold, _ = _world(3, honest=True)
    gain = fold.gain()
    assert isinstance(gain, Estimate)
    assert gain.high < 0.0
    assert fold.mean_weight == pytest.approx(1.0, abs=0.15)


def test_by_hand_and_taken_back() -> None:
    fold = OffPolicy()
    for _ in range(400):
        fold.add(Seen(0.5, 0.5, -0.1, 1.0))
        fold.add(Seen(1.5, 0.0, 0.1, 0.0))
    value, robust = fold.value(), fold.robust_value()
    assert isinstance(value, Estimate)
    assert isinstance(robust, Estimate)
    assert value.value == pytest.approx(0.25)  # y falls on a line in u: nothing is left to doubt
    assert robust.value == pytest.approx((0.5 + 0.1 + 0.0 - 0.1) / 2)
    assert fold.effective == pytest.approx(800.0**2 / (400 * (0.25 + 2.25)))
    more = Seen(0.5, 0.5, -0.125, 1.0)
    before = [list(row) for row in fold.products]
    fold.add(more)
    fold.add(more, -1.0)
    assert fold.products == [pytest.approx(row) for row in before]


def test_a_few_bets_are_no_verdict() -> None:
    fold = OffPolicy()
    fold.add(Seen(50.0, 50.0, 4.9, 1.0))
    for _ in range(500):
        fold.add(Seen(0.01, 0.0, -0.1, 0.0))
    assert isinstance(fold.value(), NotEnough)
    assert isinstance(fold.gain(), NotEnough)


def test_a_shadow_is_logged_and_compared_and_shown_to_nobody() -> None:
    with wager.open("memory://") as engine:
        items = [{"itemId": f"p-{number}"} for number in range(4)]
        shadow = {"policy": "greedy", "riskAppetite": 0.1}
        engine.publish(
            items=items,
            placements=[{"name": "home", "default": "p-0", "shadow": shadow}, {"name": "other"}],
        )
        order = {"products": [{"product_id": f"p-{number}"} for number in range(4)]}
        event = {"type": "track", "event": "Order Completed", "userId": "x", "properties": order}
        for number in range(6):
            engine.collect([event | {"messageId": f"o-{number}"}])
        engine.learn()
        for number in range(40):
            decision = engine.decide(placement="home", user_id=f"u-{number}")
            first = {"decisionId": decision.decision_id, "itemId": decision.choices[0].item_id}
            click = {"type": "track", "event": "Item Clicked", "userId": f"u-{number}"}
            engine.collect([click | {"properties": first}])
        assert decision.shadow is not None
        odds = np.frombuffer(decision.shadow.odds, dtype="<f4")
        assert len(odds) == len(decision.choices) == 1
        even = 0.1 / len(decision.candidates)
        assert odds[0] in (pytest.approx(even), pytest.approx(0.9 + even))
        assert decision.policy == "thompson"
        assert engine.decide(placement="other", user_id="u-1").shadow is None
        (found,) = engine.measuring.report("shadow")["shadows"]  # type: ignore[misc]
        assert (found["policy"], found["riskAppetite"], found["bets"]) == ("greedy", 0.1, 40)
        assert isinstance(found["gain"], NotEnough)


CATALOG = [{"itemId": f"p-{number}"} for number in range(8)]


@pytest.mark.parametrize("levels", [None, ["neutral", "crowd"]])
def test_all_slots_are_compared_and_a_shadow_like_the_live_policy_gains_nothing(
    levels: list[str] | None,
) -> None:
    shadow = {"policy": "thompson", "riskAppetite": 0.3} | ({"levels": levels} if levels else {})
    home = {"name": "home", "slots": 3, "default": "p-0", "riskAppetite": 0.3, "shadow": shadow}
    with wager.open("memory://") as engine:
        engine.publish(items=CATALOG, placements=[home])
        order = {"products": [{"product_id": f"p-{number}"} for number in range(8)]}
        event = {"type": "track", "event": "Order Completed", "userId": "x", "properties": order}
        for number in range(6):
            engine.collect([event | {"messageId": f"o-{number}"}])
        own = {"products": [{"product_id": "p-1"}]}
        for number in range(60):
            mine = event | {"userId": f"u-{number % 20}", "messageId": f"m-{number}"}
            engine.collect([mine | {"properties": own}])
        engine.learn()
        weights, reached = [], set()
        for number in range(400):
            decision = engine.decide(placement="home", user_id=f"u-{number % 20}")
            assert decision.shadow is not None
            reached.add(decision.level)
            odds = np.frombuffer(decision.shadow.odds, dtype="<f4")
            assert len(odds) == len(decision.choices) == 3
            weights.append(odds / [one.propensity for one in decision.choices])
        if levels is None:
            assert np.array(weights) == pytest.approx(1.0, abs=1e-5)
        else:
            assert "context" in reached
            assert decision.shadow.levels == ("neutral", "crowd")
            assert np.array(weights).std() > 0.01
            mean = np.array(weights).mean(axis=1)
            assert mean.mean() <= 1.0 + 5.0 * mean.std() / np.sqrt(len(mean))
