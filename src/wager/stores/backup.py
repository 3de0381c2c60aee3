"""Copies of a store: taken while a server works on it, and put back in its place."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from wager.errors import Conflict, NotFound, StoreError
from wager.stores.disk import APPLICATION_ID, make_folder, open_for_reading
from wager.stores.lock import StoreLock
from wager.stores.open import path_of
from wager.stores.schema import checked_version

Progress = Callable[[float], None]  # the share that is done, from 0 to 1
_PAGES = 1024  # copied at a time


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A store that was written whole: where, how large, and of which schema version."""

    path: Path
    bytes: int
    version: int


def silent(_: float) -> None:
    """For those who watch nothing."""


def backup(url: str, target: Path, progress: Progress = silent) -> Copy:
    """Copy a store into one file as it is at this moment, also while another process writes it.

    What the server holds beside the store (the file with the signing secret) is not in it.
    """
    path = path_of(url)
    if target.exists():
        raise Conflict(f"{target} exists; a backup overwrites nothing: choose another name")
    with closing(open_for_reading(path)) as source:
        version = _store_version(source, path)
        make_folder(target)
        part = _copied(source, target, progress)
    part.replace(target)
    return Copy(path=target, bytes=target.stat().st_size, version=version)


def restore(source: Path, url: str, *, force: bool = False, progress: Progress = silent) -> Copy:
    """Put a backup in the place of a store, when it was found whole and nobody uses the store."""
    path = path_of(url)
    if not source.exists():
        raise NotFound(f"there is no backup at {source}; check the path")
    if path.exists() and not force:
        raise Conflict(f"{path} exists; with --force it is replaced, and what is in it is lost")
    with closing(open_for_reading(source)) as kept:
        version = _store_version(kept, source)
        problems = damage(kept)
        if problems:
            raise StoreError(f"{source} is damaged, nothing was restored: {problems[0]}")
        make_folder(path)
        lock = StoreLock(path)
        try:
            part = _copied(kept, path, progress)
            for end in ("-wal", "-shm"):  # a log of the old store would be replayed into the new
                path.with_name(path.name + end).unlink(missing_ok=True)
            part.replace(path)
        finally:
            lock.release()
    return Copy(path=path, bytes=path.stat().st_size, version=version)


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with its own file; nothing if it is whole."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def _store_version(connection: sqlite3.Connection, path: Path) -> int:
    version = checked_version(connection, path)
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreError(f"{path} is empty or no store of wager; choose another file")
    return version


def _copied(source: sqlite3.Connection, target: Path, progress: Progress) -> Path:
    """A whole copy beside the target, on disk, of one moment: the open transaction keeps what
    others write meanwhile out of it."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            source.execute("BEGIN")
            checked_version(source, target)
            source.backup(
                copy,
                pages=_PAGES,
                progress=lambda _, left, total: progress(1 - left / max(1, total)),
            )
            source.execute("COMMIT")
            copy.execute("PRAGMA journal_mode = DELETE")
            problems = damage(copy)
        if problems:
            part.unlink()
            raise StoreError(f"the store is damaged, no copy is kept: {problems[0]}")
        _force_to_disk(part)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"{part} could not be written: {error}; is the disk full?") from error
    return part


def _force_to_disk(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
