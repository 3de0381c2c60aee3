"""Bold with some, careful with others: the risk that is taken is that of the person's segments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine import framing, hedging
from wager.engine.engine import Engine
from wager.errors import BadDefinition

ITEMS = [f"p-{number}" for number in range(5)]
START = datetime(2026, 3, 2, tzinfo=UTC)
BOLD = {"segment": "new", "riskAppetite": 0.4}
CAREFUL = {"segment": "dear", "leastGain": {"share": 3.0}, "riskAppetite": 0.1}


class Shop:
    """Who is `dear` or `new` is told by a trait of that name; everybody clicks p-1 half the time,
    and p-0, the default, a quarter of it."""

    def __init__(self, *risks: dict[str, Any], **home: Any) -> None:
        self.at, self.turn = START, 0
        self.engine: Engine = wager.open("memory://", now=lambda: self.at)
        self.engine.publish(
            items=[{"itemId": name} for name in ITEMS],
            segments=[
                {"name": name, "condition": f"profile.traits.{name} == true"}
                for name in ("dear", "new", "far")
            ],
            placements=[
                {"name": "home", "default": "p-0", "riskAppetite": 0.2, "riskBySegment": [*risks]}
                | home
            ],
        )
        for person, traits in (("d", ["dear"]), ("n", ["new"]), ("b", ["dear", "new"]), ("u", [])):
            self.send("", person, type="identify", traits=dict.fromkeys(traits, True))

    def send(self, name: str, person: str, **more: Any) -> None:
        event = {"type": "track", "event": name, "userId": person, "messageId": f"m-{self.turn}"}
        self.turn += 1
        self.engine.collect([event | more])

    def decide(self, person: str, **asked: Any) -> Decision:
        return self.engine.decide(placement="home", user_id=person, candidates=ITEMS, **asked)

    def taught(self, bets: int = 200, people: str = "dnbu") -> list[Decision]:
        made = []
        for number in range(bets):
            if number % 40 == 0:
                self.engine.learn()
            self.at += timedelta(minutes=1)
            person = people[number % len(people)]
            made.append(one := self.decide(person))
            share = {"p-1": 5, "p-0": 2}.get(str(one.choices[0].item_id), 1)
            self.turn += 1
            if (self.turn * 7) % 10 < share:
                what = {"decisionId": one.decision_id, "itemId": one.choices[0].item_id}
                self.send("Item Clicked", person, properties=what)
        self.engine.learn()
        return made


@pytest.fixture(autouse=True)
def _in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt of bets' gains has tests of its own; here they have all of their odds."""
    monkeypatch.setattr(hedging, "bets_share", lambda _: 1.0)


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop(CAREFUL, BOLD)
    yield made
    made.engine.close()


def least_odds(decision: Decision) -> float:
    return min(one.propensity for one in decision.candidates) * len(decision.candidates)


def is_held(decision: Decision) -> bool:
    return any(one.kind == "least-gain" for one in decision.stepped_down)


def takes_the_risk_of_segments(shop: Shop) -> None:
    shop.taught()
    assert least_odds(shop.decide("n")) == pytest.approx(0.4, abs=0.01)
    assert least_odds(shop.decide("u")) == pytest.approx(0.2, abs=0.01)
    assert not is_held(shop.decide("n"))
    assert not is_held(shop.decide("u"))
    for person in ("d", "b"):
        decision = shop.decide(person)
        odds = {one.item_id: one.propensity for one in decision.candidates}
        assert is_held(decision)
        assert odds["p-0"] == pytest.approx(0.9 + 0.1 / len(odds))
        assert least_odds(decision) == pytest.approx(0.1)


def test_each_value_is_that_of_the_first_segment_that_says_it(shop: Shop) -> None:
    takes_the_risk_of_segments(shop)


def test_one_risk_for_everybody_is_found_out(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "as_for", lambda placement, _: placement)
    with pytest.raises(AssertionError):
        takes_the_risk_of_segments(shop)


def test_the_order_decides_between_segments() -> None:
    shop = Shop(BOLD, CAREFUL)
    with shop.engine:
        shop.taught()
        both = shop.decide("b")
        assert is_held(both)  # new says nothing of the least gain
        assert least_odds(both) == pytest.approx(0.4)


def test_a_sensitive_segment_says_nothing() -> None:
    shop = Shop(CAREFUL, sensitive=["dear"])
    with shop.engine:
        shop.taught()
        assert not is_held(shop.decide("d"))
        (warning,) = shop.engine.publishing.warnings(shop.engine.live.placements["home"])[:1]
        assert "sensitive" in warning


def test_a_segments_budget_is_spent_by_its_people_alone() -> None:
    own = {"amount": 0.2, "days": 7.0}
    home = {"regretBudget": {"amount": 0.5, "days": 7.0}}
    shop = Shop({"segment": "dear", "regretBudget": own}, **home)
    with shop.engine:
        made = shop.taught(300, "du")
        spent = dict.fromkeys("du", 0.0)
        for one in made:
            if not any(each.kind == "regret-budget" for each in one.stepped_down):
                spent[one.identity[0][-1]] += one.regret
        placements = shop.engine.measuring.report("hedge")["placements"]
        assert isinstance(placements, dict)
        found = placements["home"]
        theirs = found["bySegment"]["dear"]["regretBudget"]
        assert theirs["amount"] == 0.2
        assert found["regretBudget"]["amount"] == 0.5
        assert 0.15 < spent["d"] <= theirs["spent"] + 1e-9 <= 0.2 + 2e-9
        assert 0.4 < spent["u"] <= found["regretBudget"]["spent"] + 1e-9 <= 0.5 + 2e-9


@pytest.mark.parametrize(
    ("risks", "home", "why"),
    [
        ([{"segment": "dear"}], {}, "says nothing"),
        ([BOLD, BOLD], {}, "twice"),
        ([BOLD], {"levels": ["context", "crowd"]}, "leave segments out"),
        ([{"segment": "dear", "riskAppetite": 2}], {}, "riskBySegment"),
    ],
)
def test_what_cannot_hold_is_refused(
    risks: list[dict[str, Any]], home: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadDefinition, match=why):
        Shop(*risks, **home)


def test_a_segment_that_nobody_defined_is_warned_of() -> None:
    shop = Shop({"segment": "nobody", "riskAppetite": 0.1})
    with shop.engine:
        placement = shop.engine.live.placements["home"]
        assert any("'nobody'" in one for one in shop.engine.publishing.warnings(placement))
