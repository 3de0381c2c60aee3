"""Numbers that a request tells move what is shown, by curves; a deaf twin learns none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import wager

ITEMS = ("soup", "salad", "ice")
DAYS = 1_600


def chance(item: str, celsius: float) -> float:
    """Salad is for mild days, soup for cold and for hot ones (it is spicy), ice is so-so."""
    mild = 1.0 / (1.0 + ((celsius - 15.0) / 10.0) ** 8)
    return {"soup": 0.6 * (1.0 - mild), "salad": 0.6 * mild, "ice": 0.25}[item]


def served(*, deaf: bool) -> tuple[float, float, bool]:
    """In the last third: what was won and what was said, as shares of the best and of what was won;
    whether a curve is believed in."""
    rng = np.random.default_rng(11)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    engine = wager.open("memory://", now=lambda: at)
    engine.publish(
        items=[{"itemId": name} for name in ITEMS],
        goals=[{"name": "eat", "event": "Item Clicked", "windowMinutes": 60}],
        placements=[{"name": "menu", "goal": "eat", "holdoutShare": 0.0, "riskAppetite": 0.02}],
    )
    won = best = said = 0.0
    for day in range(DAYS):
        at += timedelta(minutes=30)
        celsius = float(rng.uniform(-5.0, 35.0))
        told = float(rng.uniform(-5.0, 35.0)) if deaf else celsius
        who = f"p{day % 40}"
        bet = engine.decide(placement="menu", user_id=who, context={"celsius": told})
        choice = bet.choices[0]
        if rng.random() < chance(str(choice.item_id), celsius):
            properties = {"decisionId": bet.decision_id, "itemId": choice.item_id}
            event = {"type": "track", "event": "Item Clicked", "userId": who,
                     "timestamp": at.isoformat(), "properties": properties}  # fmt: skip
            assert engine.collect([event]).accepted == 1
        if day % 10 == 0:
            engine.learn()
        if day > DAYS * 2 // 3:
            won += chance(str(choice.item_id), celsius)
            best += max(chance(name, celsius) for name in ITEMS)
            said += choice.expected_reward
    payoffs = engine.live.snapshot.payoffs["menu"]
    engine.close()
    return won / best, said / won, payoffs.curve is not None


def test_a_curve_is_found_and_a_deaf_twin_believes_in_none() -> None:
    share, honest, believed = served(deaf=False)
    assert share > 0.8
    assert honest == pytest.approx(1.0, abs=0.15)
    assert believed
    share, _, believed = served(deaf=True)
    assert share < 0.72
    assert not believed
