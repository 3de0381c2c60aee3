"""A store in one SQLite file: its doors, opened together, owned by one process."""

import atexit
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path

from wager.errors import StoreError
from wager.stores.base import (
    Catalog,
    Commit,
    Decisions,
    Definitions,
    EventLog,
    Health,
    Ledger,
    Models,
    Profiles,
    Quarantine,
)
from wager.stores.batches import Row
from wager.stores.codec import squeezed
from wager.stores.disk import Readers, make_folder, open_for_writing
from wager.stores.journal import Journal, Transaction
from wager.stores.lock import StoreLock
from wager.stores.overlay import Whole
from wager.stores.retention import Aging, expire_all
from wager.stores.schema import checked_version, migrate
from wager.stores.sqlite_content import SqliteCatalog, SqliteDefinitions, SqliteModels
from wager.stores.sqlite_decisions import SqliteDecisions
from wager.stores.sqlite_events import SqliteEvents, SqliteQuarantine
from wager.stores.sqlite_ledger import SqliteLedger
from wager.stores.sqlite_profiles import SqliteProfiles
from wager.stores.statements import READS
from wager.stores.writer import Writer

_CACHE_BYTES = 640 * 1024 * 1024  # of decoded profiles


class SqliteStores:
    """`Stores` in one file. With `read_only` another process may own it: nothing is cached and
    nothing can be written."""

    def __init__(self, url: str, path: Path, *, read_only: bool = False) -> None:
        self.url = url
        self._path = path
        self._closed = False
        self._lock: StoreLock | None = None
        self._writer = None if read_only else self._own(path)
        self._readers: Readers | None = None
        try:
            self._readers = Readers(path)
            self._open_doors(self._readers, read_only)
        except StoreError:
            self._let_go()
            raise
        atexit.register(self.close)

    def _own(self, path: Path) -> Writer:
        """Lock the store, bring its schema up to date, and make the one thread that writes."""
        make_folder(path)
        self._lock = StoreLock(path)
        try:
            connection = open_for_writing(path)
            writer = Writer(connection, {"insert_body": _squeezed})
            try:
                migrate(connection, path)
            except StoreError:
                writer.close()
                raise
        except StoreError:
            self._lock.release()
            raise
        return writer

    def _open_doors(self, readers: Readers, read_only: bool) -> None:
        if read_only:
            readers.single(lambda disk: checked_version(disk, self._path))
        self._journal = journal = Journal(readers, self._writer)
        events = SqliteEvents(journal)
        quarantine = SqliteQuarantine(journal)
        decisions = SqliteDecisions(journal, cached=not read_only)
        ledger = SqliteLedger(journal)
        self._aging = Aging(
            events=events.expire,
            quarantine=quarantine.expire,
            decisions=decisions.expire,
            reservations=ledger.expire,
        )
        self.events: EventLog = events
        self.quarantine: Quarantine = quarantine
        self.decisions: Decisions = decisions
        self.ledger: Ledger = ledger
        self.profiles: Profiles = SqliteProfiles(journal, 0 if read_only else _CACHE_BYTES)
        self.catalog: Catalog = SqliteCatalog(journal, cached=not read_only)
        self.definitions: Definitions = SqliteDefinitions(journal)
        self.models: Models = SqliteModels(journal)
        self._kept: Whole[str, bytes] = Whole(journal, self._load_kept)
        journal.register(self._kept)
        journal.start(_counters(readers))

    def transaction(self) -> AbstractContextManager[Commit]:
        return Transaction(self._journal)

    def _load_kept(self) -> dict[str, bytes]:
        return self._journal.read(lambda disk: dict(disk.execute(READS["all_kept"]).fetchall()))

    def kept(self, name: str) -> bytes | None:
        return self._kept.get(name)

    def keep(self, name: str, body: bytes) -> None:
        self._journal.write_alone("put_kept", (name, body))
        with self._journal.lock:
            self._kept.set(name, body)

    def expire(self, now: datetime, *, events_days: float, decisions_days: float) -> dict[str, int]:
        return expire_all(
            self.transaction,
            self._aging,
            now,
            events_days=events_days,
            decisions_days=decisions_days,
        )

    def health(self) -> Health:
        return Health(
            failure=self._journal.failure,
            waiting=self._journal.waiting(),
            bytes=_size(self._path),
            log_bytes=_size(self._path.with_name(self._path.name + "-wal")),
        )

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._journal.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._readers is not None:
            self._readers.close()
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()


def _squeezed(row: Row) -> Row:
    number, body = row
    return (number, squeezed(body)) if isinstance(body, bytes) else row


def _counters(readers: Readers) -> dict[str, int]:
    rows = readers.read(lambda disk: disk.execute(READS["counters"]).fetchall())
    found: dict[str, int] = {}
    for name, value in rows:
        found[name] = max(found.get(name, 0), value or 0)
    return found


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
