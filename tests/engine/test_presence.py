"""A shared device: where it is not sure who is there, the decision steps down and says so."""

from collections.abc import Iterator

import pytest

import wager
from wager.engine.engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """One television: cartoons in the afternoon, thrillers late at night, by two people."""
    with wager.open("memory://") as engine:
        engine.publish(
            items=[
                {"itemId": f"{kind}-{n}", "categories": [kind, f"{kind}{n % 3}"]}
                for kind in ("cartoon", "thriller")
                for n in range(12)
            ],
            placements=[
                {"name": "tv", "slots": 3, "identityThreshold": 0.8},
                {"name": "any", "slots": 3},
            ],
        )
        engine.collect(
            [
                {
                    "type": "track", "event": "Order Completed", "userId": "family",
                    "messageId": f"{kind}-{day}", "timestamp": f"2026-01-{day:02d}T{hour}:10:00Z",
                    "context": {"device": {"id": "the-tv"}},
                    "properties": {"products": [{"product_id": f"{kind}-{day % 12}"}]},
                }
                for day in range(1, 29)
                for kind, hour in (("cartoon", "15"), ("thriller", "22"))
            ]
        )  # fmt: skip
        engine.learn()
        yield engine


def kinds(engine: Engine, placement: str, at: str) -> list[str]:
    decision = engine.decide(placement=placement, user_id="family", at=at, preview=True)
    return [one.kind for one in decision.stepped_down]


@pytest.mark.parametrize("hour", ["15", "22"])
def test_at_their_hours_each_is_recognised(engine: Engine, hour: str) -> None:
    assert kinds(engine, "tv", f"2026-02-03T{hour}:20:00Z") == ["who"]


def test_at_an_hour_that_is_neithers_it_steps_down_and_says_so(engine: Engine) -> None:
    decision = engine.decide(
        placement="tv", user_id="family", at="2026-02-03T09:00:00Z", preview=True
    )
    assert decision.level in ("neutral", "crowd")
    assert decision.stepped_down[0].kind == "who"
    assert "80% needed" in decision.stepped_down[0].text


def test_a_placement_that_does_not_ask_assumes_one_person(engine: Engine) -> None:
    assert kinds(engine, "any", "2026-02-03T09:00:00Z") == []
