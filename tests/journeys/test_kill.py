"""Acknowledged means durable: `kill -9` in the middle of load loses nothing and doubles nothing."""

import http.client
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import wager
from wager.stores.base import DecisionQuery, EventQuery

SECRET = "the-secret-key-of-the-journeys"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
CLIENTS, KILLS = 4, 4
BUDGET = 200.0  # for regret: taken in hundredths


class Load:
    """Clients that send events and ask decisions, and note what was acknowledged."""

    def __init__(self, url: str, life: int) -> None:
        self.address = urlsplit(url).netloc
        self.life = life
        self.events: set[str] = set()
        self.decisions: set[str] = set()
        self.many = threading.Event()
        self.threads = [
            threading.Thread(target=self._send, args=(client,)) for client in range(CLIENTS)
        ]
        for thread in self.threads:
            thread.start()

    def _send(self, client: int) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        number = 0
        try:
            while True:
                number += 1
                name = f"{self.life}-{client}-{number}"
                user = f"u-{client}-{number % 7}"
                ids = [f"m-{name}-{part}" for part in range(3)]
                track = {"type": "track", "event": "Product Viewed", "userId": user}
                self._post(connection, "batch", {"batch": [track | {"messageId": i} for i in ids]})
                self.events.update(ids)
                asked = {"placement": "home", "userId": user, "decisionId": f"d-{name}"}
                self._post(connection, "decide", asked)
                self.decisions.add(f"d-{name}")
                if number >= 10:
                    self.many.set()
        except (OSError, http.client.HTTPException):
            return  # the server is dead
        finally:
            connection.close()

    def _post(self, connection: http.client.HTTPConnection, route: str, body: object) -> None:
        connection.request("POST", f"/v1/{route}", json.dumps(body), HEADERS)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer

    def join(self) -> None:
        for thread in self.threads:
            thread.join(timeout=60)
            assert not thread.is_alive()


def kept(url: str) -> tuple[Counter[str], Counter[str]]:
    """How often each message id and each decision id stands in the store."""
    events: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    with wager.open(url) as engine:
        after = 0
        while page := engine.stores.events.read(EventQuery(after=after, limit=1000)):
            events.update(one.event.message_id for one in page)
            after = page[-1].sequence
        cursor = None
        while True:
            found = engine.stores.decisions.list(DecisionQuery(limit=500, cursor=cursor))
            decisions.update(one.decision.decision_id for one in found.decisions)
            cursor = found.cursor
            if cursor is None:
                return events, decisions


def cost_of_learning(url: str) -> tuple[float, float]:
    """What all bets in the store gave up to learn, and what was taken of the budget for it."""
    with wager.open(url) as engine:
        bets: list[float] = []
        cursor = None
        while True:
            found = engine.stores.decisions.list(DecisionQuery(limit=500, cursor=cursor))
            bets.extend(one.decision.regret for one in found.decisions)
            cursor = found.cursor
            if cursor is None:
                break
        budgets = engine.measuring.report("hedge")["placements"]
        assert isinstance(budgets, dict)
        return sum(bets), budgets["home"]["regretBudget"]["spent"]


def set_up(server: Any) -> None:
    items = [{"itemId": f"p-{number}"} for number in range(5)]
    server.ask("POST", "/v1/items", items)
    home = {"slots": 2, "default": "p-0", "regretBudget": {"amount": BUDGET, "days": 7}}
    server.ask("PUT", "/v1/placements/home", home)
    order = {"type": "track", "event": "Order Completed", "userId": "x"}
    for last in range(6):  # the later the number, the less an item is bought
        what = {"products": [{"product_id": f"p-{number}"} for number in range(min(last + 1, 5))]}
        server.ask("POST", "/v1/track", order | {"messageId": f"o-{last}", "properties": what})
    asked = {"placement": "home", "userId": "y", "preview": True}
    while server.ask("POST", "/v1/decide", asked)["level"] == "neutral":
        time.sleep(0.1)  # until the orders are learnt: only then is there something to explore


def test_killed_in_the_middle_of_load(start: Callable[[str], Any], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    events: set[str] = set()
    decisions: set[str] = set()
    for life in range(KILLS):
        server = start(url)
        set_up(server)
        load = Load(server.url, life)
        assert load.many.wait(60)
        time.sleep(0.05 * life)  # not always at the same point of a commit
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        load.join()
        events |= load.events
        decisions |= load.decisions
    assert len(events) >= KILLS * 30
    stored_events, stored_decisions = kept(url)
    assert events <= set(stored_events)
    assert decisions <= set(stored_decisions)
    assert set(stored_events.values()) == {1} == set(stored_decisions.values())
    regret, taken = cost_of_learning(url)
    assert 0.0 < regret <= taken + 1e-9
    assert taken <= regret + KILLS * BUDGET / 100 + 1e-9


def test_stopped_in_the_middle_of_load(start: Callable[[str], Any], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    server = start(url)
    set_up(server)
    load = Load(server.url, 0)
    assert load.many.wait(60)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=60) == 0
    load.join()
    stored_events, stored_decisions = kept(url)  # the lock is free, or this would fail
    assert load.events <= set(stored_events)
    assert load.decisions <= set(stored_decisions)
    assert set(stored_events.values()) == {1}
