"""The SQLite file: how it is opened, and the connections that read it."""

import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from wager.errors import StoreError

T = TypeVar("T")
APPLICATION_ID = 0x57414752  # "WAGR": what `file` and PRAGMA application_id say of a store
PATIENCE_MS = 60_000  # how long the writer waits for somebody who locks the file from outside
_COMMON = f"""
PRAGMA busy_timeout = {PATIENCE_MS};
PRAGMA temp_store = MEMORY;
PRAGMA mmap_size = 268435456;
"""
_WRITER = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -65536;
"""


def make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made: {error}; choose another place") from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The one connection that writes; makes the file, readable by its owner alone."""
    try:
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} cannot be opened: {error}; check the path and its rights") from (
            error
        )
    try:
        connection.execute("PRAGMA page_size = 8192")
        connection.executescript(_COMMON + _WRITER)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(
            f"{path} cannot be used: {error}; `wager doctor` says more, `wager restore` puts a "
            "backup in its place"
        ) from error
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; other processes may have the file open."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}; check the path")
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.executescript(_COMMON + "PRAGMA cache_size = -16384;")
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}; check the path and its rights") from (
            error
        )
    return connection


class Readers:
    """Read connections: one for single rows, used under the journal's lock, others for lists."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._single = open_for_reading(path)
        self._free: deque[sqlite3.Connection] = deque()
        self._closed = False

    def single(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask for single rows; the caller holds the lock."""
        return self._answer(question, self._single)

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask on a connection of its own, in one snapshot of the database."""
        try:
            connection = self._free.pop()
        except IndexError:
            connection = open_for_reading(self._path)
        try:
            connection.execute("BEGIN")
            return self._answer(question, connection)
        finally:
            connection.execute("COMMIT")
            if self._closed:
                connection.close()
            else:
                self._free.append(connection)

    def _answer(
        self, question: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection
    ) -> T:
        try:
            return question(connection)
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path} cannot be read: {error}; if it is open, `wager doctor` says more"
            ) from error

    def close(self) -> None:
        self._closed = True
        self._single.close()
        while self._free:
            self._free.pop().close()
