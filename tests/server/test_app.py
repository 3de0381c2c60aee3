"""What goes on beside the answering: learning, retention; and what the server needs to start."""

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import wager
from wager.errors import StoreError
from wager.server.app import _expire, _learn
from wager.server.running import listening
from wager.server.shared import Shared
from wager.stores.base import EventQuery

Serve = Callable[[wager.Engine], httpx.Client]
VIEWED = {"type": "track", "event": "Product Viewed", "userId": "u-1", "messageId": "m-1"}


def test_what_comes_in_is_folded_without_being_asked(
    client: httpx.Client, engine: wager.Engine, secret: dict[str, str]
) -> None:
    assert client.post("/v1/track", headers=secret, json=VIEWED).status_code == 200
    end = time.monotonic() + 60
    while engine.learning.status()["eventsFolded"] == 0:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_fold_that_fails_is_told_and_tried_again(
    engine: wager.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    shared = Shared(engine)
    live = engine.learning.live
    del engine.learning.live  # it cannot work now
    _learn(shared)
    assert "learning failed" in caplog.text
    assert b"wager_learn_failures_total 1.0" in shared.metrics.text(0)
    engine.learning.live = live
    _learn(shared)
    assert b"wager_learn_failures_total 1.0" in shared.metrics.text(0)


def test_what_is_too_old_is_let_go() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with wager.open("memory://", now=lambda: now) as engine:
        engine.collect([VIEWED | {"timestamp": now.isoformat()}])
        shared = Shared(engine)
        now += timedelta(days=engine.settings.event_days - 1)
        _expire(shared)
        assert len(engine.stores.events.read(EventQuery())) == 1
        now += timedelta(days=2)
        _expire(shared)
        assert engine.stores.events.read(EventQuery()) == []


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StoreError, match="--port"):
            listening("127.0.0.1", taken.getsockname()[1])


def test_not_ready_while_it_stops(serve: Serve) -> None:
    with wager.open("memory://") as engine:
        client = serve(engine)
        assert client.get("/readyz").status_code == 200
    answer = client.get("/readyz")  # the store is closed
    assert answer.status_code == 503
    assert answer.json()["code"].startswith("store")
