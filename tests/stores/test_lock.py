"""One process owns a store; the others learn who, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wager.errors import StoreLocked
from wager.stores.lock import holder, lock_path
from wager.stores.open import open_store

CHILD = """
import sys
from wager.stores.open import open_store
stores = open_store(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def _child(url: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"open\n"
    return child


def test_a_second_process_learns_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with _child(f"sqlite:///{path}") as child:
        with pytest.raises(StoreLocked, match=f"in use by process {child.pid} on .*stop it first"):
            open_store(f"sqlite:///{path}")
        found = holder(path)
        assert found is not None and found.pid == child.pid
        open_store(f"sqlite:///{path}", read_only=True).close()
        child.kill()
    assert holder(path) is None
    open_store(f"sqlite:///{path}").close()  # the lock died with its process
    assert holder(path) is None


def test_a_second_opening_in_one_process_is_refused_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    stores = open_store(url)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        open_store(url)
    stores.close()
    open_store(url).close()


def test_who_has_not_written_its_name_yet_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    stores = open_store(f"sqlite:///{path}")
    lock_path(path).write_bytes(b"")
    found = holder(path)
    assert found is not None and found.host == "?"
    stores.close()
