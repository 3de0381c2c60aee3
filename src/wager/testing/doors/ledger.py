"""What a ledger of limited quantities must do."""

from functools import partial
from pathlib import Path
from threading import Thread

from wager.errors import BadInput, StoreError
from wager.stores.base import Stores
from wager.testing.doors.case import StoreCase, expecting, write
from wager.testing.samples import NOON, minutes

HOUR = 3600.0


def _take(stores: Stores, reservation: str, minute: float, limit: float = 2) -> bool:
    """One of a cap of so many an hour."""
    return stores.ledger.reserve(
        "cap:ada", reservation, minutes(minute), limit=limit, window_seconds=HOUR
    )


def _spent(stores: Stores, minute: float) -> float:
    return stores.ledger.spent("cap:ada", minutes(minute), window_seconds=HOUR)


class LedgerContract(StoreCase):
    """`Ledger`."""

    def test_no_more_than_the_limit_is_taken(self, tmp_path: Path) -> None:
        def take(stores: Stores) -> None:
            for number in range(10):
                taken = stores.ledger.reserve(
                    "stock:p-1", f"r-{number}", NOON, limit=1.0, window_seconds=None, amount=0.1
                )
                assert taken
            assert not stores.ledger.reserve(
                "stock:p-1", "r-10", NOON, limit=1.0, window_seconds=None, amount=0.1
            )
            assert stores.ledger.reserve(
                "stock:p-1", "r-3", NOON, limit=0.0, window_seconds=None, amount=0.1
            )

        def check(stores: Stores) -> None:
            spent = stores.ledger.spent("stock:p-1", NOON, window_seconds=None)
            assert abs(spent - 1.0) < 1e-9
            assert stores.ledger.spent("stock:p-2", NOON, window_seconds=None) == 0.0

        self.everywhere(tmp_path, take, check)

    def test_a_window_slides(self, tmp_path: Path) -> None:
        def take(stores: Stores) -> None:
            assert _take(stores, "r-1", 0) and _take(stores, "r-2", 30)
            assert not _take(stores, "r-3", 59)
            assert _take(stores, "r-4", 60)
            assert not _take(stores, "r-5", 89)
            assert _take(stores, "r-6", 90)

        def check(stores: Stores) -> None:
            assert [_spent(stores, minute) for minute in (-1, 0, 30, 59, 60, 90, 149, 150)] == [
                0, 1, 2, 2, 2, 2, 1, 0
            ]  # fmt: skip
            assert stores.ledger.spent("cap:ada", NOON, window_seconds=None) == 4

        self.everywhere(tmp_path, take, check)

    def test_what_is_given_back_can_be_taken_again(self, tmp_path: Path) -> None:
        def take(stores: Stores) -> None:
            assert _take(stores, "r-1", 0) and _take(stores, "r-2", 1)
            assert stores.ledger.reserve("budget", "r-1", NOON, limit=9, window_seconds=None)
            assert stores.ledger.release("r-1")
            assert not stores.ledger.release("r-1")
            assert not stores.ledger.release("r-9")
            assert _take(stores, "r-3", 2)
            assert not _take(stores, "r-4", 3)

        def check(stores: Stores) -> None:
            assert _spent(stores, 3) == 2
            assert stores.ledger.spent("budget", NOON, window_seconds=None) == 0

        self.everywhere(tmp_path, take, check)

    def test_giving_back_what_is_durable(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _take(stores, "r-1", 0), lambda: _take(stores, "r-2", 1))
            with stores.transaction():
                assert stores.ledger.release("r-1")
                assert _spent(stores, 3) == 1
                assert _take(stores, "r-1", 2)
                assert _spent(stores, 3) == 2
            assert _spent(stores, 3) == 2

    def test_erasing_forgets_keys_that_begin_so(self, tmp_path: Path) -> None:
        def erase(stores: Stores) -> None:
            assert _take(stores, "r-1", 0)
            stores.ledger.reserve("cap:adam", "r-1", NOON, limit=9, window_seconds=None)
            stores.ledger.reserve("cap:bob", "r-1", NOON, limit=9, window_seconds=None)
            assert stores.ledger.erase("cap:ada") == 2
            assert stores.ledger.erase("cap:ada") == 0

        def check(stores: Stores) -> None:
            spent = partial(stores.ledger.spent, at=NOON, window_seconds=None)
            assert [spent(f"cap:{name}") for name in ("ada", "adam", "bob")] == [0, 0, 1]

        self.everywhere(tmp_path, erase, check)

    def test_an_interrupted_reservation_takes_nothing(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert _spent(stores, 0) == 0

        self.undone(tmp_path, lambda stores: _take(stores, "r-1", 0), check)

    def test_amounts_are_above_nothing(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            for amount in (0.0, -1.0, float("nan"), float("inf")):
                with expecting(BadInput), stores.transaction():
                    stores.ledger.reserve(
                        "k", "r", NOON, limit=9, window_seconds=None, amount=amount
                    )

    def test_many_who_want_the_last_one(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            taken: list[bool] = []

            def grab(buyer: int) -> None:
                for number in range(20):
                    with stores.transaction():
                        taken.append(
                            stores.ledger.reserve(
                                "stock", f"{buyer}-{number}", NOON, limit=50, window_seconds=None
                            )
                        )

            buyers = [Thread(target=grab, args=(buyer,)) for buyer in range(4)]
            for buyer in buyers:
                buyer.start()
            for buyer in buyers:
                buyer.join()
            assert sum(taken) == 50
            assert stores.ledger.spent("stock", NOON, window_seconds=None) == 50

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            _take(stores, "r-1", 0)
