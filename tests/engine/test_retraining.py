"""A world that turns over: the placement forgets what was, learns what is, and its alarm clears."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import wager
from wager.domain.alarms import Alarm
from wager.engine import fitting, hedging
from wager.engine.engine import Engine
from wager.learn import drift
from wager.learn.rewards import Rewards

START = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE = {"p-0": 0.3, "p-1": 0.8, "p-2": 0.05, "p-3": 0.05}
AFTER = {"p-0": 0.3, "p-1": 0.05, "p-2": 0.8, "p-3": 0.05}
STABLE_HOURS, TURNED_HOURS, EACH_HOUR = 60, 60, 20


class Shop:
    """One slot, four items; people click by chance, with chances that turn over."""

    def __init__(self) -> None:
        self.at, self.turn, self.rng = START, 0, np.random.default_rng(5)
        self.engine: Engine = wager.open("memory://", now=lambda: self.at)
        self.engine.live.draw_key = b"the same draws in every run"
        self.engine.publish(
            items=[{"itemId": name} for name in BEFORE],
            placements=[{"name": "home", "default": "p-0"}],
        )
        order = {"products": [{"product_id": name} for name in BEFORE]}
        event = {"type": "track", "event": "Order Completed", "userId": "x", "properties": order}
        for number in range(6):
            self.engine.collect([event | {"messageId": f"o-{number}"}])
        self.engine.learn()

    def hours(self, many: int, worth: dict[str, float]) -> float:
        """The regret: what the best item would have brought beyond what was shown, expected."""
        regret = 0.0
        for _ in range(many):
            for _ in range(EACH_HOUR):
                self.turn += 1
                who = f"u-{self.turn % 50}"
                decision = self.engine.decide(
                    placement="home", user_id=who, decision_id=f"d-{self.turn}"
                )
                shown = str(decision.choices[0].item_id)
                regret += max(worth.values()) - worth[shown]
                if self.rng.random() < worth[shown]:
                    properties = {"decisionId": decision.decision_id, "itemId": shown}
                    self.engine.collect(
                        [
                            {
                                "type": "track",
                                "event": "Item Clicked",
                                "userId": who,
                                "properties": properties,
                                "timestamp": self.at.isoformat(),
                                "messageId": f"c-{self.turn}",
                            }
                        ]
                    )
            self.at += timedelta(hours=1)
            self.engine.learn()
        return regret

    def alarms(self) -> list[Alarm]:
        found = self.engine.measuring.report("health")["alarms"]
        assert isinstance(found, list)
        return [one for one in found if one.kind == "fewer-wins"]


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(drift, "WARM_CHOICES", 150.0)
    monkeypatch.setattr(fitting, "MUCH", 10**9)  # what is new is fitted at once, not by the clock
    made = Shop()
    yield made
    made.engine.close()


def test_it_forgets_and_recovers_and_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    forgot: list[float] = []
    real = Rewards.fade

    def fade(self: Rewards, share: float) -> None:
        forgot.append(share)
        real(self, share)

    monkeypatch.setattr(Rewards, "fade", fade)
    shop.hours(STABLE_HOURS, BEFORE)
    assert shop.alarms() == []
    assert forgot == []
    regret, said = 0.0, []
    for _ in range(TURNED_HOURS):
        regret += shop.hours(1, AFTER)
        said += [one for one in shop.alarms() if one.forgetting_since is not None]
    assert forgot
    assert "counts less and less" in said[0].text
    assert all(0.0 < share < 1.0 for share in forgot)
    assert all(one.over_at is not None for one in shop.alarms())
    assert not shop.engine.learning.status()["forgetting"]
    stubborn = _stubborn(monkeypatch)
    assert regret < 0.85 * stubborn, (regret, stubborn)


def _stubborn(monkeypatch: pytest.MonkeyPatch) -> float:
    """The sabotaged twin forgets nothing, and looks for nothing new."""
    monkeypatch.setattr(Rewards, "fade", lambda self, share: None)
    monkeypatch.setattr(hedging, "SEEKING", 0.0)
    twin = Shop()
    twin.hours(STABLE_HOURS, BEFORE)
    regret = twin.hours(TURNED_HOURS, AFTER)
    twin.engine.close()
    return regret


def test_what_fades_keeps_its_mean_and_becomes_less_sure() -> None:
    fold = Rewards(2)
    x = np.array([[1.0, 0.0], [1.0, 1.0]] * 200)
    fold.observe(x, np.array([0.1, 0.3] * 200))
    before = fold.payoffs(np.zeros(2), np.full(2, 1e-6))
    fold.fade(0.25)
    after = fold.payoffs(np.zeros(2), np.full(2, 1e-6))
    assert fold.count == pytest.approx(100.0)
    assert after.mean == pytest.approx(before.mean, abs=1e-6)
    assert after.covariance == pytest.approx(4.0 * before.covariance, rel=1e-6)
