"""Never again: for the person or the household, whatever happens in between; and it is said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import wager
from wager.engine.engine import Engine
from wager.errors import BadInput

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS = [
    {"itemId": "lily", "title": "Lilies", "creator": "Flora", "tags": {"funeral": 1.0}},
    {"itemId": "rose", "title": "Roses", "creator": "Flora"},
    {"itemId": "shirt-red", "title": "Shirt, red", "parentId": "shirt"},
    {"itemId": "mug", "title": "Mug"},
]
PLACEMENT = {"name": "home", "slots": 4, "default": {"rule": "popular"}}


def opened(url: str = "memory://") -> Engine:
    engine = wager.open(url, now=lambda: AT)
    engine.publish(items=ITEMS, placements=[PLACEMENT])
    return engine


@pytest.fixture
def shop() -> Iterator[Engine]:
    with opened() as engine:
        yield engine


def tell(engine: Engine, user: str, event: str, minute: float = 0, **properties: Any) -> list[str]:
    """Send feedback; the effects in words."""
    at = (AT + timedelta(minutes=minute)).isoformat()
    one = {"type": "track", "event": event, "userId": user, "timestamp": at}
    collected = engine.collect([{**one, "properties": properties}])
    assert not collected.quarantined
    return [effect.text for effect in collected.effects]


def join(engine: Engine, user: str, household: str = "h-1") -> None:
    traits = {"type": "household"}
    engine.collect([{"type": "group", "userId": user, "groupId": household, "traits": traits}])


def sees(engine: Engine, user: str, item: str) -> bool:
    decision = engine.decide(placement="home", user_id=user)
    return item in [choice.item_id for choice in decision.choices]


# ---- the effect is said


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"itemId": "lily"}, "You will not see Lilies again."),
        ({"itemId": "gone"}, "You will not see gone again."),
        ({"scope": "tag", "tag": "funeral"}, "You will not see anything about funeral again."),
        ({"scope": "creator", "creator": "Flora"}, "You will not see anything by Flora again."),
    ],
)
def test_the_effect_is_said_and_so_is_the_undoing(
    shop: Engine, properties: dict[str, Any], words: str
) -> None:
    assert tell(shop, "ada", "Item Disliked", **properties) == [words]
    assert not sees(shop, "ada", "lily") or properties == {"itemId": "gone"}
    undone = words.replace("will not", "may")
    assert tell(shop, "ada", "Item Unblocked", 1, **properties) == [undone]
    assert sees(shop, "ada", "lily")


@pytest.mark.parametrize(
    ("disliked", "words"),
    [
        ({"itemId": "shirt-red"}, "You will not see Shirt, red again: nor Shirt, blue."),
        ({"scope": "creator", "creator": "Weaver"}, "You will not see anything by Weaver again"),
        ({"scope": "tag", "tag": "clothes"}, "You will not see anything about clothes again"),
    ],
)
def test_what_something_else_still_keeps_out_is_not_promised(
    shop: Engine, disliked: dict[str, Any], words: str
) -> None:
    blue: dict[str, Any] = {"itemId": "shirt-blue", "title": "Shirt, blue", "parentId": "shirt"}
    blue |= {"creator": "Weaver", "categories": ["clothes"]}
    shop.publish(items=[blue, {**ITEMS[2], "stock": 0}])
    tell(shop, "ada", "Item Disliked", **disliked)
    (said,) = tell(shop, "ada", "Item Unblocked", 1, itemId="shirt-blue")
    assert said.startswith(words)
    assert not sees(shop, "ada", "shirt-blue")
    tell(shop, "ada", "Item Unblocked", 2, **disliked)
    assert sees(shop, "ada", "shirt-blue")


def test_a_dislike_that_was_taken_back_already_has_no_effect(shop: Engine) -> None:
    tell(shop, "ada", "Item Unblocked", 4, itemId="lily")
    assert tell(shop, "ada", "Item Disliked", 3, itemId="lily") == []
    assert tell(shop, "ada", "Item Viewed", itemId="lily") == []
    assert tell(shop, "ada", "Item Liked", itemId="mug") == ["You will see more like Mug."]


def test_a_repeat_has_no_second_effect(shop: Engine) -> None:
    one = {"type": "track", "event": "Item Disliked", "userId": "ada", "messageId": "m-1"}
    both = [{**one, "properties": {"itemId": "lily"}}] * 2
    assert len(shop.collect(both).effects) == 1
    assert shop.collect(both).effects == ()


# ---- for the household


def test_what_the_household_still_keeps_out_is_not_promised(shop: Engine) -> None:
    for user in ("ada", "bob"):
        join(shop, user)
    tell(shop, "ada", "Item Disliked", scope="tag", tag="funeral", **{"for": "household"})
    (said,) = tell(shop, "bob", "Item Unblocked", 1, itemId="lily")
    assert said == "You will not see anything about funeral again: nor Lilies."
    assert not sees(shop, "bob", "lily")
    (said,) = tell(shop, "bob", "Item Unblocked", 2, scope="tag", tag="funeral")
    assert said == "You may see anything about funeral again."
    assert sees(shop, "bob", "lily")


def test_a_dislike_for_the_household_holds_for_all_of_it_and_for_nobody_else(shop: Engine) -> None:
    join(shop, "ada")
    join(shop, "bob")
    said = tell(shop, "ada", "Item Disliked", itemId="lily", **{"for": "household"})
    assert said == ["Nobody in your household will see Lilies again."]
    join(shop, "cyd")
    join(shop, "eve", "h-2")
    assert [sees(shop, user, "lily") for user in ("ada", "bob", "cyd", "eve", "dan")] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert sees(shop, "bob", "mug")


def test_one_for_oneself_does_not_spread(shop: Engine) -> None:
    join(shop, "ada")
    join(shop, "bob")
    tell(shop, "ada", "Item Disliked", itemId="lily")
    assert [sees(shop, user, "lily") for user in ("ada", "bob")] == [False, True]


def test_it_is_carried_into_a_household_that_is_joined_later(shop: Engine) -> None:
    said = tell(shop, "ada", "Item Disliked", itemId="lily", **{"for": "household"})
    assert said == ["You will not see Lilies again."]
    join(shop, "bob")
    assert sees(shop, "bob", "lily")
    join(shop, "ada")
    assert not sees(shop, "bob", "lily")


def test_any_member_takes_it_back_for_all_but_not_who_said_it_for_themselves(shop: Engine) -> None:
    join(shop, "ada")
    join(shop, "bob")
    tell(shop, "ada", "Item Disliked", itemId="lily", **{"for": "household"})
    assert not sees(shop, "bob", "lily")
    tell(shop, "bob", "Item Unblocked", 1, itemId="lily")
    assert sees(shop, "bob", "lily")
    assert not sees(shop, "ada", "lily")
    tell(shop, "ada", "Item Unblocked", 2, itemId="lily")
    assert sees(shop, "ada", "lily")


def test_a_stranger_with_a_browser_joins_no_household(shop: Engine) -> None:
    group = {"type": "group", "groupId": "h-1", "traits": {"type": "household"}}
    join(shop, "bob")
    shop.collect([group | {"anonymousId": "a-1"}])
    dislike = {"type": "track", "event": "Item Disliked", "anonymousId": "a-1"}
    shop.collect([dislike | {"properties": {"itemId": "lily", "for": "household"}}])
    assert sees(shop, "bob", "lily")
    assert shop.people.get("anonymous_id", "a-1").households == ()


# ---- whatever happens in between


def test_it_outlives_merge_reimport_restart_and_what_is_learnt(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with opened(url) as engine:
        join(engine, "ada")
        join(engine, "bob")
        tell(engine, "ada", "Item Disliked", itemId="lily", **{"for": "household"})
        one = {"type": "track", "event": "Item Disliked", "anonymousId": "a-1"}
        engine.collect([{**one, "properties": {"itemId": "rose"}}])
        engine.collect([{"type": "identify", "userId": "ada", "anonymousId": "a-1"}])
        products = [{"product_id": name} for name in ("lily", "rose", "mug")]
        order = {"type": "track", "event": "Order Completed", "properties": {"products": products}}
        engine.collect([order | {"userId": f"c-{n}"} for n in range(20)])
        engine.learn()
        engine.publish(items=ITEMS)
    with opened(url) as engine:
        assert [sees(engine, "ada", name) for name in ("lily", "rose", "mug")] == [
            False, False, True,
        ]  # fmt: skip
        assert [sees(engine, "bob", name) for name in ("lily", "rose")] == [False, True]


def test_a_variant_that_comes_back_under_another_id_stays_away(shop: Engine) -> None:
    tell(shop, "ada", "Item Disliked", itemId="shirt-red")
    shop.publishing.delete_item("shirt-red")
    shop.publish(items=[{"itemId": "shirt-crimson", "title": "Shirt", "parentId": "shirt"}])
    assert not sees(shop, "ada", "shirt-crimson")
    assert sees(shop, "bob", "shirt-crimson")


@pytest.mark.parametrize("name", ["itemId", "product_id"])
def test_spaces_around_an_id_are_not_part_of_it(shop: Engine, name: str) -> None:
    tell(shop, "ada", "Item Disliked", **{name: " rose "})
    assert not sees(shop, "ada", "rose")


@pytest.mark.parametrize("item_id", [" rose", "rose\n", "ro\0se"])
def test_an_item_that_no_event_could_name_is_refused(shop: Engine, item_id: str) -> None:
    with pytest.raises(BadInput, match="so that events can name it"):
        shop.publish(items=[{"itemId": item_id}])
