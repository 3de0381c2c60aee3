"""Whom not to talk to, and how often: each rule where it holds, and where it does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEGMENT = {"name": "mourning", "condition": "profile.traits.mourning == true"}


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


Shop = tuple[Engine, Clock]


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
