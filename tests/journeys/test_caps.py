"""Sixteen clients ask for the same people at once: a cap is reached, and never passed."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import wager
from wager.stores.base import Ledger

SECRET = "the-secret-key-of-the-journeys"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
CLIENTS, ROUNDS, PEOPLE, PER_ITEM, PER_PERSON = 16, 20, 3, 4, 60
ITEMS = [f"p-{number}" for number in range(20)]
PLACEMENT = {
    "name": "home",
    "slots": 2,
    "default": {"rule": "popular"},
    "caps": [
        {"per": "item", "limit": PER_ITEM, "windowMinutes": 1440},
        {"per": "person", "limit": PER_PERSON, "windowMinutes": 1440},
    ],
}
Ask = Callable[[str], list[str | None]]


@contextmanager
def over_http(url: str) -> Iterator[Ask]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def ask(user: str) -> list[str | None]:
        body = json.dumps({"placement": "home", "userId": user})
        connection.request("POST", "/v1/decide", body, HEADERS)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
        return [choice["itemId"] for choice in json.loads(answer)["choices"]]

    with closing(connection):
        yield ask


@contextmanager
def in_process(engine: wager.Engine) -> Iterator[Ask]:
    def ask(user: str) -> list[str | None]:
        decision = engine.decide(placement="home", user_id=user)
        return [choice.item_id for choice in decision.choices]

    yield ask


def shown_at_once(
    client: Callable[[], AbstractContextManager[Ask]],
) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """How often each person was shown each item, and anything, by all clients together."""
    items: Counter[tuple[str, str]] = Counter()
    people: Counter[str] = Counter()
    mutex, failed, start = threading.Lock(), [], threading.Barrier(CLIENTS)

    def run() -> None:
        start.wait()
        try:
            with client() as ask:
                for number in range(ROUNDS):
                    user = f"u-{number % PEOPLE}"
                    shown = [item for item in ask(user) if item is not None]
                    with mutex:
                        items.update((user, item) for item in shown)
                        people[user] += bool(shown)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failed.append(error)

    clients = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    if failed:
        raise failed[0]
    return items, people


def most(counts: Counter[Any]) -> int:
    return max(counts.values())


def test_not_one_too_many_over_http(start: Callable[[str], Any], tmp_path: Path) -> None:
    server = start(f"sqlite:///{tmp_path}/shop.db")
    server.ask("POST", "/v1/items", [{"itemId": item} for item in ITEMS])
    server.ask("PUT", "/v1/placements/home", PLACEMENT)
    items, people = shown_at_once(lambda: over_http(server.url))
    asked = CLIENTS * ROUNDS // PEOPLE
    assert asked * 2 > PER_ITEM * len(ITEMS)  # more than there is to show
    assert most(items) == PER_ITEM
    assert most(people) <= PER_PERSON
    assert sum(items.values()) == PEOPLE * PER_ITEM * len(ITEMS)


@pytest.fixture
def engine() -> Any:
    with wager.open("memory://") as opened:
        opened.publish(items=[{"itemId": item} for item in ITEMS], placements=[PLACEMENT])
        yield opened


def test_not_one_too_many_in_one_process(engine: wager.Engine) -> None:
    items, people = shown_at_once(lambda: in_process(engine))
    assert most(items) == PER_ITEM
    assert most(people) <= PER_PERSON


class Stale:
    """The sabotage: a ledger that counts a take only after others have asked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def reserve(self, *key: Any, **how: Any) -> bool:
        self._waiting.append((key, how))
        if len(self._waiting) > 8:
            late, told = self._waiting.pop(0)
            self._ledger.reserve(*late, **told)
        return True


def test_a_ledger_that_is_late_is_found_out(engine: wager.Engine) -> None:
    engine.stores.ledger = Stale(engine.stores.ledger)
    items, _ = shown_at_once(lambda: in_process(engine))
    assert most(items) > PER_ITEM
