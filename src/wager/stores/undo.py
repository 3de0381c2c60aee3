"""Transactions in memory: one at a time, in place, with a list of how to take it all back."""

from collections.abc import Callable, MutableMapping
from concurrent.futures import Future
from threading import RLock
from types import TracebackType
from typing import TypeVar

from wager.errors import StoreError, StoreFailed
from wager.stores.base import Commit

K = TypeVar("K")
V = TypeVar("V")


class Undo:
    """The lock that reads and transactions take, and the way back of the one under way."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.closed = False
        self._depth = 0
        self._doomed = False
        self._steps: list[Callable[[], object]] = []
        self._commit = Commit(durable=Future())

    def set(self, table: MutableMapping[K, V], key: K, value: V) -> None:
        """Put one row."""
        if key in table:
            old = table[key]
            self.step(lambda: table.__setitem__(key, old))
        else:
            self.step(lambda: table.pop(key, None))
        table[key] = value

    def drop(self, table: MutableMapping[K, V], key: K) -> None:
        """Take one row out. Undone, it stands last: no order may depend on insertion alone."""
        old = table[key]
        self.step(lambda: table.__setitem__(key, old))
        del table[key]

    def step(self, back: Callable[[], object]) -> None:
        """Remember how to take back what the caller is about to do."""
        self.check()
        self._steps.append(back)

    def check(self) -> None:
        """Writes belong in a transaction; another thread's is waited for, and is not ours."""
        with self.lock:
            inside = self._depth > 0
        if not inside:
            raise StoreError("a write outside a transaction; use `with stores.transaction():`")

    def __enter__(self) -> Commit:
        self.lock.acquire()
        if self.closed:
            self.lock.release()
            raise StoreError("this store is closed; open it again")
        if not self._depth:
            self._doomed = False
            self._commit = Commit(durable=Future())
            self._commit.durable.set_running_or_notify_cancel()
        self._depth += 1
        return self._commit

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        self._doomed = self._doomed or kind is not None
        try:
            if not self._depth:
                self._end()
            if not self._depth and self._doomed and kind is None:
                raise StoreError("a transaction inside this one failed, so nothing is written")
        finally:
            self.lock.release()

    def _end(self) -> None:
        if self._doomed:
            for back in reversed(self._steps):
                back()
            self._commit.durable.set_exception(StoreFailed("the transaction was undone"))
        else:
            self._commit.durable.set_result(None)
        self._steps.clear()
