"""The ledger of bets: every bet stands with who placed it, and the sums are those of the log."""

from collections import defaultdict

import pytest

import wager
from wager.stores.base import DecisionQuery


def test_bets_stakes_and_wins_stand_with_who_placed_them() -> None:
    with wager.open("memory://") as engine:
        engine.live.draw_key = b"of this ledger"
        items = [f"p-{number}" for number in range(5)]
        engine.publish(
            items=[{"itemId": name} for name in items],
            goals=[{"name": "buy", "event": "Item Clicked", "value": 2, "owner": "shop"}],
            placements=[
                {"name": "home", "goal": "buy", "default": ["p-0", "p-1"], "slots": 2},
                {"name": "cart", "goal": "buy", "default": "p-0"},
            ],
            usecases=[
                {"name": "spring", "placement": "home", "goal": "buy", "owner": "garden",
                 "state": "live", "items": ["p-3"], "lever": 3},
            ],
        )  # fmt: skip
        order = {"products": [{"product_id": name} for name in items]}
        bought = {"type": "track", "event": "Order Completed", "userId": "u-1", "properties": order}
        engine.collect([bought | {"messageId": f"o-{number}"} for number in range(6)])
        engine.learn()
        for number in range(120):
            where = "cart" if number % 3 == 0 else "home"
            made = engine.decide(placement=where, user_id=f"u-{number % 9}")
            if number % 2 == 0:
                what = {"decisionId": made.decision_id, "itemId": made.choices[-1].item_id}
                click = {"type": "track", "event": "Item Clicked", "userId": f"u-{number % 9}"}
                engine.collect([click | {"properties": what}])

        placed: dict[tuple[str, str | None], float] = defaultdict(float)
        won, staked = placed.copy(), placed.copy()
        total = 0.0
        for logged in engine.stores.decisions.list(DecisionQuery(limit=500)).decisions:
            decision = logged.decision
            assert decision.default is not None
            bets = [one for one in decision.choices if one.item_id not in decision.default.item_ids]
            total += decision.stake
            for one in bets:
                who = decision.placement, one.use_case
                placed[who] += 1
                won[who] += any(each.slot == one.slot for each in logged.outcomes)
                staked[who] += decision.stake / len(bets)

        bettors = engine.measuring.report("ledger")["bettors"]
        assert isinstance(bettors, list)
        found = {(one["placement"], one["useCase"]): one for one in bettors}
        assert found.keys() == placed.keys() == {
            ("home", None), ("home", "spring"), ("cart", None)
        }  # fmt: skip
        for who, one in found.items():
            assert one["owner"] == ("garden" if who[1] else "shop")
            assert one["bets"] == placed[who] > 0
            assert one["won"] == won[who]
            assert one["won"] + one["lost"] + one["open"] == one["bets"]
            assert one["staked"] == pytest.approx(staked[who])
            assert one["brought"] == 2 * won[who]
        assert sum(one["staked"] for one in bettors) == pytest.approx(total)
        (only,) = engine.measuring.report("ledger", placement="cart")["bettors"]  # type: ignore[misc]
        assert only == found["cart", None]
