"""A store of an earlier version is brought up to date, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from wager.errors import StoreError
from wager.stores.base import DecisionQuery, EventQuery
from wager.stores.doctor import check
from wager.stores.open import open_store
from wager.stores.schema import NEWEST, migrate, steps, version_of
from wager.testing.samples import ADA, NOON, days, decision, event, item, profile, quarantined

VERSION_1 = Path(__file__).parent / "fixtures" / "version_1.sql"


def _old(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()


def test_an_old_store_keeps_all_it_had(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    _old(path)
    assert [found.code for found in check(f"sqlite:///{path}")] == [
        "readable_by_others",
        "old_schema",
    ]
    stores = open_store(f"sqlite:///{path}")
    first, second = stores.events.read(EventQuery())
    assert first.event == event("m-1") and second.settled == ("d-1",)
    assert stores.profiles.find([ADA]) == {ADA: "p-ada"}
    assert stores.profiles.get("p-ada") == profile("p-ada", ADA, segments=("loyal",))
    assert [entry.quarantine_id for entry in stores.quarantine.list()] == ["q-1"]
    assert stores.catalog.changed()[:2] == ([item("p-1")], ["p-2"])
    won = stores.decisions.get("d-1")
    assert won is not None and won.decision == decision("d-1", profile_id="p-ada")
    assert (won.state, won.reward, len(won.outcomes)) == ("won", 1.0, 1)
    assert len(stores.decisions.list(DecisionQuery(state="open")).decisions) == 1
    assert [one.version for one in stores.definitions.list("placements")] == [2]
    assert stores.models.latest("crowd") == ("c-1", b"body")
    assert stores.ledger.spent("cap:ada", NOON, window_seconds=None) == 1.0
    assert stores.kept("draw-key") == b"secret"
    stores.close()


def test_an_old_store_can_do_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    _old(path)
    stores = open_store(f"sqlite:///{path}")
    with stores.transaction():
        stores.quarantine.put(quarantined("q-2"))
        stores.ledger.reserve("cap:ada", "r-2", NOON, limit=9, window_seconds=60)
    gone = stores.expire(days(10), events_days=5, decisions_days=5)
    # What version 1 wrote without a time of its own has none, and stays.
    assert gone == {"events": 2, "quarantine": 1, "decisions": 2, "reservations": 1}
    assert stores.events.seen(["m-1"]) == {"m-1"}
    stores.close()


def test_a_new_store_is_of_the_newest_version(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/shop.db").close()
    connection = sqlite3.connect(tmp_path / "shop.db")
    assert version_of(connection) == NEWEST == max(steps())
    connection.close()


def test_versions_are_numbered_without_a_gap() -> None:
    assert sorted(steps()) == list(range(1, NEWEST + 1))


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    folder, path = tmp_path / "schema", tmp_path / "shop.db"
    folder.mkdir()
    (folder / "0001_good.sql").write_text("CREATE TABLE a (b); -- fine; really\n")
    (folder / "0002_bad.sql").write_text("CREATE TABLE c (d);\nCREATE TABLE a (b);\n")
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(StoreError, match="from schema version 1 to 2: table a already exists"):
        migrate(connection, path, folder)
    assert version_of(connection) == 1
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("a",)]
    connection.close()
