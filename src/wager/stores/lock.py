"""The lock file beside a store: one process owns it, and the others learn who."""

import fcntl
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from wager.errors import StoreError, StoreLocked


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns a store."""

    pid: int
    host: str
    since: datetime
    command: str


class StoreLock:
    """Held from construction to `release`; the kernel lets go of it when the process dies."""

    def __init__(self, store: Path) -> None:
        self._path = lock_path(store)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be made: {error}; check its rights") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise StoreLocked(_refusal(store)) from error
        me = Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            since=datetime.now(UTC),
            command=" ".join(sys.argv)[:500],
        )
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, msgspec.json.encode(me), 0)

    def release(self) -> None:
        """Let go. The file stays: deleting it could take it from somebody who waits for it."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


def lock_path(store: Path) -> Path:
    return store.with_name(store.name + ".lock")


def holder(store: Path) -> Holder | None:
    """Who owns a store now; None if nobody does."""
    path = lock_path(store)
    if not path.exists():
        return None
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _written(file.read())
    return None


def _written(text: bytes) -> Holder:
    try:
        return msgspec.json.decode(text, type=Holder)
    except msgspec.MsgspecError:  # it has the lock and has not written its name yet
        return Holder(pid=0, host="?", since=datetime.now(UTC), command="?")


def _refusal(store: Path) -> str:
    found = holder(store)
    if found is None:
        return f"{store} was in use a moment ago; try again"
    return (
        f"{store} is in use by process {found.pid} on {found.host} since "
        f"{found.since:%Y-%m-%d %H:%M:%S} UTC ({found.command}); ask that one over HTTP, or stop "
        "it first; `wager backup` and `wager doctor` work beside it"
    )
