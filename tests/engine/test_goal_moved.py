"""A placement that is for another goal now begins with what is known of that, in its unit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wager
from wager.engine.engine import Engine
from wager.testing.shopping import Clock, track

GOALS = [
    {"name": "click", "event": "Item Clicked", "windowMinutes": 30},
    {"name": "money", "event": "Order Completed", "windowMinutes": 30,
     "value": "properties.revenue"},
]  # fmt: skip
WON, PAID = 0.3, 50.0


def place(engine: Engine, goal: str, **more: Any) -> None:
    engine.publish(placements=[{"name": "home", "goal": goal, "default": "p-0", **more}])
    engine.learn()


def bets(engine: Engine, clock: Clock, goal: str, seed: int, times: int = 240) -> None:
    """Three of ten bets are won: each by a click, or by 50.00."""
    chance = np.random.default_rng(seed)
    for number in range(times):
        user = f"u-{number % 20}"
        decision = engine.decide(placement="home", user_id=user)
        item = decision.choices[0].item_id
        clock.forward(minutes=1)
        if chance.random() < WON and goal == "click":
            track(engine, clock, user, "Item Clicked", decisionId=decision.decision_id, itemId=item)
        elif chance.random() < WON and goal == "money":
            line = {"product_id": item, "price": PAID, "quantity": 1}
            track(engine, clock, user, "Order Completed", products=[line])
        if number % 20 == 0:
            engine.learn()
    clock.forward(hours=1)
    engine.learn()


def expected(engine: Engine) -> float:
    found = engine.decide(placement="home", user_id="u-1", preview=True).candidates
    return float(np.mean([one.expected_reward for one in found]))


def test_another_goal_is_not_told_in_the_unit_of_the_old_one(tmp_path: Path) -> None:
    clock = Clock()
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with wager.open(url, now=clock) as engine:
        engine.publish(items=[{"itemId": f"p-{n}"} for n in range(3)], goals=GOALS)
        place(engine, "money")
        bets(engine, clock, "money", 1)
        told = expected(engine)
        assert told == pytest.approx(WON * PAID, rel=0.4)
        open_bet = engine.decide(placement="home", user_id="u-1")
        place(engine, "click")
        assert expected(engine) < 1.0, "nothing is known of clicks"
        line = {"product_id": open_bet.choices[0].item_id, "price": PAID}
        track(engine, clock, "u-1", "Order Completed", products=[line])
        bets(engine, clock, "click", 2)
        assert expected(engine) == pytest.approx(WON, rel=0.4)
        assert engine.live.snapshot.alarms == []
    with wager.open(url, now=clock) as engine:
        assert expected(engine) == pytest.approx(WON, rel=0.4)
        place(engine, "money")
        assert expected(engine) == pytest.approx(told, rel=0.5), "what was known has been kept"


def test_a_further_goal_that_becomes_the_goal_goes_on() -> None:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(items=[{"itemId": f"p-{n}"} for n in range(3)], goals=GOALS)
        place(engine, "click", goals={"money": 0.0})
        bets(engine, clock, "money", 3)
        place(engine, "money")
        assert expected(engine) == pytest.approx(WON * PAID, rel=0.5)
