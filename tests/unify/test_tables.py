"""A table tells which entries changed, whatever was done to it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.domain.tables import Table, differing

NAMES = st.sampled_from("abcd")
DEEDS = st.lists(st.tuples(st.sampled_from(("set", "delete", "pop")), NAMES), max_size=12)


def _change(table: Table[object], deeds: list[tuple[str, str]]) -> None:
    for deed, name in deeds:
        if deed == "set":
            table[name] = object()
        elif deed == "pop":
            table.pop(name)
        elif name in table:
            del table[name]


@given(first=DEEDS, second=DEEDS, third=DEEDS)
def test_every_entry_that_differs_is_told(
    first: list[tuple[str, str]],
    second: list[tuple[str, str]],
    third: list[tuple[str, str]],
) -> None:
    old = Table[object]({})
    _change(old, first)
    middle = Table(old)
    _change(middle, second)
    new = Table(middle)
    _change(new, third)
    # Also over two copies, where the newest remembers only its own, and from a plain table.
    for before, after in ((middle, new), (old, new), (dict(old), middle), (old, dict(new))):
        moved = {name for name in {*before, *after} if before.get(name) is not after.get(name)}
        assert moved <= set(differing(before, after))
    assert differing(old, old) == ()


def test_what_would_go_unnoticed_is_refused() -> None:
    table = Table({"a": 1})
    for change in (table.update, table.setdefault, table.popitem, table.clear):
        with pytest.raises(TypeError, match="entry by entry"):
            change()
    with pytest.raises(TypeError, match="entry by entry"):
        table |= {"b": 2}
    assert table == {"a": 1}


def test_a_table_is_written_like_any_other() -> None:
    assert msgspec.msgpack.encode(Table({"a": 1})) == msgspec.msgpack.encode({"a": 1})
