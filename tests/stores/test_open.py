"""Stores are opened by URL, and what cannot be opened says why."""

import sqlite3
import stat
from pathlib import Path

import pytest

import wager
from wager.errors import BadInput, StoreError, StoreTooNew
from wager.stores.open import open_store
from wager.stores.schema import NEWEST
from wager.testing.samples import event


@pytest.mark.parametrize(
    "url", ["", "shop.db", "postgresql://host/shop", "sqlite:/shop.db", "mysql:///x"]
)
def test_an_unknown_scheme_names_the_known_ones(url: str) -> None:
    with pytest.raises(BadInput, match=r"memory://, sqlite:///FILE"):
        open_store(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://shop.db", "sqlite:///data/"])
def test_a_url_without_a_file_says_how_to_write_it(url: str) -> None:
    with pytest.raises(BadInput, match=r"write sqlite:///shop.db"):
        open_store(url)


def test_a_relative_path_and_its_folder_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stores = open_store("sqlite:///data/shop.db")
    stores.close()
    file = tmp_path / "data" / "shop.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/shop.db")


def test_looking_at_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        open_store(f"sqlite:///{tmp_path}/shop.db", read_only=True)
    assert not (tmp_path / "shop.db").exists()


def test_a_store_of_the_future_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    open_store(f"sqlite:///{path}").close()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {NEWEST + 1}")
    other.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreTooNew, match=f"version {NEWEST + 1}, .* upgrade wager"):
            open_store(f"sqlite:///{path}", read_only=read_only)
    assert path.read_bytes() == before


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE precious (thing)")
    other.close()
    with pytest.raises(StoreError, match="no store of wager"):
        open_store(f"sqlite:///{path}")


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ada, " * 1000)
    with pytest.raises(StoreError, match=r"letter\.txt"):
        open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear Ada")


def test_a_store_that_could_not_be_opened_is_let_go(tmp_path: Path) -> None:
    """A definition that cannot be read stops the opening; mended, the store opens."""
    path = tmp_path / "shop.db"
    open_store(f"sqlite:///{path}").close()
    other = sqlite3.connect(path)
    other.execute("INSERT INTO definitions VALUES ('goals', 'buy', 1, 0, 1, x'c1')")
    other.commit()
    with pytest.raises(StoreError, match="goals 'buy' version 1 cannot be read"):
        open_store(f"sqlite:///{path}")
    other.execute("DELETE FROM definitions")
    other.commit()
    other.close()
    stores = open_store(f"sqlite:///{path}")
    with stores.transaction() as commit:
        stores.events.append(event("m-1"), "ada")
    commit.durable.result(60)
    stores.close()


def test_what_was_learnt_and_cannot_be_read_is_said_and_the_store_let_go(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    stores = open_store(url)
    with stores.transaction():
        stores.models.put("learnt", "m1", b"\xc1")
    stores.close()
    for _ in range(2):  # the second would find it locked, had the first not let go
        with pytest.raises(StoreError, match="what was learnt cannot be read from sqlite"):
            wager.open(url)
