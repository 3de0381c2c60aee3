"""The contract of the stores notices a store that is broken, in each of many ways."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pytest

from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.stores import writer
from wager.stores.base import Commit, Stores
from wager.stores.batches import Row
from wager.stores.memory import MemoryStores
from wager.testing.contracts import StoreContract

Sabotage = Callable[[MemoryStores], None]


class Honest(StoreContract):
    url = "memory://"
    durable = False
    sabotage: ClassVar[Sabotage]

    def open(self, folder: Path) -> Stores:
        stores = MemoryStores()
        type(self).sabotage(stores)
        return stores


def failures(contract: StoreContract, folder: Path) -> list[str]:
    """The names of the tests of a contract that fail."""
    failed = []
    for number, name in enumerate(dir(contract)):
        if name.startswith("test_"):
            place = folder / str(number)
            place.mkdir()
            try:
                getattr(contract, name)(place)
            except Exception:  # noqa: BLE001 - any way to fail is a failure
                failed.append(name)
    return failed


def swap(target: object, name: str, twin: object) -> None:
    setattr(target, name, twin)


def nothing(_: MemoryStores) -> None:
    """The twin that is whole."""


def profiles_survive_erasure(stores: MemoryStores) -> None:
    swap(stores.profiles, "erase", lambda profile_id: True)


def tombstones_survive_erasure(stores: MemoryStores) -> None:
    swap(stores.profiles, "_family", lambda profile_id: {profile_id})


def erased_events_are_still_known(stores: MemoryStores) -> None:
    ever: set[str] = set()
    append = stores.events.append

    def remember(event: Event, profile_id: str, settled: tuple[str, ...] = ()) -> None:
        append(event, profile_id, settled)
        ever.add(event.message_id)

    swap(stores.events, "append", remember)
    swap(stores.events, "seen", lambda message_ids: ever & set(message_ids))


def quarantine_survives_erasure(stores: MemoryStores) -> None:
    honest = stores.quarantine.erase
    swap(stores.quarantine, "erase", lambda identities: honest(identities[1:]))


def decisions_survive_erasure(stores: MemoryStores) -> None:
    swap(stores.decisions, "erase", lambda profile_id, to_profile=None: 3)


def a_merge_forgets_events(stores: MemoryStores) -> None:
    swap(stores.events, "move", lambda from_profile, to_profile: None)


def repeats_of_expired_events_are_new(stores: MemoryStores) -> None:
    swap(stores.events, "_expired", Forgetful())


class Forgetful(dict[str, datetime]):
    """A table that keeps nothing."""

    def __setitem__(self, key: str, value: datetime) -> None:
        """Into the wind."""


def nothing_is_taken_back(stores: MemoryStores) -> None:
    swap(stores._undo, "step", lambda back: None)


def transactions_run_side_by_side(stores: MemoryStores) -> None:
    honest = stores.profiles.get

    def slow(profile_id: str) -> Profile | None:
        found = honest(profile_id)
        time.sleep(0.0005)
        return found

    def loose() -> AbstractContextManager[Commit]:
        stores._undo._depth = 1
        commit = Commit(durable=Future())
        commit.durable.set_result(None)
        return nullcontext(commit)

    swap(stores.profiles, "get", slow)
    swap(stores, "transaction", loose)


def a_transaction_does_not_see_itself(stores: MemoryStores) -> None:
    honest = stores.profiles.find

    def blind(identities: Sequence[Identity]) -> dict[Identity, str]:
        return {} if stores._undo._depth else honest(identities)

    swap(stores.profiles, "find", blind)


def learning_is_fed_twice(stores: MemoryStores) -> None:
    honest = stores.decisions.rewarded
    swap(stores.decisions, "rewarded", lambda after=0, limit=1000: honest(after - 1, limit))


def one_too_many_is_sold(stores: MemoryStores) -> None:
    honest = stores.ledger.spent

    def less(key: str, at: datetime, *, window_seconds: float | None) -> float:
        return honest(key, at, window_seconds=window_seconds) - 1

    swap(stores.ledger, "spent", less)


def writes_need_no_transaction(stores: MemoryStores) -> None:
    swap(stores._undo, "check", lambda: None)


SABOTAGES = [
    profiles_survive_erasure,
    tombstones_survive_erasure,
    erased_events_are_still_known,
    quarantine_survives_erasure,
    decisions_survive_erasure,
    a_merge_forgets_events,
    repeats_of_expired_events_are_new,
    nothing_is_taken_back,
    transactions_run_side_by_side,
    a_transaction_does_not_see_itself,
    learning_is_fed_twice,
    one_too_many_is_sold,
    writes_need_no_transaction,
]


def test_the_whole_twin_passes(tmp_path: Path) -> None:
    Honest.sabotage = nothing
    assert failures(Honest(), tmp_path) == []


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.__name__)
def test_the_contract_notices(sabotage: Sabotage, tmp_path: Path) -> None:
    Honest.sabotage = sabotage
    assert failures(Honest(), tmp_path)


class Sqlite(StoreContract):
    url = "sqlite:///{folder}/shop.db"


@pytest.mark.parametrize(
    "query",
    [
        *("insert_event", "put_link", "insert_outcome", "put_item", "delete_links", "put_kept"),
        *("put_change", "forget_changes", "delete_changes"),
    ],
)
def test_the_contract_notices_rows_that_are_not_written(
    query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that only seems to be there is found missing when the store is opened again."""
    honest = writer.Writer._rows

    def careless(self: writer.Writer, name: str, rows: list[Row]) -> None:
        if name != query:
            honest(self, name, rows)

    monkeypatch.setattr(writer.Writer, "_rows", careless)
    assert failures(Sqlite(), tmp_path)
