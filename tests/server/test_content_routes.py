"""Items over HTTP: arrays, NDJSON, one by one; found, paged, taken out."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]
FULL = {
    "itemId": "i-1", "kind": "product", "title": "Red shoe", "description": "Runs fast",
    "tags": {"red": 1.0}, "categories": ["shoes"], "creator": "c-1", "price": 59.9,
    "currency": "EUR", "margin": 0.3, "stock": 4, "availableFrom": "2026-01-01T00:00:00+01:00",
    "availableUntil": "2099-01-01T00:00:00Z", "parentId": "i-0", "fragment": {"page": 3},
    "renditions": {"email": {"subject": "Shoes"}}, "attributes": {"size": 43},
}  # fmt: skip


def test_every_field_comes_back(client: httpx.Client, secret: Headers) -> None:
    assert client.post("/v1/items", headers=secret, json=[FULL]).json() == {
        "success": True,
        "accepted": 1,
    }
    found = client.get("/v1/items/i-1", headers=secret).json()
    assert (
        found == FULL | {"availableFrom": found["availableFrom"]}
        or found.items()
        >= {
            name: value for name, value in FULL.items() if name not in ("availableFrom", "kind")
        }.items()
    )


@pytest.mark.parametrize("media", ["application/x-ndjson", "application/jsonl; charset=utf-8"])
def test_ndjson(client: httpx.Client, secret: Headers, media: str) -> None:
    lines = "\n".join(json.dumps({"itemId": f"n-{number}"}) for number in range(50)) + "\n\n"
    headers = secret | {"Content-Type": media}
    assert client.post("/v1/items", headers=headers, content=lines).json()["accepted"] == 50
    assert client.get("/v1/items?q=n-&limit=1", headers=secret).json()["total"] == 50


@pytest.mark.parametrize(
    ("lines", "status", "says"),
    [
        ('{"itemId": "n-1"}\n{"itemId": 3}', 422, "line 2"),
        ('{"itemId": "n-1"}\n{"itemId"}', 400, "line 2"),
        ('{"itemId": "n-1", "colour": "red"}', 422, "colour"),
        ('[{"itemId": "n-1"}]', 422, "line 1"),
    ],
)
def test_ndjson_with_a_bad_line_writes_nothing(
    client: httpx.Client, secret: Headers, is_problem: Problem, lines: str, status: int, says: str
) -> None:
    headers = secret | {"Content-Type": "application/x-ndjson"}
    said = is_problem(client.post("/v1/items", headers=headers, content=lines), status)
    assert says in said["detail"]
    is_problem(client.get("/v1/items/n-1", headers=secret), 404)


def test_one_by_one(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    put = client.put("/v1/items/i-9", headers=secret, json={"title": "Nine"})
    assert put.json() == {"success": True, "accepted": 1}
    assert client.get("/v1/items/i-9", headers=secret).json()["title"] == "Nine"
    is_problem(client.put("/v1/items/i-9", headers=secret, json={"itemId": "i-8"}), 422)
    assert client.delete("/v1/items/i-9", headers=secret).json() == {"success": True}
    is_problem(client.get("/v1/items/i-9", headers=secret), 404)
    is_problem(client.delete("/v1/items/i-9", headers=secret), 404)


def test_found_and_paged(client: httpx.Client, secret: Headers) -> None:
    client.post("/v1/items", headers=secret, json=[FULL, {"itemId": "i-2", "stock": 0}])
    for query, ids in (
        ("q=red", ["i-1"]),
        ("category=shoes", ["i-1"]),
        ("kind=product&state=unavailable", ["i-2"]),
        ("kind=coupon", []),
    ):
        found = client.get(f"/v1/items?{query}", headers=secret).json()["items"]
        assert [one["itemId"] for one in found] == ids, query
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/v1/items?limit=5{cursor}", headers=secret).json()
        seen += [one["itemId"] for one in page["items"]]
        if page.get("cursor") is None:
            break
        cursor = f"&cursor={page['cursor']}"
    assert len(seen) == len(set(seen)) == 14


def test_what_is_not_there_is_not_shown(client: httpx.Client, secret: Headers) -> None:
    everything = client.get("/v1/items?limit=100", headers=secret).json()["items"]
    for item in everything:
        if item["itemId"] != "p-4":
            client.put(f"/v1/items/{item['itemId']}", headers=secret, json=item | {"stock": 0})
    answer = client.post("/v1/decide", headers=secret, json={"placement": "home", "userId": "u"})
    assert {choice["itemId"] for choice in answer.json()["choices"]} <= {"p-4", None}
