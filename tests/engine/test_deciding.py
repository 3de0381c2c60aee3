"""Decisions on small worlds whose right answer is known."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import wager
from wager.domain.decisions import DecideRequest, Decision
from wager.engine.engine import Engine
from wager.errors import BadInput, Conflict, NotAllowed, NotFound, UnknownName
from wager.testing.shopping import START, Clock, Shop, order, track


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(
            items=[
                {"itemId": f"p-{n}", "title": f"Item {n}", "categories": [f"c-{n % 3}"]}
                for n in range(20)
            ],
            goals=[
                {"name": "buy", "event": "Order Completed", "windowMinutes": 60},
                {"name": "click", "event": "Item Clicked", "windowMinutes": 30},
            ],
            placements=[
                {"name": "home", "slots": 3, "goal": "click", "default": ["p-0", "p-1", "p-2"]},
                {"name": "kept", "slots": 2, "default": "p-0", "holdoutShare": 0.5},
                {"name": "order", "slots": 3, "goal": "buy", "default": {"rule": "popular"}},
            ],
        )
        yield engine, clock


def crowd(engine: Engine, clock: Clock) -> None:
    """Ten people buy items 10 and 11 again and again, so that the crowd has a taste."""
    for number in range(30):
        order(engine, clock, f"other-{number % 10}", "p-10", "p-11")
    engine.learn()


def shown(decision: Decision) -> list[str | None]:
    return [choice.item_id for choice in decision.choices]


def kinds(decision: Decision) -> set[str]:
    return {reason.kind for reason in decision.stepped_down}


def test_with_no_evidence_the_answer_is_neutral_and_says_why(shop: Shop) -> None:
    engine, _ = shop
    decision = engine.decide(placement="home", anonymous_id="a-1")
    assert decision.level == "neutral"
    assert shown(decision) == ["p-0", "p-1", "p-2"]
    assert [choice.propensity for choice in decision.choices] == [1.0, 1.0, 1.0]
    said = " ".join(reason.text for reason in decision.stepped_down)
    assert "not context" in said
    assert "not segment" in said
    assert "not crowd" in said


def test_a_stranger_gets_what_the_crowd_buys(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    levels = [engine.decide(placement="home", anonymous_id=f"a-{n}").level for n in range(10)]
    assert "crowd" in levels
    assert not {"segment", "context"} & set(levels)


def test_members_of_a_segment_get_what_the_segment_buys(shop: Shop) -> None:
    engine, clock = shop
    engine.publish(
        segments=[{"name": "buyers", "condition": "profile.traits.orders >= 1.0"}],
        placements=[{"name": "grouped", "slots": 3, "levels": ["neutral", "segment"]}],
    )
    crowd(engine, clock)
    order(engine, clock, "u-1", "p-5")
    decision = engine.decide(placement="grouped", user_id="u-1", explain=True)
    assert decision.segments == ("buyers",)
    assert decision.level == "segment"
    found = {one.item_id: one.level for one in decision.candidates}
    assert found["p-10"] == "segment"


def test_who_buys_is_shown_what_they_buy_at_the_context_level(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    for _ in range(6):
        order(engine, clock, "u-1", "p-7")
        clock.forward(days=3)
    decision = engine.decide(placement="home", user_id="u-1")
    found = {one.item_id: one for one in decision.candidates}
    assert found["p-7"].level == "context"
    assert found["p-7"].expected_reward == max(one.expected_reward for one in decision.candidates)
    assert decision.level == "context"
    reasons = [
        reason.text
        for choice in decision.choices
        if choice.item_id == "p-7"
        for reason in choice.reasons
    ]
    assert not reasons or "Because you bought it 6 times" in reasons


def test_reasons_add_up_to_the_expected_reward(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    for _ in range(4):
        order(engine, clock, "u-1", "p-7", "p-10")
    for number in range(20):
        decision = engine.decide(placement="home", user_id="u-1", decision_id=f"d-{number}")
        for choice in decision.choices:
            total = sum(reason.weight for reason in choice.reasons)
            assert total == pytest.approx(choice.expected_reward, abs=1e-9)


def test_candidates_can_be_limited(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    decision = engine.decide(placement="home", user_id="u-1", candidates=["p-3", "p-4", "nope"])
    assert set(shown(decision)) == {"p-3", "p-4"}
    assert ("nope", "unknown-item") in [(one.item_id, one.rule) for one in decision.excluded]


def test_never_again_is_in_force_in_the_next_decision_and_can_be_taken_back(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    ask: Callable[[], Decision] = lambda: engine.decide(  # noqa: E731
        placement="home", user_id="u-1", candidates=["p-10", "p-11", "p-12"]
    )
    assert set(shown(ask())) == {"p-10", "p-11", "p-12"}
    track(engine, clock, "u-1", "Item Disliked", itemId="p-10")
    refused = ask()
    assert "p-10" not in shown(refused)
    assert refused.dropped == {"never-again": 1}
    clock.forward(minutes=1)
    track(engine, clock, "u-1", "Item Unblocked", itemId="p-10")
    assert "p-10" in shown(ask())


def test_never_again_binds_the_default_and_the_held_out(shop: Shop) -> None:
    engine, clock = shop
    for number in range(20):
        user = f"u-{number}"
        track(engine, clock, user, "Item Disliked", itemId="p-0")
        assert "p-0" not in shown(engine.decide(placement="kept", user_id=user))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"stock": 0}, "out-of-stock"),
        ({"availableFrom": "2026-04-01T00:00:00Z"}, "not-yet-available"),
        ({"availableUntil": "2026-03-01T00:00:00Z"}, "no-longer-available"),
    ],
)
def test_what_cannot_be_had_is_not_shown(shop: Shop, change: dict[str, Any], rule: str) -> None:
    engine, _ = shop
    engine.publish(items=[{"itemId": "p-0", **change}])
    decision = engine.decide(placement="home", user_id="u-1")
    assert "p-0" not in shown(decision)
    assert decision.dropped[rule] == 1
    assert len(shown(decision)) == 3


def test_a_durable_thing_bought_is_not_shown_again_until_it_is_refunded(shop: Shop) -> None:
    engine, clock = shop
    engine.publish(items=[{"itemId": "seat", "attributes": {"durable": True}}])
    order(engine, clock, "u-1", "seat", order_id="o-1")
    ask = {"placement": "home", "user_id": "u-1", "candidates": ["seat", "p-1"]}
    assert engine.decide(**ask).dropped == {"already-bought": 1}
    clock.forward(days=1)
    track(
        engine, clock, "u-1", "Order Refunded", order_id="o-1",
        products=[{"product_id": "seat", "quantity": 1}],
    )  # fmt: skip
    assert "seat" in shown(engine.decide(**ask))


def test_a_refusal_makes_it_neutral(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    for _ in range(4):
        order(engine, clock, "u-1", "p-7")
    consent = {"consent": {"categoryPreferences": {"personalization": False, "learning": False}}}
    decision = engine.decide(placement="home", user_id="u-1", context=consent)
    assert decision.level == "neutral"
    assert "refused" in kinds(decision)
    assert not decision.learns
    with pytest.raises(BadInput, match="each category is true or false"):
        engine.decide(placement="home", user_id="u-1", context={"consent": "no"})


def test_the_held_out_always_get_the_default(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    held = 0
    for number in range(60):
        twice = [engine.decide(placement="kept", user_id=f"u-{number}") for _ in range(2)]
        assert twice[0].holdout == twice[1].holdout
        if twice[0].holdout:
            held += 1
            assert shown(twice[0])[0] == "p-0"
            assert len(shown(twice[0])) == 2
            assert twice[0].policy == "default"
    assert 10 < held < 50


def test_the_same_decision_id_brings_the_same_answer(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    first = engine.decide(placement="home", user_id="u-1", decision_id="d-1")
    track(engine, clock, "u-1", "Item Disliked", itemId=shown(first)[0])
    assert engine.decide(placement="home", user_id="u-1", decision_id="d-1") == first
    with pytest.raises(Conflict, match="another identity or placement"):
        engine.decide(placement="home", user_id="u-2", decision_id="d-1")
    with pytest.raises(Conflict):
        engine.decide(placement="kept", user_id="u-1", decision_id="d-1")


def test_a_page_shows_no_item_twice(shop: Shop) -> None:
    engine, clock = shop
    crowd(engine, clock)
    for number in range(20):
        page = engine.decide_page(
            placements=["home", "order", "kept"], user_id="u-1", decision_id=f"d-{number}"
        )
        items = [item for decision in page for item in shown(decision)]
        assert len(items) == len(set(items)) == 8
        assert [one.placement for one in page] == ["home", "order", "kept"]


def test_a_preview_leaves_no_trace(shop: Shop) -> None:
    engine, _ = shop
    decision = engine.decide(placement="home", user_id="nobody", preview=True)
    with pytest.raises(NotFound):
        engine.deciding.get(decision.decision_id)
    with pytest.raises(NotFound):
        engine.people.get("user_id", "nobody")


def test_a_decision_of_another_moment_is_logged_as_replayed(shop: Shop) -> None:
    engine, _ = shop
    at = datetime(2025, 12, 24, 18, tzinfo=UTC)
    decision = engine.decide(
        placement="home", user_id="u-1", at=at, context={"timezone": "Europe/Berlin"}
    )
    logged = engine.deciding.get(decision.decision_id).decision
    assert logged.replayed
    assert logged.at == at
    assert logged.context["hour"] == 19
    assert logged.context["weekday"] == 3


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        ({"placement": "hom"}, UnknownName, "no placement is named 'hom'; known placements"),
        ({}, BadInput, "name one `placement`"),
        ({"placement": "home", "placements": ["home"]}, BadInput, "not both"),
        ({"placements": []}, BadInput, "1 to 20"),
        ({"placements": ["home", "home"]}, BadInput, "different"),
        ({"placement": "home", "colour": 1}, BadInput, "no field 'colour'"),
        ({"placement": "home", "user_id": 3}, BadInput, "userId"),
    ],
)
def test_bad_questions_get_an_answer_that_helps(
    shop: Shop, request_: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        (shop[0].decide_page if "placements" in request_ else shop[0].decide)(**request_)


def test_a_public_key_cannot_ask_for_somebody(shop: Shop) -> None:
    engine, _ = shop
    for request in (
        DecideRequest(placement="home", user_id="u-1"),
        DecideRequest(placement="home", user_id="u-1", user_token="forged"),
        DecideRequest(placement="home", anonymous_id="a", preview=True),
        DecideRequest(placement="home", anonymous_id="a", at=START),
    ):
        with pytest.raises(NotAllowed):
            engine.deciding.decide(request, public=True)
    assert engine.deciding.decide(
        DecideRequest(placement="home", anonymous_id="a"), public=True
    )[0]  # fmt: skip


def test_words_use_what_is_known_and_never_a_raw_null(shop: Shop) -> None:
    engine, _ = shop
    engine.publish(
        items=[
            {"itemId": "hello", "kind": "greeting", "title": "Welcome"},
            {"itemId": "dear", "kind": "letter", "title": "Dear {{ profile.traits.name }}"},
            {"itemId": "all", "kind": "letter", "title": "Dear all"},
        ],
        placements=[
            {
                "name": "greeting",
                "kinds": ["greeting"],
                "default": "hello",
                "levels": ["neutral", "customization"],
                "template": "Hello {{ profile.traits.name }}",
            },
            {"name": "letter", "kinds": ["letter"], "default": ["dear", "all"]},
        ],
    )
    stranger = engine.decide(placement="greeting", user_id="u-1")
    assert stranger.level == "neutral"
    assert "text" not in stranger.choices[0].content
    assert "template" in kinds(stranger)
    letter = engine.decide(placement="letter", user_id="u-1")
    assert shown(letter) == ["all"]
    assert letter.dropped == {"missing-merge-field": 1}
    engine.collect(
        [{"type": "identify", "userId": "u-1", "messageId": "i", "traits": {"name": "Ada"}}]
    )
    friend = engine.decide(placement="greeting", user_id="u-1")
    assert friend.level == "customization"
    assert friend.choices[0].content["text"] == "Hello Ada"
    refused = {"consent": {"categoryPreferences": {"personalization": False}}}
    quiet = engine.decide(placement="greeting", user_id="u-1", context=refused)
    assert quiet.level == "neutral"
    assert "Ada" not in str(quiet.choices)


def test_words_claim_no_more_than_is_assumed(shop: Shop) -> None:
    engine, clock = shop
    words = (
        "{% if bet.level == 'context' %}For you, {{ profile.traits.name }}"
        "{% elsif bet.level == 'neutral' %}Welcome{% else %}Popular{% endif %}"
    )
    engine.publish(placements=[{"name": "said", "slots": 6, "default": "p-0", "template": words}])
    crowd(engine, clock)
    name = {"type": "identify", "userId": "u-1", "messageId": "i", "traits": {"name": "Ada"}}
    engine.collect([name])
    for number in range(4):
        order(engine, clock, "u-1", f"p-{3 * number}")
        track(engine, clock, "u-1", "Item Liked", itemId=f"p-{3 * number}")
    said = {"context": "For you, Ada", "neutral": "Welcome"}
    refused = {"consent": {"categoryPreferences": {"personalization": False}}}
    levels = set()
    for asked in ({"user_id": "u-1"}, {"user_id": "new"}, {"user_id": "u-1", "context": refused}):
        for choice in engine.decide(placement="said", **asked).choices:
            levels.add(choice.level)
            assert choice.content["text"] == said.get(choice.level, "Popular")
    assert {"context", "crowd", "neutral"} <= levels
    with pytest.raises(BadInput, match=r"bet.odds"):
        engine.publish(placements=[{"name": "said", "template": "{{ bet.odds }}"}])


def test_nothing_is_a_possible_bet(shop: Shop) -> None:
    engine, clock = shop
    engine.publish(placements=[{"name": "maybe", "allowNothing": True, "exposureCost": 0.5}])
    crowd(engine, clock)
    choices = [
        engine.decide(placement="maybe", user_id=f"u-{n}").choices[0] for n in range(20)
    ]  # fmt: skip
    nothing = [choice for choice in choices if choice.item_id is None]
    assert nothing
    assert all(0 < choice.propensity <= 1 for choice in nothing)
    assert nothing[0].content == {}


@pytest.mark.parametrize("nobody", ["null", "Undefined", "0", " anonymous "])
def test_an_id_that_stands_for_nobody_makes_no_person_of_all_who_share_it(
    shop: Shop, nobody: str
) -> None:
    engine, _ = shop
    first = engine.decide(placement="home", user_id=nobody)
    assert engine.decide(placement="home", user_id=nobody).profile_id != first.profile_id
    known = engine.decide(placement="home", user_id=nobody, anonymous_id="a-1")
    assert engine.decide(placement="home", anonymous_id="a-1").profile_id == known.profile_id


def test_ids_are_read_as_in_events(shop: Shop) -> None:
    engine, clock = shop
    track(engine, clock, "ada", "Item Disliked", itemId="p-0")
    assert "p-0" not in shown(engine.decide(placement="home", user_id=" ada "))
    with pytest.raises(BadInput, match="printable characters"):
        engine.decide(placement="home", user_id="a\nda")
