"""What a catalog, definitions and models must do."""

from pathlib import Path

from wager.domain.definitions import Goal, Placement
from wager.errors import BadInput, StoreError
from wager.stores.base import Stores
from wager.testing.doors.case import StoreCase, expecting, write
from wager.testing.samples import item


def _shop(stores: Stores) -> None:
    assert stores.catalog.put(item(f"p-{number}") for number in range(3)) == 3


class CatalogContract(StoreCase):
    """`Catalog`."""

    def test_items_are_read_as_they_were_written(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.catalog.get("p-1") == item("p-1")
            assert stores.catalog.get("p-9") is None

        self.everywhere(tmp_path, _shop, check)

    def test_readers_hear_of_every_change_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            assert stores.catalog.changed() == ([], [], 0)
            write(stores, lambda: _shop(stores))
            items, gone, cursor = stores.catalog.changed()
            assert {one.item_id for one in items} == {"p-0", "p-1", "p-2"} and gone == []
            assert stores.catalog.changed(cursor) == ([], [], cursor)
            with stores.transaction():
                stores.catalog.put([item("p-1", "Tea")])
                assert stores.catalog.delete("p-2")
                assert not stores.catalog.delete("p-2")
                again, gone, inside = stores.catalog.changed(cursor)
                assert again == [item("p-1", "Tea")] and gone == ["p-2"]
            assert stores.catalog.changed(cursor) == (again, gone, inside)
            assert stores.catalog.get("p-2") is None
            write(stores, lambda: stores.catalog.put([item("p-2", "Back")]))
            assert stores.catalog.changed(inside)[0] == [item("p-2", "Back")]

    def test_deleted_items_stay_deleted(self, tmp_path: Path) -> None:
        def delete(stores: Stores) -> None:
            _shop(stores)
            stores.catalog.delete("p-0")

        def check(stores: Stores) -> None:
            assert stores.catalog.get("p-0") is None
            items, gone, _ = stores.catalog.changed()
            assert {one.item_id for one in items} == {"p-1", "p-2"} and gone == ["p-0"]

        self.everywhere(tmp_path, delete, check)

    def test_an_interrupted_put_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.catalog.get("p-1") is None
            assert stores.catalog.changed()[:2] == ([], [])

        self.undone(tmp_path, _shop, check)

    def test_what_cannot_be_stored_is_refused(self, tmp_path: Path) -> None:
        odd = item("p-odd")
        odd.attributes["huge"] = 10**30
        with self.opened(tmp_path) as stores, expecting(BadInput), stores.transaction():
            stores.catalog.put([odd])

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.catalog.put([item("p-1")])


HOME, WIDE = Placement(name="home", slots=3), Placement(name="home", slots=6)


def _declare(stores: Stores) -> None:
    assert stores.definitions.put("placements", HOME) == 1
    assert stores.definitions.put("placements", HOME) == 1
    assert stores.definitions.put("placements", WIDE) == 2
    assert stores.definitions.put("placements", Placement(name="front")) == 1
    assert stores.definitions.put("goals", Goal(name="home", event="Item Clicked")) == 1


class DefinitionsContract(StoreCase):
    """`Definitions`."""

    def test_the_newest_version_is_in_force(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            names = [stored.definition.name for stored in stores.definitions.list("placements")]
            assert names == ["front", "home"]
            newest = stores.definitions.get("placements", "home")
            assert newest is not None and (newest.version, newest.definition) == (2, WIDE)
            first = stores.definitions.get("placements", "home", 1)
            assert first is not None and first.definition == HOME
            assert stores.definitions.get("placements", "home", 3) is None
            assert stores.definitions.get("placements", "home", 0) is None
            assert stores.definitions.get("segments", "home") is None

        self.everywhere(tmp_path, _declare, check)

    def test_deleted_ones_leave_their_versions(self, tmp_path: Path) -> None:
        def delete(stores: Stores) -> None:
            _declare(stores)
            assert stores.definitions.delete("placements", "home")
            assert not stores.definitions.delete("placements", "home")

        def check(stores: Stores) -> None:
            assert stores.definitions.get("placements", "home") is None
            assert len(stores.definitions.list("placements")) == 1
            assert len(stores.definitions.list("goals")) == 1
            kept = stores.definitions.get("placements", "home", 2)
            assert kept is not None and kept.definition == WIDE

        self.everywhere(tmp_path, delete, check)

    def test_a_deleted_one_may_come_back_as_a_new_version(self, tmp_path: Path) -> None:
        def back(stores: Stores) -> None:
            _declare(stores)
            stores.definitions.delete("placements", "home")
            assert stores.definitions.put("placements", WIDE) == 3

        def check(stores: Stores) -> None:
            newest = stores.definitions.get("placements", "home")
            assert newest is not None and newest.version == 3

        self.everywhere(tmp_path, back, check)

    def test_an_interrupted_put_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.definitions.list("placements") == []
            assert stores.definitions.get("placements", "home", 1) is None

        self.undone(tmp_path, _declare, check)

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.definitions.put("placements", HOME)


class ModelsContract(StoreCase):
    """`Models`."""

    def test_the_newest_model_is_the_latest(self, tmp_path: Path) -> None:
        def put(stores: Stores) -> None:
            for number in (1, 2, 10):
                stores.models.put("payoffs", f"m-{number}", bytes([number]) * 1000)
            stores.models.put("crowd", "c-1", b"")

        def check(stores: Stores) -> None:
            assert stores.models.latest("payoffs") == ("m-10", bytes([10]) * 1000)
            assert stores.models.latest("crowd") == ("c-1", b"")
            assert stores.models.latest("mood") is None

        self.everywhere(tmp_path, put, check)

    def test_the_same_version_again_replaces_it(self, tmp_path: Path) -> None:
        def put(stores: Stores) -> None:
            stores.models.put("payoffs", "m-1", b"old")
            stores.models.put("payoffs", "m-2", b"other")
            stores.models.put("payoffs", "m-1", b"new")

        def check(stores: Stores) -> None:
            assert stores.models.latest("payoffs") == ("m-1", b"new")

        self.everywhere(tmp_path, put, check)

    def test_an_interrupted_put_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.models.latest("payoffs") is None

        self.undone(tmp_path, lambda stores: stores.models.put("payoffs", "m-1", b"x"), check)

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.models.put("payoffs", "m-1", b"x")
