"""Which bet an event settles, on worked examples."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wager.domain.decisions import Choice, Decision, LoggedDecision, Outcome
from wager.domain.definitions import Goal
from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.learn.attribution import CLICK, by_window, may_settle, named, settled, worth

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BUY = Goal(name="buy", event="Order Completed", window_minutes=60)
GOALS = {"buy": BUY, "click": CLICK}


def bet(
    decision_id: str, *items: str | None, minutes: float = 0, goal: str = "buy",
    outcomes: tuple[Outcome, ...] = (),
) -> LoggedDecision:  # fmt: skip
    choices = tuple(
        Choice(
            slot=slot, item_id=item, level="crowd", propensity=0.5, expected_reward=0.1,
            standard_error=0.1,
        )
        for slot, item in enumerate(items)
    )  # fmt: skip
    decision = Decision(
        decision_id=decision_id, placement="home", profile_id="p", level="crowd", policy="greedy",
        model_version="m0", at=NOON + timedelta(minutes=minutes), goal=goal,
        window_minutes=GOALS[goal].window_minutes, choices=choices,
    )  # fmt: skip
    return LoggedDecision(decision=decision, outcomes=outcomes)


def event(name: str, minutes: float = 10, **properties: Any) -> Event:
    return Event(
        message_id="e-1", kind="track", name=name, at=NOON + timedelta(minutes=minutes),
        received_at=NOON, identities=(Identity("user_id", "u"),), properties=properties,
    )  # fmt: skip


def order(*items: str, minutes: float = 10, **properties: Any) -> Event:
    products = [{"product_id": item, "price": 2.0, "quantity": 3} for item in items]
    return event("Order Completed", minutes, products=products, **properties)


def test_an_order_settles_only_what_it_contains() -> None:
    outcomes = by_window(order("b", "x"), [bet("d", "a", "b")], GOALS)
    assert [(one.slot, one.item_id, one.reward) for one in outcomes] == [(1, "b", 1.0)]


def test_each_line_settles_the_latest_bet_that_shows_it_and_no_other() -> None:
    late, early = bet("late", "a", minutes=5), bet("early", "a")
    outcomes = by_window(order("a"), [late, early], GOALS)
    assert [one.decision_id for one in outcomes] == ["late"]
    twice = by_window(order("a", "a"), [late, early], GOALS)
    assert [one.decision_id for one in twice] == ["late", "early"]


@pytest.mark.parametrize(("minutes", "settles"), [(0, 1), (60, 1), (60.1, 0), (-0.1, 0)])
def test_the_window_begins_with_the_bet_and_ends_with_the_goal(
    minutes: float, settles: int
) -> None:
    assert len(by_window(order("a", minutes=minutes), [bet("d", "a")], GOALS)) == settles


def test_a_settled_choice_is_not_settled_again() -> None:
    first = by_window(order("a"), [bet("d", "a")], GOALS)
    assert by_window(order("a", minutes=20), [bet("d", "a", outcomes=tuple(first))], GOALS) == []
    click = named(event("Item Clicked", itemId="a"), bet("d", "a", goal="click"), CLICK)
    assert click is not None
    again = named(
        event("Item Clicked", itemId="a"), bet("d", "a", goal="click", outcomes=(click,)), CLICK
    )
    assert (click.reward, click.kind) == (1.0, "goal")
    assert again is not None
    assert (again.reward, again.kind) == (0.0, "feedback")


def test_a_goal_without_items_settles_the_first_choice_of_the_latest_bet() -> None:
    goals = {"lead": Goal(name="lead", event="Signed Up", window_minutes=60)}
    GOALS["lead"] = goals["lead"]
    try:
        outcomes = by_window(event("Signed Up"), [bet("d", "a", "b", goal="lead")], goals)
    finally:
        del GOALS["lead"]
    assert [(one.slot, one.reward) for one in outcomes] == [(0, 1.0)]


def test_a_named_item_that_was_not_chosen_is_no_outcome() -> None:
    assert named(event("Item Clicked", itemId="z"), bet("d", "a", goal="click"), CLICK) is None


def test_seeing_is_an_exposure_and_brings_nothing() -> None:
    seen = named(event("Item Viewed", itemId="a"), bet("d", "a", goal="click"), CLICK)
    assert seen is not None
    assert (seen.kind, seen.reward) == ("exposure", 0.0)
    assert settled(bet("d", "a", goal="click"), [seen]) is None


def test_nothing_is_never_settled_by_an_order() -> None:
    assert by_window(order("a"), [bet("d", None)], GOALS) == []


@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"revenue": 12.5}, 12.5),
        ({"revenue": "7"}, 7.0),
        ({"price": 2.0, "quantity": 3}, 6.0),
        ({"revenue": True}, 0.0),
        ({"revenue": "much"}, 0.0),
        ({"revenue": float("nan")}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_goal_may_be_worth_a_property(properties: dict[str, Any], value: float) -> None:
    assert worth(Goal(name="g", event="e", value="properties.revenue"), properties) == value


@pytest.mark.parametrize(
    ("lines", "brought"),
    [
        ([{"product_id": "a"}], [30.0]),
        ([{"product_id": "a", "price": 9.0, "quantity": 2}], [18.0]),
        ([{"product_id": "a", "revenue": 7.0}], [7.0]),
        ([{"product_id": "a"}, {"product_id": "b"}], [0.0, 0.0]),
    ],
)
def test_what_an_order_of_one_line_came_to_is_the_line_s(
    lines: list[dict[str, Any]], brought: list[float]
) -> None:
    goal = msgspec.structs.replace(BUY, value="properties.revenue")
    bought = event("Order Completed", revenue=30.0, products=lines)
    outcomes = by_window(bought, [bet("d", "a", "b")], {"buy": goal})
    assert [one.reward for one in outcomes] == brought


def test_only_outcomes_cost_a_look_at_the_bets() -> None:
    assert may_settle(order("a"), [BUY])
    assert may_settle(event("Item Liked"), [])
    assert may_settle(event("Anything", decisionId="d"), [])
    assert not may_settle(event("Product Viewed", product_id="a"), [BUY])
