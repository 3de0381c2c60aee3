"""How a contract opens the store that it is about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from wager.stores.base import Stores
from wager.stores.open import open_store

WAIT_SECONDS = 60.0


class StoreCase:
    """A store's test names its `url`; `{folder}` is a folder of the test's own.

    A store that forgets when it is closed says `durable = False`.
    """

    url = "memory://"
    durable = True

    def open(self, folder: Path) -> Stores:
        return open_store(self.url.format(folder=folder))

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Stores]:
        stores = self.open(folder)
        try:
            yield stores
        finally:
            stores.close()

    def everywhere(
        self, folder: Path, write: Callable[[Stores], object], check: Callable[[Stores], object]
    ) -> None:
        """What is written must be seen inside its transaction, after it, when it is durable, and
        when the store is opened again."""
        with self.opened(folder) as stores:
            with stores.transaction() as commit:
                write(stores)
                check(stores)
            check(stores)
            commit.durable.result(WAIT_SECONDS)
            check(stores)
        if self.durable:
            with self.opened(folder) as stores:
                check(stores)

    def undone(
        self, folder: Path, write: Callable[[Stores], object], check: Callable[[Stores], object]
    ) -> None:
        """What an exception interrupts must leave nothing."""
        with self.opened(folder) as stores:
            with expecting(Interrupted), stores.transaction():
                write(stores)
                raise Interrupted
            check(stores)
        if self.durable:
            with self.opened(folder) as stores:
                check(stores)


class Interrupted(Exception):
    """Raised by a contract inside a transaction."""


class expecting:
    """Fails unless the block raises this."""

    def __init__(self, kind: type[BaseException]) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        assert kind is not None, f"{self._kind.__name__} should have been raised"
        return issubclass(kind, self._kind)


def write(stores: Stores, *steps: Callable[[], object]) -> None:
    """Each step in a transaction of its own, durable before the next."""
    for step in steps:
        with stores.transaction() as commit:
            step()
        commit.durable.result(WAIT_SECONDS)
