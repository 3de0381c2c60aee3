"""How far along a person is, and whether they buy what is dear: told, and used in a decision."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import wager
from wager.domain.moments import told
from wager.domain.stages import STAGES
from wager.engine.engine import Engine
from wager.testing.shopping import Clock, Shop, order, track

PRICES = {f"tea-{n}": 1.0 + n for n in range(9)}
SEGMENTS = [
    {"name": "has-cart", "condition": "context.journeyStage == 'cart'"},
    {"name": "gone", "condition": "profile.traits.journeyStage == 'lapsed'"},
]


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        items: list[dict[str, Any]] = [
            {"itemId": name, "price": price, "currency": "EUR", "categories": ["tea"]}
            for name, price in PRICES.items()
        ]
        words = "{{ context.journeyStage | default: 'untold' }}"
        home = {"name": "home", "default": "tea-8", "template": words}
        engine.publish(items=items, placements=[home], segments=SEGMENTS)
        for number in range(10):
            order(engine, clock, f"u-{number}", "tea-0", "tea-4")
        engine.learn()
        yield engine, clock


def stage_of(engine: Engine, user: str = "ada") -> str:
    found = engine.people.get("user_id", user)
    return str(found.traits["journeyStage"].value)


def test_from_the_first_look_to_what_comes_long_after(shop: Shop) -> None:
    engine, clock = shop
    seen = []

    def now(at: str) -> None:
        assert stage_of(engine) == at
        seen.append(at)

    engine.collect([{"type": "page", "userId": "ada", "timestamp": clock().isoformat()}])
    now("new")
    track(engine, clock, "ada", "Product Viewed", product_id="tea-1")
    now("browsing")
    for name in ("tea-2", "tea-3"):
        track(engine, clock, "ada", "Product Viewed", product_id=name)
    now("comparing")
    clock.forward(days=2, minutes=1)
    now("browsing")
    track(engine, clock, "ada", "Product Added", product_id="tea-2")
    now("cart")
    clock.forward(days=3)
    order(engine, clock, "ada", "tea-2")
    now("bought")
    for name in ("tea-1", "tea-2", "tea-3"):
        clock.forward(minutes=1)
        track(engine, clock, "ada", "Product Viewed", product_id=name)
    now("comparing")
    clock.forward(days=30)
    now("browsing")
    clock.forward(days=31)
    now("lapsed")
    assert set(seen) == set(STAGES)


def test_a_forgotten_cart_and_what_was_looked_at_before_the_order_do_not_count(shop: Shop) -> None:
    engine, clock = shop
    track(engine, clock, "ada", "Product Added", product_id="tea-2")
    clock.forward(days=8)
    assert stage_of(engine) == "browsing"
    for name in ("tea-1", "tea-2", "tea-3"):
        track(engine, clock, "ada", "Product Viewed", product_id=name)
    clock.forward(minutes=5)
    order(engine, clock, "ada", "tea-2")
    assert stage_of(engine) == "bought"


def test_a_decision_knows_it_and_what_it_is_asked_with_goes_first(shop: Shop) -> None:
    engine, clock = shop
    for _ in range(3):
        order(engine, clock, "ada", "tea-6", "tea-7", "tea-8")
        clock.forward(days=1)
    decision = engine.decide(placement="home", user_id="ada", context={"journeyStage": "made up"})
    assert decision.level == "context"
    assert decision.context["journeyStage"] == "bought"
    assert decision.choices[0].content["text"] == "bought"
    assert {"journeyStage=bought", "priceLevel=dear"} <= told(decision.context, ()).keys()
    full = engine.decide(placement="home", user_id="ada", context={"cart": ["tea-1"]})
    assert full.context["journeyStage"] == "cart"
    assert full.segments == ("has-cart",)
    track(engine, clock, "ada", "Product Added", product_id="tea-0")
    empty = engine.decide(placement="home", user_id="ada", context={"cart": []})
    assert empty.context["journeyStage"] == "bought"
    clock.forward(days=61)
    assert engine.decide(placement="home", user_id="ada").segments == ("gone",)


@pytest.mark.parametrize(
    ("bought", "level"),
    [
        (("tea-0", "tea-1", "tea-2"), "cheap"),
        (("tea-0", "tea-4", "tea-8"), "middle"),
        (("tea-6", "tea-7", "tea-8"), "dear"),
        (("tea-7", "tea-8"), None),
    ],
)
def test_the_level_of_prices(shop: Shop, bought: tuple[str, ...], level: str | None) -> None:
    engine, clock = shop
    for _ in range(3):
        order(engine, clock, "ada", *bought)
        clock.at += timedelta(hours=1)
    assert engine.decide(placement="home", user_id="ada").context.get("priceLevel") == level


@pytest.mark.parametrize("levels", [["neutral"], ["neutral", "crowd"]])
def test_below_the_segment_nothing_of_it_is_read(shop: Shop, levels: list[str]) -> None:
    engine, clock = shop
    for _ in range(3):
        order(engine, clock, "ada", "tea-6", "tea-7", "tea-8")
    words = "{{ context.journeyStage | default: 'untold' }}"
    home = {"name": "home", "default": "tea-8", "template": words, "levels": levels}
    engine.publish(placements=[home])
    decision = engine.decide(placement="home", user_id="ada", context={"channel": "web"})
    assert decision.context.keys() == {"channel", "hour", "weekday", "partOfDay"}
    assert decision.choices[0].content["text"] == "untold"
