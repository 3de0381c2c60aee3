"""Words by how sure a choice is: nothing is claimed of what is not known, and more of what is."""

import math
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

import wager
from wager.domain.decisions import Choice, Decision

WORDS = (
    "{{ bet.certainty }} {% if bet.certainty >= 0.95 %}sure"
    "{% elsif bet.certainty >= 0.7 %}likely{% else %}perhaps{% endif %}"
)


def certainty(decision: Decision, choice: Choice) -> float:
    """From what is logged: how likely a normal variable is the larger one."""
    by = {one.item_id: one for one in decision.candidates}
    assert decision.default is not None
    one, safe = by[choice.item_id], by[decision.default.item_id]
    if one is safe:
        return 0.5
    spread = math.hypot(one.standard_error, safe.standard_error)
    gain = one.expected_reward - safe.expected_reward
    return 0.5 * (1.0 + math.erf(gain / spread / math.sqrt(2.0)))


def said(choice: Choice) -> tuple[float, str]:
    number, word = str(choice.content["text"]).split()
    return float(number), word


def test_words_grow_surer_with_what_was_learnt_and_not_before() -> None:
    """One item is clicked by two of three, nothing else ever."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    chance = np.random.default_rng(1)
    with wager.open("memory://", now=lambda: at) as engine:
        items = [{"itemId": f"p-{number}"} for number in range(4)]
        home = {"name": "home", "default": "p-0", "template": WORDS, "riskAppetite": 0.5}
        engine.publish(items=items, placements=[home | {"goal": "click"}], goals=[
            {"name": "click", "event": "Item Clicked", "windowMinutes": 30}
        ])  # fmt: skip
        for number in range(12):
            order = {"products": [{"product_id": f"p-{number % 4}"}]}
            event = {"type": "track", "event": "Order Completed", "userId": f"u-{number}"}
            engine.collect([event | {"properties": order}])
        engine.learn()
        engine.live.draw_key = b"one of three"
        numbers = count()

        def decide(user: str) -> Decision:
            return engine.decide(placement="home", user_id=user, decision_id=f"d-{next(numbers)}")

        def words() -> dict[str | None, str]:
            decision = decide("u-1")
            for choice in decision.choices:
                assert said(choice)[0] == pytest.approx(certainty(decision, choice), abs=1e-6)
            return {one.item_id: said(one)[1] for one in decision.choices}

        assert "sure" not in words().values()
        for number in range(300):
            at += timedelta(hours=1)
            user = f"u-{number % 12}"
            decision = decide(user)
            if "p-2" in [one.item_id for one in decision.choices] and chance.random() < 2 / 3:
                properties = {"decisionId": decision.decision_id, "itemId": "p-2"}
                click = {"type": "track", "event": "Item Clicked", "userId": user}
                engine.collect([click | {"properties": properties, "timestamp": at.isoformat()}])
            if number % 20 == 0:
                engine.learn()
        found = [words() for _ in range(20)]
        assert {one["p-2"] for one in found if "p-2" in one} == {"sure"}
        others = {word for one in found for name, word in one.items() if name != "p-2"}
        assert "perhaps" in others
        assert "sure" not in others


def test_words_that_tell_how_far_a_person_is_assume_as_much_as_those_of_the_profile() -> None:
    with wager.open("memory://") as engine:
        home = {"name": "home", "default": "p-0", "template": "{{ context.journeyStage }}"}
        engine.publish(items=[{"itemId": "p-0"}], placements=[home])
        for number in range(6):
            order = {"products": [{"product_id": "p-0"}]}
            event = {"type": "track", "event": "Order Completed", "userId": "ada"}
            engine.collect([event | {"properties": order, "messageId": f"o-{number}"}])
        engine.learn()
        (choice,) = engine.decide(placement="home", user_id="ada").choices
        assert choice.content["text"] == "bought"
        assert choice.reasons[-1].text == "The words say what is known: journey stage"
