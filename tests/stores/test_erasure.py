"""An erased person leaves no trace in the files of the store."""

from pathlib import Path

from msgspec.structs import replace

from wager.domain.identity import Identity
from wager.domain.profiles import Field
from wager.stores.sqlite import SqliteStores
from wager.testing.samples import NOON, decision, event, outcome, profile, quarantined

NEEDLE = "zebedee.haystack"
WHO = Identity("email", f"{NEEDLE}@example.com")


def _traces(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if NEEDLE.encode() in file.read_bytes()]


def _live(stores: SqliteStores, version: int) -> None:
    """One day of a person's life, and a profile that grows."""
    known = profile("who", WHO)
    traits = {f"{NEEDLE}-{n}": Field(f"{NEEDLE} " * 20, "api", NOON) for n in range(version * 9)}
    stores.profiles.put(replace(known, version=version, traits=traits), [WHO])
    seen = replace(event(f"{NEEDLE}-{version}"), identities=(WHO,), traits={"name": NEEDLE})
    stores.events.append(seen, "who")
    bet = decision(f"{NEEDLE}-{version}", profile_id="who")
    stores.decisions.append(replace(bet, identity=(NEEDLE,)))
    stores.decisions.reward([outcome(f"{NEEDLE}-{version}", f"{NEEDLE}-{version}")], [])
    stores.quarantine.put(replace(quarantined(f"q-{version}", WHO), payload=NEEDLE * 500))
    stores.ledger.reserve(f"cap:{NEEDLE}", f"r-{version}", NOON, limit=99, window_seconds=9)


def test_nothing_of_an_erased_person_is_in_the_files(tmp_path: Path) -> None:
    stores = SqliteStores("sqlite:///shop.db", tmp_path / "shop.db")
    for version in range(30):
        with stores.transaction() as commit:
            _live(stores, version)
            stores.events.append(event(f"other-{version}"), "other")
            stores.profiles.put(profile(f"other-{version}"))
        commit.durable.result(60)
    assert _traces(tmp_path)
    with stores.transaction() as commit:
        assert stores.events.erase("who") == 30
        assert stores.decisions.erase("who") == 30
        assert stores.quarantine.erase([WHO]) == 30
        assert stores.ledger.erase(f"cap:{NEEDLE}") == 30
        assert stores.profiles.erase("who")
    commit.durable.result(60)
    assert _traces(tmp_path) == []
    stores.close()
    assert _traces(tmp_path) == []
