"""What an event log and a quarantine must do."""

from collections.abc import Sequence
from pathlib import Path

from wager.errors import BadInput, Conflict, StoreError
from wager.stores.base import EventQuery, Stores
from wager.testing.doors.case import StoreCase, expecting, write
from wager.testing.samples import ADA, BOB, NOON, days, event, minutes, quarantined


def _log(stores: Stores) -> None:
    """Ada views, Bob orders, Ada orders."""
    stores.events.append(event("m-1"), "ada")
    stores.events.append(event("m-2", "Order Completed", minutes(1)), "bob", ("d-1", "d-2"))
    stores.events.append(event("m-3", "Order Completed", minutes(2)), "ada")


def _append(stores: Stores, message_ids: Sequence[str]) -> None:
    for message_id in message_ids:
        stores.events.append(event(message_id), "ada")


def _ids(stores: Stores, query: EventQuery) -> list[str]:
    return [stored.event.message_id for stored in stores.events.read(query)]


class EventLogContract(StoreCase):
    """`EventLog`."""

    def test_events_are_read_as_they_were_written(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            first, second, third = stores.events.read(EventQuery())
            assert first.event == event("m-1")
            assert (second.profile_id, second.settled) == ("bob", ("d-1", "d-2"))
            assert first.sequence < second.sequence < third.sequence
            assert stores.events.seen(["m-1", "m-3", "m-4", "m-1"]) == {"m-1", "m-3"}
            assert stores.events.seen([]) == set()

        self.everywhere(tmp_path, _log, check)

    def test_queries_narrow_order_and_page(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert _ids(stores, EventQuery(profile_id="ada")) == ["m-1", "m-3"]
            assert _ids(stores, EventQuery(name="Order Completed")) == ["m-2", "m-3"]
            assert _ids(stores, EventQuery(name="Order Completed", profile_id="ada")) == ["m-3"]
            assert _ids(stores, EventQuery(newest_first=True, limit=2)) == ["m-3", "m-2"]
            first = stores.events.read(EventQuery(limit=1))[0]
            assert _ids(stores, EventQuery(after=first.sequence)) == ["m-2", "m-3"]
            last = stores.events.read(EventQuery(newest_first=True, limit=1))[0]
            assert _ids(stores, EventQuery(before=last.sequence, newest_first=True, limit=1)) == [
                "m-2"
            ]
            assert _ids(stores, EventQuery(profile_id="carol")) == []

        self.everywhere(tmp_path, _log, check)

    def test_an_interrupted_append_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.events.read(EventQuery()) == []
            assert stores.events.seen(["m-1"]) == set()

        self.undone(tmp_path, _log, check)

    def test_a_merge_moves_events(self, tmp_path: Path) -> None:
        def move(stores: Stores) -> None:
            _log(stores)
            stores.events.move("bob", "ada")
            stores.events.append(event("m-4", at=minutes(3)), "bob")

        def check(stores: Stores) -> None:
            assert _ids(stores, EventQuery(profile_id="ada")) == ["m-1", "m-2", "m-3"]
            assert _ids(stores, EventQuery(profile_id="bob")) == ["m-4"]

        self.everywhere(tmp_path, move, check)

    def test_a_merge_that_is_undone_moves_some_of_them_back(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _log(stores), lambda: stores.events.move("bob", "ada"))
            second, third = stores.events.read(EventQuery())[1:]
            numbers = [second.sequence, third.sequence]
            write(stores, lambda: stores.events.move("ada", "bob", numbers[:1]))
            write(stores, lambda: stores.events.move("carol", "bob", numbers))
            write(stores, lambda: stores.events.move("ada", "bob", []))
            assert _ids(stores, EventQuery(profile_id="ada")) == ["m-1", "m-3"]
            assert _ids(stores, EventQuery(profile_id="bob")) == ["m-2"]

    def test_a_merge_moves_events_that_are_durable(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _log(stores))
            with stores.transaction():
                stores.events.move("bob", "ada")
                assert len(_ids(stores, EventQuery(profile_id="ada"))) == 3
            assert len(_ids(stores, EventQuery(profile_id="ada"))) == 3

    def test_erasing_leaves_nothing_of_one_and_all_of_others(self, tmp_path: Path) -> None:
        def erase(stores: Stores) -> None:
            _log(stores)
            assert stores.events.erase("ada") == 2
            assert stores.events.erase("carol") == 0

        def check(stores: Stores) -> None:
            assert _ids(stores, EventQuery()) == ["m-2"]
            assert stores.events.seen(["m-1", "m-2", "m-3"]) == {"m-2"}

        self.everywhere(tmp_path, erase, check)

    def test_erasing_what_is_durable(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _log(stores))
            with stores.transaction():
                assert stores.events.erase("ada") == 2
                assert stores.events.seen(["m-1", "m-2"]) == {"m-2"}
            assert _ids(stores, EventQuery()) == ["m-2"]
            write(stores, lambda: stores.events.append(event("m-1"), "ada"))
            assert _ids(stores, EventQuery(profile_id="ada")) == ["m-1"]

    def test_sequences_are_never_given_out_twice(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _log(stores))
            last = stores.events.read(EventQuery())[-1].sequence
            write(stores, lambda: stores.events.erase("ada"))
            if not self.durable:
                return
        with self.opened(tmp_path) as stores:
            write(stores, lambda: stores.events.append(event("m-9"), "ada"))
            assert stores.events.read(EventQuery())[-1].sequence > last

    def test_expired_events_are_gone_but_their_repeats_are_known(self, tmp_path: Path) -> None:
        def expire(stores: Stores) -> None:
            _log(stores)
            assert stores.events.expire(minutes(2)) == 2
            assert stores.events.expire(minutes(2)) == 0

        def check(stores: Stores) -> None:
            assert _ids(stores, EventQuery()) == ["m-3"]
            assert stores.events.seen(["m-1", "m-2", "m-3"]) == {"m-1", "m-2", "m-3"}

        self.everywhere(tmp_path, expire, check)

    def test_in_the_end_even_repeats_are_forgotten(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(
                stores,
                lambda: _log(stores),
                lambda: stores.events.expire(days(1)),
                lambda: stores.events.expire(days(200)),
            )
            assert stores.events.seen(["m-1", "m-2", "m-3"]) == set()

    def test_many_message_ids_at_once(self, tmp_path: Path) -> None:
        ids = [f"m-{number}" for number in range(1_203)]
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _append(stores, ids[::2]))
            assert stores.events.seen(ids) == set(ids[::2])

    def test_odd_texts_survive(self, tmp_path: Path) -> None:
        odd = ["", "\x00", "a\x00b", "'; DROP TABLE events; --", "🦉", "%_\\", "\n", "é"]

        def check(stores: Stores) -> None:
            assert stores.events.seen([*odd, "a", "e\u0301"]) == set(odd)
            assert _ids(stores, EventQuery()) == odd

        self.everywhere(tmp_path, lambda stores: _append(stores, odd), check)

    def test_what_cannot_be_stored_is_refused_and_breaks_nothing(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            for value in (10**30, "\ud800", object()):
                bad = event("m-bad")
                bad.properties["value"] = value
                with expecting(BadInput), stores.transaction():
                    stores.events.append(bad, "ada")
            write(stores, lambda: stores.events.append(event("m-1"), "ada"))
            assert _ids(stores, EventQuery()) == ["m-1"]

    def test_the_same_message_twice_in_one_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(Conflict), stores.transaction():
            stores.events.append(event("m-1"), "ada")
            stores.events.append(event("m-1"), "ada")

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.events.append(event("m-1"), "ada")


def _put(stores: Stores) -> None:
    stores.quarantine.put(quarantined("q-1", ADA, at=NOON))
    stores.quarantine.put(quarantined("q-2", BOB, ADA, at=minutes(1)))
    stores.quarantine.put(quarantined("q-3", BOB, at=minutes(2)))
    stores.quarantine.put(quarantined("q-4", at=minutes(3)))


def _kept_apart(stores: Stores) -> list[str]:
    return [entry.quarantine_id for entry in stores.quarantine.list()]


class QuarantineContract(StoreCase):
    """`Quarantine`."""

    def test_entries_are_listed_newest_first_in_pages(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert _kept_apart(stores) == ["q-4", "q-3", "q-2", "q-1"]
            page = stores.quarantine.list(after="q-3", limit=1)
            assert page == [quarantined("q-2", BOB, ADA, at=minutes(1))]
            assert stores.quarantine.get("q-1") == quarantined("q-1", ADA)
            assert stores.quarantine.get("q-9") is None

        self.everywhere(tmp_path, _put, check)

    def test_a_page_after_nothing_is_an_error(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(BadInput):
            stores.quarantine.list(after="q-9")

    def test_an_entry_put_again_is_one_entry(self, tmp_path: Path) -> None:
        def again(stores: Stores) -> None:
            _put(stores)
            stores.quarantine.put(quarantined("q-1", BOB))

        def check(stores: Stores) -> None:
            assert stores.quarantine.get("q-1") == quarantined("q-1", BOB)
            assert len(_kept_apart(stores)) == 4

        self.everywhere(tmp_path, again, check)

    def test_removed_entries_are_gone(self, tmp_path: Path) -> None:
        def remove(stores: Stores) -> None:
            _put(stores)
            assert stores.quarantine.remove("q-2")
            assert not stores.quarantine.remove("q-2")

        def check(stores: Stores) -> None:
            assert _kept_apart(stores) == ["q-4", "q-3", "q-1"]
            assert stores.quarantine.get("q-2") is None

        self.everywhere(tmp_path, remove, check)

    def test_erasing_takes_every_entry_that_names_the_person(self, tmp_path: Path) -> None:
        def erase(stores: Stores) -> None:
            _put(stores)
            assert stores.quarantine.erase([ADA]) == 2

        def check(stores: Stores) -> None:
            assert _kept_apart(stores) == ["q-4", "q-3"]
            assert stores.quarantine.get("q-1") is None

        self.everywhere(tmp_path, erase, check)

    def test_an_interrupted_put_is_not_seen(self, tmp_path: Path) -> None:
        self.undone(tmp_path, _put, lambda stores: _empty(_kept_apart(stores)))


def _empty(found: list[str]) -> None:
    assert not found
