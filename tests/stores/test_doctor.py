"""The doctor finds each way in which a store can be wrong, and nothing where it is whole."""

import os
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from wager.domain.decisions import Decision
from wager.domain.definitions import Goal
from wager.errors import BadInput
from wager.stores import doctor
from wager.stores.codec import encoded, squeezed
from wager.stores.doctor import COUNTED, READ, check
from wager.stores.open import open_store
from wager.stores.schema import NEWEST
from wager.testing.samples import (
    ADA,
    BOB,
    NOON,
    decision,
    event,
    item,
    minutes,
    outcome,
    profile,
    quarantined,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with something of everything, and nothing wrong."""
    stores = open_store(f"sqlite:///{tmp_path}/shop.db")
    with stores.transaction():
        for number in range(300):
            stores.events.append(event(f"m-{number}"), "ada")
        merged = replace(profile("bob"), merged_into="ada")
        stores.profiles.put(replace(profile("ada", ADA), segments=("b", "a")), [ADA, BOB])
        stores.profiles.put(merged)
        stores.quarantine.put(quarantined("q-1", ADA))
        stores.catalog.put([item("p-1"), item("p-2")])
        stores.catalog.delete("p-2")
        stores.decisions.append(decision("d-1"))
        stores.decisions.append(decision("d-2"))
        stores.decisions.reward([outcome("d-1")], [("d-1", "won", 1.0, minutes(5))])
        stores.definitions.put("goals", Goal(name="buy", event="Order Completed"))
        stores.ledger.reserve("cap", "r-1", NOON, limit=9, window_seconds=60)
        stores.models.put("crowd", "c-1", b"body")
    stores.close()
    return tmp_path / "shop.db"


def _broken(path: Path, sql: str, *values: object) -> list[str]:
    """The codes of what is found after a change that no store would make."""
    other = sqlite3.connect(path)
    other.execute(sql, values)
    other.commit()
    other.close()
    found = check(f"sqlite:///{path}")
    assert all(finding.what and finding.way_out for finding in found)
    return [finding.code for finding in found]


def _body(bet: Decision) -> bytes:
    return squeezed(encoded(bet, "a bet"))


def _with_propensity(propensity: float) -> bytes:
    bet = decision("d-1")
    return _body(replace(bet, choices=(replace(bet.choices[0], propensity=propensity),)))


DAMAGES: dict[str, tuple[str, *tuple[object, ...]]] = {
    "links_to_nobody": ("INSERT INTO links VALUES ('eve@x', 'email', 'eve')",),
    "changes_of_nobody": ("INSERT INTO changes VALUES ('eve', 1, x'')",),
    "events_of_nobody": ("UPDATE events SET profile_id = 'eve' WHERE sequence = 3",),
    "heads_without_body": ("DELETE FROM bodies WHERE number = 1",),
    "bodies_without_head": ("INSERT INTO bodies VALUES (77, ?)", _body(decision("d-9"))),
    "outcomes_of_nothing": ("UPDATE outcomes SET number = 77",),
    "unsettled_states": ("UPDATE decisions SET state = 'won' WHERE decision_id = 'd-2'",),
    "odd_amounts": ("UPDATE ledger SET amount = 0",),
    "missing_versions": ("UPDATE definitions SET version = 2",),
    "counters_behind": ("UPDATE counters SET value = 1 WHERE name = 'events'",),
    "undecodable": ("UPDATE profiles SET body = x'c1' WHERE profile_id = 'ada'",),
    "mislabelled": ("UPDATE items SET item_id = 'p-9' WHERE item_id = 'p-1'",),
    "impossible_odds": ("UPDATE bodies SET body = ? WHERE number = 1", _with_propensity(1.5)),
    "lost_ids": ("DELETE FROM links WHERE profile_id = 'ada' AND kind = 'email'",),
    "merged_into_nothing": ("UPDATE profiles SET merged_into = 'eve' WHERE profile_id = 'bob'",),
    "merged_in_a_circle": ("UPDATE profiles SET merged_into = 'bob' WHERE profile_id = 'bob'",),
}


def test_a_whole_store_has_no_findings(path: Path) -> None:
    shares: list[float] = []
    assert check(f"sqlite:///{path}", shares.append) == []
    assert shares[-1] == 1.0


def test_every_kind_of_finding_has_its_damage() -> None:
    assert DAMAGES.keys() == COUNTED.keys() | READ.keys()


@pytest.mark.parametrize("code", DAMAGES)
def test_damage_is_found(code: str, path: Path) -> None:
    assert code in _broken(path, *DAMAGES[code])


@pytest.mark.parametrize("propensity", [0.0, -0.1, float("nan"), 1.0000001])
def test_odds_outside_what_is_possible(propensity: float, path: Path) -> None:
    sql = "UPDATE bodies SET body = ? WHERE number = 1"
    assert _broken(path, sql, _with_propensity(propensity)) == ["impossible_odds"]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE events SET body = x'93' WHERE sequence = 2", "sequence 2"),
        ("UPDATE bodies SET body = x'09' WHERE number = 1", "'d-1'"),
        ("UPDATE bodies SET body = x'0178' WHERE number = 1", "'d-1'"),
        ("INSERT INTO changes VALUES ('ada', 1, x'c1')", "'ada'"),
        ("UPDATE quarantine SET body = x''", "'q-1'"),
        ("UPDATE items SET body = x'80' WHERE item_id = 'p-1'", "'p-1'"),
        ("UPDATE definitions SET body = x'01'", "goals 'buy'"),
        ("UPDATE definitions SET kind = 'wishes'", "wishes 'buy'"),
        ("UPDATE profiles SET segments = ' c ' WHERE profile_id = 'ada'", "'ada'"),
    ],
)
def test_rows_that_cannot_be_read_are_named(sql: str, what: str, path: Path) -> None:
    _broken(path, sql)
    (found,) = check(f"sqlite:///{path}")
    assert found.code in ("undecodable", "mislabelled")
    assert what in found.what and "wager restore" in found.way_out


def test_a_circle_of_two(path: Path) -> None:
    _broken(path, "UPDATE profiles SET merged_into = 'bob' WHERE profile_id = 'ada'")
    (first, second) = check(f"sqlite:///{path}")
    assert {first.code, second.code} == {"mislabelled", "merged_in_a_circle"}
    assert "2 profiles were merged into one another" in (first.what + second.what)


def test_a_damaged_file(path: Path) -> None:
    body = bytearray(path.read_bytes())
    for page in range(4, 20):
        body[page * 8192 : page * 8192 + 600] = os.urandom(600)
    path.write_bytes(body)
    assert [found.code for found in check(f"sqlite:///{path}")] == ["damaged"]


def test_a_file_whose_head_is_gone(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[:100] = b"\x00" * 100
    path.write_bytes(body)
    (found,) = check(f"sqlite:///{path}")
    assert found.severity == "error" and "wager restore" in found.way_out


def test_a_file_that_was_cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 8192 * 5])
    (found,) = check(f"sqlite:///{path}")
    assert found.code in ("damaged", "unusable") and "malformed" in found.what


def test_no_file_an_empty_one_and_one_of_the_future(path: Path) -> None:
    nowhere = path.with_name("nowhere.db")
    (found,) = check(f"sqlite:///{nowhere}")
    assert found.code == "unusable" and "there is no store" in found.what
    nowhere.touch(mode=0o600)
    assert [one.code for one in check(f"sqlite:///{nowhere}")] == ["empty"]
    assert _broken(path, f"PRAGMA user_version = {NEWEST + 1}") == ["store-too-new"]
    with pytest.raises(BadInput):
        check("memory://")


def test_what_is_around_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.chmod(0o644)
    stores = open_store(f"sqlite:///{path}")
    with stores.transaction() as commit:
        stores.events.append(event("late"), "ada")
    commit.durable.result(60)
    monkeypatch.setattr(doctor, "LARGE_LOG", 1000)
    found = {one.code: one for one in check(f"sqlite:///{path}")}
    assert found.keys() == {"in_use", "readable_by_others", "large_log"}
    assert f"process {os.getpid()}" in found["in_use"].what
    assert {one.severity for one in found.values()} == {"note", "warning"}
    stores.close()
