"""The report of segments: who is in them, what sets them apart, where they are not talked to."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import wager
from wager.engine.engine import Engine
from wager.testing.shopping import Clock, order

ITEMS = ("milk", "toys", "beer")
SEGMENTS = [
    {"name": "families", "condition": "profile.traits.kids == true"},
    {"name": "others", "condition": "profile.traits.kids == false"},
    {"name": "evening", "condition": "context.hour >= 18"},
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Families buy milk and toys, the others milk and beer; one person says nothing of children."""
    clock = Clock()
    made: Engine = wager.open("memory://", now=clock)
    made.publish(
        items=[{"itemId": name, "title": name.title()} for name in ITEMS],
        segments=SEGMENTS,
        placements=[
            {"name": "home", "default": "milk", "exclude": ["others"]},
            {"name": "offer", "default": "milk"},
        ],
        usecases=[
            {"name": "toys", "placement": "offer", "goal": "click", "segments": ["families"]}
        ],
    )
    for number in range(41):
        user = f"u-{number}"
        traits = {"kids": number % 2 == 0} if number < 40 else {"name": "Ada"}
        told = {"type": "identify", "userId": user, "messageId": f"i-{number}", "traits": traits}
        assert made.collect([told | {"timestamp": clock().isoformat()}]).accepted == 1
        if number < 40:
            order(made, clock, user, "milk", "toys" if number % 2 == 0 else "beer")
    made.learn()
    yield made
    made.close()


def report(engine: Engine) -> dict[str, Any]:
    return dict(engine.measuring.report("segments"))


def test_people_are_counted_and_what_sets_them_apart_is_named(engine: Engine) -> None:
    told = report(engine)
    families, others = told["segments"]["families"], told["segments"]["others"]
    assert (told["people"], families["people"], others["people"]) == (41, 20, 20)
    assert families["popular"][0]["itemId"] == "milk", "everybody buys it"
    assert families["apart"][0]["title"] == "Toys", "they alone do"
    assert others["apart"][0]["title"] == "Beer"
    toys = families["apart"][0]
    assert toys["everybody"] < toys["share"] <= 1.0
    assert "beer" not in [one["itemId"] for one in families["apart"]]


def test_where_they_are_not_talked_to_is_said(engine: Engine) -> None:
    live = engine.live
    live.snapshot = replace(live.snapshot, harmed={"offer": frozenset({"families"})})
    told = report(engine)["segments"]
    assert (told["others"]["excludedFrom"], told["others"]["leftAloneIn"]) == (["home"], [])
    assert (told["families"]["excludedFrom"], told["families"]["leftAloneIn"]) == ([], ["offer"])
    assert (told["families"]["useCases"], told["others"]["useCases"]) == (["toys"], [])


def test_what_hangs_on_the_moment_stores_nobody(engine: Engine) -> None:
    told = report(engine)["segments"]
    assert told["evening"]["inTheMoment"]
    assert told["evening"]["people"] == 0
    assert not told["families"]["inTheMoment"]


def test_a_condition_that_failed_is_counted(engine: Engine) -> None:
    assert report(engine)["segments"]["families"]["conditionErrors"] > 0, "of one, kids is unknown"
