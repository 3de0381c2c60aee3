"""The crowd's counts: newer weighs more, tops are true, gifts and unknowns are left out."""

import heapq
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.learn.popularity import HALF_LIFE_DAYS, KEPT, Crowd, actions
from wager.stats.decay import STEP, half_lives, weigh

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def event(name: str, days: float = 0, **properties: Any) -> Event:
    at = NOON + timedelta(days=days)
    return Event(
        message_id="e", kind="track", name=name, at=at, received_at=at,
        identities=(Identity("user_id", "u"),), properties=properties,
    )  # fmt: skip


def test_thirty_days_halve_a_weight() -> None:
    crowd = Crowd()
    for name, days in (("old", 0), ("new", 30)):
        at = (NOON + timedelta(days=days)).timestamp()
        crowd.add([name], weigh(crowd, half_lives(at, HALF_LIFE_DAYS)))
    assert crowd.items["new"] / crowd.items["old"] == pytest.approx(2.0)


def test_counts_in_the_unit_of_2020_are_read_as_such() -> None:
    kept = msgspec.msgpack.encode({"baskets": 8.0, "items": {"a": 8.0}, "top": {"a": 8.0}})
    crowd = msgspec.msgpack.decode(kept, type=Crowd)
    crowd.add(["b"], weigh(crowd, 3.0))
    assert crowd.items == {"a": 8.0, "b": 8.0}
    crowd.add(["c"], weigh(crowd, STEP + 1.0))
    assert crowd.items == {"a": 2.0 ** (3 - STEP), "b": 2.0 ** (3 - STEP), "c": 2.0}
    assert [name for name, _ in crowd.best()] == ["c", "a", "b"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(crowd), type=Crowd) == crowd


def test_a_snapshot_keeps_its_shares_while_the_unit_moves() -> None:
    crowd = Crowd()
    crowd.add(["a"], weigh(crowd, 0.0))
    rates = crowd.rates()
    crowd.add(["a", "b"], weigh(crowd, float(STEP)))
    assert rates.of("a") == 1.0


def test_an_order_speaks_for_each_item_once_and_not_for_gifts() -> None:
    names, _ = actions(
        event(
            "Order Completed",
            products=[{"product_id": "a"}, {"product_id": "a"}, {"product_id": "b", "gift": True}],
        )
    )
    assert names == ["a"]
    assert actions(event("Order Completed", gift=True, products=[{"product_id": "a"}])) == ([], 0)
    assert actions(event("Signed Up", itemId="a")) == ([], 0)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_tops_are_the_true_tops_however_often_they_are_asked(seed: int, every: int) -> None:
    rng = np.random.default_rng(seed)
    crowd = Crowd()
    for number in range(120):
        names = [str(name) for name in rng.zipf(1.3, 8) if name < 5 * KEPT]
        crowd.add(names, float(rng.uniform(0.1, 5)))
        if number % every == 0:
            crowd.best(3)
    truth = heapq.nlargest(KEPT, crowd.items.values())
    assert [weight for _, weight in crowd.best()] == truth
    rates = crowd.rates()
    assert len(rates) == len(crowd.items)
    for name, weight in crowd.items.items():
        assert rates.of(name) == weight / crowd.baskets
