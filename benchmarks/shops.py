"""Stores to measure with: the demonstration's, and made-up ones of any number of people."""

import random
import shutil
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import wager
from wager.domain.content import Item
from wager.domain.events import Arrival, Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.engine.engine import Engine
from wager.engine.learning import Kept
from wager.stores.base import EventQuery, Stores
from wager.stores.open import open_store

OUT = Path(__file__).parent / "out"
ITEMS = 92_000
FIRST, ORDERS_EACH, BUYERS = 10_000, 3, 2_000
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


def made_up(people: int) -> Path:
    """A shop of 92,000 items and that many people, each with a few orders of five lines.

    The engine takes in the first ten thousand; the others are written as it would have written
    them, each living as one of the first did: their events, their profile and what it says to the
    crowds. That is twenty times as fast.
    """
    OUT.mkdir(exist_ok=True)
    store, done = OUT / f"people-{people}.db", OUT / f"people-{people}.done"
    if not done.exists():
        for file in OUT.glob(f"people-{people}.db*"):
            file.unlink()
        if people > FIRST:
            shutil.move(made_up(FIRST), store)
            _multiply(f"sqlite:///{store}", FIRST, people)
        else:
            with wager.open(f"sqlite:///{store}") as engine:
                _open_shop(engine)
                _live(engine, people)
                engine.learn()
        done.touch()
    return _copy(store)


def stocked(items: int) -> Path:
    """A shop of that many items and 2,000 people, each with a few orders of five lines."""
    OUT.mkdir(exist_ok=True)
    store, done = OUT / f"items-{items}.db", OUT / f"items-{items}.done"
    if not done.exists():
        for file in OUT.glob(f"items-{items}.db*"):
            file.unlink()
        with wager.open(f"sqlite:///{store}") as engine:
            _open_shop(engine, items)
            _live(engine, BUYERS, items)
            engine.learn()
        done.touch()
    return _copy(store)


def _open_shop(engine: Engine, items: int = ITEMS) -> None:
    engine.publish(
        items=[
            Item(item_id=f"p-{n}", title=f"Item {n}", categories=[f"c-{n % 300}"])
            for n in range(items)
        ],
        goals=[{"name": "buy", "event": "Order Completed", "windowMinutes": 60}],
        segments=[
            {"name": "big", "condition": "profile.traits.averageOrder >= 20.0"},
            {"name": "small", "condition": "profile.traits.averageOrder < 10.0"},
        ],
        placements=[{"name": "home", "slots": 6, "goal": "buy", "default": {"rule": "popular"}}],
    )


def _live(engine: Engine, people: int, items: int = ITEMS) -> None:
    rng = random.Random(1)
    for first in range(0, people, 200):
        payloads = [
            order(rng, person, number, items)
            for person in range(first, min(first + 200, people))
            for number in range(ORDERS_EACH)
        ]
        arrival = Arrival(received_at=datetime.now(UTC), source="import")
        engine.collecting.collect(payloads, arrival)


def _multiply(url: str, first: int, people: int) -> None:
    """Write the people after the first so many: person n lives as person n modulo `first` did."""
    stores = open_store(url)
    lives = _lives(stores, first)
    for start in range(first, people, 1_000):
        with stores.transaction():
            for person in range(start, min(start + 1_000, people)):
                profile, events = lives[person % first]
                profile_id, name = uuid.uuid4().hex, (Identity("user_id", f"u-{person}"),)
                put = replace(profile, profile_id=profile_id, identities=name)
                stores.profiles.put(put, name)
                for number, event in enumerate(events):
                    message_id = f"o-{person}-{number}"
                    event = replace(event, message_id=message_id, identities=name)
                    stores.events.append(event, profile_id)
    last = stores.events.read(EventQuery(newest_first=True, limit=1))[0].sequence
    version, body = stores.models.latest("learnt") or ("", b"")
    learnt = _learnt(msgspec.msgpack.decode(body, type=Kept), people / first, last)
    with stores.transaction():
        stores.models.put("learnt", version, msgspec.msgpack.encode(learnt))
    stores.close()


def _lives(stores: Stores, people: int) -> list[tuple[Profile, list[Event]]]:
    names = [Identity("user_id", f"u-{person}") for person in range(people)]
    found = stores.profiles.find(names)
    lives = []
    for name in names:
        profile = stores.profiles.get(found[name])
        assert profile is not None
        events = [one.event for one in stores.events.read(EventQuery(profile_id=found[name]))]
        lives.append((profile, events))
    return lives


def _learnt(learnt: Kept, times: float, last: int) -> Kept:
    """What was learnt of the first, as if all had been folded up to the last event."""
    for crowd in learnt.crowds.values():
        crowd.baskets *= times
        crowd.items = {name: weight * times for name, weight in crowd.items.items()}
        crowd.top = {name: weight * times for name, weight in crowd.top.items()}
    learnt.orders = round(learnt.orders * times)
    learnt.events = last
    return learnt


def order(rng: random.Random, person: int, number: int, shelf: int = ITEMS) -> dict[str, Any]:
    """One order of five lines; items are bought as by Zipf's law."""
    items = {min(int(rng.paretovariate(0.7)), shelf - 1) for _ in range(5)}
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
