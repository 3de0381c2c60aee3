"""The catalog, the definitions and the models in SQLite."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from wager.domain.content import Item
from wager.domain.definitions import Definition, DefinitionKind
from wager.stores.base import Stored
from wager.stores.codec import definition_from, encoded, item_from
from wager.stores.journal import Journal
from wager.stores.moments import micros, moment
from wager.stores.overlay import Cache, Overlay, Whole
from wager.stores.statements import READS


class Shelf(msgspec.Struct, frozen=True):
    """An item, or the trace that it was deleted, with the number of its last change."""

    changed: int
    item: Item | None


class SqliteCatalog:
    """`Catalog`. Readers keep the whole of it and ask what changed; single items are cached."""

    def __init__(self, journal: Journal, cached: bool) -> None:
        self._journal = journal
        self._shelves: Overlay[str, Shelf] = Overlay(
            journal, self._load, Cache(20_000 if cached else 0, cost=lambda _: 1)
        )
        journal.register(self._shelves)

    def _load(self, item_id: str) -> Shelf | None:
        rows = self._journal.rows("get_item", (item_id,))
        return _shelf(item_id, *rows[0]) if rows else None

    def put(self, items: Iterable[Item]) -> int:
        batch = self._journal.batch()
        count = 0
        for item in items:
            count += 1
            body = encoded(item, f"the item {item.item_id!r}")
            changed = self._journal.next("items")
            self._shelves.staged[item.item_id] = Shelf(changed, item)
            batch.add("put_item", item.item_id, (item.item_id, changed, body))
        return count

    def get(self, item_id: str) -> Item | None:
        shelf = self._shelves.get(item_id)
        return None if shelf is None else shelf.item

    def delete(self, item_id: str) -> bool:
        batch = self._journal.batch()
        if self.get(item_id) is None:
            return False
        changed = self._journal.next("items")
        self._shelves.staged[item_id] = Shelf(changed, None)
        batch.add("put_item", item_id, (item_id, changed, None))
        return True

    def changed(self, after: int = 0) -> tuple[list[Item], list[str], int]:
        if after >= self._journal.last("items"):
            return [], [], after
        waiting, _ = self._shelves.waiting()
        rows = self._journal.read(
            lambda disk: disk.execute(READS["changed_items"], {"after": after}).fetchall()
        )
        found = {item_id: _shelf(item_id, *row) for item_id, *row in rows}
        found |= {key: shelf for key, shelf in waiting.items() if shelf and shelf.changed > after}
        put = [shelf.item for shelf in found.values() if shelf.item is not None]
        gone = [item_id for item_id, shelf in found.items() if shelf.item is None]
        return put, gone, max((shelf.changed for shelf in found.values()), default=after)


def _shelf(item_id: str, changed: int, body: bytes | None) -> Shelf:
    return Shelf(changed, None if body is None else item_from(body, f"the item {item_id!r}"))


class Versions(msgspec.Struct, frozen=True):
    """All that was ever declared under one name, oldest first, and whether it is in force."""

    stored: tuple[Stored, ...]
    live: bool


Named = tuple[DefinitionKind, str]


class SqliteDefinitions:
    """`Definitions`. They are few: all are in memory, and only writes touch the disk."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._versions: Whole[Named, Versions] = Whole(journal, self._load)
        journal.register(self._versions)

    def _load(self) -> dict[Named, Versions]:
        rows = self._journal.read(lambda disk: disk.execute(READS["all_definitions"]).fetchall())
        found: dict[Named, Versions] = {}
        for kind, name, version, at, live, body in rows:
            before = found[kind, name].stored if (kind, name) in found else ()
            definition = definition_from(kind, body, f"{kind} {name!r} version {version}")
            stored = Stored(version=version, at=moment(at), definition=definition)
            found[kind, name] = Versions((*before, stored), live=bool(live))
        return found

    def put(self, kind: DefinitionKind, definition: Definition) -> int:
        known = self._versions.get((kind, definition.name)) or Versions((), live=False)
        if known.live and known.stored[-1].definition == definition:
            return known.stored[-1].version
        stored = Stored(version=len(known.stored) + 1, at=datetime.now(UTC), definition=definition)
        self._write(kind, Versions((*known.stored, stored), live=True))
        return stored.version

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Stored | None:
        known = self._versions.get((kind, name))
        if known is None:
            return None
        if version is None:
            return known.stored[-1] if known.live else None
        return known.stored[version - 1] if 0 < version <= len(known.stored) else None

    def list(self, kind: DefinitionKind) -> list[Stored]:
        return [
            known.stored[-1]
            for (one_kind, _), known in sorted(self._versions.everything().items())
            if one_kind == kind and known.live
        ]

    def delete(self, kind: DefinitionKind, name: str) -> bool:
        known = self._versions.get((kind, name))
        if known is None or not known.live:
            return False
        self._write(kind, Versions(known.stored, live=False))
        return True

    def _write(self, kind: DefinitionKind, versions: Versions) -> None:
        batch = self._journal.batch()
        newest = versions.stored[-1]
        name = newest.definition.name
        body = encoded(newest.definition, f"{kind} {name!r}")
        self._versions.staged[kind, name] = versions
        row = (kind, name, newest.version, micros(newest.at), int(versions.live), body)
        batch.add("put_definition", row[:3], row)


class SqliteModels:
    """`Models`. Bodies are large and read once, so none is cached."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._newest: Overlay[str, tuple[str, bytes]] = Overlay(journal, self._load)
        journal.register(self._newest)

    def _load(self, name: str) -> tuple[str, bytes] | None:
        rows = self._journal.rows("latest_model", (name,))
        return (rows[0][0], rows[0][1]) if rows else None

    def put(self, name: str, version: str, body: bytes) -> None:
        batch = self._journal.batch()
        self._newest.staged[name] = (version, body)
        number = self._journal.next("models")
        batch.add("put_model", (name, version), (name, version, number, body))
        batch.cut("trim_models", [(name, name)])

    def latest(self, name: str) -> tuple[str, bytes] | None:
        return self._newest.get(name)
