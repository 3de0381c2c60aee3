"""Tactics that have not shown that they work are held down, in a world that knows which do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine import curbing
from wager.engine.engine import Engine
from wager.testing.shopping import Clock

OWN, LEANT, SAFE = ("p-0", "p-1", "p-2"), ("p-3", "p-4", "p-5"), "p-9"
PEOPLE, SHARE = 10, 0.2
HOME = {
    "name": "home", "default": SAFE, "goal": "click", "riskAppetite": 1.0,
    "tacticCap": {"share": SHARE, "afterDays": 30},
}  # fmt: skip


@dataclass
class World:
    """What was bought before is clicked by half, what a person leans to by `leant`, all else by a
    tenth: so to show what was bought works, and to go by leanings does as `leant` says."""

    engine: Engine
    clock: Clock
    leant: float = 0.1
    asked: int = 0

    def begin(self) -> None:
        items = [{"itemId": name} for name in (*OWN, SAFE)]
        items += [{"itemId": name, "categories": ["tea"]} for name in LEANT]
        goal = {"name": "click", "event": "Item Clicked", "windowMinutes": 30}
        self.engine.publish(items=items, placements=[HOME], goals=[goal])
        self.engine.live.draw_key = b"seven and seventy"
        for number in range(PEOPLE * 4):
            products = {"products": [{"product_id": name} for name in OWN]}
            self.track(number % PEOPLE, "Order Completed", products)
        for number in range(PEOPLE * 20):
            self.track(number % PEOPLE, "Product Viewed", {"product_id": "p-3"})
        self.engine.learn()

    def track(self, person: int, event: str, properties: dict[str, Any]) -> None:
        said = {"type": "track", "event": event, "userId": f"u-{person}", "properties": properties}
        self.engine.collect([said | {"timestamp": self.clock().isoformat()}])

    def decide(self, person: int = 0) -> Decision:
        self.asked += 1
        named = {"user_id": f"u-{person}", "decision_id": f"d-{self.asked}"}
        return self.engine.decide(placement="home", **named)

    def live(self, days: int) -> None:
        """Twenty-four decisions a day, learnt from at its end."""
        chance = np.random.default_rng(7)
        for hour in range(days * 24):
            self.clock.at += timedelta(hours=1)
            decision = self.decide(hour % PEOPLE)
            shown = str(decision.choices[0].item_id)
            rate = 0.5 if shown in OWN else self.leant if shown in LEANT else 0.1
            if chance.random() < rate:
                named = {"decisionId": decision.decision_id, "itemId": shown}
                self.track(hour % PEOPLE, "Item Clicked", named)
            if hour % 24 == 23:
                self.engine.learn()


def share(decision: Decision, names: Sequence[str]) -> float:
    """Of the odds of the first slot."""
    return sum(one.propensity for one in decision.candidates if one.item_id in names)


def words(decision: Decision) -> list[str]:
    return [one.text for one in decision.stepped_down if one.kind == "tactic-cap"]


def reported(engine: Engine) -> dict[str, bool]:
    found = engine.measuring.report("tactics")["tactics"]
    assert isinstance(found, list)
    return {one["tactic"]: one["capped"] for one in found if one["kind"] == "feature"}


def world(days: int, leant: float = 0.1, url: str = "memory://") -> World:
    clock = Clock()
    made = World(wager.open(url, now=clock), clock, leant)
    made.begin()
    made.live(days)
    return made


def the_useless_alone_is_held_down(made: World) -> None:
    decision = made.decide()
    assert share(decision, LEANT) == pytest.approx(SHARE, abs=1e-9)
    assert share(decision, OWN) == pytest.approx(3 / 4 * (1 - SHARE), abs=1e-9)
    assert sum(one.propensity for one in decision.candidates) == pytest.approx(1.0)
    (text,) = words(decision)
    assert text.startswith("held to 20% of the odds, as no lift was measured: affinity (3")
    assert "bought" not in text
    capped = reported(made.engine)
    assert capped["affinity"]
    assert not capped["bought"]


def test_the_useless_tactic_is_held_down_and_the_useful_is_not(tmp_path: Path) -> None:
    """From the thirtieth day on, and at once after a restart."""
    url = f"sqlite:///{tmp_path}/shop.db"
    made = world(29, url=url)
    young = made.decide()
    assert share(young, LEANT) == pytest.approx(3 / 7, abs=1e-9)
    assert not words(young)
    assert not any(reported(made.engine).values())
    made.live(8)
    the_useless_alone_is_held_down(made)
    made.engine.close()
    made.engine = wager.open(url, now=made.clock)
    the_useless_alone_is_held_down(made)
    made.engine.publish(placements=[HOME | {"tacticCap": None}])
    assert share(made.decide(), LEANT) == pytest.approx(3 / 7, abs=1e-9)
    made.engine.close()


def test_the_same_tactic_is_let_be_where_it_works() -> None:
    """The twin world, in which leanings do tell what is clicked."""
    made = world(37, leant=0.9)
    assert share(made.decide(), LEANT) > 3 / 7
    assert not reported(made.engine)["affinity"]
    with pytest.raises(AssertionError):
        the_useless_alone_is_held_down(made)
    made.engine.close()


def test_odds_that_are_not_held_down_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sabotaged twin: all but the odds themselves."""
    made = world(37)
    the_useless_alone_is_held_down(made)
    monkeypatch.setattr(curbing, "curbed", lambda odds, *_: odds)
    with pytest.raises(AssertionError):
        the_useless_alone_is_held_down(made)
    made.engine.close()


def test_replayed_bets_prove_nothing_and_hold_nothing_down() -> None:
    """Nobody saw them."""
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        made = World(engine, clock)
        made.begin()
        for hour in range(31 * 24):
            at = clock() + timedelta(hours=hour - 40 * 24)
            engine.decide(placement="home", user_id=f"u-{hour % PEOPLE}", at=at)
        engine.learn()
        assert not words(made.decide())
