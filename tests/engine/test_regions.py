"""What is sold in some regions alone is shown there alone, at the price that it has there."""

from collections.abc import Iterator
from typing import Any

import pytest

import wager
from wager.engine.engine import Engine
from wager.testing.shopping import START, Clock

ITEMS = [
    {"itemId": "tea", "price": 3.0, "currency": "EUR",
     "regions": {"DE": {}, "CH": {"price": 4.0, "currency": "CHF"}, "store-12": {"price": 2.5}}},
    {"itemId": "mug", "price": 9.0},
]  # fmt: skip


@pytest.fixture
def engine() -> Iterator[Engine]:
    with wager.open("memory://", now=Clock()) as engine:
        engine.publish(
            items=ITEMS,
            placements=[{"name": "home", "slots": 2, "default": ["tea", "mug"]}],
        )
        for number in range(12):
            engine.collect([
                {"type": "track", "event": "Order Completed", "userId": f"u-{number % 3}",
                 "messageId": f"m-{number}", "timestamp": START.isoformat(),
                 "properties": {"products": [{"product_id": "tea"}, {"product_id": "mug"}]}},
            ])  # fmt: skip
        engine.learn()
        yield engine


@pytest.mark.parametrize("user", ["u-1", "stranger"])
@pytest.mark.parametrize(
    ("region", "price", "currency"),
    [
        ("DE", 3.0, "EUR"),
        ("CH", 4.0, "CHF"),
        (["store-12", "DE"], 2.5, "EUR"),
        (["store-7", "CH"], 4.0, "CHF"),
        ("FR", None, None),
        (None, None, None),
        (7, None, None),
        ([["CH"], {}], None, None),
    ],
)
def test_it_is_shown_where_it_is_sold_at_the_price_there(
    engine: Engine, user: str, region: object, price: float | None, currency: str | None
) -> None:
    context: dict[str, Any] = {} if region is None else {"region": region}
    for _ in range(2):
        decision = engine.decide(placement="home", user_id=user, context=context)
        shown = {one.item_id: one.content for one in decision.choices}
        assert shown["mug"]["price"] == 9.0
        tea = shown.get("tea", {})
        assert (tea.get("price"), tea.get("currency")) == (price, currency)
        rules = {one.item_id: one.rule for one in decision.excluded}
        assert rules == ({"tea": "wrong-region"} if price is None else {})


def test_words_name_the_price_there(engine: Engine) -> None:
    engine.publish(
        placements=[{"name": "home", "slots": 2, "template": "now {{ item.price }}"}],
    )
    decision = engine.decide(placement="home", user_id="u-1", context={"region": "CH"})
    words = {one.item_id: one.content["text"] for one in decision.choices}
    assert words["tea"] == "now 4"


def test_a_change_of_regions_counts_at_once(engine: Engine) -> None:
    engine.publish(items=[{"itemId": "mug", "regions": {"FR": {}}}])
    decision = engine.decide(placement="home", user_id="u-1", context={"region": "CH"})
    assert [one.item_id for one in decision.choices] == ["tea"]
