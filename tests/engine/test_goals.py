"""Several goals of one placement: learnt apart, weighed together, guarded, reported by owner."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.errors import BadDefinition

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOALS = [
    {"name": "click", "event": "Item Clicked", "owner": "sales"},
    {"name": "glad", "event": "Item Liked", "windowMinutes": 600, "owner": "people"},
]


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def shop() -> Iterator[tuple[Engine, Clock]]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(items=[{"itemId": name} for name in ("bait", "care", "rest")], goals=GOALS)
        yield engine, clock


def place(engine: Engine, **fields: object) -> None:
    base = {"name": "home", "goal": "click", "default": ["care"], "goals": {"glad": 1.0}}
    engine.publish(placements=[base | {"riskAppetite": 0.02} | fields])


def happens(engine: Engine, event: str, decision: Decision, at: datetime) -> None:
    properties = {
        "decisionId": decision.decision_id, "itemId": decision.choices[0].item_id,
    }  # fmt: skip
    engine.collect(
        [
            {
                "type": "track", "event": event, "userId": decision.identity[0].split(":")[1],
                "messageId": f"{event}-{decision.decision_id}-{at}", "timestamp": at.isoformat(),
                "properties": properties,
            }
        ]
    )  # fmt: skip


def play(shop: tuple[Engine, Clock], rounds: int) -> None:
    """Bait is clicked, care is liked; each person comes once, with something in the cart."""
    engine, clock = shop
    for number in range(rounds):
        clock.at += timedelta(minutes=1)
        decision = engine.decide(
            placement="home", user_id=f"p-{number}", context={"cart": ["x"]},
            candidates=["bait", "care", "rest"],
        )  # fmt: skip
        shown = decision.choices[0].item_id
        at = clock.at
        if shown == "bait":
            happens(engine, "Item Clicked", decision, at)
        if shown == "care":
            happens(engine, "Item Liked", decision, at)
    clock.at += timedelta(days=1)
    engine.learn()


def odds(engine: Engine) -> dict[str | None, float]:
    decision = engine.decide(
        placement="home", user_id="new", context={"cart": ["x"]}, preview=True,
        candidates=["bait", "care", "rest"],
    )  # fmt: skip
    return {one.item_id: one.propensity for one in decision.candidates}


def test_an_event_of_a_further_goal_is_its_outcome_and_settles_nothing(
    shop: tuple[Engine, Clock],
) -> None:
    engine, clock = shop
    place(engine)
    decision = engine.decide(placement="home", user_id="ada")
    for _ in range(2):
        clock.at += timedelta(minutes=100)
        happens(engine, "Item Liked", decision, clock.at)
    logged = engine.deciding.get(decision.decision_id)
    assert [one.values for one in logged.outcomes if one.values] == [{"glad": 1.0}]
    assert (logged.state, logged.reward) == ("open", 0.0)


def test_late_is_not_counted(shop: tuple[Engine, Clock]) -> None:
    engine, clock = shop
    place(engine)
    decision = engine.decide(placement="home", user_id="ada")
    clock.at += timedelta(hours=11)
    happens(engine, "Item Liked", decision, clock.at)
    assert all(not one.values for one in engine.deciding.get(decision.decision_id).outcomes)


def test_each_goal_is_learnt_and_logged_apart(shop: tuple[Engine, Clock]) -> None:
    engine, _ = shop
    place(engine, policy="greedy", riskAppetite=0.9)
    play(shop, 150)
    decision = engine.decide(
        placement="home", user_id="new", context={"cart": ["x"]}, preview=True,
        candidates=["bait", "care", "rest"],
    )  # fmt: skip
    assert [(one.goal, one.weight) for one in decision.goals] == [("click", 1.0), ("glad", 1.0)]
    glad = decision.goals[1]
    assert glad.default > 0.8  # learnt: care leaves people glad
    report = engine.measuring.report("stakeholders")
    owners = report["owners"]
    assert isinstance(owners, dict) and set(owners) == {"people", "sales"}
    row = owners["people"][0]
    assert row["decisions"] == 150 and row["goal"] == "glad"
    assert row["gained"] == pytest.approx(row["expected"] - row["default"])


def test_a_floor_holds_in_what_is_expected(shop: tuple[Engine, Clock]) -> None:
    """Bait is clicked and leaves nobody glad: the floor brings the odds back to what does."""
    engine, _ = shop
    place(engine, goals={"glad": 0.0}, riskAppetite=0.9)
    play(shop, 150)
    place(engine, policy="greedy", goals={"glad": 0.0})
    free = odds(engine)
    assert free["bait"] > 0.75  # the safe choice keeps some until it is known
    floors = [{"goal": "glad", "share": 1.0}]
    place(engine, policy="greedy", goals={"glad": 0.0}, floors=floors)
    held = odds(engine)
    assert sum(held.values()) == pytest.approx(1.0)
    assert held["care"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"floors": [{"goal": "gone", "share": 0.5}]}, "weight 0 if it only guards"),
        ({"floors": [{"goal": "glad", "share": 1.5}]}, "share"),
    ],
)
def test_what_can_never_be_is_refused(
    shop: tuple[Engine, Clock], fields: dict[str, object], says: str
) -> None:
    with pytest.raises(BadDefinition, match=says):
        place(shop[0], **fields)


def test_an_unknown_goal_is_warned_of(shop: tuple[Engine, Clock]) -> None:
    document = {"name": "home", "goals": {"gone": 1.0}}
    _, warnings, _ = shop[0].publishing.put("placements", document)
    assert any("weighs goal 'gone', which is not defined yet" in one for one in warnings)
