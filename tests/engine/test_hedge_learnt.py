"""Whether to bet is learnt: who only believes in tastes stops, who knows them loses nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from msgspec.structs import replace

import wager
from wager.domain.asking import Ask
from wager.engine import betting, hedging
from wager.learn import hedge

START = datetime(2026, 3, 2, tzinfo=UTC)
ITEMS = [f"p-{number}" for number in range(6)]
PEOPLE, BETS = 60, 1500


def taste(person: str, item_id: str) -> float:
    """One item in four is somebody's favourite; on the average there is no taste."""
    if item_id == "p-0":
        return 0.0
    return 0.3 if crc32(f"{person} {item_id}".encode()) % 4 == 0 else -0.1


def usual(item_id: str) -> float:
    """What everybody clicks of an item: p-0, the default, most."""
    return 0.5 if item_id == "p-0" else 0.35


def believer(ask: Ask, x: Any, names: Any, payoffs: Any) -> Any:
    """Expects what tastes would make of it, and is sure of that."""
    person = str(ask.profile.identities[0].value)
    found = betting_worth(ask, x, names, payoffs)
    mean = np.array([usual(name) + taste(person, name) for name in names])
    told = mean if payoffs.honest is None else np.interp(mean, *payoffs.honest)
    return replace(found, mean=mean, told=told, deviation=np.full(len(mean), 0.02))


betting_worth = betting.worth


class World:
    """People of whom tastes are believed, and true or not."""

    def __init__(self, *, true: bool, holdout: float = 0.05) -> None:
        self.at, self.true = START, true
        self.engine = wager.open("memory://", now=lambda: self.at)
        live = self.engine.live
        live.draw_key = live.holdout_key = b"of these two worlds"
        live._start = "seeded"
        home = {"name": "home", "default": "p-0", "holdoutShare": holdout, "riskAppetite": 0.02}
        self.engine.publish(items=[{"itemId": name} for name in ITEMS], placements=[home])
        self.rng = np.random.default_rng(7)
        self.shares: list[float] = []

    def worth_of(self, person: str, item_id: str) -> float:
        return usual(item_id) + (taste(person, item_id) if self.true else 0.0)

    def run(self, bets: int = BETS) -> float:
        """What the last third of the bets brings, beside the default."""
        brought = []
        for number in range(bets):
            self.at += timedelta(minutes=2)
            person = f"u-{self.rng.integers(PEOPLE)}"
            made = self.engine.decide(placement="home", user_id=person, candidates=ITEMS)
            name = str(made.choices[0].item_id)
            chance = self.worth_of(person, name)
            if not made.holdout:
                brought.append(chance)
            if self.rng.random() < chance:
                what = {"decisionId": made.decision_id, "itemId": name}
                event = {"type": "track", "event": "Item Clicked", "userId": person}
                event |= {"messageId": f"c-{number}", "timestamp": self.at.isoformat()}
                self.engine.collect([event | {"properties": what}])
            if number % 25 == 0:
                self.engine.learn()
                trust = self.engine.live.snapshot.hedges.get("home")
                self.shares.append(1.0 if trust is None else trust.share)
        return float(np.mean(brought[-len(brought) // 3 :])) / 0.5


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(betting, "worth", believer)
    monkeypatch.setattr(hedge, "SEEN", 300.0)


def does_no_harm(world: World) -> None:
    with world.engine as engine:
        assert world.run() > 0.97
        assert world.shares[-1] < 0.1
        last = engine.decide(placement="home", user_id="u-1", candidates=ITEMS)
        (why,) = (one for one in last.stepped_down if one.kind == "hedge")
        odds = {one.item_id: one.propensity for one in last.candidates}
        assert odds["p-0"] > 0.9
        assert sum(odds.values()) == pytest.approx(1.0)
        assert last.choices[0].propensity == pytest.approx(odds[last.choices[0].item_id])
        assert "not real" in why.text
        placements = engine.measuring.report("hedge")["placements"]
        assert isinstance(placements, dict)
        learnt = placements["home"]["learnt"]
        assert learnt["share"] == world.shares[-1]
        assert learnt["real"] < 0.3
        assert learnt["choices"] > 300


def test_who_only_believes_in_tastes_stops_betting() -> None:
    does_no_harm(World(true=False))


def test_it_is_noticed_without_anybody_held_out() -> None:
    does_no_harm(World(true=False, holdout=0.0))


def test_a_hedge_that_learns_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedging, "bets_share", lambda _: 1.0)
    world = World(true=False)
    with world.engine:
        assert world.run() < 0.85


def test_who_knows_tastes_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(true=True)
    with world.engine:
        brought = world.run()
        assert world.shares[-1] == 1.0
        assert min(world.shares) > 0.7  # what is not known yet leaves odds to the safe choice
    monkeypatch.setattr(hedging, "bets_share", lambda _: 1.0)
    free = World(true=True)
    with free.engine:
        assert brought > 0.99 * free.run() > 1.15
