"""Who is fed one category is shown others, until what is shown is varied enough."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import wager
from wager.decide.diversity import Diversity, diversity
from wager.domain.asking import Shelf
from wager.domain.content import Item
from wager.domain.decisions import Decision
from wager.domain.estimates import Estimate, NotEnough
from wager.domain.profiles import Exposure
from wager.measure.variety import mean, variety

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CATEGORIES = ("Cat", "Dog", "Fish", "Bird", "Horse")
ITEMS = {f"{name}-{number}": name for name in CATEGORIES for number in range(6)}
FLOOR = 0.4


class Shop:
    """Everybody buys from all categories; one person buys, sees and is offered but cats."""

    def __init__(self, floor: float) -> None:
        self.at, self.turn = START, 0
        self.engine = wager.open("memory://", now=lambda: self.at)
        self.engine.publish(
            items=[{"itemId": name, "categories": [one]} for name, one in ITEMS.items()],
            placements=[
                {"name": "home", "default": "Cat-0", "riskAppetite": 0.0, "policy": "greedy",
                 "diversityFloor": floor}
            ],
        )  # fmt: skip
        for number in range(6):
            self._order(f"u-{number}", *ITEMS)
        for _ in range(4):
            self._order("anna", *(f"Cat-{number}" for number in range(6)))
        for number in range(24):
            self._track("anna", "Item Viewed", itemId=f"Cat-{number % 6}")
        self.engine.learn()

    def _track(self, user: str, event: str, **properties: object) -> None:
        self.turn += 1
        message = {
            "type": "track", "event": event, "userId": user, "messageId": f"m-{self.turn}",
            "timestamp": self.at.isoformat(), "properties": properties,
        }  # fmt: skip
        assert self.engine.collect([message]).accepted == 1

    def _order(self, user: str, *items: str) -> None:
        self._track(user, "Order Completed", products=[{"product_id": one} for one in items])

    def visit(self) -> Decision:
        self.at += timedelta(hours=1)
        decision = self.engine.decide(placement="home", user_id="anna")
        seen = {"itemId": decision.choices[0].item_id, "decisionId": decision.decision_id}
        self._track("anna", "Item Viewed", **seen)
        return decision

    def known(self) -> Diversity:
        profile = self.engine.people.stored("user_id", "anna")
        found = diversity(profile.exposures, self.engine.live.shelf, self.at)
        assert found is not None
        return found

    def close(self) -> None:
        self.engine.close()


def explored(decision: Decision) -> bool:
    return "explore" in [reason.kind for reason in decision.choices[0].reasons]


def test_other_categories_are_shown_until_it_is_varied_enough() -> None:
    with_floor, twin = Shop(FLOOR), Shop(0.0)
    assert with_floor.known().entropy == twin.known().entropy == 0.0
    made, reached, without = [], [], []
    for _ in range(120):
        made.append(with_floor.visit())
        assert not explored(twin.visit())
        reached.append(with_floor.known().entropy)
        without.append(twin.known().entropy)
    assert max(reached) >= FLOOR > max(without)
    assert reached[-1] > FLOOR - 0.1  # once there it is kept, but for a few showings
    assert set(with_floor.known().by_category) == set(CATEGORIES)
    for choice in (decision.choices[0] for decision in made if explored(decision)):
        whole = sum(reason.weight for reason in choice.reasons)
        assert (choice.level, whole) == ("crowd", pytest.approx(choice.expected_reward))
    with_floor.close()
    twin.close()


def test_the_logged_odds_are_those_drawn_from() -> None:
    """How often something else than cats is drawn lies where the logged odds say (limits of the
    sum of such draws, exact, at 1e-6); not where they would say without the floor's share."""
    shop = Shop(FLOOR)
    chances, hits = [], 0
    while shop.known().entropy < FLOOR:
        decision = shop.visit()
        chosen = decision.choices[0]
        odds = {one.item_id: one.propensity for one in decision.candidates}
        assert sum(odds.values()) == pytest.approx(1.0)
        assert odds[chosen.item_id] == pytest.approx(chosen.propensity)
        chances.append(sum(odds[one] for one in odds if ITEMS[str(one)] != "Cat"))
        hits += ITEMS[str(chosen.item_id)] != "Cat"
        assert explored(decision) or ITEMS[str(chosen.item_id)] == "Cat"
    assert min(chances) >= FLOOR
    assert within(hits, chances)
    assert not within(hits, [(one - FLOOR) / (1.0 - FLOOR) for one in chances])
    shop.close()


def within(hits: int, chances: list[float]) -> bool:
    """Whether so many successes of draws with these chances are between the 1e-6 quantiles."""
    law = np.array([1.0])
    for chance in chances:
        law = np.convolve(law, [1.0 - chance, chance])
    return bool(law[: hits + 1].sum() > 1e-6 and law[hits:].sum() > 1e-6)


def test_how_varied_is_a_known_answer() -> None:
    items = {name: Item(item_id=name, categories=(one,)) for name, one in ITEMS.items()}
    leading = {("product", one): [f"{one}-0"] for one in CATEGORIES}
    shelf = Shelf(items=items, kinds={}, categories={}, leading=leading)
    even = {f"{one}-0": Exposure(4, 0, START) for one in CATEGORIES}
    found = diversity(even, shelf, START)
    assert found is not None
    assert (found.entropy, found.repetition, found.novelty) == (pytest.approx(1.0), 0.75, 0.0)
    one = diversity({"Cat-0": Exposure(19, 0, START), "Cat-1": Exposure(1, 0, START)}, shelf, START)
    assert one is not None
    assert (one.entropy, one.repetition, one.novelty) == (0.0, 0.9, 0.05)
    assert diversity({"Cat-0": Exposure(19, 0, START)}, shelf, START) is None
    assert diversity(even, shelf, START + timedelta(days=61)) is None


def test_the_report_says_how_varied_it_is() -> None:
    shop = Shop(FLOOR)
    report = shop.engine.measuring.report("diversity")
    assert (report["people"], report["sampled"]) == (1, 7)
    assert report["entropy"] == NotEnough(needed=100, seen=1, what="people with 20 showings")
    shop.close()
    many = variety([(0.0, 0.9, 0.05)] * 100 + [(1.0, 0.5, 0.05)] * 300, 400, {"home": FLOOR})
    assert isinstance(many["entropy"], Estimate)
    assert many["entropy"].value == pytest.approx(0.75)
    assert many["placements"]["home"]["below"].value == pytest.approx(0.25)  # type: ignore[index]


def test_the_interval_of_a_mean_holds_and_narrows() -> None:
    """400 samples of 200 from a known law: misses within the binomial limit at 1e-6 of 5 %."""
    rng = np.random.default_rng(5)
    found = [mean(rng.beta(0.5, 1.5, 200)) for _ in range(400)]
    misses = sum(isinstance(one, Estimate) and not one.low <= 0.25 <= one.high for one in found)
    assert misses <= 44
    narrow, wide = mean(rng.beta(0.5, 1.5, 20_000)), found[0]
    assert isinstance(narrow, Estimate)
    assert isinstance(wide, Estimate)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5.0
