"""A backup of a store that is in use is whole; a restore loses nothing by mistake."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wager.errors import BadInput, Conflict, NotFound, StoreError, StoreLocked
from wager.stores.backup import backup, restore
from wager.stores.base import EventQuery
from wager.stores.doctor import check
from wager.stores.open import open_store
from wager.stores.schema import NEWEST
from wager.testing.samples import event, profile

CHILD = """
import sys
from wager.stores.open import open_store
from wager.testing.samples import event, profile
stores = open_store(sys.argv[1])
number = 0
while True:
    with stores.transaction() as commit:
        for one in range(10):
            stores.events.append(event(f"m-{number}-{one}"), f"p-{number}")
        stores.profiles.put(profile(f"p-{number}"))
    if number % 20 == 0:
        commit.durable.result()
    if number == 200:
        print("busy", flush=True)
    number += 1
"""


def _fill(url: str, count: int) -> None:
    stores = open_store(url)
    with stores.transaction():
        for number in range(count):
            stores.events.append(event(f"m-{number}"), "ada")
        stores.profiles.put(profile("ada"))
    stores.close()


def _count(url: str) -> int:
    stores = open_store(url)
    count = len(stores.events.read(EventQuery(limit=10**9)))
    stores.close()
    return count


def test_a_backup_of_a_running_server_is_of_one_moment(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"busy\n"
        shares: list[float] = []
        made = backup(url, tmp_path / "copies" / "one.db", shares.append)
        again = backup(url, tmp_path / "copies" / "two.db")
        with pytest.raises(StoreLocked, match="in use by process"):
            restore(again.path, url, force=True)
        child.kill()
    assert made.bytes == made.path.stat().st_size
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert sorted(file.name for file in made.path.parent.iterdir()) == ["one.db", "two.db"]
    copy = f"sqlite:///{made.path}"
    assert check(copy) == []
    stores = open_store(copy)
    events = stores.events.read(EventQuery(limit=10**9))
    assert len(events) >= 2000 and len(events) % 10 == 0
    assert stores.profiles.count()[""] == len(events) // 10
    stores.close()


def test_a_backup_comes_back(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/shop.db", tmp_path / "copy.db"
    _fill(url, 50)
    backup(url, copy)
    elsewhere = f"sqlite:///{tmp_path}/new/shop.db"
    restored = restore(copy, elsewhere)
    assert restored.version == NEWEST and _count(elsewhere) == 50
    stores = open_store(elsewhere)
    with stores.transaction():
        stores.events.append(event("later"), "ada")
    stores.close()
    with pytest.raises(Conflict, match="--force"):
        restore(copy, elsewhere)
    assert _count(elsewhere) == 51
    restore(copy, elsewhere, force=True)
    assert _count(elsewhere) == 50


def test_a_log_that_a_crash_left_is_not_replayed_into_what_is_restored(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/shop.db", tmp_path / "copy.db"
    _fill(url, 5)
    backup(url, copy)
    with subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"busy\n"
        child.kill()
    assert (tmp_path / "shop.db-wal").stat().st_size > 0
    restore(copy, url, force=True)
    assert _count(url) == 5 and check(url) == []


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/shop.db", tmp_path / "copy.db"
    _fill(url, 1)
    copy.write_text("precious")
    with pytest.raises(Conflict, match="overwrites nothing"):
        backup(url, copy)
    assert copy.read_text() == "precious"


def test_there_must_be_something_to_copy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        backup(f"sqlite:///{tmp_path}/shop.db", tmp_path / "copy.db")
    with pytest.raises(NotFound, match="no backup"):
        restore(tmp_path / "copy.db", f"sqlite:///{tmp_path}/shop.db")
    with pytest.raises(BadInput, match="memory://"):
        backup("memory://", tmp_path / "copy.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="empty or no store"):
        restore(tmp_path / "empty.db", f"sqlite:///{tmp_path}/shop.db")
    assert not (tmp_path / "shop.db").exists()


def test_a_damaged_backup_is_not_restored(tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path}/shop.db", tmp_path / "copy.db"
    _fill(url, 2000)
    backup(url, copy)
    body = bytearray(copy.read_bytes())
    body[3 * 8192 : 3 * 8192 + 4000] = b"\x55" * 4000
    copy.write_bytes(body)
    with pytest.raises(StoreError, match="damaged, nothing was restored"):
        restore(copy, url, force=True)
    assert _count(url) == 2000
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(body)
    with pytest.raises(StoreError, match="damaged, no copy is kept"):
        backup(f"sqlite:///{damaged}", tmp_path / "other.db")
    assert not list(tmp_path.glob("other*"))


def test_a_copy_of_an_old_store_is_brought_up_to_date_when_it_is_opened(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    script = Path(__file__).parent / "fixtures" / "version_1.sql"
    connection = sqlite3.connect(old)
    connection.executescript(script.read_text(encoding="utf-8"))
    connection.close()
    assert restore(old, f"sqlite:///{tmp_path}/shop.db").version == 1
    assert _count(f"sqlite:///{tmp_path}/shop.db") == 2
