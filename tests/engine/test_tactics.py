"""The tactics of real bets: what chance drew, with odds that are those of the draw."""

from datetime import UTC, datetime, timedelta

import wager
from wager.domain.estimates import Estimate

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
OWN = ("p-0", "p-1", "p-2")


def test_what_was_bought_before_is_a_tactic_that_works() -> None:
    """People click just what they bought before; what is popular only is never clicked."""
    at = START
    with wager.open("memory://", now=lambda: at) as engine:
        home = {"name": "home", "default": "p-9", "goal": "click", "riskAppetite": 1.0}
        goal = {"name": "click", "event": "Item Clicked", "windowMinutes": 30}
        items = [{"itemId": f"p-{number}"} for number in range(10)]
        engine.publish(items=items, placements=[home], goals=[goal])
        for number in range(80):
            user = number % 20
            mine = OWN if user % 2 else [f"p-{other}" for other in range(3, 9)]
            order = {"products": [{"product_id": name} for name in mine]}
            event = {"type": "track", "event": "Order Completed", "userId": f"u-{user}"}
            engine.collect([event | {"messageId": f"o-{number}", "properties": order}])
        engine.learn()
        for number in range(600):
            at += timedelta(hours=1)
            user = f"u-{number % 10 * 2 + 1}"
            decision = engine.decide(placement="home", user_id=user)
            shown = decision.choices[0].item_id
            if shown in OWN:
                properties = {"decisionId": decision.decision_id, "itemId": shown}
                click = {"type": "track", "event": "Item Clicked", "userId": user}
                engine.collect([click | {"properties": properties, "timestamp": at.isoformat()}])
            if number % 50 == 0:
                engine.learn()
        at += timedelta(hours=1)
        engine.learn()
        found = engine.measuring.report("tactics")["tactics"]
        assert isinstance(found, list)
        by = {one["tactic"]: one for one in found}
        bought, context = by["bought"]["lift"], by["context"]
        assert isinstance(bought, Estimate)
        assert bought.low > 0.3  # it is 1: clicked is what was bought before, and nothing else
        assert context["kind"] == "level"
        assert context["shown"] < context["bets"] <= 600
