"""What goes back is won no longer, for bets, for what is learnt and for reports.

Bets of the placement are for the revenue of orders, and beside it for their number.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.engine.measuring import Measuring
from wager.testing.shopping import Clock, Shop, track

REPORTS = ("overview", "lift", "calibration", "levels", "stakeholders", "ledger", "tactics")
PLACEMENT = {"name": "shelf", "slots": 2, "goal": "revenue", "goals": {"orders": 0.5}}
ORDERED = {"event": "Order Completed", "windowMinutes": 1440}


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(
            items=[{"itemId": f"p-{n}"} for n in range(2)],
            goals=[
                {"name": "revenue", "value": "properties.revenue", **ORDERED},
                {"name": "orders", **ORDERED},
            ],
            placements=[PLACEMENT],
        )
        yield engine, clock


def buy(shop: Shop, user: str, order_id: str, **quantities: int) -> None:
    products = [
        {"product_id": name.replace("_", "-"), "price": 10.0, "quantity": many}
        for name, many in quantities.items()
    ]
    track(*shop, user, "Order Completed", order_id=order_id, products=products)


def came(engine: Engine, decision: Decision) -> tuple[str, float, float]:
    logged = engine.deciding.get(decision.decision_id)
    orders = sum(one.values.get("orders", 0.0) for one in logged.outcomes)
    return logged.state, logged.reward, orders


def test_what_goes_back_is_taken_back_by_quantity_and_no_more_than_it_was(shop: Shop) -> None:
    engine, clock = shop
    bet = engine.decide(placement="shelf", user_id="ada")
    clock.forward(hours=1)
    buy(shop, "ada", "o-1", p_0=4, p_1=1)
    assert came(engine, bet) == ("won", 50.0, 2.0)
    clock.forward(days=20)
    engine.learn()
    line = {"product_id": "p-0", "quantity": 1}
    track(*shop, "ada", "Order Refunded", order_id="o-1", products=[line])
    assert came(engine, bet) == ("won", 40.0, 1.75)
    track(*shop, "ada", "Order Refunded", order_id="o-1", products=[{**line, "quantity": 9}])
    assert came(engine, bet) == ("won", 10.0, 1.0)
    track(*shop, "ada", "Order Cancelled", order_id="o-1")
    assert came(engine, bet) == ("lost", 0.0, 0.0)
    track(*shop, "ada", "Order Refunded", order_id="o-1")
    assert came(engine, bet) == ("lost", 0.0, 0.0)
    kinds = [one.kind for one in engine.deciding.get(bet.decision_id).outcomes]
    assert kinds == ["goal", "goal", "returned", "returned", "returned"]


def test_a_refund_that_came_before_its_order_takes_it_back_all_the_same(shop: Shop) -> None:
    engine, clock = shop
    bet = engine.decide(placement="shelf", user_id="ada")
    clock.forward(minutes=5)
    ordered_at = clock.at
    clock.forward(hours=1)
    line = {"product_id": "p-0", "price": 10.0, "quantity": 3}
    for _ in range(2):
        one = [{**line, "quantity": 1}]
        track(*shop, "ada", "Order Refunded", order_id="o-1", products=one)
    track(*shop, "ada", "Order Refunded", order_id="o-2")
    late = {
        "type": "track", "event": "Order Completed", "userId": "ada", "messageId": "late",
        "timestamp": ordered_at.isoformat(),
        "properties": {"order_id": "o-1", "products": [line]},
    }  # fmt: skip
    assert engine.collect([late]).accepted == 1
    state, revenue, orders = came(engine, bet)
    assert (state, revenue, orders) == ("won", pytest.approx(10.0), pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("user", "properties"),
    [
        ("bob", {"order_id": "o-1"}),  # another person's
        ("ada", {"order_id": "o-2"}),  # another order
        ("ada", {"order_id": "o-1", "products": [{"product_id": "p-9"}]}),  # not in it
        ("ada", {"products": [{"product_id": "p-0"}]}),  # of no order
    ],
)
def test_another_order_takes_nothing_back(
    shop: Shop, user: str, properties: dict[str, Any]
) -> None:
    engine, _ = shop
    bet = engine.decide(placement="shelf", user_id="ada")
    buy(shop, "ada", "o-1", p_0=1)
    track(*shop, user, "Order Refunded", **properties)
    assert came(engine, bet) == ("won", 10.0, 1.0)


def test_it_is_learnt_as_if_it_had_never_been_won(shop: Shop) -> None:
    """The folds of a shop where all goes back are those of one where nobody buys."""
    engine, clock = shop
    for number in range(40):
        engine.decide(placement="shelf", user_id=f"u-{number}", at=clock.at)
        buy(shop, f"u-{number}", f"o-{number}", p_0=1 + number % 3, p_1=1)
        engine.learn()
        if number % 2:
            track(*shop, f"u-{number}", "Order Refunded", order_id=f"o-{number}")
        clock.forward(minutes=1)
    engine.learn()
    for number in range(0, 40, 2):
        track(*shop, f"u-{number}", "Order Cancelled", order_id=f"o-{number}")
    engine.learn()
    for name in ("shelf", "shelf/orders"):
        fold = engine.learning._rewards[name]
        assert fold.regression.total == pytest.approx(0.0)
        assert all(cell[1] == pytest.approx(0.0) for cell in fold.cells.items.values())
    honesty = engine.learning._kept.judging.honesty.get("shelf")
    assert honesty is None or honesty.curve() is None


def test_reports_read_bit_by_bit_are_those_read_at_once(shop: Shop) -> None:
    engine, clock = shop
    for number in range(30):
        user = f"u-{number % 7}"
        engine.decide(placement="shelf", user_id=user)
        if number % 2:
            buy(shop, user, f"o-{number}", p_0=2, p_1=1)
        if number % 3 == 0 and number > 8:
            lines = [{"product_id": "p-0", "quantity": 1 + number % 2}]
            before = f"o-{number - 7 - number % 2 * 7}"
            track(*shop, user, "Order Refunded", order_id=before, products=lines)
        clock.forward(hours=5)
        engine.learn()
        if number % 4 == 0:
            for name in REPORTS:
                engine.measuring.report(name)
    again = Measuring(engine.live)
    for name in REPORTS:
        assert _rounded(engine.measuring.report(name)) == _rounded(again.report(name)), name


def _rounded(value: object) -> object:
    """The same figures whatever the order they were added in."""
    if isinstance(value, msgspec.Struct):
        return _rounded(msgspec.structs.asdict(value))
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, 9) if isinstance(value, float) else value
