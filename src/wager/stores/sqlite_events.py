"""The event log and the quarantine in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import msgspec

from wager.domain.events import Event, Quarantined, StoredEvent
from wager.domain.identity import Identity
from wager.errors import BadInput, Conflict
from wager.stores.base import EventQuery
from wager.stores.codec import encoded, event_from, quarantined_from
from wager.stores.journal import Journal
from wager.stores.moments import micros
from wager.stores.overlay import Cache, Overlay
from wager.stores.retention import EXPIRE_AT_ONCE, KNOWN_AFTER_EXPIRY
from wager.stores.statements import READS, in_chunks, joined

_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_FEW = 64  # message ids that are asked for on the connection for single rows
Rows = list[tuple[object, ...]]


class SqliteEvents:
    """`EventLog`. Which ids are on their way is kept in memory; lists are asked of the disk."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: Overlay[str, bool] = Overlay(journal, lambda _: None)
        journal.register(self._known)
        self._any_expired = journal.read(_is_any_expired)

    def seen(self, message_ids: Sequence[str]) -> set[str]:
        wanted = set(message_ids)
        waiting = self._known.among(wanted)
        found = {message_id for message_id, known in waiting.items() if known}
        rest = sorted(wanted - waiting.keys())
        if len(rest) > _FEW:
            found.update(self._journal.read(lambda disk: self._on_disk(disk, rest)))
        elif rest:
            with self._journal.lock:
                found.update(self._journal.single(lambda disk: self._on_disk(disk, rest)))
        return found

    def _on_disk(self, disk: sqlite3.Connection, message_ids: Sequence[str]) -> set[str]:
        """Which of these are on disk: first where they are before they expire, then where after."""
        asked = in_chunks("seen", message_ids)
        if self._any_expired or self._journal.read_only:
            asked += in_chunks("seen_expired", message_ids)
        found: set[str] = set()
        for sql, values in asked:
            found.update(_TEXTS.decode(disk.execute(sql, values).fetchone()[0]))
        return found

    def append(self, event: Event, profile_id: str, settled: tuple[str, ...] = ()) -> int:
        batch = self._journal.batch()
        message_id = event.message_id
        if self._known.staged.get(message_id):
            raise Conflict(f"the message {message_id!r} is in this transaction already")
        body = encoded(event, f"the event {message_id!r}")
        sequence = self._journal.next("events")
        self._known.staged[message_id] = True
        batch.add(
            "insert_event",
            sequence,
            (
                sequence,
                message_id,
                profile_id,
                event.name,
                micros(event.received_at),
                msgspec.json.encode(settled).decode() if settled else None,
                body,
            ),
        )
        return sequence

    def read(self, query: EventQuery) -> list[StoredEvent]:
        parts = ["read_events"]
        if query.profile_id is not None:
            parts.append("events_of_profile")
        if query.name is not None:
            parts.append("events_of_name")
        if query.before is not None:
            parts.append("events_before")
        parts.append("newest_events" if query.newest_first else "oldest_events")
        sql, values = joined(*parts), msgspec.structs.asdict(query)
        rows = self._journal.settled_read(lambda disk: disk.execute(sql, values).fetchall())
        return [_stored(*row) for row in rows]

    def move(self, from_profile: str, to_profile: str, only: Sequence[int] | None = None) -> None:
        batch = self._journal.batch()
        if only is None:
            batch.cut("move_events", [(to_profile, from_profile)])
        else:
            batch.cut("move_event", [(to_profile, from_profile, one) for one in only])

    def erase(self, profile_id: str) -> int:
        batch = self._journal.batch()
        ids = self._journal.settled_read(
            lambda disk: disk.execute(READS["message_ids"], {"profile_id": profile_id}).fetchall()
        )
        self._known.staged.update({message_id: None for (message_id,) in ids})
        batch.cut("erase_events", [(profile_id,)])
        batch.scrub = True
        return len(ids)

    def expire(self, before: datetime) -> int:
        batch = self._journal.batch()
        values = {"before": micros(before), "limit": EXPIRE_AT_ONCE}
        rows = self._journal.settled_read(
            lambda disk: disk.execute(READS["old_events"], values).fetchall()
        )
        for _, message_id, received_at in rows:
            batch.add("put_expired", message_id, (message_id, received_at))
        self._any_expired = self._any_expired or bool(rows)
        batch.cut("delete_event", [(sequence,) for sequence, _, _ in rows])
        batch.cut("forget_expired", [(micros(before - KNOWN_AFTER_EXPIRY),)])
        return len(rows)


