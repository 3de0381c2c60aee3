"""The hedge: bets are placed where they are worth it, and learning costs no more than it may."""

import re
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine

ITEMS = [f"p-{number}" for number in range(5)]


def shop(engine: Engine, **home: Any) -> None:
    """Everybody clicks p-1 half of the time and p-0, the default, a quarter of it."""
    engine.publish(
        items=[{"itemId": name} for name in ITEMS],
        placements=[{"name": "home", "default": "p-0", "riskAppetite": 0.1} | home],
    )
    order = {"products": [{"product_id": name} for name in ITEMS]}
    event = {"type": "track", "event": "Order Completed", "userId": "u-1", "properties": order}
    engine.collect([event | {"messageId": f"o-{number}"} for number in range(6)])
    engine.learn()


def clicked(engine: Engine, decision: Decision, slot: int = 0) -> None:
    what = {"decisionId": decision.decision_id, "itemId": decision.choices[slot].item_id}
    person = decision.identity[0].split(":", 1)[1]
    engine.collect(
        [{"type": "track", "event": "Item Clicked", "userId": person, "properties": what}]
    )


def taught(engine: Engine, bets: int = 400) -> None:
    """Of ten showings p-1 brings five clicks, p-0 two and the others one."""
    shares, shown = {"p-1": 5, "p-0": 2}, dict.fromkeys(ITEMS, 0)
    for number in range(bets):
        decision = engine.decide(placement="home", user_id=f"u-{number % 40}")
        for slot, one in enumerate(decision.choices):
            name = str(one.item_id)
            shown[name] += 1
            if shown[name] % 10 < shares.get(name, 1):
                clicked(engine, decision, slot)
    engine.learn()


@pytest.mark.parametrize("least", [0.6, {"share": 3.0}])
def test_where_the_gain_is_too_small_the_safe_choice_has_the_odds(least: object) -> None:
    with wager.open("memory://") as engine:
        shop(engine)
        taught(engine)
        home: dict[str, Any] = {"name": "home", "default": "p-0", "riskAppetite": 0.1}
        bold = engine.decide(placement="home", user_id="u-3", explain=True)
        engine.publish(placements=[home | {"leastGain": least}])
        seen = set()
        for number in range(60):
            decision = engine.decide(placement="home", user_id=f"u-{number % 40}", explain=True)
            odds = {one.item_id: one.propensity for one in decision.candidates}
            many = len(odds)
            assert odds["p-0"] == pytest.approx(0.9 + 0.1 / many, abs=1e-12)
            assert all(odds[name] == pytest.approx(0.1 / many) for name in odds if name != "p-0")
            choice = decision.choices[0]
            seen.add(choice.item_id)
            assert choice.propensity == pytest.approx(odds[choice.item_id])
            (why,) = (one for one in decision.stepped_down if one.kind == "least-gain")
            said = re.search(r"promises (\S+) more", why.text)
            by = {one.item_id: one.expected_reward for one in decision.candidates}
            assert said is not None
            assert float(said[1]) == pytest.approx(max(by.values()) - by["p-0"], rel=1e-3)
            assert (decision.level == "neutral") == (choice.item_id == "p-0")
        assert "p-0" in seen
        engine.publish(placements=[home | {"leastGain": 0.1}])
        again = engine.decide(placement="home", user_id="u-3", explain=True)
        assert again.stepped_down == bold.stepped_down
        same = {one.item_id: one.propensity for one in bold.candidates}
        for one in again.candidates:
            assert one.propensity == pytest.approx(same[one.item_id], abs=0.02)


def test_each_slot_is_held_back_by_itself() -> None:
    with wager.open("memory://") as engine:
        shop(engine, slots=3)
        taught(engine, 300)
        home = {"name": "home", "default": ["p-0", "p-2"], "slots": 3}
        engine.publish(placements=[home | {"leastGain": 0.12, "riskAppetite": 0.0}])
        decisions = [engine.decide(placement="home", user_id="u-3") for _ in range(20)]
        usual = [one for one in decisions if one.choices[0].item_id == "p-1"]
        assert len(usual) > 10
        for decision in usual:
            (why,) = (one for one in decision.stepped_down if one.kind == "least-gain")
            assert "in 2 of 3 slots" in why.text
            assert decision.choices[0].level != "neutral"
            assert [one.item_id for one in decision.choices[1:]] == ["p-0", "p-2"]
            assert [one.level for one in decision.choices[1:]] == ["neutral", "neutral"]
