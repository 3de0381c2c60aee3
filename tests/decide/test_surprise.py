"""How much a choice would make a person wonder how one knows: known cases, and what is left out."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

import wager
from wager.domain.content import Item
from wager.domain.decisions import Decision
from wager.domain.models import Rates
from wager.domain.rarity import Rarity, Words
from wager.engine.engine import Engine
from wager.testing.shopping import Clock, Shop, order, track

TEA, RARE = ("tea-0", "tea-1"), ("wig-0", "wig-1")
LIMIT = {"bits": 2.0, "thinBits": 0.5}


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Everybody buys milk, every second basket has tea, one in fifty a wig; all is bought again
    at any time."""
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        items: list[dict[str, Any]] = [{"itemId": "milk", "categories": ["Dairy"]}]
        items += [{"itemId": name, "categories": ["Tea"]} for name in TEA]
        items += [{"itemId": name, "categories": ["Wigs"]} for name in RARE]
        cycles = [{"name": one, "repurchaseDays": 0} for one in ("Dairy", "Tea", "Wigs")]
        engine.publish(items=items, categories=cycles)
        for number in range(100):
            bought = ["milk", *["tea-0"][: number % 2], *["wig-0"][: number % 50 == 7]]
            order(engine, clock, f"u-{number}", *bought)
        engine.learn()
        yield engine, clock


def regular(engine: Engine, clock: Clock, user: str = "ada") -> None:
    """Leans to tea and to wigs, having bought one of either three times."""
    for _ in range(3):
        order(engine, clock, user, "tea-0", "wig-0")


def place(engine: Engine, **fields: Any) -> None:
    """All there is, and nothing as the safe choice."""
    fields = {"name": "home", "allowNothing": True, "slots": 6, **fields}
    engine.publish(placements=[fields])


def decide(engine: Engine, user: str = "ada", **asked: Any) -> Decision:
    return engine.decide(placement="home", user_id=user, **asked)


def scores(decision: Decision) -> dict[str | None, float]:
    return {one.item_id: round(one.surprise, 2) for one in decision.choices}


def left_out(decision: Decision) -> set[str]:
    return {one.item_id for one in decision.excluded if one.rule == "surprising"}


def test_rarity_is_self_information() -> None:
    """The share of baskets is given, and so are the bits."""
    tea = [Item(item_id=name, categories=["Tea"], tags={"Hot": 1.0}) for name in TEA]
    rarity = Rarity(Words(tea), Rates(dict.fromkeys(TEA, 1.0), 30.0), 98.0)
    ((bits, part), (_, other)) = rarity.of(tea[0])
    assert (part, other) == ("tea", "hot")
    held = 1.0 - 2.718281828459045 ** -(2 / 30)
    assert 2.0**-bits == pytest.approx((held * 98.0 + 1.0) / 100.0)
    unknown = Item(item_id="new", categories=["Tea"], tags={"Only this": 1.0})
    assert [name for _, name in rarity.of(unknown)] == ["tea"]
    assert rarity.of(Item(item_id="bare"))[0] == (pytest.approx(6.64, abs=0.01), "")


def test_what_few_have_is_more_surprising_and_what_is_inferred_more_than_what_was_bought(
    shop: Shop,
) -> None:
    engine, clock = shop
    place(engine)
    regular(engine, clock)
    engine.learn()
    found = scores(decide(engine))
    assert found["milk"] == 0.0  # everybody's
    assert 0.0 < found["tea-0"] < found["wig-0"]  # bought: they remember it
    assert found["wig-1"] == pytest.approx(2 * found["wig-0"], abs=0.02)  # worked out from it
    assert found["tea-1"] < found["wig-1"]


