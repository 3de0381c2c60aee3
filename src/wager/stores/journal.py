"""Transactions of one process: one after the other, seen at once, handed to a writer in groups."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Lock, RLock, get_ident
from types import TracebackType
from typing import Any, Protocol, TypeVar

from wager.errors import StoreError, StoreFailed
from wager.stores.base import Commit
from wager.stores.batches import Batch, Row
from wager.stores.disk import Readers
from wager.stores.statements import READS
from wager.stores.writer import Group, Writer

T = TypeVar("T")
_ROOM = 50_000  # rows that may wait for the writer before the next transaction has to wait too


class Layer(Protocol):
    """What an overlay does for the journal, with the lock held."""

    def publish(self) -> None: ...

    def discard(self) -> None: ...

    def take_off(self) -> None: ...

    def land(self) -> None: ...

    def reset(self) -> None: ...


class Journal:
    """Lets one transaction run at a time, shows what it wrote, and gives it to the writer.

    Two locks: `_turn` is held for a whole transaction, `lock` for moments only. Neither is held
    while the disk is waited for, and the writer never waits for a transaction.
    """

    def __init__(self, readers: Readers, writer: Writer | None) -> None:
        self.lock = Lock()
        self._turn = RLock()
        self._owner = 0
        self._depth = 0
        self._doomed = False
        self._commit = Commit(durable=Future())
        self._staged = Batch()
        self._open = Group()
        self._layers: list[Layer] = []
        self._seals: list[Callable[[], None]] = []
        self._counters: dict[str, int] = {}
        self._counted: set[str] = set()
        self._readers = readers
        self._writer = writer
        self._flying = False
        self.stopping = False
        self.failure: str | None = None
        self.wake = Condition(self.lock)
        self._landed = Condition(self.lock)

    def start(self, counters: dict[str, int]) -> None:
        self._counters = counters
        if self._writer is not None:
            self._writer.start(self)

    def register(self, layer: Layer) -> None:
        self._layers.append(layer)

    def before_publishing(self, seal: Callable[[], None]) -> None:
        """Call this at the end of every transaction that wrote; what it raises undoes it all."""
        self._seals.append(seal)

    # What the doors use.

    def mine(self) -> bool:
        return self._owner == get_ident()

    def batch(self) -> Batch:
        """Where writes go; outside a transaction there is nowhere."""
        if self._owner != get_ident():
            raise StoreError("a write outside a transaction; use `with stores.transaction():`")
        return self._staged

    def next(self, counter: str) -> int:
        """A number that is never given out twice; a transaction undone leaves a gap."""
        value = self._counters.get(counter, 0) + 1
        self._counters[counter] = value
        self._counted.add(counter)
        return value

    def last(self, counter: str) -> int:
        """The newest number; where another process writes, nobody here knows it."""
        return 2**62 if self.read_only else self._counters.get(counter, 0)

    @property
    def read_only(self) -> bool:
        return self._writer is None

    def rows(self, query: str, values: Row) -> list[Any]:
        """A few rows, quickly; the caller holds the lock."""
        return self.single(lambda disk: disk.execute(READS[query], values).fetchall())

    def single(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask for single rows; the caller holds the lock."""
        return self._readers.single(question)

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the disk alone: the caller lays over it what is on its way."""
        return self._readers.read(question)

    def settled_read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the disk after all that was written has come there: for what is asked seldom.

        Inside a transaction that wrote something the writer answers: it writes the rows, asks,
        and takes them back.
        """
        if self.mine() and self._writer is not None:
            self._seal()
            if self._staged:
                return self._writer.rehearse(self, self._staged, question)
        self.flush()
        return self._readers.read(question)

    def flush(self) -> None:
        """Wait until all that is published is on disk (or has failed)."""
        done: Future[None] = Future()
        with self.lock:
            if not self._pending():
                return
            self._open.futures.append(done)
            self.wake.notify()
        with suppress(StoreFailed):
            done.result()

    # Transactions.

    def enter(self) -> Commit:
        self._turn.acquire()
        if self._depth == 0:
            try:
                self._admit()
            except StoreError:
                self._turn.release()
                raise
            self._owner = get_ident()
            self._doomed = False
            self._commit = Commit(durable=Future())
            self._commit.durable.set_running_or_notify_cancel()  # nobody's waiting may cancel it
        self._depth += 1
        return self._commit

    def _admit(self) -> None:
        """Whether a transaction may begin; waits where the writer is far behind."""
        with self.lock:
            while self._open.batch.rows >= _ROOM and self.failure is None:
                self._landed.wait()
            self.refuse_if_unusable()

    def refuse_if_unusable(self) -> None:
        if self._writer is None:
            raise StoreError("this store was opened read_only; open it without to write")
        if self.failure is not None:
            raise StoreFailed(
                f"this store refuses writes because a commit failed: {self.failure}; mend the "
                "cause (disk full? rights?), then restart: what was acknowledged is on disk"
            )
        if self.stopping:
            raise StoreError("this store is closed; open it again")

    def leave(self, failed: bool) -> None:
        self._depth -= 1
        self._doomed = self._doomed or failed
        if self._depth:
            return
        published = False
        try:
            if not self._doomed:
                self._seal()
                self._publish()
                published = True
            elif not failed:
                raise StoreError("a transaction inside this one failed, so nothing is written")
        finally:
            if not published:
                self._discard()
            self._staged = Batch()
            self._owner = 0
            self._turn.release()

    def _seal(self) -> None:
        for seal in self._seals:
            seal()
        for counter in self._counted:
            value = self._counters[counter]
            self._staged.add("put_counter", counter, (counter, value))
        self._counted.clear()

    def _publish(self) -> None:
        """Also a transaction that wrote nothing waits for those before it: what it has read, and
        the caller acknowledges, may be on its way still."""
        durable = self._commit.durable
        with self.lock:
            self.refuse_if_unusable()
            waits = bool(self._staged) or self._pending()
            for layer in self._layers:
                layer.publish()
            if self._staged:
                self._open.batch.absorb(self._staged)
            if waits:
                self._open.futures.append(durable)
                self.wake.notify()
        if not waits:
            durable.set_result(None)

    def _discard(self) -> None:
        for layer in self._layers:
            layer.discard()
        self._counted.clear()
        self._commit.durable.set_exception(StoreFailed("the transaction was undone"))

    def write_alone(self, query: str, row: Row) -> None:
        """One row that belongs to no transaction; on disk when this returns."""
        done: Future[None] = Future()
        with self.lock:
            self.refuse_if_unusable()
            self._open.batch.add(query, row[0], row)
            self._open.futures.append(done)
            self.wake.notify()
        done.result()

    # What the writer uses, with the lock held.

    def _pending(self) -> bool:
        return self._flying or bool(self._open.futures)

    def take(self) -> Group | None:
        """All that waits, as one group; None if nothing does."""
        if not self._open.futures:
            return None
        group, self._open = self._open, Group()
        self._flying = True
        for layer in self._layers:
            layer.take_off()
        return group

    def landed(self) -> None:
        self._flying = False
        for layer in self._layers:
            layer.land()
        self._landed.notify_all()

    def fail(self, reason: str) -> list[Future[None]]:
        """Refuse writes from now on; the futures that nobody will complete any more."""
        self.failure = reason
        self._flying = False
        lost, self._open = self._open.futures, Group()
        for layer in self._layers:
            layer.reset()
        self._landed.notify_all()
        return lost

    def waiting(self) -> int:
        """How many transactions are not on disk yet."""
        with self.lock:
            return len(self._open.futures) + int(self._flying)

    def close(self) -> None:
        """Let the transaction under way end, and the writer after what waits is written."""
        with self._turn, self.lock:
            self.stopping = True
            self.wake.notify()


class Transaction:
    """`with` around a transaction; a class because a generator costs two microseconds more."""

    __slots__ = ("_journal",)

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __enter__(self) -> Commit:
        return self._journal.enter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._journal.leave(kind is not None)
