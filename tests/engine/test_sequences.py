"""What follows what: after a purchase something is offered for a while, unless it was bought."""

from collections.abc import Iterator
from typing import Any

import pytest

import wager
from wager.engine.engine import Engine
from wager.errors import BadDefinition
from wager.testing.shopping import Clock, Shop, order, track

DAY = 1440
TICKETS: dict[str, Any] = {
    "name": "tickets", "placement": "home", "goal": "click", "state": "live",
    "tags": ["lift-ticket"],
    "after": {"bought": {"tags": ["ski-resort"]}, "withinMinutes": 14 * DAY},
}  # fmt: skip


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        items: list[dict[str, Any]] = [{"itemId": f"p-{n}"} for n in range(6)]
        items += [{"itemId": f"resort-{n}", "tags": {"ski-resort": 1.0}} for n in range(2)]
        items += [{"itemId": f"ticket-{n}", "tags": {"lift-ticket": 1.0}} for n in range(2)]
        items.append({"itemId": "insurance", "categories": ["Insurance"]})
        engine.publish(
            items=items,
            goals=[{"name": "click", "event": "Item Clicked"}],
            placements=[{"name": "home", "slots": 2, "default": ["p-0", "p-1"]}],
            usecases=[TICKETS],
        )
        for number in range(8):
            order(engine, clock, f"u-{number}", *(f"p-{n}" for n in range(6)))
        engine.learn()
        yield engine, clock


def offered(engine: Engine, user: str = "ada") -> bool:
    """Whether the use case is in force for the person; what it wants is a candidate then."""
    decision = engine.decide(placement="home", user_id=user, preview=True)
    mine = [one.use_case for one in decision.use_cases]
    assert [*mine, *decision.beside] == ["tickets"]
    if mine:
        assert any(str(one.item_id).startswith("ticket") for one in decision.candidates)
    assert all(one.use_case in mine for one in decision.choices if one.use_case is not None)
    return bool(mine)


def change(engine: Engine, **fields: Any) -> None:
    engine.publish(usecases=[TICKETS | {"after": TICKETS["after"] | fields}])


def test_from_the_purchase_on_for_as_long_as_it_says(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "p-0")
    assert not offered(engine)
    order(engine, clock, "ada", "resort-1")
    assert offered(engine)
    assert not offered(engine, "u-1")
    clock.forward(days=13)
    assert offered(engine)
    clock.forward(days=1)
    assert not offered(engine)
    order(engine, clock, "ada", "resort-0")
    assert offered(engine)


def test_not_before_it_has_waited(shop: Shop) -> None:
    engine, clock = shop
    change(engine, waitMinutes=DAY)
    order(engine, clock, "ada", "resort-1")
    assert not offered(engine)
    clock.forward(days=1)
    assert offered(engine)


def test_until_what_it_offers_or_what_it_names_was_bought(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "ticket-0")
    clock.forward(hours=1)
    order(engine, clock, "ada", "resort-1")
    assert offered(engine)
    change(engine, unless={"categories": ["Insurance"]})
    clock.forward(hours=1)
    order(engine, clock, "ada", "ticket-1")
    assert offered(engine)
    order(engine, clock, "ada", "insurance")
    assert not offered(engine)
    change(engine)
    assert not offered(engine)
    order(engine, clock, "bob", "resort-1", "ticket-1")
    assert not offered(engine, "bob")


def test_not_after_a_gift_or_what_was_taken_back_nor_for_who_refused(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "resort-1", gift=True)
    assert not offered(engine)
    order(engine, clock, "bob", "resort-1", order_id="o-1")
    assert offered(engine, "bob")
    products = [{"product_id": "resort-1", "quantity": 1}]
    track(engine, clock, "bob", "Order Refunded", order_id="o-1", products=products)
    assert not offered(engine, "bob")
    order(engine, clock, "cem", "resort-1")
    refused = {"consent": {"categoryPreferences": {"Functional": False, "Advertising": False}}}
    decision = engine.decide(placement="home", user_id="cem", preview=True, context=refused)
    assert decision.level == "neutral"
    assert decision.beside == ("tickets",)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({"bought": {}, "withinMinutes": 60}, "comes after nothing"),
        ({"bought": {"tags": ["a"]}, "withinMinutes": 60, "waitMinutes": 60}, "`withinMinutes`"),
    ],
)
def test_what_can_never_be_is_refused(shop: Shop, after: dict[str, Any], says: str) -> None:
    engine, _ = shop
    with pytest.raises(BadDefinition, match=says):
        engine.publish(usecases=[TICKETS | {"after": after}])


def test_what_it_waits_for_and_is_not_there_is_warned_of(shop: Shop) -> None:
    engine, _ = shop
    after = {"bought": {"items": ["resort-9"]}, "withinMinutes": 60}
    (warning,) = engine.publish(usecases=[TICKETS | {"after": after}])
    assert "waits for 'resort-9', which is no item yet" in warning
