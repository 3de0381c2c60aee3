"""Stores are opened by URL."""

from pathlib import Path

from wager.errors import BadInput
from wager.stores.base import Stores
from wager.stores.memory import MemoryStores
from wager.stores.sqlite import SqliteStores

MEMORY = "memory://"
KNOWN = (MEMORY, "sqlite:///FILE (relative)", "sqlite:////FOLDER/FILE (absolute)")


def open_store(url: str, *, read_only: bool = False) -> Stores:
    """The store that a URL names; `read_only` looks at one that another process may own."""
    if url == MEMORY:
        return MemoryStores()
    return SqliteStores(url, path_of(url), read_only=read_only)


def path_of(url: str) -> Path:
    """The file of a store that has one.

    >>> path_of("sqlite:///shop.db"), path_of("sqlite:////srv/shop.db")
    (PosixPath('shop.db'), PosixPath('/srv/shop.db'))
    """
    scheme, separator, rest = url.partition("://")
    if scheme != "sqlite" or not separator:
        raise BadInput(f"{url!r} names no store that is known; known are: {', '.join(KNOWN)}")
    if not rest.startswith("/") or not rest.strip("/") or rest.endswith("/"):
        raise BadInput(f"{url!r} names no file; write sqlite:///shop.db or sqlite:////srv/shop.db")
    return Path(rest[1:])
