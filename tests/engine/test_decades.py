"""A store that works for decades: what is newer goes before what is older, in whatever year."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.test_learning import WORLD, Clock, track

import wager
from wager.engine.engine import Engine
from wager.errors import BadInput
from wager.stores.base import DecisionQuery
from wager.unify.view import golden, weights

ITEMS = [f"p-{n}" for n in range(6)]


def opened(folder: Path, at: datetime) -> tuple[Engine, Clock]:
    clock = Clock()
    clock.at = at
    engine = wager.open(f"sqlite:///{folder / 'shop.db'}", now=clock)
    engine.publish(**WORLD)
    return engine, clock


def loves(engine: Engine, clock: Clock, loved: str) -> None:
    """A month in which nothing is clicked but one item."""
    for day in range(30):
        for turn in range(10):
            made = engine.decide(
                placement="home", user_id=f"u-{turn}", candidates=ITEMS,
                decision_id=f"{clock()}-{turn}",
            )  # fmt: skip
            shown = made.choices[0].item_id
            if shown == loved:
                told = {"decisionId": made.decision_id, "itemId": shown}
                track(engine, clock, "Item Clicked", f"u-{turn}", **told)
        clock.at += timedelta(days=1)
        if day % 5 == 4:
            engine.learn()


def best(engine: Engine) -> str | None:
    made = engine.decide(
        placement="home", user_id="somebody new", candidates=ITEMS, preview=True
    ).candidates
    return max(made, key=lambda one: one.expected_reward).item_id


@pytest.mark.parametrize("year", [2026, 2031, 2060])
def test_what_is_loved_now_goes_before_what_was_loved_long_ago(tmp_path: Path, year: int) -> None:
    engine, clock = opened(tmp_path, datetime(year - 6, 1, 5, tzinfo=UTC))
    loves(engine, clock, "p-1")
    assert engine.live.snapshot.popular[0][0] == best(engine) == "p-1"
    old = engine.live.snapshot.payoffs["home"].honest
    engine.close()
    engine, clock = opened(tmp_path, datetime(year, 1, 5, tzinfo=UTC))
    loves(engine, clock, "p-3")
    popular = engine.live.snapshot.popular
    assert popular[0][0] == best(engine) == "p-3"
    assert dict(popular).get("p-1", 0.0) < 1e-9
    now = engine.live.snapshot.payoffs["home"].honest
    assert old is not None
    assert now is not None
    assert np.isfinite(now).all()
    engine.close()


def test_no_bet_is_placed_in_the_future_but_one_may_look_ahead(tmp_path: Path) -> None:
    """It would never be settled, and weigh more than everything that is learnt until then."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    engine, _ = opened(tmp_path, now)
    with pytest.raises(BadInput, match=r"2190.*2026-01-05.*preview"):
        engine.decide(placement="home", user_id="u", at=datetime(2190, 1, 1, tzinfo=UTC))
    assert not engine.deciding.list(DecisionQuery()).decisions
    ahead = engine.decide(
        placement="home", user_id="u", at=datetime(2190, 1, 1, tzinfo=UTC), preview=True
    )
    skewed = engine.decide(placement="home", user_id="u", at=now + timedelta(minutes=5))
    assert ahead.preview
    assert skewed.replayed
    engine.close()


ABSURD = [
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=1))),  # is 1969 in UTC
    datetime(9001, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-14))),
]


@pytest.fixture(scope="module")
def regular(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A shop that knows much of somebody, in every table that fades."""
    engine, clock = opened(tmp_path_factory.mktemp("absurd"), datetime(2026, 1, 5, tzinfo=UTC))
    engine.publish(items=[{"itemId": "p-1", "title": "Bread", "categories": ["Bakery"]}])
    loves(engine, clock, "p-1")
    for day in range(12):
        lines = [{"product_id": "p-1", "quantity": 1, "price": 2.0, "category": "Bakery"}]
        track(engine, clock, "Order Completed", "u-1", products=lines, order_id=f"o-{day}")
        clock.at += timedelta(days=1)
    engine.learn()
    yield engine
    engine.close()


@pytest.mark.parametrize("at", ABSURD, ids=lambda at: at.isoformat())
def test_a_time_that_no_calendar_has_is_refused(regular: Engine, at: datetime) -> None:
    for ask in (
        lambda: regular.decide(placement="home", user_id="u-1", at=at, preview=True),
        lambda: regular.decide(placement="home", user_id="u-1", at=at),
        lambda: regular.people.outlook("user_id", "u-1", at=at),
    ):
        with pytest.raises(BadInput, match=f"{at.year:04}.*1970 to 9000"):
            ask()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.datetimes(datetime(1970, 1, 2), datetime(9000, 12, 31), timezones=st.just(UTC)),
    zone=st.sampled_from(["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "nowhere"]),
    who=st.sampled_from(["u-1", "u-2", "somebody new"]),
)
def test_every_other_moment_can_be_asked_about(
    regular: Engine, at: datetime, zone: str, who: str
) -> None:
    made = regular.decide(
        placement="home", user_id=who, at=at, preview=True, context={"timezone": zone}
    )
    for choice in made.choices:
        assert np.isfinite(choice.expected_reward)
        assert 0.0 < choice.propensity <= 1.0
    if who == "u-1":
        assert regular.people.outlook("user_id", who, at=at).at == at
        known = regular.people.stored("user_id", who)
        assert all(np.isfinite(left) for left in weights(known, at).values())
        assert golden(known, at)
