"""The outlook says of a person what decisions then do: what is capped, due, sure, and varied."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.estimates import NotEnough
from wager.domain.outlook import Outlook, Variety
from wager.engine.engine import Engine

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Iterator[Engine]:
    with wager.open("memory://", now=clock) as engine:
        engine.publish(
            items=[
                {"itemId": "milk", "title": "Milk", "categories": ["dairy"],
                 "attributes": {"repurchaseDays": 10}},
                {"itemId": "seat", "title": "Seat", "attributes": {"repurchase": "durable"}},
                {"itemId": "pen", "title": "Pen"},
            ],
        )  # fmt: skip
        yield engine


def bought(engine: Engine, item_id: str, at: datetime, **properties: Any) -> None:
    engine.collect(
        [
            {
                "type": "track", "event": "Order Completed", "userId": "ada",
                "messageId": f"{item_id}-{at}", "timestamp": at.isoformat(),
                "properties": {"products": [{"product_id": item_id}], **properties},
            }
        ]
    )  # fmt: skip


def outlook(engine: Engine, user: str = "ada", **more: Any) -> Outlook:
    return engine.people.outlook("user_id", user, **more)


# ---- caps


@pytest.mark.parametrize("per", ["item", "placement", "person", "household", "channel"])
def test_what_a_cap_leaves_and_when_it_frees_is_what_decisions_do(
    engine: Engine, clock: Clock, per: str
) -> None:
    cap = {"per": per, "limit": 2, "windowMinutes": 60}
    engine.publish(placements=[{"name": "home", "default": "pen", "caps": [cap]}])
    asked = {"placement": "home", "user_id": "ada", "context": {"channel": "web"}}
    for minute in (0, 20):
        clock.at = START + timedelta(minutes=minute)
        only = {"candidates": ["pen"]}
        assert engine.decide(**asked, **only).choices[0].item_id == "pen"
        [room] = outlook(engine).caps
        assert (room.per, room.spent, room.left) == (per, 1 + minute // 20, 1 - minute // 20)
        assert room.placements == ("home",)
    assert room.item_id == ("pen" if per == "item" else None)
    assert room.channel == ("web" if per == "channel" else None)
    free_at = room.free_at
    assert free_at is not None
    assert abs(free_at - (START + timedelta(hours=1))) <= timedelta(seconds=1)
    for at, is_shown in ((free_at - timedelta(seconds=5), False), (free_at, True)):
        clock.at = at
        choices = engine.decide(**asked, **only, preview=True).choices
        assert ([one.item_id for one in choices] == ["pen"]) is is_shown


def test_unanswered_messages_are_counted_since_the_last_response(
    engine: Engine, clock: Clock
) -> None:
    cap = {"per": "person", "limit": 1, "windowMinutes": 600, "unanswered": True}
    engine.publish(placements=[{"name": "home", "default": "pen", "caps": [cap]}])
    engine.decide(placement="home", user_id="ada")
    assert outlook(engine).caps[0].left == 0
    clock.at += timedelta(minutes=1)
    engine.collect([{"type": "page", "userId": "ada", "timestamp": clock.at.isoformat()}])
    clock.at += timedelta(minutes=1)
    assert outlook(engine).caps[0].left == 1


def test_a_cap_of_a_use_case_is_named_and_in_force_within_its_dates(engine: Engine) -> None:
    case = {
        "name": "own", "placement": "home", "goal": "click", "state": "live",
        "until": "2026-03-03T00:00:00Z",
        "caps": [{"per": "useCase", "limit": 5, "windowMinutes": 60}],
    }  # fmt: skip
    engine.publish(placements=[{"name": "home", "default": "pen"}], usecases=[case])
    engine.collect([{"type": "identify", "userId": "ada"}])
    assert [(one.per, one.name) for one in outlook(engine).caps] == [("useCase", "own")]
    assert outlook(engine, at=START + timedelta(days=1)).caps == ()


# ---- what is due


@pytest.mark.parametrize(
    ("days", "state", "until"), [(1, "not-due", 10), (11, "due", None), (30, "lapsed", None)]
)
def test_what_is_used_up_is_due_again(
    engine: Engine, days: int, state: str, until: int | None
) -> None:
    bought(engine, "milk", START)
    [one] = outlook(engine, at=START + timedelta(days=days)).owned
    assert (one.state, one.known_from, one.usual_days) == (state, "declared", 10.0)
    assert one.until == (START + timedelta(days=until) if until else None)
    assert one.due_at == START + timedelta(days=10)


def test_what_lasts_is_kept_out_for_good_and_the_rest_is_not_named(engine: Engine) -> None:
    for item_id in ("seat", "pen"):
        bought(engine, item_id, START)
    [one] = outlook(engine).owned
    assert (one.item_id, one.state, one.until, one.due_at) == ("seat", "lasts", None, None)


def test_what_is_declared_for_a_category_says_for_which(engine: Engine) -> None:
    engine.publish(
        items=[{"itemId": "tea", "categories": ["Tea"]}],
        categories=[{"name": "Tea", "repurchase": "consumable", "repurchaseDays": 7}],
    )
    bought(engine, "tea", START)
    [one] = outlook(engine).owned
    assert (one.known_from, one.state) == ("declared for Tea", "not-due")


def test_what_was_given_away_is_not_theirs(engine: Engine) -> None:
    bought(engine, "seat", START, gift=True)
    assert outlook(engine).owned == ()


# ---- who is there, and how varied


def test_who_is_there_is_told_and_what_follows(engine: Engine) -> None:
    engine.publish(
        items=[{"itemId": f"{kind}-{n}", "categories": [kind]}
               for kind in ("cartoon", "thriller") for n in range(9)],
        placements=[{"name": "tv", "identityThreshold": 0.8}, {"name": "any"}],
    )  # fmt: skip
    for day in range(1, 29):
        for kind, hour in (("cartoon", 15), ("thriller", 22)):
            bought(engine, f"{kind}-{day % 9}", datetime(2026, 1, day, hour, 10, tzinfo=UTC))
    late = outlook(engine, at=datetime(2026, 2, 3, 22, 20, tzinfo=UTC))
    assert len(late.people) == 2 and late.unsure == ()
    assert sum(one.probability for one in late.people) == pytest.approx(1.0)
    surest = max(late.people, key=lambda one: one.probability)
    assert surest.probability > 0.8 and surest.parts[7] == pytest.approx(1.0)
    assert surest.tastes == ("thriller",)
    assert outlook(engine, at=datetime(2026, 2, 3, 9, tzinfo=UTC)).unsure == ("tv",)


def test_how_varied_it_was_beside_the_floor(engine: Engine) -> None:
    engine.publish(placements=[{"name": "home", "default": "milk", "diversityFloor": 0.3}])
    engine.collect([{"type": "identify", "userId": "ada"}])
    found = outlook(engine)
    assert isinstance(found.variety, NotEnough) and found.floors == {"home": 0.3}
    seen = {"type": "track", "event": "Item Viewed", "userId": "ada"}
    engine.collect(
        [
            seen | {"messageId": f"s-{n}", "timestamp": (START - timedelta(hours=n)).isoformat(),
                    "properties": {"itemId": "milk"}}
            for n in range(20)
        ]
    )  # fmt: skip
    found = outlook(engine)
    assert isinstance(found.variety, Variety)
    assert (found.variety.showings, found.variety.by_category) == (20, {"dairy": 20})
