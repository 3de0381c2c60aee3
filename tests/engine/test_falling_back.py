"""A placement that stops bringing what was said falls back, says so, and comes back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import wager
from wager.domain.alarms import Alarm
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.learn import drift

START = datetime(2026, 3, 2, tzinfo=UTC)
ITEMS = [f"p-{number}" for number in range(4)]


class Shop:
    """People who click what they see, in some share of the cases, hour by hour."""

    def __init__(self) -> None:
        self.at, self.turn = START, 0
        self.engine: Engine = wager.open("memory://", now=lambda: self.at)
        self.engine.publish(
            items=[{"itemId": name} for name in ITEMS],
            placements=[{"name": "home", "default": "p-0"}],
        )
        order = {"products": [{"product_id": name} for name in ITEMS]}
        event = {"type": "track", "event": "Order Completed", "userId": "x", "properties": order}
        for number in range(6):
            self.engine.collect([event | {"messageId": f"o-{number}"}])
        self.engine.learn()

    def hours(self, many: int, every: int) -> list[Decision]:
        """Twenty bets an hour; every so-many-th is clicked (0: none is)."""
        made = []
        for _ in range(many):
            for _ in range(20):
                self.turn += 1
                made.append(self.engine.decide(placement="home", user_id=f"u-{self.turn % 50}"))
                if every and self.turn % every == 0:
                    self._click(made[-1])
            self.at += timedelta(hours=1)
            self.engine.learn()
        return made

    def _click(self, decision: Decision) -> None:
        properties = {
            "decisionId": decision.decision_id, "itemId": decision.choices[0].item_id
        }  # fmt: skip
        event = {"type": "track", "event": "Item Clicked", "properties": properties}
        when = {"timestamp": self.at.isoformat(), "messageId": f"c-{self.turn}"}
        self.engine.collect([event | when | {"userId": f"u-{self.turn % 50}"}])

    def alarms(self) -> list[Alarm]:
        found = self.engine.measuring.report("health")["alarms"]
        assert isinstance(found, list)
        return [one for one in found if one.kind == "fewer-wins"]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(drift, "WARM_CHOICES", 150.0)
    made = Shop()
    yield made
    made.engine.close()


def test_it_falls_back_and_comes_back(shop: Shop) -> None:
    shop.hours(20, every=3)
    assert shop.alarms() == []
    shop.hours(10, every=0)
    (alarm,) = shop.alarms()
    assert alarm.fallback
    assert START + timedelta(hours=18) <= alarm.began_at <= START + timedelta(hours=23)
    (seen,) = shop.engine.measuring.report("overview")["alarms"]  # type: ignore[misc]
    assert seen == alarm
    during = shop.hours(2, every=0)
    safe = [one.choices[0].item_id == "p-0" for one in during]
    assert sum(safe) > 0.5 * len(safe)
    for decision in during:
        assert "drift" in {one.kind for one in decision.stepped_down}
        odds = {one.item_id: one.propensity for one in decision.candidates}
        assert sum(odds.values()) == pytest.approx(1.0)
        assert odds["p-0"] >= 0.8
        assert decision.choices[0].propensity == pytest.approx(odds[decision.choices[0].item_id])
    after = shop.hours(30, every=2)
    (alarm,) = shop.alarms()
    assert alarm.over_at is not None
    assert not after[-1].stepped_down
    shop.engine.learning.checkpoint()
