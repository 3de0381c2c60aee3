"""The crowd's counts: newer weighs more, tops are true, gifts and unknowns are left out."""

import heapq
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.learn import honesty, moments, popularity
from wager.learn.popularity import KEPT, Crowd, actions

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def event(name: str, days: float = 0, **properties: Any) -> Event:
    at = NOON + timedelta(days=days)
    return Event(
        message_id="e", kind="track", name=name, at=at, received_at=at,
        identities=(Identity("user_id", "u"),), properties=properties,
    )  # fmt: skip


def test_thirty_days_halve_a_weight() -> None:
    _, old = actions(event("Item Clicked", itemId="a"))
    _, new = actions(event("Item Clicked", days=30, itemId="a"))
    assert abs(new / old - 2.0) < 1e-9


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


@pytest.mark.parametrize("module", [honesty, moments, popularity])
def test_a_date_beyond_every_calendar_is_no_error(module: ModuleType) -> None:
    last = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
    assert module.weight_at(0.0) < 1.0 < module.weight_at(last) < float("inf")
