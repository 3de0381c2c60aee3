"""The hedge: bets are placed where they are worth it, and learning costs no more than it may."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine import hedging
from wager.engine.budgets import Budgets
from wager.engine.engine import Engine

ITEMS = [f"p-{number}" for number in range(5)]


@pytest.fixture(autouse=True)
def _in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt of bets' gains has tests of its own; here they have all of their odds."""
    monkeypatch.setattr(hedging, "bets_share", lambda _: 1.0)


def shop(engine: Engine, **home: Any) -> None:
    """Everybody clicks p-1 half of the time and p-0, the default, a quarter of it."""
    engine.live.draw_key = b"of this test alone"
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
            by = {one.item_id: one.expected_reward for one in decision.candidates}
            assert why.weight == pytest.approx(max(by.values()) - by["p-0"])
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


# ---- what learning may cost

START = datetime(2026, 3, 2, tzinfo=UTC)
AMOUNT, DAYS = 0.5, 7.0


class World:
    """Everybody clicks p-1 half of the time, p-0 a quarter and the others a tenth of it."""

    def __init__(self, url: str = "memory://", **home: Any) -> None:
        self.at, self.turn = START, 0
        self.engine = wager.open(url, now=lambda: self.at)
        budget = {"amount": AMOUNT, "days": DAYS}
        shop(self.engine, **({"regretBudget": budget, "riskAppetite": 0.2} | home))

    def bets(self, many: int, *, minutes: float = 1.0) -> list[Decision]:
        made = []
        for _ in range(many):
            self.turn += 1
            self.at += timedelta(minutes=minutes)
            made.append(self.engine.decide(placement="home", user_id=f"u-{self.turn % 40}"))
            one = made[-1]
            share = {"p-1": 5, "p-0": 3}.get(str(one.choices[0].item_id), 1)
            if (self.turn * 7) % 10 < share:
                clicked(self.engine, one)
        self.engine.learn()
        return made

    def budget(self) -> dict[str, Any]:
        placements = self.engine.measuring.report("hedge")["placements"]
        assert isinstance(placements, dict)
        found = placements["home"]["regretBudget"]
        assert isinstance(found, dict)
        return found


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.engine.close()


def regret_of(decision: Decision) -> float:
    """Worked out again from what the decision says: the first slot's odds and what is expected."""
    expected = [one.expected_reward for one in decision.candidates]
    mean = sum(one.propensity * one.expected_reward for one in decision.candidates)
    return max(expected) - mean


def within_budget(world: World) -> list[Decision]:
    """Learning costs at most what it may, then stops, and goes on when the window has moved."""
    made = [one for _ in range(12) for one in world.bets(40)]
    paid = [one for one in made if not stopped(one)]
    for one in made:
        assert one.regret == pytest.approx(regret_of(one), abs=1e-9)
    assert 0.9 * AMOUNT < sum(one.regret for one in paid) <= AMOUNT
    spent = world.budget()
    assert 0.9 * AMOUNT < spent["spent"] <= AMOUNT + 1e-9
    assert not spent["exploring"]
    late = world.bets(40)
    for one in late:
        odds = {each.item_id: each.propensity for each in one.candidates}
        most = max(one.candidates, key=lambda each: each.propensity)
        assert stopped(one)
        assert one.policy == "thompson"
        assert most.expected_reward == max(each.expected_reward for each in one.candidates)
        assert most.propensity == pytest.approx(1.0 - 1e-3 + 1e-3 / len(odds))
        assert min(odds.values()) == pytest.approx(1e-3 / len(odds))
    return made


def stopped(decision: Decision) -> bool:
    return any(one.kind == "regret-budget" for one in decision.stepped_down)


def test_learning_costs_what_it_may_and_goes_on_when_the_window_has_moved(world: World) -> None:
    made = within_budget(world)
    assert any(stopped(one) for one in made)
    world.at += timedelta(days=DAYS)
    assert world.budget()["spent"] == 0.0
    assert not any(stopped(one) for one in world.bets(5))
    assert world.budget()["exploring"]


def test_a_budget_that_never_ends_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(
        _: Budgets, ask: Any, decision_id: str, place: Callable[..., Any], *, preview: bool
    ) -> Any:
        return place(ask, decision_id)

    monkeypatch.setattr(Budgets, "bet", endless)
    world = World()
    with world.engine, pytest.raises(AssertionError):
        within_budget(world)


def test_a_restart_spends_nothing_twice(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    first = World(url)
    before = sum(one.regret for one in first.bets(50))
    first.engine.close()
    second = World(url)
    second.at = first.at
    assert before <= second.budget()["spent"] <= before + AMOUNT / 100
    after = [one for _ in range(12) for one in second.bets(40)]
    paid = before + sum(one.regret for one in after if not stopped(one))
    assert 0.8 * AMOUNT < paid <= AMOUNT
    second.engine.close()


def test_who_only_asks_spends_nothing(world: World) -> None:
    world.bets(5)
    spent = world.budget()["spent"]
    for number in range(200):
        world.engine.decide(placement="home", user_id=f"u-{number % 40}", preview=True)
    assert world.budget()["spent"] == spent


def test_what_the_slots_below_give_up_counts_as_they_are_looked_at() -> None:
    world = World(slots=3, regretBudget={"amount": 1e6})
    with world.engine:
        made = [one for _ in range(4) for one in world.bets(40)][-1]
        assert made.regret > regret_of(made)
