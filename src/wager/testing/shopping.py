"""People of a test's shop do things, at the hour that the test says."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from wager.engine.engine import Engine

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_numbers = count()


class Clock:
    """Stands still until it is put forward; `wager.open(url, now=clock)` goes by it."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


Shop = tuple[Engine, Clock]


def track(engine: Engine, clock: Clock, user: str, event: str, **properties: Any) -> None:
    """Something happens now, and is taken in."""
    message = {
        "type": "track",
        "event": event,
        "userId": user,
        "messageId": f"m-{next(_numbers)}",
        "timestamp": clock().isoformat(),
        "properties": properties,
    }
    result = engine.collect([message])
    assert result.accepted == 1, result


def order(engine: Engine, clock: Clock, user: str, *items: str, **properties: Any) -> None:
    """One of each is bought now, for 2.00."""
    products = [{"product_id": item, "price": 2.0, "quantity": 1} for item in items]
    track(engine, clock, user, "Order Completed", products=products, **properties)
