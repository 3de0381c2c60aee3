"""Levels drawn by chance: evenly, as logged, and compared with the next below."""

from collections import Counter

from scipy.stats import binom

import wager
from wager.domain.estimates import NotEnough

BETS, SHARE = 600, 0.5


def test_levels_are_drawn_evenly_and_compared() -> None:
    with wager.open("memory://") as engine:
        home = {"name": "home", "default": "p-0", "levelTrialShare": SHARE}
        engine.publish(items=[{"itemId": f"p-{number}"} for number in range(5)], placements=[home])
        order = {"products": [{"product_id": f"p-{number}"} for number in range(5)]}
        event = {"type": "track", "event": "Order Completed", "userId": "u-1", "properties": order}
        for number in range(6):
            engine.collect([event | {"messageId": f"o-{number}"}])
        engine.learn()
        drawn: Counter[str] = Counter()
        for _ in range(BETS):
            decision = engine.decide(placement="home", user_id="u-1")
            trial = decision.level_trial
            said = {one.kind for one in decision.stepped_down}
            assert ("level-trial" in said) == (trial is not None)
            if trial is None:
                continue
            assert trial.among == ("neutral", "crowd", "context")
            drawn[trial.drawn] += 1
            if trial.drawn == "neutral":
                assert [one.item_id for one in decision.choices] == ["p-0"]
            properties = {"decisionId": decision.decision_id, "itemId": decision.choices[0].item_id}
            click = {"type": "track", "event": "Item Clicked", "userId": "u-1"}
            engine.collect([click | {"properties": properties}])
        tried = drawn.total()
        for count, many, chance in ((tried, BETS, SHARE), *(
            (drawn[level], tried, 1 / 3) for level in ("neutral", "crowd", "context")
        )):  # fmt: skip
            low, high = binom.interval(1.0 - 1e-6, many, chance)
            assert low <= count <= high
        trials = engine.measuring.report("levels")["trials"]
        assert isinstance(trials, list)
        assert {(one["level"], one["over"]) for one in trials} == {
            ("crowd", "neutral"), ("context", "crowd")
        }  # fmt: skip
        by = {one["level"]: one for one in trials}
        assert by["crowd"]["decisions"] == [drawn["crowd"], drawn["neutral"]]
        assert isinstance(by["crowd"]["lift"], NotEnough)
