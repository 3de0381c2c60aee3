"""A table of a profile that knows which of its entries changed since the one it was copied from."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

V = TypeVar("V")


class Table(dict[str, V]):
    """A copy of a table, open for change; whoever asks later need not compare all entries.

    >>> old = Table({"a": 1, "b": 2, "c": 3})
    >>> new = Table(old)
    >>> new["b"] = 5
    >>> del new["c"]
    >>> sorted(differing(old, new))
    ['b', 'c']
    """

    __slots__ = ("mark", "since", "touched")

    def __init__(self, since: Mapping[str, V]) -> None:
        dict.__init__(self, since)
        self.touched: set[str] = set()
        self.mark = object()  # what a copy remembers of it, so that it need not outlive its use
        self.since = since.mark if type(since) is Table else None

    def __setitem__(self, key: str, value: V) -> None:
        dict.__setitem__(self, key, value)
        self.touched.add(key)

    def __delitem__(self, key: str) -> None:
        dict.__delitem__(self, key)
        self.touched.add(key)

    def pop(self, key: str, default: V | None = None) -> V | None:  # type: ignore[override]
        """Take an entry out, if it is there."""
        self.touched.add(key)
        return super().pop(key, default)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a table is changed entry by entry, so that it knows what changed")

    update = setdefault = popitem = clear = __ior__ = _refuse


def differing(old: Mapping[str, object], new: Mapping[str, object]) -> Collection[str]:
    """The names of all entries that are not the same in both, and perhaps of some that are.

    Entries are compared by identity, because a fold keeps those that it does not touch.
    """
    if old is new:
        return ()
    if type(new) is Table and type(old) is Table and new.since is old.mark:
        return new.touched
    known = old.get
    found = {key for key, one in new.items() if known(key) is not one}
    return found | (old.keys() - new.keys())
