"""The command bench: how fast this machine answers and takes in, with a server of its own."""

import http.client
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Annotated, Any

import msgspec
import numpy as np
import typer

from wager.cli import options
from wager.cli.showing import as_json, progress, say, table
from wager.errors import WagerError

EVENTS_AT_ONCE = 200
CLIENTS = 8
START_SECONDS = 60.0
HOST = "127.0.0.1"


class Speed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was measured: over HTTP on the loopback, every answer durable on disk."""

    machine: str
    items: int
    people: int
    events_per_second: float
    decide_ms_median: float
    decide_ms_p99: float
    decisions_per_second: float


def bench(
    items: Annotated[int, typer.Option(min=100, help="Items in the catalogue")] = 10_000,
    people: Annotated[int, typer.Option(min=10, help="People with a history")] = 1_000,
    decisions: Annotated[int, typer.Option(min=100, help="Decisions asked")] = 3_000,
    json_: options.Json = False,
) -> None:
    """Measure this machine: durable events a second, decisions a second, and how long one takes.

    ```
    wager bench
    wager bench --items 100000 --people 10000
    ```

    A server is started on a store of its own in a temporary folder, and asked over HTTP from this
    process; people and items are made up. For ratios against other programs see `make bench`.
    """
    with _server() as (port, key), progress() as bar:
        task = bar.add_task("events", total=people * 20)
        with _Client(port, key) as client:
            _set_up(client, items)
            begun = time.perf_counter()
            for page in _history(items, people):
                client.post("/v1/batch", page)
                bar.advance(task, EVENTS_AT_ONCE)
        events_per_second = people * 20 / (time.perf_counter() - begun)
        time.sleep(2.0)  # two turns of the learning, so that decisions have something to go on
        bar.add_task("decisions, one client", total=None)
        alone = _decide(port, key, people, decisions // 2)
        bar.add_task(f"decisions, {CLIENTS} clients", total=None)
        decisions_per_second = _decide_together(port, key, people, decisions)
    cut = quantiles(alone, n=100)
    found = Speed(
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        items=items,
        people=people,
        events_per_second=events_per_second,
        decide_ms_median=cut[49] * 1000,
        decide_ms_p99=cut[98] * 1000,
        decisions_per_second=decisions_per_second,
    )
    if json_:
        as_json(found)
        return
    table(("what", "figure"), msgspec.to_builtins(found).items())
    say("client and server share the machine; every answer waited for the disk")


class _Client:
    """One kept connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: object) -> None:
        self._connection.request(method, path, msgspec.json.encode(body), self._headers)
        response = self._connection.getresponse()
        said = response.read()
        if response.status >= 400:
            raise WagerError(f"{path} answered {response.status}: {said[:200]!r}")

    def post(self, path: str, body: object) -> None:
        self.send("POST", path, body)

    def __enter__(self) -> "_Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@contextmanager
def _server() -> Iterator[tuple[int, str]]:
    """`wager up` on a store in a temporary folder, gone afterwards."""
    key = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="wager-bench-") as folder, socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
        free.close()
        store = f"sqlite:///{Path(folder, 'bench.db')}"
        command = [sys.executable, "-m", "wager", "up", "--store", store, "--port", str(port)]
        environment = os.environ | {"WAGER_SECRET_KEY": key, "WAGER_REQUESTS_PER_SECOND": "1e9"}
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as server:
            try:
                _wait(server, port)
                yield port, key
            finally:
                server.terminate()


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            said = server.stderr.read().decode() if server.stderr else ""
            raise WagerError(f"the server did not start: {said.strip()[-500:]}")
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise WagerError(f"the server did not start within {START_SECONDS:g} s")


def _set_up(client: _Client, items: int) -> None:
    client.send("PUT", "/v1/goals/buy", {"name": "buy", "event": "Order Completed"})
    place = {"name": "home", "slots": 6, "goal": "buy", "default": {"rule": "popular"}}
    client.send("PUT", "/v1/placements/home", place)
    for first in range(0, items, 2000):
        page = [
            {"itemId": f"i-{n}", "title": f"Item {n}", "categories": [f"c-{n % 200}"]}
            for n in range(first, min(first + 2000, items))
        ]
        client.post("/v1/items", page)


def _history(items: int, people: int) -> Iterator[dict[str, Any]]:
    """Twenty events of each person, with tastes: a few favourites, some popular, some chance."""
    rng = np.random.default_rng(7)  # the same world at every run
    now = datetime.now(UTC).isoformat()
    batch: list[dict[str, Any]] = []
    for number in range(people * 20):
        person = number % people
        taste = (person * 37 + int(rng.integers(12))) % items
        chosen = {taste, min(int(rng.exponential(50)), items - 1), int(rng.integers(items))}
        products = [{"product_id": f"i-{one}", "quantity": 1, "price": 2.5} for one in chosen]
        batch.append(
            {
                "type": "track",
                "event": "Order Completed",
                "userId": f"u-{person}",
                "messageId": f"m-{number}",
                "timestamp": now,
                "properties": {"products": products},
            }
        )
        if len(batch) == EVENTS_AT_ONCE:
            yield {"batch": batch}
            batch = []
    if batch:
        yield {"batch": batch}


def _decide_together(port: int, key: str, people: int, count: int) -> float:
    """Decisions a second with several clients at once."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        shares = [count // CLIENTS] * CLIENTS
        asked = list(pool.map(lambda share: _decide(port, key, people, share), shares))
    return sum(map(len, asked)) / (time.perf_counter() - begun)


def _decide(port: int, key: str, people: int, count: int) -> list[float]:
    """Seconds that each decision took, from asking to having the durable answer."""
    took = []
    rng = np.random.default_rng(count)
    with _Client(port, key) as client:
        for _ in range(count):
            begun = time.perf_counter()
            client.post("/v1/decide", {"placement": "home", "userId": f"u-{rng.integers(people)}"})
            took.append(time.perf_counter() - begun)
    return took
