"""Stores to measure with: the demonstration's, and made-up ones of any number of people."""

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import wager
from wager.domain.content import Item
from wager.domain.events import Arrival

OUT = Path(__file__).parent / "out"
ITEMS = 92_000
START = datetime(2026, 1, 1, tzinfo=UTC)


class _Silent:
    _last = ""

    def start(self, what: str, total: int | None) -> None:
        if what != self._last:
            print(f"  {what}", flush=True)
        self._last = what

    def advance(self, count: int) -> None:
        pass


def demonstration() -> tuple[Path, float | None]:
    """A copy of the demonstration's store before its replay, and the seconds that it took to
    make (None if an earlier run made it)."""
    from wager.demo.setting_up import set_up

    OUT.mkdir(exist_ok=True)
    made, took = OUT / "demo.db", None
    if not (OUT / "demo.done").exists():
        for file in OUT.glob("demo.*"):
            file.unlink()
        began = time.perf_counter()
        with wager.open(f"sqlite:///{made}") as engine:
            set_up(engine, _Silent())
        took = time.perf_counter() - began
        (OUT / "demo.done").touch()
    return _copy(made), took


def _copy(store: Path) -> Path:
    copy = store.with_name("measured.db")
    for file in store.parent.glob("measured.db*"):
        file.unlink()
    shutil.copy(store, copy)
    return copy


def made_up(people: int, orders_each: int = 3) -> Path:
    """A shop of 92,000 items and that many people, each with a few orders of five lines."""
    OUT.mkdir(exist_ok=True)
    store, done = OUT / f"people-{people}.db", OUT / f"people-{people}.done"
    if not done.exists():
        for file in OUT.glob(f"people-{people}.db*"):
            file.unlink()
        with wager.open(f"sqlite:///{store}") as engine:
            engine.publish(
                items=[
                    Item(item_id=f"p-{n}", title=f"Item {n}", categories=[f"c-{n % 300}"])
                    for n in range(ITEMS)
                ],
                goals=[{"name": "buy", "event": "Order Completed", "windowMinutes": 60}],
                segments=[
                    {"name": "big", "condition": "profile.traits.averageOrder >= 20.0"},
                    {"name": "small", "condition": "profile.traits.averageOrder < 10.0"},
                ],
                placements=[
                    {"name": "home", "slots": 6, "goal": "buy", "default": {"rule": "popular"}}
                ],
            )
            rng = random.Random(people)
            waiting = []
            for first in range(0, people, 200):
                payloads = [
                    order(rng, person, number)
                    for person in range(first, min(first + 200, people))
                    for number in range(orders_each)
                ]
                _, durable = engine.collecting.collect(
                    payloads, Arrival(received_at=datetime.now(UTC), source="import")
                )
                waiting.append(durable)
                while len(waiting) > 8:
                    waiting.pop(0).result()
            engine.learn()
        done.touch()
    return _copy(store)


def order(rng: random.Random, person: int, number: int) -> dict[str, Any]:
    """One order of five lines; items are bought as by Zipf's law."""
    items = {min(int(rng.paretovariate(0.7)), ITEMS - 1) for _ in range(5)}
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"u-{person}",
        "messageId": f"o-{person}-{number}",
        "timestamp": (START + timedelta(minutes=rng.uniform(0, 200_000))).isoformat(),
        "properties": {
            "products": [
                {"product_id": f"p-{item}", "price": round(rng.uniform(1, 9), 2), "quantity": 1}
                for item in items
            ]
        },
    }
