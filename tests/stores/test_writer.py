"""Transactions share commits; a failed commit is told to all, and ends writing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from wager.errors import StoreError, StoreFailed
from wager.stores import journal, sqlite_decisions, sqlite_events, sqlite_ledger
from wager.stores.base import Commit, EventQuery
from wager.stores.batches import Batch
from wager.stores.sqlite import SqliteStores
from wager.testing.samples import ADA, NOON, days, decision, event, item, profile


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[SqliteStores]:
    opened = SqliteStores("sqlite:///shop.db", tmp_path / "shop.db")
    yield opened
    opened.close()


class Blocked:
    """Keeps the writer from writing, as another process would."""

    def __init__(self, stores: SqliteStores) -> None:
        self._connection = sqlite3.connect(stores._path, isolation_level=None)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


def _writer(stores: SqliteStores) -> sqlite3.Connection:
    assert stores._writer is not None
    return stores._writer._connection


def _append(stores: SqliteStores, number: int) -> Commit:
    with stores.transaction() as commit:
        stores.events.append(event(f"m-{number}"), "ada")
    return commit


def test_what_waits_is_committed_together(stores: SqliteStores) -> None:
    said: list[str] = []
    _writer(stores).set_trace_callback(said.append)
    with Blocked(stores):
        commits = [_append(stores, number) for number in range(300)]
        assert not any(commit.durable.done() for commit in commits)
        assert stores.events.seen(["m-0", "m-299"]) == {"m-0", "m-299"}
    for commit in commits:
        commit.durable.result(60)
    assert said.count("COMMIT") <= 2
    assert len(stores.events.read(EventQuery())) == 300


def test_a_profile_put_often_is_written_once_a_group(stores: SqliteStores) -> None:
    said: list[str] = []
    _writer(stores).set_trace_callback(said.append)
    with Blocked(stores):
        _append(stores, 0)  # the writer has taken this one and waits for the disk
        while not stores._journal._flying:
            pass
        for version in range(100):
            with stores.transaction() as commit:
                stores.profiles.put(replace(profile("ada"), version=version), [ADA])
    commit.durable.result(60)
    assert sum(statement.startswith("INSERT INTO profiles") for statement in said) == 1
    assert sum(statement.startswith("INSERT INTO links") for statement in said) == 1


def test_a_transaction_that_only_reads_waits_for_what_it_may_have_read(
    stores: SqliteStores,
) -> None:
    """A repeat is acknowledged when what it repeats is durable, and not before."""
    with Blocked(stores):
        first = _append(stores, 1)
        with stores.transaction() as repeat:
            assert stores.events.seen(["m-1"]) == {"m-1"}
        assert not repeat.durable.done()
    repeat.durable.result(60)
    assert first.durable.done()
    with stores.transaction() as idle:
        pass
    assert idle.durable.done()


def test_reads_see_what_is_on_its_way(stores: SqliteStores) -> None:
    with Blocked(stores), stores.transaction():
        stores.profiles.put(profile("ada"), [ADA])
        stores.catalog.put([item("p-1")])
        stores.decisions.append(decision("d-1"))
        stores.models.put("crowd", "c-1", b"body")
        stores.ledger.reserve("stock", "r-1", NOON, limit=1, window_seconds=None)
    with Blocked(stores):
        seen: list[object] = []

        def look() -> None:
            seen.append(stores.profiles.find([ADA]))
            seen.append(stores.catalog.get("p-1"))
            logged = stores.decisions.get("d-1")
            seen.append(logged and logged.decision.decision_id)
            seen.append(stores.models.latest("crowd"))
            seen.append(stores.ledger.spent("stock", NOON, window_seconds=None))

        reader = Thread(target=look)
        reader.start()
        reader.join(60)
        assert seen == [{ADA: "ada"}, item("p-1"), "d-1", ("c-1", b"body"), 1.0]


def test_a_failed_commit_is_told_to_all_and_ends_writing(stores: SqliteStores) -> None:
    _append(stores, 0).durable.result(60)
    other = sqlite3.connect(stores._path)
    other.execute(
        "CREATE TRIGGER fire BEFORE INSERT ON events WHEN NEW.message_id = 'm-1' "
        "BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END"
    )
    with Blocked(stores):
        lost = [_append(stores, number) for number in range(1, 20)]
        with stores.transaction() as kept:
            stores.profiles.put(profile("ada"), [ADA])
    for commit in (*lost, kept):
        with pytest.raises(StoreFailed, match="the disk is on fire"):
            commit.durable.result(60)
    with pytest.raises(StoreFailed, match=r"refuses writes .* on fire"), stores.transaction():
        pass
    with pytest.raises(StoreFailed, match="refuses writes"):
        stores.keep("key", b"")
    assert "on fire" in str(stores.health().failure)
    assert stores.events.seen(["m-0", "m-2"]) == {"m-0"}
    assert [one.event.message_id for one in stores.events.read(EventQuery())] == ["m-0"]
    assert stores.profiles.find([ADA]) == {}
    other.close()


def test_a_transaction_under_way_when_writing_ends_is_refused(stores: SqliteStores) -> None:
    other = sqlite3.connect(stores._path)
    other.execute("CREATE TRIGGER no BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreFailed), stores.transaction():
        stores.events.append(event("m-1"), "ada")
        with pytest.raises(StoreFailed):
            stores._journal.write_alone("put_item", ("p-1", 1, b""))
        assert stores.events.read(EventQuery(limit=5))[0].event.message_id == "m-1"
    assert stores.events.read(EventQuery()) == []
    other.close()


def test_a_store_opened_to_look_cannot_write(stores: SqliteStores) -> None:
    _append(stores, 0).durable.result(60)
    looking = SqliteStores(stores.url, stores._path, read_only=True)
    assert len(looking.events.read(EventQuery())) == 1
    assert looking.profiles.get("ada") is None
    with stores.transaction() as commit:
        stores.profiles.put(profile("ada"), [ADA])
        stores.catalog.put([item("p-1")])
        stores.ledger.reserve("stock", "r-1", NOON, limit=1, window_seconds=None)
    commit.durable.result(60)
    stores.keep("key", b"value")
    assert looking.profiles.get("ada") == profile("ada")
    assert looking.catalog.changed()[0] == [item("p-1")]
    assert looking.ledger.spent("stock", NOON, window_seconds=None) == 1.0
    assert looking.kept("key") == b"value"
    with pytest.raises(StoreError, match="read_only"), looking.transaction():
        pass
    with pytest.raises(StoreError, match="read_only"):
        looking.keep("key", b"")
    looking.close()


def test_a_commit_that_failed_inside_the_block_leaves_its_future_failed(
    stores: SqliteStores,
) -> None:
    with pytest.raises(ValueError, match="stop"), stores.transaction() as commit:
        raise ValueError("stop")
    with pytest.raises(StoreFailed, match="undone"):
        commit.durable.result(0)


def test_deletions_stay_in_their_place() -> None:
    batch, later = Batch(), Batch()
    batch.add("put_link", "a", ("a", 1))
    batch.cut("delete_links", [(1,)])
    batch.cut("move_events", [])
    batch.add("put_link", "a", ("a", 2))
    batch.add("put_link", "a", ("a", 3))
    later.cut("delete_links", [(3,)])
    later.add("put_link", "b", ("b", 4))
    batch.absorb(later)
    assert [
        {query: list(rows.values()) for query, rows in phase.items()} for phase in batch.phases
    ] == [
        {"put_link": [("a", 1)]},
        {"delete_links": [(1,)]},
        {"put_link": [("a", 3)], "delete_links": [(3,)]},
        {"put_link": [("b", 4)]},
    ]
    assert batch.rows == 6 and not Batch()


def test_who_writes_faster_than_the_disk_waits(
    stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_ROOM", 10)
    written: list[int] = []

    def write() -> None:
        for number in range(100):
            _append(stores, number)
            written.append(number)

    hasty = Thread(target=write)
    with Blocked(stores):
        hasty.start()
        hasty.join(0.5)
        assert hasty.is_alive() and len(written) < 30
    hasty.join(60)
    assert len(stores.events.read(EventQuery())) == 100


def test_what_breaks_a_rehearsal_is_told_to_who_asked(stores: SqliteStores) -> None:
    def wrong(disk: sqlite3.Connection) -> object:
        return disk.execute("SELECT nonsense").fetchall()

    with stores.transaction() as commit:
        stores.events.append(event("m-1"), "ada")
        with pytest.raises(StoreError, match="nonsense"):
            stores._journal.settled_read(wrong)
        assert len(stores.events.read(EventQuery())) == 1
    commit.durable.result(60)


def test_reading_a_closed_store_says_so(stores: SqliteStores) -> None:
    stores.close()
    for ask in (
        lambda: stores.profiles.get("ada"),
        lambda: stores.events.seen(["m-1"]),
        lambda: stores.decisions.get("d-1"),
    ):
        with pytest.raises(StoreError, match="closed"):
            ask()


def test_accounts_that_are_forgotten_are_counted_again(
    stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_ledger, "_ENTRIES", 0)
    for number in range(30):
        with stores.transaction() as commit:
            for key in ("a", "b"):
                taken = stores.ledger.reserve(key, f"{number}", NOON, limit=20, window_seconds=None)
                assert taken == (number < 20)
        if number % 3 == 0:
            commit.durable.result(60)
    assert stores.ledger.spent("a", NOON, window_seconds=None) == 20
    stores._journal.flush()
    assert stores.ledger.spent("b", NOON, window_seconds=None) == 20


def test_retention_goes_in_small_steps(
    stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    for door in (sqlite_events, sqlite_decisions, sqlite_ledger):
        monkeypatch.setattr(door, "EXPIRE_AT_ONCE", 3)
    with stores.transaction():
        for number in range(10):
            stores.events.append(event(f"m-{number}"), "ada")
            stores.decisions.append(decision(f"d-{number}"))
            stores.ledger.reserve("cap", f"r-{number}", NOON, limit=99, window_seconds=1)
    said: list[str] = []
    _writer(stores).set_trace_callback(said.append)
    gone = stores.expire(days(9), events_days=1, decisions_days=1)
    assert gone == {"events": 10, "quarantine": 0, "decisions": 10, "reservations": 10}
    assert said.count("COMMIT") >= 12
    assert stores.decisions.rewarded()[0] == [] and stores.decisions.get("d-1") is None


def test_closing_inside_a_transaction_undoes_it(stores: SqliteStores) -> None:
    with pytest.raises(StoreError, match="closed"), stores.transaction():
        stores.events.append(event("m-1"), "ada")
        stores.close()
        stores.events.read(EventQuery())
    again = SqliteStores(stores.url, stores._path)
    assert again.events.read(EventQuery()) == []
    again.close()
