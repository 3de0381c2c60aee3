"""Whom not to talk to, and how often: each rule where it holds, and where it does not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.errors import BadDefinition
from wager.stores.base import DecisionQuery
from wager.testing.shopping import START, Clock, Shop

HOUR = timedelta(hours=1)
PER_DAY = {"windowMinutes": 1440}
SEGMENT = {"name": "mourning", "condition": "profile.traits.mourning == true"}


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(
            items=[{"itemId": f"p-{n}", "title": f"Item {n}"} for n in range(12)],
            segments=[SEGMENT],
            goals=[{"name": "click", "event": "Item Clicked", "windowMinutes": 30}],
        )
        yield engine, clock


def place(engine: Engine, name: str = "home", **fields: Any) -> None:
    engine.publish(placements=[{"name": name, "default": ["p-0", "p-1", "p-2"], **fields}])


def shown(decision: Decision) -> list[str | None]:
    return [choice.item_id for choice in decision.choices]


def identify(engine: Engine, user: str, **traits: object) -> None:
    engine.collect([{"type": "identify", "userId": user, "traits": traits}])


def track(engine: Engine, user: str, event: str, **properties: Any) -> None:
    engine.collect([{"type": "track", "event": event, "userId": user, "properties": properties}])


# ---- by segment, by the clock


def test_an_excluded_segment_gets_nothing_and_is_told_why(shop: Shop) -> None:
    engine, _ = shop
    place(engine, exclude=["mourning"])
    identify(engine, "ada", mourning=True)
    decision = engine.decide(placement="home", user_id="ada")
    assert shown(decision) == [None]
    assert (decision.policy, decision.silence) == ("silence", "excluded-segment")
    assert decision.choices[0].propensity == 1.0
    assert [one.kind for one in decision.choices[0].reasons] == ["excluded-segment"]
    assert decision.stepped_down[0].text == "people in mourning are not talked to"
    assert shown(engine.decide(placement="home", user_id="bob")) != [None]


def test_or_the_default_where_that_is_declared(shop: Shop) -> None:
    engine, _ = shop
    place(engine, slots=3, exclude=["mourning"], instead="default")
    identify(engine, "ada", mourning=True)
    decision = engine.decide(placement="home", user_id="ada")
    assert shown(decision) == ["p-0", "p-1", "p-2"]
    assert (decision.policy, decision.silence) == ("default", "excluded-segment")


def test_the_excluded_are_counted_apart_and_are_not_in_the_lift(shop: Shop) -> None:
    engine, clock = shop
    place(engine, exclude=["mourning"], holdoutShare=0.5)
    for number in range(40):
        identify(engine, f"u-{number}", mourning=number < 30)
        engine.decide(placement="home", user_id=f"u-{number}")
    clock.forward(hours=2)
    engine.learn()
    report = engine.measuring.report("overview")
    assert report["silenced"] == {"excluded-segment": 30}
    assert report["bets"] + report["holdout"] == 10  # type: ignore[operator]
    engine.measuring.report("lift")
    counted = {
        profile_id
        for series, rewards in engine.measuring._book.rewards.items()
        for profile_id in rewards.cells
    }
    assert len(counted) == 10


@pytest.mark.parametrize(
    ("hour", "zone", "channel", "silent"),
    [
        (23, "UTC", "push", True),
        (6, "UTC", "push", True),
        (7, "UTC", "push", False),
        (21, "UTC", "push", False),
        (21, "Europe/Berlin", "push", True),
        (23, "America/New_York", "push", False),
        (23, "UTC", "web", False),
    ],
)
def test_quiet_hours_are_the_persons_own(
    shop: Shop, hour: int, zone: str, channel: str, silent: bool
) -> None:
    engine, clock = shop
    place(engine, quietHours={"from": "22:00", "to": "07:00", "channels": ["push", "sms"]})
    clock.at = START.replace(hour=hour)
    context = {"channel": channel, "timezone": zone}
    decision = engine.decide(placement="home", user_id="ada", context=context)
    assert (decision.silence == "quiet-hours") is silent


# ---- caps


def ask(engine: Engine, user: str = "ada", placement: str = "home", **context: Any) -> Decision:
    return engine.decide(placement=placement, user_id=user, context=context)


def crowd(engine: Engine) -> None:
    """Enough of the crowd that something is bet on."""
    lines = [{"product_id": f"p-{n}", "quantity": 1} for n in range(12)]
    one = {"type": "track", "event": "Order Completed", "properties": {"products": lines}}
    engine.collect([one | {"userId": f"c-{n}"} for n in range(30)])
    engine.learn()


@pytest.mark.parametrize("with_crowd", [True, False])
def test_an_item_is_shown_no_more_than_its_cap_in_a_window(shop: Shop, with_crowd: bool) -> None:
    engine, clock = shop
    place(engine, caps=[{"per": "item", "limit": 2, "windowMinutes": 60}])
    if with_crowd:
        crowd(engine)
    seen: list[tuple[datetime, str]] = []
    rules: set[str] = set()
    for _ in range(40):
        decision = ask(engine)
        rules |= {one.rule for one in decision.excluded}
        seen += [(clock.at, name) for name in shown(decision) if name is not None]
        clock.forward(minutes=7)
    assert len(seen) == 40
    for at, name in seen:
        within = [one for one, other in seen if other == name and at <= one < at + HOUR]
        assert len(within) <= 2
    assert "capped" in rules


def test_a_tag_is_shown_no_more_than_its_cap_even_in_one_slate(shop: Shop) -> None:
    engine, clock = shop
    engine.publish(items=[{"itemId": f"t-{n}", "tags": {"loan": 1.0}} for n in range(8)])
    names = [f"t-{n}" for n in range(8)]
    place(
        engine, slots=3, default=names, caps=[{**PER_DAY, "per": "tag", "tag": "loan", "limit": 2}]
    )
    for with_crowd in (False, True):
        if with_crowd:
            crowd(engine)
            clock.forward(days=1)
        slates = [
            shown(engine.decide(placement="home", user_id="ada", candidates=[*names, "p-5"]))
            for _ in range(3)
        ]
        assert [len(one) for one in slates] == [3, 1, 1]
        assert all("p-5" in one for one in slates)


@pytest.mark.parametrize("per", ["placement", "person", "channel"])
def test_who_was_shown_enough_gets_nothing_until_the_window_has_passed(
    shop: Shop, per: str
) -> None:
    engine, clock = shop
    place(engine, caps=[{**PER_DAY, "per": per, "limit": 2}])
    place(engine, "other", caps=[{**PER_DAY, "per": per, "limit": 2}])
    assert [ask(engine, channel="push").silence for _ in range(3)] == [None, None, "capped"]
    assert ask(engine, "bob", channel="push").silence is None
    assert ask(engine, placement="other", channel="web").silence == (
        "capped" if per == "person" else None
    )
    clock.forward(days=1)
    assert ask(engine, channel="push").silence is None


def test_the_caps_of_a_use_case_hold_while_it_runs(shop: Shop) -> None:
    engine, _ = shop
    place(engine)
    case: dict[str, Any] = {"name": "spring", "placement": "home", "goal": "click"}
    case["caps"] = [{**PER_DAY, "per": "useCase", "limit": 1}]
    for state, silence in (("draft", None), ("live", "capped"), ("retired", None)):
        engine.publish(usecases=[{**case, "state": state}])
        assert [ask(engine, state).silence for _ in range(2)] == [None, silence]
    engine.publish(usecases=[{**case, "state": "live", "until": START.isoformat()}])
    assert [ask(engine, "over").silence for _ in range(2)] == [None, None]


def test_a_household_shares_its_cap(shop: Shop) -> None:
    engine, _ = shop
    place(engine, caps=[{**PER_DAY, "per": "household", "limit": 2}])
    for user in ("ada", "bob"):
        engine.collect([_lives(user)])
    assert [ask(engine, one).silence for one in ("ada", "bob", "ada", "bob", "cyd")] == [
        None, None, "capped", "capped", None,
    ]  # fmt: skip


def _lives(user: str) -> dict[str, Any]:
    return {"type": "group", "userId": user, "groupId": "h-1", "traits": {"type": "household"}}


def test_a_role_in_the_household_is_stated_and_conditions_ask_for_it(shop: Shop) -> None:
    engine, _ = shop
    engine.publish(
        segments=[{"name": "minors", "condition": "profile.traits['group.role'] == 'minor'"}]
    )
    place(engine, exclude=["minors"])
    for user, role in (("mum", "payer"), ("kid", "minor")):
        call = _lives(user)
        engine.collect([{**call, "traits": {**call["traits"], "role": role}}])
    silences = {who: ask(engine, who).silence for who in ("mum", "kid", "guest")}
    assert silences == {"mum": None, "kid": "excluded-segment", "guest": None}


def test_a_merge_adds_up_what_both_were_shown(shop: Shop) -> None:
    engine, _ = shop
    place(engine, caps=[{**PER_DAY, "per": "person", "limit": 2}])
    engine.decide(placement="home", anonymous_id="a-1")
    assert ask(engine, "ada").silence is None
    engine.collect([{"type": "identify", "userId": "ada", "anonymousId": "a-1"}])
    assert ask(engine, "ada").silence == "capped"


def test_what_nobody_saw_is_given_back(shop: Shop) -> None:
    engine, clock = shop
    place(engine, caps=[{**PER_DAY, "per": "item", "limit": 1, "counts": "seen"}], slots=2)
    first = engine.decide(placement="home", user_id="ada", candidates=["p-0", "p-1"])
    assert sorted(map(str, shown(first))) == ["p-0", "p-1"]
    track(engine, "ada", "Item Viewed", decisionId=first.decision_id, itemId="p-0")
    assert shown(engine.decide(placement="home", user_id="ada", candidates=["p-0", "p-1"])) == []
    clock.forward(hours=1)
    engine.learn()
    again = engine.decide(placement="home", user_id="ada", candidates=["p-0", "p-1"])
    assert shown(again) == ["p-1"]


def test_messages_without_a_response_stop_until_there_is_one(shop: Shop) -> None:
    engine, clock = shop
    place(engine, caps=[{**PER_DAY, "per": "person", "limit": 2, "unanswered": True}])
    assert [ask(engine).silence for _ in range(3)] == [None, None, "unanswered"]
    clock.forward(minutes=1)
    track(engine, "ada", "Item Viewed", itemId="p-0")
    assert ask(engine).silence == "unanswered"
    track(engine, "ada", "Item Clicked", itemId="p-0")
    clock.forward(minutes=1)
    assert [ask(engine).silence for _ in range(3)] == [None, None, "unanswered"]


def test_a_preview_counts_nothing_and_the_held_out_are_counted(shop: Shop) -> None:
    engine, _ = shop
    place(engine, holdoutShare=0.9, caps=[{**PER_DAY, "per": "person", "limit": 1}])
    for _ in range(3):
        assert engine.decide(placement="home", user_id="ada", preview=True).silence is None
    for user in range(10):
        assert [ask(engine, f"u-{user}").silence for _ in range(2)] == [None, "capped"]


@pytest.mark.parametrize(
    ("cap", "complaint"),
    [
        ({"per": "tag"}, "`tag` is named by caps per tag"),
        ({"per": "item", "tag": "loan"}, "`tag` is named by caps per tag"),
        ({"per": "useCase"}, "only a use case may declare it"),
        ({"per": "item", "unanswered": True}, "counts decisions of one person only"),
    ],
)
def test_a_cap_that_means_nothing_is_refused(
    shop: Shop, cap: dict[str, Any], complaint: str
) -> None:
    engine, _ = shop
    with pytest.raises(BadDefinition, match=complaint):
        place(engine, caps=[{"limit": 1, "windowMinutes": 60, **cap}])


# ---- fatigue, cool-down, discretion


def candidates(engine: Engine, user: str = "ada", placement: str = "home") -> dict[str, str]:
    """What was left out by name, with the rule; the rest came into question."""
    decision = engine.decide(placement=placement, user_id=user)
    return {one.item_id: one.rule for one in decision.excluded}


def test_what_is_passed_over_again_and_again_rests_for_a_while(shop: Shop) -> None:
    engine, clock = shop
    place(engine, default={"rule": "popular"}, fatigue={"ignored": 3, "windowMinutes": 600})
    crowd(engine)
    for _ in range(3):
        assert "p-5" not in candidates(engine)
        track(engine, "ada", "Item Viewed", itemId="p-5")
        clock.forward(hours=1)
    assert candidates(engine)["p-5"] == "tired"
    assert "p-5" not in candidates(engine, "bob")
    track(engine, "ada", "Item Clicked", itemId="p-5")
    assert "p-5" not in candidates(engine)
    clock.forward(hours=1)
    for _ in range(3):
        track(engine, "ada", "Item Viewed", itemId="p-5")
        clock.forward(hours=1)
    assert candidates(engine)["p-5"] == "tired"
    clock.forward(hours=8)
    assert "p-5" not in candidates(engine)


def test_the_named_default_does_not_tire(shop: Shop) -> None:
    engine, clock = shop
    place(engine, default="p-5")
    crowd(engine)
    for _ in range(6):
        track(engine, "ada", "Item Viewed", itemId="p-5")
        clock.forward(minutes=1)
    assert "p-5" not in candidates(engine)


def test_fatigue_has_a_default_and_can_be_turned_off(shop: Shop) -> None:
    engine, clock = shop
    place(engine, default={"rule": "popular"})
    place(engine, "tireless", default={"rule": "popular"}, fatigue=None)
    crowd(engine)
    for _ in range(5):
        track(engine, "ada", "Item Viewed", itemId="p-5")
        clock.forward(minutes=1)
    assert candidates(engine)["p-5"] == "tired"
    assert "p-5" not in candidates(engine, placement="tireless")


def test_what_was_just_looked_at_is_not_shown_back_at_once(shop: Shop) -> None:
    engine, clock = shop
    place(engine, default={"rule": "popular"}, coolDownMinutes=60)
    crowd(engine)
    track(engine, "ada", "Product Viewed", product_id="p-5")
    assert candidates(engine)["p-5"] == "just-seen"
    assert "p-5" not in candidates(engine, "bob")
    clock.forward(minutes=61)
    assert "p-5" not in candidates(engine)


def test_what_is_sensitive_is_not_held_up_to_the_person(shop: Shop) -> None:
    engine, _ = shop
    engine.publish(items=[{"itemId": "p-5", "categories": ["pregnancy"]}])
    place(engine, default={"rule": "popular"}, sensitive=["pregnancy"])
    place(engine, "blunt", default={"rule": "popular"})
    crowd(engine)
    track(engine, "ada", "Product Viewed", product_id="p-5")
    assert candidates(engine)["p-5"] == "sensitive"
    assert "p-5" not in candidates(engine, placement="blunt")
    track(engine, "ada", "Item Liked", itemId="p-5")  # now it was said
    assert "p-5" not in candidates(engine)


def test_who_is_hardly_known_sees_nothing_sensitive(shop: Shop) -> None:
    engine, _ = shop
    engine.publish(items=[{"itemId": "p-5", "tags": {"debt": 1.0}}])
    place(engine, default={"rule": "popular"}, sensitive=["debt"])
    crowd(engine)
    stranger = engine.decide(placement="home", anonymous_id="a-1")
    assert ("p-5", "sensitive") in [(one.item_id, one.rule) for one in stranger.excluded]
    assert "p-5" not in candidates(engine, "bob")


def test_a_sensitive_segment_says_nothing(shop: Shop) -> None:
    engine, _ = shop
    place(engine, default={"rule": "popular"}, sensitive=["mourning"])
    place(engine, "blunt", default={"rule": "popular"})
    for user in ("ada", *(f"c-{n}" for n in range(30))):
        identify(engine, user, mourning=True)
    crowd(engine)
    levels = [
        {one.level for one in engine.decide(placement=name, user_id="ada").candidates}
        for name in ("blunt", "home")
    ]
    assert levels == [{"segment", "crowd"}, {"crowd"}]


# ---- what annoys costs


@pytest.mark.parametrize(("cost", "silent"), [(1.0, True), (0.0, False)])
def test_where_annoying_costs_more_than_winning_brings_nothing_is_shown(
    shop: Shop, cost: float, silent: bool
) -> None:
    engine, clock = shop
    goal = {"name": "tap", "event": "Item Clicked", "windowMinutes": 30, "dislikeCost": cost}
    engine.publish(goals=[goal])
    place(engine, goal="tap", default={"rule": "popular"}, allowNothing=True)
    crowd(engine)
    for number in range(200):
        decision = ask(engine, f"u-{number}")
        if (item := decision.choices[0].item_id) is not None:
            event = "Item Clicked" if number % 5 == 0 else "Item Dismissed"
            said = {"decisionId": decision.decision_id, "itemId": item}
            for _ in range(2):  # to say it twice costs no more
                track(engine, f"u-{number}", event, **said)
                clock.forward(seconds=1)
        if number % 20 == 19:
            clock.forward(hours=1)
            engine.learn()
    nothing = [shown(ask(engine, f"v-{number}", "home")) == [None] for number in range(40)]
    assert sum(nothing) > 30 if silent else sum(nothing) < 10
    lost = engine.deciding.list(DecisionQuery(limit=500)).decisions
    costs = [one.reward for bet in lost for one in bet.outcomes if one.reward < 0]
    assert set(costs) == ({-cost} if cost else set())
