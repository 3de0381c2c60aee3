"""What was written but is not on disk yet, laid over what is, so that every read sees it."""

from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class _Missing(Enum):
    MISSING = 0


MISSING: Final = _Missing.MISSING


class Owner(Protocol):
    """Who may see what a transaction has staged."""

    lock: Lock

    @property
    def read_only(self) -> bool:
        """Whether another process writes, so that nothing may be kept in memory."""

    def mine(self) -> bool:
        """Whether the calling thread is in the transaction that is under way."""


class Cache(Generic[K, V]):
    """The values used last, up to a limit of cost; the rest is read again from disk."""

    def __init__(self, limit: int, cost: Callable[[V], int]) -> None:
        self._limit = limit
        self._cost = cost
        self._used = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        before = self._values.get(key)
        self._used += self._cost(value) - (0 if before is None else self._cost(before))
        self._values[key] = value  # who puts has asked before: it was moved to the end then
        while self._used > self._limit and self._values:
            _, dropped = self._values.popitem(last=False)
            self._used -= self._cost(dropped)

    def drop(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._used -= self._cost(value)

    def clear(self) -> None:
        self._values.clear()
        self._used = 0


class Overlay(Generic[K, V]):
    """The newest value of each key, None where it was deleted.

    A write is `staged` while its transaction runs (its own thread sees it), `open` from the end of
    the transaction (everybody sees it), `flying` while the writer commits it, then on disk alone.
    `load` reads the disk; it is called with the lock held, so that what it returns is the newest.
    """

    def __init__(
        self, owner: Owner, load: Callable[[K], V | None], cache: Cache[K, V] | None = None
    ) -> None:
        self._owner = owner
        self._load = load
        self._cache = cache
        self.staged: dict[K, V | None] = {}
        self._open: dict[K, V | None] = {}
        self._flying: dict[K, V | None] = {}
        self._published = 0

    def get(self, key: K) -> V | None:
        if self.staged and self._owner.mine():
            value = self.staged.get(key, MISSING)
            if value is not MISSING:
                return value
        with self._owner.lock:
            if self._cache is not None:
                cached = self._cache.get(key)
                if cached is not None:
                    return cached
            for layer in (self._open, self._flying):
                value = layer.get(key, MISSING)
                if value is not MISSING:
                    return value
            loaded = self._load(key)
            if loaded is not None and self._cache is not None:
                self._cache.put(key, loaded)
            return loaded

    def cached(self, key: K) -> V | None:
        """The value if it is at hand, however new it is."""
        with self._owner.lock:
            return None if self._cache is None else self._cache.get(key)

    def waiting(self) -> tuple[dict[K, V | None], int]:
        """All that is not on disk yet, as the calling thread may see it, and how often anything
        was published until now."""
        with self._owner.lock:
            found, published = {**self._flying, **self._open}, self._published
        if self.staged and self._owner.mine():
            found.update(self.staged)
        return found, published

    def remember(self, values: dict[K, V], published: int) -> None:
        """Cache what was read from disk after `waiting`, unless something was published since:
        it might be older than what the cache has dropped meanwhile."""
        with self._owner.lock:
            if self._cache is not None and self._published == published:
                for key, value in values.items():
                    self._cache.put(key, value)

    def among(self, keys: set[K]) -> dict[K, V | None]:
        """What is not on disk yet of these keys."""
        found: dict[K, V | None] = {}
        with self._owner.lock:
            for layer in (self._flying, self._open):
                if layer:
                    found.update({key: layer[key] for key in keys & layer.keys()})
        if self.staged and self._owner.mine():
            found.update({key: self.staged[key] for key in keys & self.staged.keys()})
        return found

    # The journal calls what follows, with the lock held.

    def publish(self) -> None:
        """The transaction is over: everybody sees what it wrote."""
        if not self.staged:
            return
        self._published += 1
        self._open.update(self.staged)
        if self._cache is not None:
            for key, value in self.staged.items():
                if value is None:
                    self._cache.drop(key)
                else:
                    self._cache.put(key, value)
        self.staged = {}

    def discard(self) -> None:
        self.staged = {}

    def take_off(self) -> None:
        """The writer begins to commit what is open."""
        self._flying, self._open = self._open, {}

    def land(self) -> None:
        """It is on disk."""
        self._flying = {}

    def reset(self) -> None:
        """A commit failed: only the disk is true."""
        self._open, self._flying = {}, {}
        if self._cache is not None:
            self._cache.clear()


class Whole(Generic[K, V]):
    """A small table, all of it in memory; rows are replaced, never removed."""

    def __init__(self, owner: Owner, load: Callable[[], dict[K, V]]) -> None:
        self._owner = owner
        self._load = load
        self._published: dict[K, V] | None = load()
        self.staged: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        if self.staged and self._owner.mine() and key in self.staged:
            return self.staged[key]
        return self._rows().get(key)

    def everything(self) -> dict[K, V]:
        if self.staged and self._owner.mine():
            return {**self._rows(), **self.staged}
        return self._rows()

    def _rows(self) -> dict[K, V]:
        if self._published is None or self._owner.read_only:
            self._published = self._load()
        return self._published

    # What follows is called with the lock held.

    def set(self, key: K, value: V) -> None:
        """A row that belongs to no transaction, when it is on disk."""
        self._published = {**(self._published or {}), key: value}

    def publish(self) -> None:
        if self.staged:
            self._published = {**(self._published or {}), **self.staged}
            self.staged = {}

    def discard(self) -> None:
        self.staged = {}

    def take_off(self) -> None:
        """What is in memory stays there."""

    def land(self) -> None:
        """What is in memory stays there."""

    def reset(self) -> None:
        self._published = None
