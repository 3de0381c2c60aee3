"""The catalog, the definitions, the models and the limited quantities in memory."""

from collections.abc import Iterable
from datetime import UTC, datetime

from wager.domain.content import Item
from wager.domain.definitions import Definition, DefinitionKind
from wager.stores.accounts import Taken, checked, fits, in_window, until, window_of
from wager.stores.base import Stored
from wager.stores.codec import encoded
from wager.stores.moments import micros
from wager.stores.undo import Undo

Named = tuple[DefinitionKind, str]


class MemoryCatalog:
    """`Catalog`. An item that was deleted leaves None, so that readers hear of it."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._items: dict[str, tuple[int, Item | None]] = {}
        self._last = 0

    def put(self, items: Iterable[Item]) -> int:
        self._undo.check()
        count = 0
        for item in items:
            count += 1
            encoded(item, f"the item {item.item_id!r}")
            self._write(item.item_id, item)
        return count

    def _write(self, item_id: str, item: Item | None) -> None:
        self._last += 1
        self._undo.set(self._items, item_id, (self._last, item))

    def get(self, item_id: str) -> Item | None:
        with self._undo.lock:
            return self._items.get(item_id, (0, None))[1]

    def delete(self, item_id: str) -> bool:
        self._undo.check()
        if self.get(item_id) is None:
            return False
        self._write(item_id, None)
        return True

    def changed(self, after: int = 0) -> tuple[list[Item], list[str], int]:
        if after >= self._last:
            return [], [], after
        with self._undo.lock:
            found = {item_id: row for item_id, row in self._items.items() if row[0] > after}
        put = [item for _, item in found.values() if item is not None]
        gone = [item_id for item_id, (_, item) in found.items() if item is None]
        return put, gone, max((number for number, _ in found.values()), default=after)


class MemoryDefinitions:
    """`Definitions`."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._versions: dict[Named, tuple[Stored, ...]] = {}
        self._live: dict[Named, Stored] = {}

    def put(self, kind: DefinitionKind, definition: Definition) -> int:
        self._undo.check()
        encoded(definition, f"{kind} {definition.name!r}")
        named = (kind, definition.name)
        live = self._live.get(named)
        if live is not None and live.definition == definition:
            return live.version
        before = self._versions.get(named, ())
        stored = Stored(version=len(before) + 1, at=datetime.now(UTC), definition=definition)
        self._undo.set(self._versions, named, (*before, stored))
        self._undo.set(self._live, named, stored)
        return stored.version

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Stored | None:
        with self._undo.lock:
            if version is None:
                return self._live.get((kind, name))
            stored = self._versions.get((kind, name), ())
            return stored[version - 1] if 0 < version <= len(stored) else None

    def list(self, kind: DefinitionKind) -> list[Stored]:
        with self._undo.lock:
            return [stored for named, stored in sorted(self._live.items()) if named[0] == kind]

    def delete(self, kind: DefinitionKind, name: str) -> bool:
        self._undo.check()
        if (kind, name) not in self._live:
            return False
        self._undo.drop(self._live, (kind, name))
        return True


class MemoryModels:
    """`Models`. Only the newest is ever asked for, so only the newest is kept."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._newest: dict[str, tuple[str, bytes]] = {}

    def put(self, name: str, version: str, body: bytes) -> None:
        self._undo.set(self._newest, name, (version, body))

    def latest(self, name: str) -> tuple[str, bytes] | None:
        with self._undo.lock:
            return self._newest.get(name)


class MemoryLedger:
    """`Ledger`, by the definition: a sum over all that was taken. The twin that SQLite's quicker
    sums are compared with."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._taken: dict[str, dict[str, Taken]] = {}  # by key, by reservation
        self._until: dict[tuple[str, str], int] = {}

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
        self._undo.check()
        account = self._taken.setdefault(key, {})
        if reservation in account:
            return True
        spent = self.spent(key, at, window_seconds=window_seconds)
        if not fits(spent, checked(amount), limit):
            return False
        self._undo.set(account, reservation, Taken(reservation, micros(at), amount))
        passes = until(at, window_seconds)
        if passes is not None:
            self._undo.set(self._until, (key, reservation), passes)
        return True

    def release(self, reservation: str) -> bool:
        self._undo.check()
        keys = [key for key, account in self._taken.items() if reservation in account]
        for key in keys:
            self._give_back(key, reservation)
        return bool(keys)

    def _give_back(self, key: str, reservation: str) -> None:
        self._undo.drop(self._taken[key], reservation)
        if (key, reservation) in self._until:
            self._undo.drop(self._until, (key, reservation))

    def spent(self, key: str, at: datetime, *, window_seconds: float | None) -> float:
        end, window = micros(at), window_of(window_seconds)
        with self._undo.lock:
            taken = self._taken.get(key, {}).values()
            return sum(one.amount for one in taken if in_window(one, end, window))

    def erase(self, key_prefix: str) -> int:
        self._undo.check()
        pairs = [
            (key, reservation)
            for key, account in self._taken.items()
            if key.startswith(key_prefix)
            for reservation in account
        ]
        for key, reservation in pairs:
            self._give_back(key, reservation)
        return len(pairs)

    def expire(self, now: datetime) -> int:
        """Retention: delete reservations whose window has passed; how many."""
        self._undo.check()
        passed = [pair for pair, until_ in self._until.items() if until_ < micros(now)]
        for key, reservation in passed:
            self._give_back(key, reservation)
        return len(passed)
