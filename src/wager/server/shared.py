"""What every route shares: the engine, its clock, the wait for durability, threads and metrics."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import ParamSpec, TypeVar

from wager.engine.engine import Engine
from wager.engine.measuring import Vitals
from wager.server.durable import Commits
from wager.server.metrics import Metrics

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 4


class Shared:
    """One server's hands; `start` belongs to the event loop that answers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.metrics = Metrics()
        self.stopping = False
        self.waiting = 0
        engine.measuring.vitals = self.vitals
        self._commits: Commits | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wager")
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="wager-turns")

    def now(self) -> datetime:
        """The engine's clock."""
        return self.engine.live.now()

    async def durable(self, commit: "Future[None]") -> None:
        """Return when the commit is on disk."""
        if self._commits is None:
            self._commits = Commits()
        self.waiting += 1
        try:
            await self._commits.wait(commit)
        finally:
            self.waiting -= 1

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what takes long beside the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(function, *args, **kwargs))

    async def in_turn(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a large write beside the event loop, one after the other: transactions are, and
        threads that wait for their turn would only take the interpreter from one another."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._turns, partial(function, *args, **kwargs))

    def vitals(self) -> Vitals:
        """How this server does, for the health report."""
        return Vitals(queue=self.waiting, latency_ms=self.metrics.latency_ms())

    def stop(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown(wait=True)
        self._turns.shutdown(wait=True)
