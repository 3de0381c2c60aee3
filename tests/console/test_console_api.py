"""The console's client tells problems in words, whatever it is that answers."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wager.console.api import Api, Problem, SignedOut


async def _problem(_: Request) -> Response:
    said = {"title": "Not Found", "detail": "no item has the id 'x'", "code": "not-found"}
    return JSONResponse(said, 404)


async def _broken(_: Request) -> Response:
    return PlainTextResponse("<html>proxy</html>", 502)


async def _echo(request: Request) -> Response:
    key = request.headers["authorization"]
    return JSONResponse({"key": key, **request.query_params, "path": request.scope["path"]})


async def _text(_: Request) -> Response:
    return PlainTextResponse("not JSON")


APP = Starlette(
    routes=[
        Route("/problem", _problem),
        Route("/broken", _broken),
        Route("/text", _text),
        Route("/{rest:path}", _echo),
    ]
)


def _asked(path: str, key: str | None = "k") -> dict[str, str]:
    api = Api(app=APP).signed(lambda: key)
    return asyncio.run(api.get(path, dict[str, str], {"q": "a b", "none": None, "empty": ""}))


def test_what_is_empty_is_not_asked() -> None:
    assert _asked("/v1/items") == {"key": "Bearer k", "q": "a b", "path": "/v1/items"}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/problem", 404, "no item has the id 'x'"),
        ("/broken", 502, "The server answered with status 502."),
        ("/text", 0, "The server answered something unexpected"),
    ],
)
def test_problems_are_told_in_words(path: str, status: int, said: str) -> None:
    with pytest.raises(Problem) as caught:
        _asked(path)
    assert caught.value.status == status
    assert said in caught.value.detail


def test_without_a_key_nothing_is_asked() -> None:
    with pytest.raises(SignedOut):
        _asked("/v1/items", None)


def test_a_server_that_is_not_there_is_said() -> None:
    api = Api(base_url="http://127.0.0.1:9").signed(lambda: "k")
    with pytest.raises(Problem, match="does not answer"):
        asyncio.run(api.get("/v1/items", object))
