"""The one thread that writes: it takes all that waits and commits it as one group."""

import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import chain
from threading import Condition, Lock, Thread
from typing import Protocol, TypeVar

from wager.errors import StoreError, StoreFailed
from wager.stores.batches import Batch, Row
from wager.stores.disk import PATIENCE_MS
from wager.stores.statements import WRITES, is_insert, with_rows

T = TypeVar("T")
Change = Callable[[Row], Row]
_ORDER = {name: place for place, name in enumerate(WRITES)}
_AT_ONCE = (128, 32, 8)  # rows for each call into SQLite: each lets go of the interpreter once


class Group:
    """Transactions that share one commit, and the futures that wait for it."""

    __slots__ = ("batch", "futures")

    def __init__(self) -> None:
        self.batch = Batch()
        self.futures: list[Future[None]] = []


class Source(Protocol):
    """Where groups come from: the journal. Its methods are called with its lock held."""

    lock: Lock
    wake: Condition
    stopping: bool

    def take(self) -> Group | None: ...

    def landed(self) -> None: ...

    def fail(self, reason: str) -> list[Future[None]]: ...


class Writer:
    """Writes groups to one SQLite connection. `changes` are last touches to a query's rows, such
    as compression, that cost too much for the thread that staged them."""

    def __init__(self, connection: sqlite3.Connection, changes: Mapping[str, Change]) -> None:
        self._connection = connection
        self._changes = changes
        self._rehearsal: Callable[[], None] | None = None
        self._thread: Thread | None = None
        self._scrub = False

    def start(self, source: Source) -> None:
        self._thread = Thread(target=self._run, args=(source,), name="wager-writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for the thread, which stops when its source does, and close the file."""
        if self._thread is not None:
            self._thread.join()
        self._connection.close()

    def rehearse(
        self, source: Source, batch: Batch, question: Callable[[sqlite3.Connection], T]
    ) -> T:
        """The answer as it would be if the batch were written; nothing is."""
        answer: Future[T] = Future()

        def play() -> None:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._write(batch)
                answer.set_result(question(self._connection))
            except sqlite3.Error as error:
                answer.set_exception(StoreError(f"what was asked could not be answered: {error}"))
            except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
                answer.set_exception(error)
            finally:
                self._roll_back()

        with source.lock:
            if source.stopping:
                raise StoreError("this store is closed; open it again")
            self._rehearsal = play
            source.wake.notify()
        return answer.result()

    def _run(self, source: Source) -> None:
        while True:
            with source.lock:
                group = source.take()
                while group is None and self._rehearsal is None and not source.stopping:
                    source.wake.wait()
                    group = source.take()
                rehearsal = None
                if group is None:
                    rehearsal, self._rehearsal = self._rehearsal, None
            if group is not None:
                self._land(source, group)
            elif rehearsal is not None:
                rehearsal()
            else:
                return

    def _land(self, source: Source, group: Group) -> None:
        """Commit a group and complete its futures, or fail it and all that came after it."""
        try:
            if group.batch:
                self._commit(group.batch)
        except Exception as error:  # noqa: BLE001 - told to all who wait, and writing ends
            self._roll_back()
            reason = f"{type(error).__name__}: {error}"
            with source.lock:
                lost = source.fail(reason)
            for future in chain(group.futures, lost):
                future.set_exception(StoreFailed(f"not written: {reason}"))
            return
        with source.lock:
            source.landed()
        for future in group.futures:
            future.set_result(None)

    def _commit(self, batch: Batch) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._write(batch)
        self._connection.execute("COMMIT")
        self._scrub = self._scrub or batch.scrub
        if self._scrub:
            self._wipe_log()

    def _wipe_log(self) -> None:
        """What was erased also leaves the log; where a reader holds it, the next commit tries."""
        self._connection.execute("PRAGMA busy_timeout = 0")
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        self._scrub = bool(busy)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _write(self, batch: Batch) -> None:
        for phase in batch.phases:
            for query in sorted(phase, key=_ORDER.__getitem__):
                rows = list(phase[query].values())
                change = self._changes.get(query)
                self._rows(query, rows if change is None else [change(row) for row in rows])

    def _rows(self, query: str, rows: list[Row]) -> None:
        start = 0
        for size in _AT_ONCE if is_insert(query) else ():
            while len(rows) - start >= size:
                values = list(chain.from_iterable(rows[start : start + size]))
                self._connection.execute(with_rows(query, size), values)
                start += size
        self._connection.executemany(WRITES[query], rows[start:])
