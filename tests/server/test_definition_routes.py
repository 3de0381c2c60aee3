"""Placements, segments, goals, use cases and experiments over HTTP."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]
DOCUMENTS: dict[str, dict[str, Any]] = {
    "placements": {"name": "side", "slots": 2, "goal": "click", "default": "p-9"},
    "segments": {"name": "big-basket", "condition": "profile.traits.averageOrder >= 50.0"},
    "goals": {"name": "buy", "event": "Order Completed", "value": "properties.revenue"},
    "usecases": {"name": "welcome", "placement": "home", "goal": "click"},
    "experiments": {"name": "colours", "placement": "home", "variants": {"a": 0.5, "b": 0.5}},
    "categories": {"name": "soap", "repurchase": "consumable", "repurchaseDays": 30.0},
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_written_read_listed_deleted(
    client: httpx.Client, secret: Headers, is_problem: Problem, kind: str
) -> None:
    document = DOCUMENTS[kind]
    path = f"/v1/{kind}/{document['name']}"
    is_problem(client.get(path, headers=secret), 404)
    written = client.put(path, headers=secret, json=document).json()
    assert set(written) == {"version", "at", "definition", "warnings"}
    assert written["definition"].items() >= document.items()
    again = client.put(path, headers=secret, json=document).json()
    assert again["version"] == written["version"]
    changed = client.put(path, headers=secret, json=document | {"description": "other"}).json()
    assert changed["version"] == written["version"] + 1
    read = client.get(path, headers=secret).json()
    assert read == changed | {"warnings": read["warnings"]}
    assert set(read["warnings"]) <= set(written["warnings"])
    listed = client.get(f"/v1/{kind}", headers=secret).json()[kind]
    assert document["name"] in [one["definition"]["name"] for one in listed]
    assert client.delete(path, headers=secret).json() == {"success": True}
    is_problem(client.get(path, headers=secret), 404)
    is_problem(client.delete(path, headers=secret), 404)


def test_a_conflict_is_still_said_when_it_is_read(client: httpx.Client, secret: Headers) -> None:
    case = {"placement": "home", "goal": "click", "state": "live", "items": ["p-1"]}
    for name in ("one", "other"):
        client.put(f"/v1/usecases/{name}", headers=secret, json=case)
    said = client.get("/v1/usecases/one", headers=secret).json()["warnings"]
    assert any("'one' and 'other' both want 'p-1'" in one for one in said)
    client.put("/v1/usecases/other", headers=secret, json=case | {"state": "retired"})
    said = client.get("/v1/usecases/one", headers=secret).json()["warnings"]
    assert not any("'other'" in one for one in said)


def test_the_name_may_stand_in_the_path_alone(
    client: httpx.Client, secret: Headers, is_problem: Problem
) -> None:
    assert client.put("/v1/placements/side", headers=secret, json={"slots": 2}).status_code == 200
    said = is_problem(client.put("/v1/placements/side", headers=secret, json={"name": "x"}), 422)
    assert "'x'" in said["detail"] and "'side'" in said["detail"]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("placements", {"slots": 0}),
        ("placements", {"slot": 3}),
        ("placements", {"template": "{% for %}"}),
        ("segments", {"condition": "profile.trait.x == 1"}),
        ("segments", {"condition": "profile.traits.x =="}),
        ("goals", {"event": "Click", "value": "price"}),
        ("experiments", {"placement": "home", "variants": {"a": 0.8, "b": 0.8}}),
    ],
)
def test_what_cannot_work_is_refused(
    client: httpx.Client, secret: Headers, is_problem: Problem, kind: str, document: dict[str, Any]
) -> None:
    is_problem(client.put(f"/v1/{kind}/bad", headers=secret, json=document), 422)
    is_problem(client.get(f"/v1/{kind}/bad", headers=secret), 404)


def test_warnings_come_back(client: httpx.Client, secret: Headers) -> None:
    written = client.put(
        "/v1/placements/side", headers=secret, json={"goal": "nobody-knows"}
    ).json()
    assert any("nobody-knows" in warning for warning in written["warnings"])


def test_in_force_at_once(client: httpx.Client, secret: Headers) -> None:
    client.put("/v1/placements/side", headers=secret, json={"slots": 2, "default": "p-5"})
    answer = client.post("/v1/decide", headers=secret, json={"placement": "side", "userId": "u"})
    assert len(answer.json()["choices"]) == 2
