"""Sleeping dogs: a world in which being talked to makes some people leave, and three that lie."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.engine.engine import Engine

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
PEOPLE, ROUNDS, SHARE = 300, 4, 0.8
CALM, STIRRED = 0.05, 0.4
PLACEMENT: dict[str, Any] = {
    "name": "letter",
    "goal": "stay",
    "default": "p-0",
    "holdoutShare": 0.5,
    "leaveAloneShare": SHARE,
}


class World:
    """People who leave now and then; the sleepy among them more often when they are talked to."""

    def __init__(self, *, stirred: float, holdout: float = 0.5, share: float = SHARE) -> None:
        self.at, self.stirred = START, stirred
        self.chance = random.Random(7)
        self.engine: Engine = wager.open("memory://", now=lambda: self.at)
        placement = {**PLACEMENT, "holdoutShare": holdout, "leaveAloneShare": share}
        self.engine.publish(
            items=[{"itemId": f"p-{n}"} for n in range(4)],
            goals=[{"name": "stay", "event": "Unsubscribed", "windowMinutes": 60, "value": -1.0}],
            segments=[
                {"name": "sleepy", "condition": "profile.traits.sleepy == true"},
                {"name": "awake", "condition": "profile.traits.sleepy == false"},
            ],
            placements=[placement],
        )
        self.users = [f"u-{number}" for number in range(PEOPLE)]
        self.sleepy = {user: number % 2 == 0 for number, user in enumerate(self.users)}
        self.engine.collect(
            [
                {"type": "identify", "userId": user, "traits": {"sleepy": self.sleepy[user]}}
                for user in self.users
            ]
        )

    def live(self, rounds: int) -> None:
        for _ in range(rounds):
            left = []
            for user in self.users:
                decision = self.engine.decide(placement="letter", user_id=user)
                talked = not decision.holdout and decision.silence is None
                leaves = self.stirred if talked and self.sleepy[user] else CALM
                if self.chance.random() < leaves:
                    left.append({"type": "track", "event": "Unsubscribed", "userId": user})
            self.at += timedelta(minutes=10)
            self.engine.collect(left)
            self.at += timedelta(hours=2)
            self.engine.learn()
            self.at += timedelta(days=1)

    def spared(self) -> dict[bool, float]:
        """The share of those not held out that is left alone: of the sleepy, and of the others."""
        shares = {}
        for sleepy in (True, False):
            asked = [
                self.engine.decide(placement="letter", user_id=user, preview=True)
                for user in self.users
                if self.sleepy[user] is sleepy
            ]
            bets = [one for one in asked if not one.holdout]
            shares[sleepy] = sum(one.silence == "better-left-alone" for one in bets) / len(bets)
        return shares


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.engine.close()


def test_who_is_harmed_is_left_alone_and_talked_to_again_when_it_is_over(
    worlds: list[World],
) -> None:
    world = World(stirred=STIRRED)
    worlds.append(world)
    assert world.spared() == {True: 0.0, False: 0.0}
    world.live(ROUNDS)
    spared = world.spared()
    assert spared[False] == 0.0
    # of about 75 people with a share of 0.8: the exact binomial is within these at 1e-6
    assert 0.5 < spared[True] < 0.98
    one = next(
        found
        for user in world.users
        if world.sleepy[user]
        and (found := world.engine.decide(placement="letter", user_id=user)).silence
    )
    assert [choice.item_id for choice in one.choices] == ["p-0"]
    assert one.choices[0].reasons[0].kind == "better-left-alone"

    world.stirred = CALM
    world.at += timedelta(days=180)
    world.live(ROUNDS)
    assert world.spared() == {True: 0.0, False: 0.0}


@pytest.mark.parametrize(
    "lie",
    [
        {"stirred": CALM},  # nobody is harmed
        {"stirred": STIRRED, "holdout": 0.0},  # there is no evidence
        {"stirred": STIRRED, "share": 0.0},  # nobody asked for it
    ],
)
def test_without_harm_evidence_or_leave_nobody_is_left_alone(
    worlds: list[World], lie: dict[str, float]
) -> None:
    world = World(**lie)
    worlds.append(world)
    world.live(ROUNDS)
    assert world.spared() == {True: 0.0, False: 0.0}


def test_what_was_seen_outlives_a_restart(worlds: list[World]) -> None:
    world = World(stirred=STIRRED)
    worlds.append(world)
    world.live(ROUNDS)
    before = world.engine.live.snapshot.harmed
    assert before == {"letter": frozenset({"sleepy"})}
    packed = world.engine.learning._sparing.packed()
    from wager.engine.sparing import Sparing

    assert Sparing(packed).harmed(world.at) == before