def _is_any_expired(disk: sqlite3.Connection) -> bool:
    return bool(disk.execute(READS["any_expired"]).fetchone()[0])


def _stored(sequence: int, profile_id: str, settled: str | None, body: bytes) -> StoredEvent:
    return StoredEvent(
        sequence=sequence,
        profile_id=profile_id,
        event=event_from(body, f"the event with the sequence {sequence}"),
        settled=_TEXTS.decode(settled) if settled else (),
    )


class SqliteQuarantine:
    """`Quarantine`: few rows, so lists wait for the disk."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._entries: Overlay[str, Quarantined] = Overlay(
            journal, self._load, Cache(1_000, cost=lambda _: 1)
        )
        journal.register(self._entries)

    def _load(self, quarantine_id: str) -> Quarantined | None:
        rows = self._journal.rows("get_quarantined", (quarantine_id,))
        what = f"the quarantined event {quarantine_id!r}"
        return quarantined_from(rows[0][0], what) if rows else None

    def put(self, entry: Quarantined) -> None:
        batch = self._journal.batch()
        body = encoded(entry, f"the quarantined event {entry.quarantine_id!r}")
        names = msgspec.json.encode(entry.identities).decode()
        self._entries.staged[entry.quarantine_id] = entry
        row = (entry.quarantine_id, names, micros(entry.at), body)
        batch.add("put_quarantined", entry.quarantine_id, row)

    def get(self, quarantine_id: str) -> Quarantined | None:
        return self._entries.get(quarantine_id)

    def list(self, *, after: str = "", limit: int = 100) -> list[Quarantined]:
        rows = self._journal.settled_read(lambda disk: _page(disk, after, limit))
        return [quarantined_from(body) for (body,) in rows]

    def remove(self, quarantine_id: str) -> bool:
        if self._entries.get(quarantine_id) is None:
            return False
        self._take_out([(quarantine_id,)])
        return True

    def erase(self, identities: Sequence[Identity]) -> int:
        batch = self._journal.batch()
        values = {"identities": msgspec.json.encode(identities).decode()}
        rows = self._journal.settled_read(
            lambda disk: disk.execute(READS["quarantine_naming"], values).fetchall()
        )
        self._take_out(rows)
        batch.scrub = True
        return len(rows)

    def expire(self, before: datetime) -> int:
        """Retention: delete a bounded number of entries from before a moment; how many."""
        values = {"before": micros(before), "limit": EXPIRE_AT_ONCE}
        rows = self._journal.settled_read(
            lambda disk: disk.execute(READS["old_quarantine"], values).fetchall()
        )
        self._take_out(rows)
        return len(rows)

    def _take_out(self, rows: Sequence[tuple[str]]) -> None:
        self._entries.staged.update({quarantine_id: None for (quarantine_id,) in rows})
        self._journal.batch().cut("delete_quarantined", [*rows])


def _page(disk: sqlite3.Connection, after: str, limit: int) -> Rows:
    below = 2**62
    if after:
        row = disk.execute(READS["quarantine_number"], {"after": after}).fetchone()
        if row is None:
            raise BadInput(f"nothing in quarantine has the id {after!r}; start at the first page")
        below = row[0]
    return disk.execute(READS["list_quarantine"], {"below": below, "limit": limit}).fetchall()
