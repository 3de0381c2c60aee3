"""An item that is new gets its chance, and the best its place; with no chance it never does."""

import random
from datetime import UTC, datetime, timedelta

import pytest

import wager
from wager.decide import candidates

OLD = [f"old-{number}" for number in range(8)]


def share(monkeypatch: pytest.MonkeyPatch, quota: int) -> float:
    """How often the new item is shown in the last third, where people like it four times as well;
    what people bought before it came are the old ones."""
    monkeypatch.setitem(candidates.QUOTAS, "new", quota)
    luck, at = random.Random(5), datetime(2026, 3, 1, 12, tzinfo=UTC)
    engine = wager.open("memory://", now=lambda: at)
    engine.publish(
        items=[{"itemId": name} for name in OLD],
        goals=[{"name": "click", "event": "Item Clicked", "windowMinutes": 60}],
        placements=[{"name": "home", "goal": "click", "holdoutShare": 0.0, "riskAppetite": 0.2}],
    )
    products = [{"product_id": name} for name in OLD]
    for who in range(30):
        order = {"type": "track", "event": "Order Completed", "userId": f"b{who}",
                 "properties": {"order_id": f"o{who}", "products": products}}  # fmt: skip
        assert engine.collect([order]).accepted == 1
    shown = 0
    for turn in range(1_200):
        at += timedelta(minutes=1)
        if turn == 300:
            engine.publish(items=[{"itemId": "new"}])
        bet = engine.decide(placement="home", user_id=f"p{turn % 50}")
        name, chance = bet.choices[0].item_id, 0.4 if bet.choices[0].item_id == "new" else 0.1
        shown += name == "new" and turn >= 800
        if luck.random() < chance:
            properties = {"decisionId": bet.decision_id, "itemId": name}
            click = {"type": "track", "event": "Item Clicked", "userId": f"p{turn % 50}",
                     "properties": properties}  # fmt: skip
            assert engine.collect([click]).accepted == 1
        if turn % 5 == 0:
            engine.learn()
    engine.close()
    return shown / 400


def test_a_new_item_that_people_like_better_takes_the_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(monkeypatch, candidates.QUOTAS["new"]) > 0.5


def test_a_twin_that_gives_it_no_chance_never_finds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert share(monkeypatch, 0) == 0.0
