"""A large profile that changes little is written little."""

import sqlite3
from pathlib import Path

from msgspec.structs import fields, replace

from wager.domain.profiles import TABLES, Profile, Purchase
from wager.stores.open import open_store
from wager.testing.samples import ADA, minutes, profile


def _large(purchases: int = 400) -> Profile:
    bought = {f"item-{number}": Purchase(1, 1.0, minutes(number)) for number in range(purchases)}
    return replace(profile("ada", ADA), purchases=bought)


def test_every_table_of_a_profile_is_known() -> None:
    tables = {field.name for field in fields(Profile) if field.default_factory is dict}
    assert tables == {*TABLES}


def test_a_little_change_is_a_few_bytes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    before = _large()
    stores = open_store(url)
    with stores.transaction():
        stores.profiles.put(before, [ADA])
    sizes = []
    for number in range(1, 41):
        more = {**before.purchases, f"item-{number}": Purchase(2, 2.0, minutes(999))}
        before = replace(before, version=number, purchases=more)
        with stores.transaction() as commit:
            stores.profiles.put(before)
        commit.durable.result(60)
        sizes.append(_sizes(tmp_path / "shop.db"))
    stores.close()
    whole = {body for body, _ in sizes}
    assert min(whole) > 10_000 and len(whole) <= 3  # written whole once in many changes
    assert sizes[0][1] < 300 and max(told for _, told in sizes) < min(whole) / 7


def test_a_change_of_everything_is_written_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    stores = open_store(url)
    with stores.transaction():
        stores.profiles.put(_large())
    with stores.transaction():
        stores.profiles.put(replace(_large(), version=1))
    stores.close()
    assert _sizes(tmp_path / "shop.db")[1] == 0
    stores = open_store(url)
    assert stores.profiles.get("ada") == replace(_large(), version=1)
    stores.close()


def _sizes(path: Path) -> tuple[int, int]:
    """Bytes of the whole body, and of what stands beside it."""
    connection = sqlite3.connect(path)
    (body,) = connection.execute("SELECT length(body) FROM profiles").fetchone()
    told = connection.execute("SELECT sum(length(body)) FROM changes").fetchone()
    connection.close()
    return body, (told[0] or 0) if told else 0
