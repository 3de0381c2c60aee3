"""What a transaction, and a store as a whole, must do."""

from pathlib import Path
from threading import Event as Signal
from threading import Thread

from msgspec.structs import replace

from wager.domain.identity import Identity
from wager.errors import StoreError
from wager.stores.base import DecisionQuery, EventQuery, Stores
from wager.testing.doors.case import WAIT_SECONDS, Interrupted, StoreCase, expecting, write
from wager.testing.samples import NOON, days, decision, event, minutes, profile, quarantined


def _visits(stores: Stores) -> int:
    found = stores.profiles.get("p")
    return 0 if found is None else found.version


def _visit(stores: Stores) -> None:
    """Read, change, write."""
    found = stores.profiles.get("p") or profile("p")
    stores.profiles.put(replace(found, version=found.version + 1))


class TransactionContract(StoreCase):
    """`Stores`."""

    def test_no_update_is_lost(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:

            def visit() -> None:
                for _ in range(50):
                    with stores.transaction():
                        _visit(stores)

            visitors = [Thread(target=visit) for _ in range(4)]
            for visitor in visitors:
                visitor.start()
            for visitor in visitors:
                visitor.join()
            assert _visits(stores) == 200

    def test_everybody_reads_at_once_what_they_wrote(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            missed: list[str] = []

            def live(who: str) -> None:
                for number in range(40):
                    name = f"{who}-{number}"
                    with stores.transaction():
                        stores.profiles.put(profile(name), [Identity("user_id", name)])
                        stores.events.append(event(name), name)
                        stores.decisions.append(decision(name, profile_id=name))
                    query = DecisionQuery(profile_id=name)
                    if (
                        stores.profiles.find([Identity("user_id", name)])
                        != {Identity("user_id", name): name}
                        or stores.profiles.get(name) != profile(name)
                        or stores.events.seen([name]) != {name}
                        or len(stores.decisions.list(query).decisions) != 1
                        or (number % 10 == 0 and not _read(stores, name))
                    ):
                        missed.append(name)

            people = [Thread(target=live, args=(f"p-{number}",)) for number in range(4)]
            for one in people:
                one.start()
            for one in people:
                one.join()
            assert missed == []
            assert stores.profiles.count()[""] == 160
            assert len(stores.decisions.rewarded()[0]) == 160

    def test_nobody_sees_what_is_taken_back(self, tmp_path: Path) -> None:
        """Another thread may wait for the end of the transaction, or see what was before it."""
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _visit(stores))
            asked, seen = Signal(), list[int]()

            def look() -> None:
                asked.set()
                seen.append(_visits(stores))
                seen.append(len(stores.events.seen(["m-1"])))
                seen.append(len(stores.decisions.list(DecisionQuery()).decisions))

            reader = Thread(target=look)
            with expecting(Interrupted), stores.transaction():
                _visit(stores)
                stores.events.append(event("m-1"), "p")
                stores.decisions.append(decision("d-1"))
                reader.start()
                asked.wait(WAIT_SECONDS)
                raise Interrupted
            reader.join()
            assert seen == [1, 0, 0]

    def test_a_transaction_inside_another_belongs_to_it(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            with stores.transaction() as outer:
                _visit(stores)
                with stores.transaction() as inner:
                    _visit(stores)
                assert inner.durable is outer.durable
                assert not outer.durable.done()
            outer.durable.result(WAIT_SECONDS)
            assert _visits(stores) == 2

    def test_a_failure_inside_undoes_the_whole(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            with expecting(StoreError), stores.transaction() as outer:
                _visit(stores)
                with expecting(Interrupted), stores.transaction():
                    raise Interrupted
            assert _visits(stores) == 0
            with expecting(StoreError):
                outer.durable.result(WAIT_SECONDS)
            write(stores, lambda: _visit(stores))
            assert _visits(stores) == 1

    def test_nobody_can_cancel_what_others_wait_for(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            with stores.transaction() as commit:
                _visit(stores)
                assert not commit.durable.cancel()
            assert not commit.durable.cancel()
            commit.durable.result(WAIT_SECONDS)

    def test_small_things_are_kept(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            assert stores.kept("draw-key") is None
            stores.keep("draw-key", b"old")
            stores.keep("draw-key", b"\x00new")
            assert stores.kept("draw-key") == b"\x00new"
        if self.durable:
            with self.opened(tmp_path) as stores:
                assert stores.kept("draw-key") == b"\x00new"

    def test_what_is_too_old_goes(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _age(stores))
            gone = stores.expire(days(10), events_days=5, decisions_days=3)
            assert gone == {"events": 2, "quarantine": 1, "decisions": 3, "reservations": 1}
            assert [one.event.message_id for one in stores.events.read(EventQuery())] == ["m-6"]
            assert [one.quarantine_id for one in stores.quarantine.list()] == ["q-6"]
            left = stores.decisions.list(DecisionQuery()).decisions
            assert [one.decision.decision_id for one in left] == ["d-9", "d-8"]
            assert stores.ledger.spent("stock", NOON, window_seconds=None) == 1
            assert stores.ledger.spent("cap", minutes(1), window_seconds=60) == 0
            again = stores.expire(days(10), events_days=5, decisions_days=3)
            assert set(again.values()) == {0}

    def test_a_replay_has_a_time_of_its_own(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(
                stores,
                lambda: stores.decisions.append(decision("live", at=NOON)),
                lambda: stores.decisions.append(decision("then", at=NOON, replayed=True)),
            )
            assert stores.expire(days(10), events_days=5, decisions_days=3)["decisions"] == 1
            assert stores.decisions.get("live") is None
            assert stores.decisions.get("then") is not None

    def test_a_closed_store_takes_nothing(self, tmp_path: Path) -> None:
        stores = self.open(tmp_path)
        write(stores, lambda: _visit(stores))
        assert stores.health().failure is None
        stores.close()
        stores.close()
        with expecting(StoreError), stores.transaction():
            _visit(stores)

    def test_closing_waits_for_what_is_under_way(self, tmp_path: Path) -> None:
        stores = self.open(tmp_path)
        commits = []
        for number in range(200):
            with stores.transaction() as commit:
                stores.events.append(event(f"m-{number}"), "p")
            commits.append(commit)
        stores.close()
        assert all(commit.durable.done() for commit in commits)
        if self.durable:
            with self.opened(tmp_path) as stores:
                assert len(stores.events.read(EventQuery())) == 200


def _read(stores: Stores, profile_id: str) -> bool:
    found = stores.events.read(EventQuery(profile_id=profile_id))
    return [one.event.message_id for one in found] == [profile_id]


def _age(stores: Stores) -> None:
    """Things of several days, and one reservation whose window has passed."""
    for day in (1, 4, 6):
        stores.events.append(event(f"m-{day}", at=days(day)), "p")
    for day in (4, 6):
        stores.quarantine.put(quarantined(f"q-{day}", at=days(day)))
    for day in (1, 4, 6, 8, 9):
        stores.decisions.append(decision(f"d-{day}", at=days(day)))
    stores.ledger.reserve("stock", "r-1", NOON, limit=9, window_seconds=None)
    stores.ledger.reserve("cap", "r-1", NOON, limit=9, window_seconds=60)
