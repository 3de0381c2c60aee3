"""Events over HTTP: every route, every way that Segment's clients send, and what is refused."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

import wager
from wager.domain.events import Event
from wager.stores.base import EventQuery

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]
SENT: dict[str, dict[str, Any]] = {
    "track": {"event": "Product Viewed", "properties": {"product_id": "p-1"}},
    "identify": {"traits": {"plan": "gold"}},
    "page": {"name": "Home"},
    "screen": {"name": "Start"},
    "group": {"groupId": "g-1"},
    "alias": {"previousId": "a-1"},
}


def stored(engine: wager.Engine) -> list[Event]:
    return [one.event for one in engine.stores.events.read(EventQuery())]


def one(message_id: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": "u-1",
        "messageId": message_id,
        "properties": {"product_id": "p-1"},
    } | more


@pytest.mark.parametrize("kind", SENT)
@pytest.mark.parametrize("short", [False, True])
def test_every_route(
    client: httpx.Client, engine: wager.Engine, secret: Headers, kind: str, short: bool
) -> None:
    body = {"userId": "u-1", "messageId": "m-1", **SENT[kind]}
    answer = client.post(f"/v1/{kind[0] if short else kind}", headers=secret, json=body)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [event.kind for event in stored(engine)] == [kind]


@pytest.mark.parametrize("route", ["batch", "b", "import"])
def test_batches(client: httpx.Client, engine: wager.Engine, secret: Headers, route: str) -> None:
    sent = [one("m-1"), {"type": "track"}, one("m-2"), one("m-1"), 7]
    answer = client.post(f"/v1/{route}", headers=secret, json={"batch": sent}).json()
    assert answer["success"] is True
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert [reason["index"] for reason in answer["quarantined"]] == [1, 4]
    assert all(reason["code"] and reason["detail"] for reason in answer["quarantined"])
    assert [event.message_id for event in stored(engine)] == ["m-1", "m-2"]


def test_a_repeat_is_harmless(client: httpx.Client, engine: wager.Engine, secret: Headers) -> None:
    for _ in range(3):
        answer = client.post("/v1/track", headers=secret, json=one("m-1"))
        assert answer.json() == {"success": True}
    assert len(stored(engine)) == 1


def test_one_that_cannot_be_read_is_kept_for_repair(
    client: httpx.Client, engine: wager.Engine, secret: Headers, is_problem: Problem
) -> None:
    said = is_problem(client.post("/v1/track", headers=secret, json={"userId": "u-1"}), 422)
    assert "quarantine" in said["detail"]
    waiting = client.get("/v1/quarantine", headers=secret).json()["quarantined"]
    assert [entry["code"] for entry in waiting] == [said["code"]]
    assert waiting[0]["identities"] == [{"kind": "user_id", "value": "u-1"}]
    path = f"/v1/quarantine/{waiting[0]['quarantineId']}"
    assert is_problem(client.post(f"{path}/replay", headers=secret), 422)["code"] == said["code"]
    waiting = client.get("/v1/quarantine", headers=secret).json()["quarantined"]
    assert len(waiting) == 1
    path = f"/v1/quarantine/{waiting[0]['quarantineId']}"
    mended = client.post(f"{path}/replay", headers=secret, json=one("m-9")).json()
    assert (mended["accepted"], mended["quarantined"]) == (1, [])
    assert [event.message_id for event in stored(engine)] == ["m-9"]
    assert client.get("/v1/quarantine", headers=secret).json()["quarantined"] == []
    is_problem(client.post(f"{path}/replay", headers=secret), 404)
    is_problem(client.delete(path, headers=secret), 404)


def test_quarantine_can_be_thrown_away_and_paged(client: httpx.Client, secret: Headers) -> None:
    client.post("/v1/batch", headers=secret, json={"batch": [{"n": n} for n in range(5)]})
    first = client.get("/v1/quarantine?limit=3", headers=secret).json()
    rest = client.get(f"/v1/quarantine?limit=3&after={first['after']}", headers=secret).json()
    ids = [entry["quarantineId"] for entry in first["quarantined"] + rest["quarantined"]]
    assert len(set(ids)) == 5 and rest["after"] is None
    for quarantine_id in ids:
        assert client.delete(f"/v1/quarantine/{quarantine_id}", headers=secret).json() == {
            "success": True
        }
    assert client.get("/v1/quarantine", headers=secret).json()["quarantined"] == []


def test_gzip_and_basic(client: httpx.Client, engine: wager.Engine, secret: Headers) -> None:
    key = secret["Authorization"].removeprefix("Bearer ")
    headers = {
        "Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
        "Content-Type": "application/json; charset=utf-8",
        "Content-Encoding": "gzip",
    }
    body = gzip.compress(json.dumps({"batch": [one("m-1")]}).encode())
    assert client.post("/v1/batch", headers=headers, content=body).json()["accepted"] == 1


def test_a_browser_that_leaves_the_page(
    client: httpx.Client, engine: wager.Engine, public: Headers, is_problem: Problem
) -> None:
    key = public["Authorization"].removeprefix("Bearer ")
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    sent = {"anonymousId": "a-1", "event": "Product Viewed", "messageId": "m-1", "writeKey": key}
    answer = client.post("/v1/t", headers=headers, content=json.dumps(sent))
    assert answer.json() == {"success": True}
    batch = {"batch": [one("m-2", userId=None, anonymousId="a-1")], "writeKey": key}
    assert client.post("/v1/b", headers=headers, content=json.dumps(batch)).json()["accepted"] == 1
    assert not any(
        event.verified and event.identities[0].kind == "user_id" for event in stored(engine)
    )
    wrong = json.dumps(sent | {"writeKey": "nobody"})
    refused = client.post("/v1/t", headers=headers, content=wrong)
    is_problem(refused, 401)
    assert refused.json()["detail"] == "that key is not known here"
    for body in (b"", b"{", b"[]", b'{"writeKey": 3}', b"[" * 30_000):
        is_problem(client.post("/v1/t", headers=headers, content=body), 401)


def test_a_key_in_the_body_is_not_kept(
    client: httpx.Client, public: Headers, secret: Headers
) -> None:
    key = public["Authorization"].removeprefix("Bearer ")
    sent = {"anonymousId": "a-1", "messageId": "m-1", "writeKey": key}  # no event: unreadable
    client.post("/v1/t", headers={"Content-Type": "text/plain"}, content=json.dumps(sent))
    waiting = client.get("/v1/quarantine", headers=secret).json()["quarantined"]
    assert len(waiting) == 1 and key not in waiting[0]["payload"]


def test_sizes(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    fits = one("m-1", properties={"text": "x" * 32_000})
    assert client.post("/v1/track", headers=secret, json=fits).status_code == 200
    large = one("m-2", properties={"text": "x" * 33_000})
    is_problem(client.post("/v1/track", headers=secret, json=large), 413)
    answer = client.post("/v1/batch", headers=secret, json={"batch": [large, one("m-3")]}).json()
    assert answer["accepted"] == 1 and answer["quarantined"][0]["code"] == "too-large"
    huge = {"batch": [one(f"m-{n}", properties={"text": "x" * 30_000}) for n in range(20)]}
    is_problem(client.post("/v1/batch", headers=secret, json=huge), 413)


def test_one_that_is_too_deep_leaves_the_others(client: httpx.Client, secret: Headers) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    sent = [one("m-1"), one("m-2", properties={"deep": deep})]
    answer = client.post("/v1/batch", headers=secret, json={"batch": sent}).json()
    assert answer["accepted"] == 1
    assert [reason["index"] for reason in answer["quarantined"]] == [1]


def test_a_malformed_batch_leaves_nothing_behind(
    client: httpx.Client, engine: wager.Engine, secret: Headers, is_problem: Problem
) -> None:
    whole = json.dumps({"batch": [one("m-1"), one("m-2")]}).encode()
    headers = secret | {"Content-Type": "application/json"}
    for cut in range(0, len(whole), 7):
        is_problem(client.post("/v1/batch", headers=headers, content=whole[:cut]), 400)
    assert stored(engine) == []
    assert client.get("/v1/quarantine", headers=secret).json()["quarantined"] == []


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_refused_by_header(
    client: httpx.Client, engine: wager.Engine, secret: Headers, header: str
) -> None:
    client.post("/v1/track", headers=secret | {header: "1"}, json=one("m-1"))
    client.post("/v1/track", headers=secret | {header: "0"}, json=one("m-2", userId="u-2"))
    first, second = stored(engine)
    assert set(first.refused) == {"personalization", "learning"}
    assert second.refused == ()


def test_the_senders_clock(client: httpx.Client, engine: wager.Engine, secret: Headers) -> None:
    sent = one("m-1", timestamp="2020-01-01T00:00:00Z")
    for sent_at in ("nonsense", 5, None):
        body = {"batch": [sent | {"messageId": f"m-{sent_at}"}], "sentAt": sent_at}
        assert client.post("/v1/batch", headers=secret, json=body).json()["accepted"] == 1
    batch = {"batch": [sent], "sentAt": "2020-01-01T00:01:00Z", "context": {"locale": "de-DE"}}
    assert client.post("/v1/batch", headers=secret, json=batch).json()["accepted"] == 1
    event = stored(engine)[-1]
    assert abs((event.received_at - event.at).total_seconds() - 60) < 30
    assert event.context["locale"] == "de-DE"
    assert client.post("/v1/batch", headers=secret, json=batch | {"context": 3}).status_code == 422
    assert client.post("/v1/batch", headers=secret, json=batch | {"context": 0}).status_code == 422


def test_what_became_of_it(client: httpx.Client, secret: Headers) -> None:
    client.post("/v1/track", headers=secret, json=one("m-1"))
    events = client.get("/v1/events?limit=5", headers=secret).json()["events"]
    assert len(events) == 1
    assert "m-1" in json.dumps(events)
