"""The description is whole: every route, every reference, every status."""

from typing import Any

import httpx

import wager
from wager.server.app import operations
from wager.server.shared import Shared

CONTRACT = """
POST /v1/track  POST /v1/identify  POST /v1/page  POST /v1/screen  POST /v1/group  POST /v1/alias
POST /v1/batch  POST /v1/import  POST /v1/t  POST /v1/i  POST /v1/p  POST /v1/s  POST /v1/g
POST /v1/a  POST /v1/b  GET /v1/quarantine  POST /v1/quarantine/{}/replay  DELETE /v1/quarantine/{}
GET /v1/events  POST /v1/decide  GET /v1/decisions/{}  GET /v1/decisions
GET /v1/profiles  GET /v1/profiles/{}/{}  DELETE /v1/profiles/{}/{}  GET /v1/profiles/{}/{}/export
GET /v1/profiles/{}/{}/orders  GET /v1/profiles/{}/{}/outlook
GET /v1/profiles/{}/{}/explain/{}  POST /v1/profiles/{}/{}/unmerge
GET /v1/profiles/{}/{}/decisions  GET /v1/items  POST /v1/items  GET /v1/items/{}  PUT /v1/items/{}
DELETE /v1/items/{}  GET /v1/reports/{}
GET /healthz  GET /readyz  GET /metrics  GET /openapi.json  GET /docs
""" + "".join(
    f"GET /v1/{kind}  GET /v1/{kind}/{{}}  PUT /v1/{kind}/{{}}  DELETE /v1/{kind}/{{}}  "
    for kind in (
        "placements",
        "segments",
        "goals",
        "usecases",
        "experiments",
        "categories",
        "vocabularies",
    )
)


def bare(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_all_that_the_contract_names_is_there(client: httpx.Client, engine: wager.Engine) -> None:
    words = CONTRACT.split()
    promised = set(zip(words[::2], words[1::2], strict=True))
    document = client.get("/openapi.json").json()
    described = {
        (method.upper(), bare(path))
        for path, methods in document["paths"].items()
        for method in methods
    }
    served = {(one.method, bare(one.path)) for one in operations(Shared(engine))}
    assert described == served == promised


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(references(inner) for inner in value))
    return set()


def test_every_reference_leads_somewhere(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_every_operation_is_whole(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    names = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            names.append(operation["operationId"])
            assert operation["summary"], path
            assert "200" in operation["responses"]
            if path.startswith("/v1"):
                assert {"401", "403", "429", "503"} <= set(operation["responses"]), path
            assert ("requestBody" in operation) == (
                method in ("post", "put") and not path.endswith("/unmerge")
            ), path
            in_path = [
                one["name"] for one in operation.get("parameters", []) if one["in"] == "path"
            ]
            assert [f"{{{name}}}" for name in in_path] == [
                part for part in path.split("/") if part.startswith("{")
            ]
    assert len(names) == len(set(names))
