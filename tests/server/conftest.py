"""An engine in memory with a small shop, and a client of its API."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import jwt
import pytest
from starlette.types import ASGIApp

import wager
from wager.server.app import create_app
from wager.server.keys import open_keys

ENVIRONMENT = {
    "WAGER_SECRET_KEY": "the-secret-key-of-the-tests",
    "WAGER_PUBLIC_KEY": "the-public-key-of-the-tests",
    "WAGER_SIGNING_SECRET": "a-signing-secret-of-enough-length-for-HS256",
}
Headers = dict[str, str]
T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class InProcess(httpx.BaseTransport):
    """Hands requests to an app in this process."""

    def __init__(self, app: ASGIApp, loop: Loop) -> None:
        self._loop = loop
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._loop.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture
def engine() -> Iterator[wager.Engine]:
    settings = wager.Settings(
        origins="https://shop.example, https://www.shop.example/",
        public_requests_per_second=1000.0,
    )
    with wager.open("memory://", settings=settings) as opened:
        opened.publish(
            placements=[{"name": "home", "slots": 3, "default": "p-0"}],
            goals=[{"name": "click", "event": "Item Clicked", "windowMinutes": 30}],
            items=[
                {"itemId": f"p-{number}", "title": f"Thing {number}", "categories": ["things"]}
                for number in range(12)
            ],
        )
        yield opened


@pytest.fixture
def serve(loop: Loop) -> Iterator[Callable[[wager.Engine], httpx.Client]]:
    """Serves an engine in this process until the test is over."""
    with ExitStack() as stack:

        def begin(engine: wager.Engine) -> httpx.Client:
            opened = open_keys(engine.stores, ENVIRONMENT)
            engine.live.signing_secret = opened.signing_secret
            app = create_app(engine, opened.keys, console=False)
            lifespan = AsyncExitStack()
            loop.run(lifespan.enter_async_context(app.router.lifespan_context(app)))
            stack.callback(lambda: loop.run(lifespan.aclose()))
            transport = InProcess(app, loop)
            return stack.enter_context(
                httpx.Client(transport=transport, base_url="http://wager.test")
            )

        yield begin


@pytest.fixture
def client(engine: wager.Engine, serve: Callable[[wager.Engine], httpx.Client]) -> httpx.Client:
    return serve(engine)


@pytest.fixture
def secret() -> Headers:
    return {"Authorization": f"Bearer {ENVIRONMENT['WAGER_SECRET_KEY']}"}


@pytest.fixture
def public() -> Headers:
    return {"Authorization": f"Bearer {ENVIRONMENT['WAGER_PUBLIC_KEY']}"}


@pytest.fixture
def token() -> Callable[..., str]:
    """Signs a `userToken`, a bad one too."""

    def sign(user_id: str, *, minutes: float = 5, key: str | None = None) -> str:
        claims = {"sub": user_id, "exp": datetime.now(UTC) + timedelta(minutes=minutes)}
        return jwt.encode(claims, key or ENVIRONMENT["WAGER_SIGNING_SECRET"], algorithm="HS256")

    return sign


@pytest.fixture
def is_problem() -> Callable[[Any, int], Mapping[str, Any]]:
    """Asserts the one shape of an error, and hands over what it says."""

    def check(response: Any, status: int) -> Mapping[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        said: dict[str, Any] = response.json()
        assert set(said) == {"type", "title", "status", "detail", "code"}
        assert said["status"] == status
        assert said["detail"] and said["title"] and said["code"]
        assert said["type"] == f"urn:wager:problem:{said['code']}"
        return said

    return check