def test_what_would_surprise_is_left_out_and_said(shop: Shop) -> None:
    engine, clock = shop
    regular(engine, clock)
    engine.learn()
    place(engine)
    found = scores(decide(engine))
    place(engine, maxSurprise=LIMIT)
    decision = decide(engine)
    over = {name for name, bits in found.items() if bits > 2.0}
    assert over == {"wig-1"}
    assert left_out(decision) == over
    assert decision.dropped["surprising"] == 1
    assert max(scores(decision).values()) <= 2.0
    assert {"tea-0", "tea-1", "wig-0"} <= set(scores(decision))


def test_what_was_said_is_no_surprise(shop: Shop) -> None:
    engine, clock = shop
    place(engine, maxSurprise=LIMIT)
    regular(engine, clock)
    engine.learn()
    engine.collect([{"type": "identify", "userId": "ada", "traits": {"looksFor": ["Wigs"]}}])
    decision = decide(engine)
    assert not left_out(decision)
    assert scores(decision)["wig-1"] == 0.0


@pytest.mark.parametrize("event", ["Item Liked", "Product Viewed", "Product Added"])
def test_what_was_just_done_here_is_no_surprise(shop: Shop, event: str) -> None:
    engine, clock = shop
    place(engine, maxSurprise=LIMIT)
    regular(engine, clock)
    engine.learn()
    assert "wig-1" in left_out(decide(engine))
    clock.forward(minutes=1)
    track(engine, clock, "ada", event, product_id="wig-0", itemId="wig-0")
    assert not left_out(decide(engine))
    clock.forward(hours=1)
    stays = event != "Product Viewed"
    assert bool(left_out(decide(engine))) is not stays


def test_on_another_device_what_was_bought_surprises_as_well(shop: Shop) -> None:
    engine, _ = shop
    place(engine, maxSurprise=LIMIT)
    bought = [{"product_id": name} for name in ("tea-0", "wig-0")]
    for number in range(3):
        event = {"type": "track", "event": "Order Completed", "userId": "ada"}
        said = {"properties": {"products": bought}, "context": {"device": {"id": "phone"}}}
        engine.collect([{**event, **said, "messageId": f"o-{number}"}])
    engine.learn()

    def out(device: str) -> set[str]:
        return left_out(decide(engine, context={"device": {"id": device}}))

    assert out("phone") == {"wig-1"}
    assert out("tablet") == {"wig-0", "wig-1"}


def test_of_who_is_hardly_known_less_is_assumed(shop: Shop) -> None:
    """The same history under a browser's name alone."""
    engine, clock = shop
    place(engine, maxSurprise={"bits": 9.0, "thinBits": 1.0})
    regular(engine, clock)
    for number in range(6):
        event = {"type": "track", "event": "Product Viewed", "anonymousId": "who"}
        event["messageId"] = f"v-{number}"
        named = {"product_id": ("tea-0", "wig-0")[number % 2]}
        engine.collect([event | {"properties": named, "timestamp": clock().isoformat()}])
    engine.learn()
    clock.forward(hours=1)
    assert not left_out(decide(engine))
    thin = engine.decide(placement="home", anonymous_id="who")
    assert left_out(thin) == {"wig-0"}


def kinds(names: Sequence[str | None]) -> set[str]:
    return {str(name).partition("-")[0] for name in names}


def test_the_crowd_the_default_and_the_held_out_are_left_alone(shop: Shop) -> None:
    engine, clock = shop
    regular(engine, clock)
    engine.learn()
    zero = {"bits": 0.0, "thinBits": 0.0}
    place(engine, maxSurprise=zero, levels=["neutral", "crowd"], default="wig-1")
    decision = decide(engine)
    assert not left_out(decision)
    assert set(scores(decision).values()) == {0.0}
    place(engine, maxSurprise=zero, default="wig-1")
    assert "wig-1" in scores(decide(engine))
    place(engine, maxSurprise=zero, default="wig-1", holdoutShare=0.9)
    held = next(one for n in range(99) if (one := decide(engine, f"u-{n}")).holdout)
    assert kinds([one.item_id for one in held.choices][:1]) == {"wig"}
