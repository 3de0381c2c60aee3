"""Lets many requests wait for one group commit at the price of one wake-up of the event loop."""

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial


class Commits:
    """Waits in one event loop for futures that the store's writer thread completes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[asyncio.Future[None], Future[None]]] = deque()
        self._woken = False

    async def wait(self, commit: "Future[None]") -> None:
        """Return when the commit is on disk; raises what it failed with."""
        if commit.done():
            commit.result()
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        commit.add_done_callback(partial(self._complete, waiter))
        await waiter

    def _complete(self, waiter: "asyncio.Future[None]", commit: "Future[None]") -> None:
        """In the writer's thread: only the first of a group wakes the loop."""
        self._arrived.append((waiter, commit))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._woken = False
        while self._arrived:
            waiter, commit = self._arrived.popleft()
            if waiter.done():
                continue
            error = commit.exception()
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)
