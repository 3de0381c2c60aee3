"""Limited quantities in SQLite: sums are kept in memory, changes are rows."""

from collections.abc import Sequence
from datetime import datetime

from wager.stores.accounts import Account, Taken, checked, fits, in_window, until, window_of
from wager.stores.journal import Journal
from wager.stores.moments import micros
from wager.stores.overlay import Overlay
from wager.stores.retention import EXPIRE_AT_ONCE
from wager.stores.statements import READS

_ENTRIES = 500_000  # in memory at once: about 150 MB
Pairs = Sequence[tuple[str, str]]  # key and reservation


class SqliteLedger:
    """`Ledger`. An account is loaded when its key is first asked for and dropped when there are
    too many; what a transaction takes is applied to it when the transaction is published."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._reserved: Overlay[str, tuple[str, ...]] = Overlay(journal, self._load_keys)
        self._accounts: dict[str, Account] = {}
        self._entries = 0
        self._staged: dict[str, list[Taken]] = {}
        self._open: set[str] = set()  # keys with changes that the writer has not taken yet
        journal.register(self._reserved)
        journal.register(self)

    def _load_keys(self, reservation: str) -> tuple[str, ...] | None:
        rows = self._journal.rows("reservation_keys", (reservation,))
        return tuple(key for (key,) in rows) or None

    def _account(self, key: str) -> Account:
        """The account as published; the caller holds the lock."""
        account = self._accounts.get(key)
        if account is None or self._journal.read_only:
            rows = self._journal.rows("account_entries", (key,))
            account = Account([Taken(*row) for row in rows])
            self._accounts[key] = account
            self._entries += 1 + len(account)
        return account

    def reserve(
        self,
        key: str,
        reservation: str,
        at: datetime,
        *,
        limit: float,
        window_seconds: float | None,
        amount: float = 1.0,
    ) -> bool:
        batch = self._journal.batch()
        keys = self._reserved.get(reservation) or ()
        if key in keys:
            return True
        spent = self.spent(key, at, window_seconds=window_seconds)
        if not fits(spent, checked(amount), limit):
            return False
        change = Taken(reservation, micros(at), amount)
        self._staged.setdefault(key, []).append(change)
        self._reserved.staged[reservation] = (*keys, key)
        row = (key, reservation, change.at, amount, until(at, window_seconds))
        batch.add("insert_reservation", (reservation, key), row)
        return True

    def spent(self, key: str, at: datetime, *, window_seconds: float | None) -> float:
        end, window = micros(at), window_of(window_seconds)
        with self._journal.lock:
            spent = self._account(key).spent(end, window)
        if self._staged and self._journal.mine():
            changes = self._staged.get(key, ())
            spent += sum(change.amount for change in changes if in_window(change, end, window))
        return spent

    def release(self, reservation: str) -> bool:
        keys = self._reserved.get(reservation) or ()
        self._give_back([(key, reservation) for key in keys])
        return bool(keys)

    def erase(self, key_prefix: str) -> int:
        values = {"prefix": key_prefix}
        pairs: Pairs = self._journal.settled_read(
            lambda disk: disk.execute(READS["keys_with_prefix"], values).fetchall()
        )
        self._give_back(pairs)
        self._journal.batch().scrub = True
        return len(pairs)

    def expire(self, now: datetime) -> int:
        """Retention: delete a bounded number of reservations whose window has passed."""
        values = {"before": micros(now), "limit": EXPIRE_AT_ONCE}
        pairs: Pairs = self._journal.settled_read(
            lambda disk: disk.execute(READS["passed_reservations"], values).fetchall()
        )
        self._give_back(pairs)
        return len(pairs)

    def _give_back(self, pairs: Pairs) -> None:
        batch = self._journal.batch()
        for key, reservation in pairs:
            taken = self._taken(key, reservation)
            back = Taken(reservation, taken.at, -taken.amount)
            self._staged.setdefault(key, []).append(back)
            left = tuple(one for one in self._reserved.get(reservation) or () if one != key)
            self._reserved.staged[reservation] = left or None
        batch.cut("delete_reservation", [(reservation, key) for key, reservation in pairs])

    def _taken(self, key: str, reservation: str) -> Taken:
        for change in reversed(self._staged.get(key, ())):
            if change.reservation == reservation:
                return change
        with self._journal.lock:
            return self._account(key).entries[reservation]

    # The journal calls what follows, with the lock held.

    def publish(self) -> None:
        for key, changes in self._staged.items():
            account = self._account(key)
            for change in changes:
                account.apply(change)
            self._entries += len(changes)
            self._open.add(key)
        self._staged = {}

    def discard(self) -> None:
        self._staged = {}

    def take_off(self) -> None:
        self._open = set()

    def land(self) -> None:
        """What is on disk may be forgotten where there is too much of it."""
        if self._entries > _ENTRIES:
            self._accounts = {key: self._accounts[key] for key in self._open}
            self._entries = sum(1 + len(account) for account in self._accounts.values())

    def reset(self) -> None:
        self._accounts, self._open, self._entries = {}, set(), 0
