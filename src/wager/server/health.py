"""Whether the server lives and is ready, what it counts, and how to talk to it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Literal

import msgspec

from wager.errors import StoreError
from wager.server.metrics import MEDIA
from wager.server.operations import Call, Operation
from wager.server.shared import Shared
from wager.server.wire import Reply, encode


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(msgspec.Struct, frozen=True, rename="camel"):
    """The store can be read and written, and the model is loaded."""

    model_version: str
    status: Literal["ready"] = "ready"


class Stopping(StoreError):
    """This server is stopping; ask another, or come back."""

    code = "stopping"


class Health:
    """The routes that need no key."""

    def __init__(self, shared: Shared, description: Callable[[], tuple[bytes, bytes]]) -> None:
        self._service, self._description = shared, description

    def operations(self) -> Iterator[Operation]:
        """Alive, ready, metrics, description, documentation."""
        for path, handler, summary, answer, media in (
            ("/healthz", self._alive, "Does the process answer?", Alive, "application/json"),
            ("/readyz", self._ready, "Can it serve?", Ready, "application/json"),
            ("/metrics", self._metrics, "Figures for Prometheus", str, MEDIA),
            ("/openapi.json", self._openapi, "This API, described", Any, "application/json"),
            ("/docs", self._docs, "This API, described for people", str, "text/html"),
        ):
            yield Operation(
                method="GET", path=path, handler=handler, summary=summary, answer=answer,
                access="open", media=media, problems=(503,) if path == "/readyz" else (),
            )  # fmt: skip

    async def _alive(self, _: Call) -> bytes:
        return encode(Alive())

    async def _ready(self, _: Call) -> bytes:
        if self._service.stopping:
            raise Stopping
        await self._service.durable(await self._service.in_thread(self._write_nothing))
        return encode(Ready(self._service.engine.live.snapshot.version))

    def _write_nothing(self) -> "Future[None]":
        """A commit without content: it goes the way of all others, or fails like them."""
        with self._service.engine.stores.transaction() as commit:
            return commit.durable

    async def _metrics(self, _: Call) -> Reply:
        return Reply(200, self._told(), MEDIA)

    def _told(self) -> bytes:
        shared = self._service
        return shared.metrics.text(shared.waiting, shared.engine.live.snapshot.alarms)

    async def _openapi(self, _: Call) -> bytes:
        return self._description()[0]

    async def _docs(self, _: Call) -> Reply:
        return Reply(200, self._description()[1], "text/html; charset=utf-8")
