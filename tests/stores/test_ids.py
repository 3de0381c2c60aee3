"""Ids that are counted up need no look at the disk, and no id is ever used twice."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.errors import Conflict
from wager.stores.ids import Counted
from wager.stores.open import open_store
from wager.stores.sqlite_decisions import SqliteDecisions
from wager.testing.samples import decision

BEGINNINGS = st.sampled_from(["a-", "ab-", "", "a-0000000", "b" * 24])
NAMES = st.builds(lambda begins, number: f"{begins}{number:08}", BEGINNINGS, st.integers(0, 30))


@given(st.lists(NAMES | st.text("a-01", max_size=12)), st.sets(NAMES))
def test_what_was_used_is_never_new(names: list[str], before: set[str]) -> None:
    used = set(before)
    ids = Counted(lambda begins: max((n for n in used if n.startswith(begins)), default=""))
    for name in names:
        assert not (ids.is_new(name) and name in used)
        used.add(name)


def test_ids_in_a_row_are_looked_up_twice_at_most() -> None:
    looked_up: list[str] = []

    def highest(begins: str) -> str:
        looked_up.append(begins)
        return ""

    ids = Counted(highest)
    new = [ids.is_new(f"{begins}{number:08}") for number in range(99) for begins in ("p-", "q-")]
    assert new == [False] * len(new), "two that take turns are never in a row"
    new = [ids.is_new(f"p-{number:08}") for number in range(100, 200)]
    assert new == [False] * 2 + [True] * 98
    assert looked_up == ["p-"]


def test_a_used_id_is_refused_whoever_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    stores = open_store(url)
    for number in (1, 2, 3, 4, 9):
        with stores.transaction():
            stores.decisions.append(decision(f"shop-{number:08}"))
    stores.close()
    stores = open_store(url)
    asked: list[str] = []
    honest = SqliteDecisions._is_taken

    def counted(self: SqliteDecisions, decision_id: str) -> bool:
        asked.append(decision_id)
        return honest(self, decision_id)

    monkeypatch.setattr(SqliteDecisions, "_is_taken", counted)
    for number in (5, 6, 7, 8):  # 9 is there, so none of these is surely new
        with stores.transaction():
            stores.decisions.append(decision(f"shop-{number:08}"))
    assert len(asked) == 4
    for number in (1, 5, 9):
        with pytest.raises(Conflict), stores.transaction():
            stores.decisions.append(decision(f"shop-{number:08}"))
    with stores.transaction():
        stores.decisions.append(decision("shop-00000010"))
    with pytest.raises(Conflict), stores.transaction():
        stores.decisions.append(decision("shop-00000010"))
    assert asked[-1] == "shop-00000010" and asked.count("shop-00000010") == 1
    stores.close()
