"""Derived traits: right, absent where they cannot be told, and below what is stated."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wager.domain.content import Item
from wager.domain.events import Event
from wager.domain.profiles import Field, Profile
from wager.unify.golden import fold
from wager.unify.view import DERIVED, derived, explain, golden, trait, view, weights

START = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday
BLANK = Profile(profile_id="p", created_at=START + timedelta(days=999), updated_at=START)
ITEMS = {
    "bread": Item(item_id="bread", categories=["Bakery"], creator="Müller"),
    "milk": Item(item_id="milk", categories=["Dairy"]),
}


def event(name: str, days: float = 0.0, **fields: Any) -> Event:
    at = START + timedelta(days=days)
    told: dict[str, Any] = {"kind": "track", "identities": (), **fields}
    return Event(message_id=f"{name}{days}", name=name, at=at, received_at=at, **told)


def order(item: str, price: float, days: float = 0.0) -> Event:
    line = {"product_id": item, "quantity": 1.0, "price": price}
    return event("Order Completed", days, properties={"products": [line]})


def values(profile: Profile, days: float = 0.0) -> dict[str, Any]:
    found = derived(profile, START + timedelta(days=days))
    return {name: field.value for name, field in found.items()}


def test_nothing_known_tells_nothing() -> None:
    blank = Profile(profile_id="p", created_at=START, updated_at=START)
    assert values(blank, 2) == {
        "firstSeenAt": START, "daysSinceFirstSeen": 2.0, "journeyStage": "new"
    }  # fmt: skip


def test_what_orders_tell() -> None:
    profile = fold(
        BLANK, [order("bread", 50), order("bread", 80, 7), order("milk", 20.0, 14)], ITEMS
    )
    found = values(profile, 20)
    assert found["orders"] == 3.0
    assert found["revenue"] == 150.0
    assert found["averageOrder"] == 50.0
    assert found["lastOrderAt"] == START + timedelta(days=14)
    assert found["daysSinceLastOrder"] == 6.0
    assert found["firstSeenAt"] == START
    assert found["lastSeenAt"] == START + timedelta(days=14)
    assert found["favouriteCategory"] == "Bakery"
    assert found["favouriteCreator"] == "Müller"
    assert found["usualHour"] == 12
    assert found["usualWeekday"] == "Monday"
    assert "cartSize" not in found
    assert all(field.provenance == "derived" for field in derived(profile, START).values())


def test_cancelled_and_refunded_orders_count_less() -> None:
    cancelled = event("Order Cancelled", 1, properties={"total": 80, "products": []})
    refunded = event("Order Refunded", 2, properties={"total": 10, "products": []})
    orders = [order("bread", 80), order("bread", 50)]
    found = values(fold(BLANK, [*orders, cancelled, refunded], ITEMS))
    assert found["orders"] == 1.0
    assert found["revenue"] == 40.0
    assert found["averageOrder"] == 40.0
    none_left = values(fold(BLANK, [order("bread", 80), cancelled], ITEMS))
    assert "averageOrder" not in none_left


def test_visits_are_active_days_before_now() -> None:
    days = (0, 0.1, 3, 29, 40)
    profile = fold(BLANK, [event("Seen", day) for day in days], {})
    assert values(profile, 40)["visits30Days"] == 2.0, "days 29 and 40"
    assert values(profile, 30)["visits30Days"] == 2.0, "asked of day 30: days 3 and 29"
    assert values(profile, 29)["visits30Days"] == 3.0
    assert values(profile, 3)["visits7Days"] == 2.0
    assert values(profile, 60)["visits7Days"] == 0.0
    assert values(profile, 500)["visits30Days"] == 0.0


def test_habits_need_three_orders() -> None:
    profile = fold(BLANK, [order("bread", 1), order("bread", 1, 1)], ITEMS)
    assert "usualHour" not in values(profile)


def test_stated_stands_above_derived() -> None:
    stated = event("", 0, kind="identify", traits={"favouriteCategory": "Dairy", "x": None})
    profile = fold(BLANK, [order("bread", 1), stated], ITEMS)
    field = trait(profile, "favouriteCategory", START)
    assert field is not None
    assert (field.value, field.provenance) == ("Dairy", "stated")
    assert golden(profile, START)["favouriteCategory"] == field
    taken_back = event("", 1, kind="identify", traits={"favouriteCategory": None})
    profile = fold(profile, [taken_back], ITEMS)
    again = trait(profile, "favouriteCategory", START)
    assert again is not None
    assert again.value == "Bakery", "the statement was taken back"
    assert "x" not in golden(profile, START), "a null is never shown"


def test_the_view_has_numbers_that_fade() -> None:
    profile = fold(BLANK, [order("bread", 5), event("Seen", 1)], ITEMS)
    seen = view(profile, START + timedelta(days=60))
    assert seen["affinities"]["category:Bakery"] == pytest.approx(1.0)
    assert seen["counts"] == {
        "Order Completed": 1.0,
        "Seen": 1.0,
        "orders": 1.0,
        "revenue": 5.0,
        "visits7Days": 0.0,
        "visits30Days": 0.0,
    }
    assert seen["traits"]["orders"] == 1.0
    assert weights(profile, START - timedelta(days=60))["category:Bakery"] == 2.0


def test_every_derived_trait_has_its_line_for_the_reference() -> None:
    assert all(len(each.doc) > 10 for each in DERIVED.values())
    told = {
        *("orders", "averageOrder", "lastOrderAt", "daysSinceLastOrder", "firstSeenAt"),
        *("visits30Days", "favouriteCategory", "usualHour"),
    }
    assert told <= set(DERIVED)
    timed = {name for name, each in DERIVED.items() if each.timed}
    ages = {"youngestChildAge", "oldestChildAge"}
    days = {"daysSinceLastOrder", "daysSinceFirstSeen"}
    assert timed == {*days, *ages, "visits7Days", "visits30Days", "journeyStage"}


def test_an_explanation_names_the_winner_and_what_lost() -> None:
    events = [
        event("", 1, kind="identify", traits={"locale": "fr-FR"}, source="crm"),
        event("", 2, kind="identify", traits={"locale": "de-DE"}),
        event("", 3, kind="page", context={"locale": "en-US"}),
    ]
    profile = fold(BLANK, events, {})
    told = explain(profile, "locale", START, events)
    assert told.field == Field("de-DE", "api", START + timedelta(days=2))
    assert [(one.field.value, one.why) for one in told.losers] == [
        ("en-US", "derived, and stated goes before it"),
        ("fr-FR", "older"),
    ]
    assert "latest" in told.why
    unknown = explain(profile, "shoeSize", START, events)
    assert (unknown.field, unknown.losers) == (None, ())
    assert "shoeSize" in unknown.why
    worked_out = explain(fold(BLANK, [order("bread", 5)], ITEMS), "averageOrder", START)
    assert worked_out.why == "derived: revenue / orders"


def test_an_explanation_of_what_was_taken_back() -> None:
    said = event("", 1, kind="identify", traits={"locale": "fr-FR"}, source="crm")
    back = event("", 2, kind="identify", traits={"locale": None})
    told = explain(fold(BLANK, [said, back], {}), "locale", START, [said, back])
    assert told.field is None and told.why.startswith("taken back at 2026-01-07")
    assert [(one.field.value, one.why) for one in told.losers] == [("fr-FR", "older")]
    own = event("", 1, kind="identify", traits={"averageOrder": 9.0})
    back = event("", 2, kind="identify", traits={"averageOrder": None})
    events = [own, back, order("bread", 5)]
    derived_again = explain(fold(BLANK, events, ITEMS), "averageOrder", START, events)
    assert derived_again.field is not None and derived_again.field.value == 5.0
    assert derived_again.why.startswith("derived: revenue / orders; what was stated was taken back")
    assert [(one.field.value, one.why) for one in derived_again.losers] == [(9.0, "older")]
