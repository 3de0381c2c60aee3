"""One shape for everything that goes wrong, over every route."""

import gzip
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

import wager
from wager.server.app import operations
from wager.server.operations import Operation
from wager.server.shared import Shared

Problem = Callable[[Any, int], Mapping[str, Any]]
Headers = dict[str, str]


def path_of(operation: Operation) -> str:
    return re.sub(r"{\w+}", "nobody-knows-this", operation.path)


@pytest.fixture
def every(engine: wager.Engine) -> list[Operation]:
    found = operations(Shared(engine))
    assert len(found) > 50
    return found


def ask(client: httpx.Client, operation: Operation, headers: Headers, **more: Any) -> Any:
    return client.request(operation.method, path_of(operation), headers=headers, **more)


@pytest.mark.parametrize(
    "header", [None, "Bearer wsk_nobody", "Basic bm9ib2R5Og==", "Basic !", "nonsense"]
)
def test_without_a_good_key(
    client: httpx.Client, every: list[Operation], is_problem: Problem, header: str | None
) -> None:
    headers = {"Authorization": header} if header is not None else {}
    for operation in every:
        response = ask(client, operation, headers)
        if operation.access == "open":
            assert response.status_code == 200
        else:
            is_problem(response, 401)
            assert response.headers["www-authenticate"].startswith("Basic")


def test_the_public_key_opens_events_and_decisions_only(
    client: httpx.Client, every: list[Operation], public: Headers, is_problem: Problem
) -> None:
    may = {one.path for one in every if one.access == "public"}
    assert may == {
        "/v1/decide",
        *(f"/v1/{name}" for name in ("track", "identify", "page", "screen", "group", "alias")),
        *(f"/v1/{name}" for name in ("batch", "import", *"tipsgab")),
    }
    for operation in every:
        if operation.access == "secret":
            said = is_problem(ask(client, operation, public), 403)
            assert said["detail"] == "this needs the secret key"


def test_wrong_methods(client: httpx.Client, every: list[Operation], is_problem: Problem) -> None:
    known: dict[str, set[str]] = {}
    for operation in every:
        known.setdefault(path_of(operation), set()).add(operation.method)
    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"} - methods:
            response = client.request(method, path)
            is_problem(response, 405)
            allowed = set(response.headers["allow"].split(", "))
            assert allowed - {"HEAD", "OPTIONS"} == methods


def test_what_is_nowhere(client: httpx.Client, secret: Headers, is_problem: Problem) -> None:
    for path in (
        "/nowhere",
        "/v1",
        "/v1/",
        "/v1/decide/",
        "/v1/items/",
        "/v1/nowhere",
        "/v1/%",
    ):
        for headers in ({}, secret):
            said = is_problem(client.get(path, headers=headers), 404)
            assert said["code"] == "not-found"


BAD_BODIES = [
    b"",
    b"{",
    b'{"a":1,"a":1}',
    b'"\xff"',
    b"[" * 100_000,
    b'{"at":NaN}',
    gzip.compress(b"{}"),
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_malformed_bodies(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem, body: bytes
) -> None:
    for operation in every:
        if operation.body is not None and (body or operation.body.needed):
            headers = secret | {"Content-Type": "application/json"}
            too_large = len(body) > operation.body.limit
            is_problem(ask(client, operation, headers, content=body), 413 if too_large else 400)


@pytest.mark.parametrize(
    "body", [b"null", b"3", b'"text"', b"[1]", b'{"batch": {}}', b'{"nobodyKnows": 1}', b"[[]]"]
)
def test_bodies_of_the_wrong_type(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem, body: bytes
) -> None:
    for operation in every:
        if operation.body is not None and not operation.path.endswith("/replay"):
            headers = secret | {"Content-Type": "application/json"}
            is_problem(ask(client, operation, headers, content=body), 422)


def test_media_types(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem
) -> None:
    for operation in every:
        if operation.body is not None:
            for more in (
                {"Content-Type": "application/x-www-form-urlencoded"},
                {"Content-Type": "image/png"},
                {"Content-Type": "application/json", "Content-Encoding": "br"},
            ):
                response = ask(client, operation, secret | more, content=b"{}")
                assert is_problem(response, 415)["code"] == "unsupported-media-type"


def test_gzip_that_is_cut_off_or_never_ends(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem
) -> None:
    headers = secret | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    whole = gzip.compress(b'{"a": "' + b"x" * 2000 + b'"}')
    bomb = gzip.compress(b" " * 40_000_000)
    for operation in every:
        if operation.body is not None:
            is_problem(ask(client, operation, headers, content=whole[:-9]), 400)
            is_problem(ask(client, operation, headers, content=b"nothing of gzip"), 400)
            is_problem(ask(client, operation, headers, content=bomb), 413)


def test_too_large(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem
) -> None:
    headers = secret | {"Content-Type": "application/json"}
    for operation in every:
        if operation.body is not None:
            content = b" " * (operation.body.limit + 1)
            said = is_problem(ask(client, operation, headers, content=content), 413)
            assert said["code"] == "too-large" and "B that this path takes" in said["detail"]


def test_unknown_and_unreadable_parameters(
    client: httpx.Client, every: list[Operation], secret: Headers, is_problem: Problem
) -> None:
    for operation in every:
        if operation.query is not None:
            for query, status in (("?nobodyKnows=1", 422), ("?limit=x", 422), ("?q=%ff", 400)):
                is_problem(client.get(path_of(operation) + query, headers=secret), status)
        if "{" in operation.path:
            path = path_of(operation).replace("nobody-knows-this", "%ff")
            body: dict[str, Any] = {
                "content": b"{}",
                "headers": secret | {"Content-Type": "application/json"},
            }
            is_problem(client.request(operation.method, path, **body), 400)


def test_ids_may_hold_any_character(client: httpx.Client, secret: Headers) -> None:
    for item_id in ("a/b", "ä ö", "?#%", "a%2Fb"):
        from urllib.parse import quote

        path = f"/v1/items/{quote(item_id, safe='')}"
        assert client.put(path, headers=secret, json={"title": "x"}).status_code == 200
        assert client.get(path, headers=secret).json()["itemId"] == item_id
        assert client.delete(path, headers=secret).status_code == 200


def test_what_breaks_inside_tells_nothing(
    client: httpx.Client, engine: wager.Engine, secret: Headers, is_problem: Problem
) -> None:
    del engine.deciding.live  # the journey cannot work now
    said = is_problem(client.get("/v1/decisions/x", headers=secret), 500)
    assert "live" not in said["detail"] and "Attribute" not in said["detail"]


@pytest.mark.parametrize("who", ["secret", "public", "nobody"])
def test_too_many_requests(
    serve: Callable[[wager.Engine], httpx.Client],
    secret: Headers,
    public: Headers,
    is_problem: Problem,
    who: str,
) -> None:
    headers = {"secret": secret, "public": public, "nobody": {"Authorization": "Bearer x"}}[who]
    settings = wager.Settings(requests_per_second=0.01, public_requests_per_second=0.01)
    with wager.open("memory://", settings=settings) as engine:
        client = serve(engine)
        is_problem(client.post("/v1/decide", headers=headers), 401 if who == "nobody" else 400)
        for _ in range(3):
            answer = client.post("/v1/decide", headers=headers)
            assert is_problem(answer, 429)["code"] == "too-many-requests"
            assert 90 <= int(answer.headers["retry-after"]) <= 100
        assert client.get("/healthz").status_code == 200
