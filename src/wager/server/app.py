"""Puts the API together, keeps the learning going beside it, and stops without losing anything."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from time import perf_counter

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from wager.batch.tables import also_bought_in_child
from wager.batch.taste import taste_in_child
from wager.domain.definitions import DEFINITIONS
from wager.engine.engine import Engine
from wager.server.content import Content
from wager.server.cors import Origins
from wager.server.decisions import Decisions
from wager.server.definitions import Definitions
from wager.server.edge import BROKEN, Edge, Gate
from wager.server.events import Events
from wager.server.health import Health
from wager.server.keys import Keys
from wager.server.limits import Limits
from wager.server.openapi import describe
from wager.server.operations import Operation, Routes
from wager.server.pages import page
from wager.server.profiles import Profiles
from wager.server.reports import Reports
from wager.server.shared import Shared
from wager.server.wire import Reply, encode, problem_reply

LEARN_SECONDS, EXPIRE_SECONDS = 1.0, 3600.0
RELATE_SECONDS = 600.0
log = logging.getLogger("wager")


def create_app(engine: Engine, keys: Keys, *, console: bool = True) -> Starlette:
    """The API over an engine, with the console at /console where its extra is installed.

    The engine stays the caller's, who closes it after the server has stopped.
    """
    shared = Shared(engine)
    settings = engine.settings
    edge = Middleware(
        Edge,
        routes=Routes(operations(shared)),
        gate=Gate(keys, Limits(settings.requests_per_second, settings.public_requests_per_second)),
        origins=Origins(settings.origins),
        metrics=shared.metrics,
    )
    with_console = console and has_console()
    app = Starlette(
        routes=[Route("/", _to("/console/" if with_console else "/docs"))],
        middleware=[edge],
        exception_handlers={HTTPException: _foreign, Exception: _broken},
        lifespan=partial(_lifespan, shared),
    )
    if with_console:
        app.mount("/console", import_module("wager.console.app").create_console(app))
    return app


def has_console() -> bool:
    """Whether the console's extra is installed."""
    return find_spec("nicegui") is not None


def operations(shared: Shared) -> list[Operation]:
    """Everything that the API can do."""
    found: list[Operation] = []

    @cache
    def described() -> tuple[bytes, bytes]:
        document = describe(found, version("wager"))
        return encode(document), page(document, found).encode()

    found += Decisions(shared).operations()
    found += Events(shared).operations()
    found += Profiles(shared).operations()
    found += Content(shared).operations()
    for kind in DEFINITIONS:
        found += Definitions(shared, kind).operations()
    found += Reports(shared).operations()
    found += Health(shared, described).operations()
    return found


@asynccontextmanager
async def _lifespan(shared: Shared, app: Starlette) -> AsyncIterator[None]:
    stop = asyncio.Event()
    beside = [
        asyncio.create_task(_every(seconds, shared, stop, work))
        for seconds, work in (
            (LEARN_SECONDS, _learn),
            (EXPIRE_SECONDS, _expire),
            (RELATE_SECONDS, _relate),
        )
    ]
    async with AsyncExitStack() as mounted:
        for inner in _mounted(app.routes):
            await mounted.enter_async_context(inner.router.lifespan_context(inner))
        yield
        shared.stopping = True
    stop.set()
    await asyncio.gather(*beside)
    shared.stop()


def _mounted(routes: Sequence[object]) -> Iterator[Starlette]:
    for route in routes:
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            yield route.app


async def _every(
    seconds: float, shared: Shared, stop: asyncio.Event, work: Callable[[Shared], None]
) -> None:
    """Do the work again and again, beside the answering; what fails is logged and tried again."""
    while not stop.is_set():
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            await shared.in_thread(work, shared)


def _learn(shared: Shared) -> None:
    """Fold what came in."""
    started = perf_counter()
    try:
        shared.engine.learn()
    except Exception:
        shared.metrics.learning_failed()
        log.exception("learning failed; it is tried again in %g s", LEARN_SECONDS)
    else:
        shared.metrics.learnt(perf_counter() - started)


def _expire(shared: Shared) -> None:
    """Let go of what is older than it is to be kept."""
    settings = shared.engine.settings
    try:
        shared.engine.stores.expire(
            shared.now(),
            events_days=settings.event_days,
            decisions_days=settings.decision_days,
        )
    except Exception:
        log.exception("retention failed; it is tried again in %g s", EXPIRE_SECONDS)


def _relate(shared: Shared) -> None:
    """Work out anew, in a child process, what is bought together, once there is more to tell."""
    learning = shared.engine.learning
    if not learning.outgrown or not all(map(find_spec, ("ibis", "duckdb"))):
        return

    def stopping() -> bool:
        return shared.stopping

    try:
        learning.rebuild(
            partial(also_bought_in_child, stopping=stopping),
            partial(taste_in_child, stopping=stopping),
        )
    except Exception:
        if shared.stopping:
            log.info("also-bought is not worked out any more: the server stops")
        else:
            log.exception("also-bought failed; it is tried again in %g s", RELATE_SECONDS)


def _to(path: str) -> Callable[[Request], Awaitable[Response]]:
    async def redirect(_: Request) -> Response:
        return RedirectResponse(path)

    return redirect


async def _foreign(request: Request, error: Exception) -> Response:
    """What no route of ours answers: a 404 (or 405) in the one shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = f"there is no {request.url.path[:200]} here; /docs lists what there is"
    code = "not-found" if status == 404 else "method-not-allowed"
    if status != 404:
        detail = f"{request.method} does not work here"
    return _response(problem_reply(status, code, detail))


async def _broken(_: Request, __: Exception) -> Response:
    return _response(BROKEN)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.media)
