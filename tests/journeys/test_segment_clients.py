"""Segment's own clients, unmodified, pointed at a running server."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from segment.analytics.client import Client

SECRET, PUBLIC = "the-secret-key-of-the-journeys", "the-public-key-of-the-journeys"
NODE = Path(__file__).with_name("node")


def events_of(server: Any, value: str, kind: str = "user_id") -> dict[str, dict[str, Any]]:
    held = server.ask("GET", f"/v1/profiles/{kind}/{value}/export")
    return {one["event"]["messageId"]: one["event"] for one in held["events"]}


@pytest.mark.parametrize("gzip", [False, True])
def test_python(server: Any, gzip: bool) -> None:
    failed: list[object] = []
    client = Client(
        SECRET,
        host=server.url,
        gzip=gzip,
        upload_size=10,
        max_retries=0,
        on_error=lambda *what: failed.append(what),
    )
    at = datetime(2026, 1, 5, 17, 3, tzinfo=UTC)
    who, anonymous, m = f"py-{gzip}", f"py-anonymous-{gzip}", f"m-{gzip}"
    client.identify(who, {"plan": "gold"}, message_id=f"{m}-identify", timestamp=at)
    client.track(
        who, "Product Viewed", {"product_id": "p-7"}, anonymous_id=anonymous, timestamp=at,
        message_id=f"{m}-track",
    )  # fmt: skip
    client.page(who, "shop", "Home", message_id=f"{m}-page", timestamp=at)
    client.screen(who, "app", "Start", message_id=f"{m}-screen", timestamp=at)
    client.group(who, "g-1", message_id=f"{m}-group", timestamp=at)
    client.alias(f"{who}-before", who, message_id=f"{m}-alias", timestamp=at)
    for number in range(40):
        client.track(who, "Counted", {"number": number}, message_id=f"{m}-{number}")
    client.shutdown()
    assert failed == []
    events = events_of(server, who)
    assert len(events) == 46
    assert {name: events[f"{m}-{name}"]["kind"] for name in ("track", "identify", "alias")} == {
        "track": "track",
        "identify": "identify",
        "alias": "alias",
    }
    assert events[f"{m}-track"]["name"] == "Product Viewed"
    assert events[f"{m}-track"]["properties"]["product_id"] == "p-7"
    profile = server.ask("GET", f"/v1/profiles/user_id/{who}")
    assert profile["traits"]["plan"]["value"] == "gold"
    linked = {(one["kind"], one["value"]) for one in profile["identities"]}
    assert ("anonymous_id", anonymous) in linked
    assert server.ask("GET", "/v1/quarantine")["quarantined"] == []


def test_python_with_the_public_key_links_nobody(server: Any) -> None:
    failed: list[object] = []
    client = Client(
        PUBLIC, host=server.url, max_retries=0, on_error=lambda *what: failed.append(what)
    )
    client.track("py-claimed", "Product Viewed", anonymous_id="py-claimer")
    client.shutdown()
    assert failed == []
    assert server.status("GET", "/v1/profiles/user_id/py-claimed") == 404
    assert len(events_of(server, "py-claimer", "anonymous_id")) == 1


def test_python_with_a_wrong_key_is_told(server: Any) -> None:
    failed: list[object] = []
    client = Client(
        "nobody", host=server.url, max_retries=0, on_error=lambda *what: failed.append(what)
    )
    client.track("py-nobody", "Product Viewed")
    client.shutdown()
    assert len(failed) == 1 and "401" in str(failed[0])


def node() -> str:
    """The path of Node.js; its absence is a skip, and with `CI=true` a failure."""
    found = shutil.which("node")
    if found is not None and (NODE / "node_modules" / "@segment").is_dir():
        return found
    missing = "Node.js" if found is None else "@segment/analytics-node (make test installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing} is needed where CI=true")
    pytest.skip(f"needs {missing}")


@pytest.mark.node
def test_node(server: Any) -> None:
    sent = subprocess.run(
        [node(), str(NODE / "send.mjs"), server.url, SECRET],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr
    events = events_of(server, "node-user")
    assert len(events) == 26
    assert {events[f"n-{kind}"]["kind"] for kind in ("track", "identify", "page", "screen",
                                                     "group", "alias")} == {
        "track", "identify", "page", "screen", "group", "alias",
    }  # fmt: skip
    at = datetime.fromisoformat(events["n-track"]["at"])  # corrected by the sender's clock
    assert abs(at - datetime(2026, 1, 5, 17, 3, tzinfo=UTC)) < timedelta(seconds=30)
    profile = server.ask("GET", "/v1/profiles/user_id/node-user")
    assert profile["traits"]["plan"]["value"] == "gold"
    linked = {(one["kind"], one["value"]) for one in profile["identities"]}
    assert {("anonymous_id", "node-anonymous")} <= linked
    assert server.ask("GET", "/v1/quarantine")["quarantined"] == []
