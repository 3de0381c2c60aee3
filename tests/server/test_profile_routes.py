"""People over HTTP: the golden record by name, its decisions, the export and the erasure."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]


@pytest.fixture(autouse=True)
def somebody(client: httpx.Client, secret: Headers) -> None:
    said = {
        "userId": "u-1",
        "anonymousId": "a-1",
        "traits": {"email": "Ada@Example.com", "plan": "gold"},
    }
    assert client.post("/v1/identify", headers=secret, json=said).status_code == 200
    disliked = {"event": "Item Disliked", "userId": "u-1", "properties": {"itemId": "p-1"}}
    assert client.post("/v1/track", headers=secret, json=disliked).status_code == 200


def test_the_golden_record(client: httpx.Client, secret: Headers) -> None:
    profile = client.get("/v1/profiles/user_id/u-1", headers=secret).json()
    assert {"kind": "user_id", "value": "u-1"} in profile["identities"]
    plan = profile["traits"]["plan"]
    assert plan["value"] == "gold"
    assert set(plan) == {"value", "source", "at", "confidence", "provenance", "rule"}
    assert profile["blocked"]["item:p-1"]["scope"] == "item"
    for kind, value in (
        ("anonymous_id", "a-1"),
        ("email", "ada@example.com"),
        ("profile_id", profile["profileId"]),
    ):
        same = client.get(f"/v1/profiles/{kind}/{value}", headers=secret).json()
        assert same["profileId"] == profile["profileId"]


def test_why_a_field_is_as_it_is(
    client: httpx.Client, secret: Headers, is_problem: Problem
) -> None:
    later = {"userId": "u-1", "traits": {"plan": "silver"}, "timestamp": "2020-01-05T12:00:00Z"}
    client.post("/v1/identify", headers=secret, json=later)
    told = client.get("/v1/profiles/user_id/u-1/explain/plan", headers=secret).json()
    assert told["name"] == "plan" and told["field"]["value"] == "gold"
    assert told["why"].startswith("stated, and the latest so")
    (lost,) = told["losers"]
    assert (lost["field"]["value"], lost["why"]) == ("silver", "older")
    assert set(lost["field"]) == set(told["field"])
    nothing = client.get("/v1/profiles/user_id/u-1/explain/a%2Fb", headers=secret).json()
    assert nothing == {
        "name": "a/b", "field": None, "why": "nothing is known of 'a/b'", "losers": [],
    }  # fmt: skip
    is_problem(client.get("/v1/profiles/user_id/u-2/explain/plan", headers=secret), 404)


def test_a_merge_is_undone(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    liked = {"event": "Item Liked", "anonymousId": "a-2", "properties": {"itemId": "p-1"}}
    client.post("/v1/track", headers=secret, json=liked)
    joins = {"userId": "u-1", "anonymousId": "a-2"}
    for again in range(2):
        client.post("/v1/identify", headers=secret, json=joins | {"messageId": f"j-{again}"})
        if not again:
            path = "/v1/profiles/anonymous_id/a-2/unmerge"
            told = client.post(path, headers=secret).json()
            assert (told["events"], told["decisions"]) == (1, 0)
            assert set(told["parted"]["liked"]) == {"p-1"} and not told["profile"]["liked"]
    names = [{"kind": "anonymous_id", "value": "a-2"}]
    assert client.get("/v1/profiles/anonymous_id/a-2", headers=secret).json()["identities"] == names
    problem = is_problem(client.post(path, headers=secret), 409)
    assert problem["code"] == "cannot-unmerge"
    is_problem(client.post("/v1/profiles/user_id/u-9/unmerge", headers=secret), 404)


def test_nobody(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    for path in ("user_id/u-2", "email/nobody", "nonsense/u-1", "user_id/u-1/nothing"):
        is_problem(client.get(f"/v1/profiles/{path}", headers=secret), 404)
    for path in ("user_id/u-2/export", "user_id/u-2/decisions"):
        is_problem(client.get(f"/v1/profiles/{path}", headers=secret), 404)
    is_problem(client.delete("/v1/profiles/user_id/u-2", headers=secret), 404)


def test_listed(client: httpx.Client, secret: Headers) -> None:
    for number in range(5):
        client.post("/v1/identify", headers=secret, json={"userId": f"list-{number}"})
    found = client.get("/v1/profiles?q=list-", headers=secret).json()["profiles"]
    assert len(found) == 5
    first = client.get("/v1/profiles?limit=4", headers=secret).json()
    rest = client.get(f"/v1/profiles?limit=4&after={first['after']}", headers=secret).json()
    ids = [one["profileId"] for one in first["profiles"] + rest["profiles"]]
    assert len(set(ids)) == 6 and rest["after"] is None


def test_their_decisions(client: httpx.Client, secret: Headers) -> None:
    made = client.post(
        "/v1/decide", headers=secret, json={"placement": "home", "userId": "u-1"}
    ).json()
    client.post("/v1/decide", headers=secret, json={"placement": "home", "userId": "u-2"})
    listed = client.get("/v1/profiles/user_id/u-1/decisions", headers=secret).json()
    assert [one["decisionId"] for one in listed["decisions"]] == [made["decisionId"]]


def test_export_and_erase(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    client.post("/v1/decide", headers=secret, json={"placement": "home", "userId": "u-1"})
    held = client.get("/v1/profiles/user_id/u-1/export", headers=secret).json()
    assert held["profile"]["traits"]["plan"]["value"] == "gold"
    assert [one["event"]["kind"] for one in held["events"]] == ["identify", "track"]
    assert held["events"][0]["event"]["identities"][0] == {"kind": "user_id", "value": "u-1"}
    assert len(held["decisions"]) == 1
    erased = client.delete("/v1/profiles/user_id/u-1", headers=secret).json()
    assert erased["success"] is True
    assert erased["erased"]["events"] == 2 and erased["erased"]["decisions"] == 1
    for path in ("user_id/u-1", "anonymous_id/a-1", "email/ada@example.com"):
        is_problem(client.get(f"/v1/profiles/{path}", headers=secret), 404)
    assert client.get("/v1/decisions", headers=secret).json()["decisions"] == []


def test_the_outlook(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    found = client.get("/v1/profiles/user_id/u-1/outlook", headers=secret).json()
    assert found["caps"] == found["owned"] == found["people"] == []
    assert found["variety"] == {
        "type": "NotEnough", "needed": 20, "seen": 0, "what": "showings",
    }  # fmt: skip
    path = "/v1/profiles/user_id/u-1/outlook?at=2026-01-05T18:00:00Z"
    assert client.get(path, headers=secret).json()["at"] == "2026-01-05T18:00:00Z"
    is_problem(client.get("/v1/profiles/user_id/u-2/outlook", headers=secret), 404)
    path = "/v1/profiles/user_id/u-1/outlook?at=2026-01-05T18:00:00+01:00"  # the plus is a space
    assert client.get(path, headers=secret).json()["at"] == "2026-01-05T18:00:00+01:00"
    for at in ("soon", "0001-01-01T00:00:00Z"):
        path = f"/v1/profiles/user_id/u-1/outlook?at={at}"
        is_problem(client.get(path, headers=secret), 422)
