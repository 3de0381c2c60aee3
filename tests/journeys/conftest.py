"""Servers in processes of their own, as they run outside tests."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECRET, PUBLIC = "the-secret-key-of-the-journeys", "the-public-key-of-the-journeys"
SIGNING_SECRET = "the-signing-secret-of-the-journeys-long-enough"
KEYS = {
    "WAGER_SECRET_KEY": SECRET,
    "WAGER_PUBLIC_KEY": PUBLIC,
    "WAGER_SIGNING_SECRET": SIGNING_SECRET,
}
SERVE = Path(__file__).with_name("serve.py")


@dataclass
class Running:
    """A server under way, and a plain client of it."""

    process: "subprocess.Popen[str]"
    url: str

    def ask(self, method: str, path: str, body: object = None, *, key: str = SECRET) -> Any:
        """The decoded answer; a problem is an `HTTPError`."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def status(self, method: str, path: str, body: object = None, *, key: str = SECRET) -> int:
        """The status alone."""
        try:
            self.ask(method, path, body, key=key)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        return 200


Start = Callable[[str], Running]


@contextmanager
def starting() -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(url: str) -> Running:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "error", str(SERVE), url],
                    stdout=subprocess.PIPE,
                    text=True,
                    env=os.environ | KEYS,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), "the server did not start"
            return Running(process, address)

        yield begin


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server on a store's URL; all are gone after the test."""
    with starting() as begin:
        yield begin


@pytest.fixture(scope="module")
def start_for_module() -> Iterator[Start]:
    """The same, but they stay for all tests of the file."""
    with starting() as begin:
        yield begin


@pytest.fixture(scope="module")
def server(start_for_module: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A server on a new SQLite store with one placement and a few items, for a whole file."""
    folder = tmp_path_factory.mktemp("shop")
    running = start_for_module(f"sqlite:///{folder}/shop.db")
    items = [{"itemId": f"p-{number}", "title": f"Thing {number}"} for number in range(20)]
    running.ask("POST", "/v1/items", items)
    running.ask("PUT", "/v1/goals/click", {"event": "Item Clicked", "windowMinutes": 30})
    running.ask("PUT", "/v1/placements/home", {"slots": 3, "goal": "click", "default": "p-0"})
    return running
