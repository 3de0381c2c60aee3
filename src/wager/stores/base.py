"""The doors to our own memory: small protocols that memory, SQLite and PostgreSQL stand behind.

Every write happens inside `with stores.transaction() as commit:`; a read, in or out of a
transaction, sees everything written before it, also what is not yet durable. Transactions of one
process run one after the other. Leaving the block hands the writes over as one unit, in order:
`commit.durable` completes (result None) when they are on disk, or fails with `StoreFailed`. An
exception inside the block leaves nothing written. Reads are answered by the calling thread.
"""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from wager.domain.content import Item
from wager.domain.decisions import Decision, LoggedDecision, Outcome
from wager.domain.definitions import Definition, DefinitionKind
from wager.domain.events import Event, Quarantined, StoredEvent
from wager.domain.identity import Identity
from wager.domain.profiles import Profile


class Commit(msgspec.Struct):
    """One transaction under way; `durable` completes when it is on disk."""

    durable: Future[None]


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: `after` is a sequence (oldest first), `newest_first` turns the order."""

    profile_id: str | None = None
    name: str | None = None
    after: int = 0
    before: int | None = None
    newest_first: bool = False
    limit: int = 1000


class EventLog(Protocol):
    def seen(self, message_ids: Sequence[str]) -> set[str]:
        """Those of the message ids that are in the log already."""

    def append(self, event: Event, profile_id: str, settled: tuple[str, ...] = ()) -> int:
        """Write one event; the caller has asked `seen` in the same transaction. Its sequence: the
        next one after the last, within one transaction without a gap."""

    def read(self, query: EventQuery) -> list[StoredEvent]:
        """Events in the order of arrival."""

    def move(self, from_profile: str, to_profile: str, only: Sequence[int] | None = None) -> None:
        """A merge: all events of one profile now belong to the other; with `only`, the sequences
        of those that do: a merge that is undone."""

    def erase(self, profile_id: str) -> int:
        """Delete every event of a profile; how many there were."""

    def expire(self, before: datetime) -> int:
        """Delete events received before a moment (retention), a bounded number at a time; how
        many, 0 when none is left. Their message ids stay known for another 90 days."""


class Quarantine(Protocol):
    def put(self, entry: Quarantined) -> None: ...

    def get(self, quarantine_id: str) -> Quarantined | None: ...

    def list(self, *, after: str = "", limit: int = 100) -> list[Quarantined]:
        """Newest first; `after` is the quarantine id that the last page ended with."""

    def remove(self, quarantine_id: str) -> bool:
        """Take one out (it was replayed or deleted); False if it is not there."""

    def erase(self, identities: Sequence[Identity]) -> int:
        """Delete the entries that name any of the identities."""


class ProfileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which profiles: whose identity value starts with `prefix`, in a segment; pages by cursor."""

    prefix: str = ""
    segment: str | None = None
    after: str = ""
    limit: int = 50


class Profiles(Protocol):
    def find(self, identities: Sequence[Identity]) -> dict[Identity, str]:
        """The profile id that each identity is linked to; unknown ones are absent."""

    def get(self, profile_id: str) -> Profile | None:
        """The profile as last put; a merged one is returned as it is (with `merged_into`)."""

    def put(self, profile: Profile, links: Sequence[Identity] = ()) -> None:
        """Write a profile; `links` are the identities that lead to it from now on."""

    def list(self, query: ProfileQuery) -> list[Profile]:
        """Living profiles (not merged ones) in the order of profile id after the cursor."""

    def count(self) -> dict[str, int]:
        """How many living profiles there are: `{"": all, segment: members}`."""

    def erase(self, profile_id: str) -> bool:
        """Delete the profile, its links, and the tombstones that were merged into it."""


class Catalog(Protocol):
    def put(self, items: Iterable[Item]) -> int: ...

    def get(self, item_id: str) -> Item | None: ...

    def delete(self, item_id: str) -> bool: ...

    def changed(self, after: int = 0) -> tuple[list[Item], list[str], int]:
        """Items put and item ids deleted since the cursor, and the new cursor."""


class DecisionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions, newest first by `at`; `cursor` is opaque, from the page before.

    `due_before` asks for open ones whose window (`at` + `window_minutes`) ended before a moment;
    `replayed` for live or replayed ones only.
    """

    profile_id: str | None = None
    placement: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None
    level: str | None = None
    due_before: datetime | None = None
    replayed: bool | None = None
    limit: int = 50
    cursor: str | None = None


class DecisionPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    decisions: list[LoggedDecision]
    cursor: str | None = None


class Decisions(Protocol):
    def append(self, decision: Decision) -> None:
        """Log a bet; the caller has made sure that the id is new."""

    def get(self, decision_id: str) -> LoggedDecision | None: ...

    def reward(
        self, outcomes: Sequence[Outcome], settled: Sequence[tuple[str, str, float, datetime]]
    ) -> None:
        """Add outcomes, and set the state of bets: `(decision_id, state, reward, settled_at)`."""

    def rewarded(self, after: int = 0, limit: int = 1000) -> tuple[list[LoggedDecision], int]:
        """Decisions newly written or newly changed (outcome, settlement) after the cursor, each
        once with its newest state, and the new cursor: what learning and measuring feed on."""

    def list(self, query: DecisionQuery) -> DecisionPage: ...

    def erase(
        self, profile_id: str, *, to_profile: str | None = None, only: Collection[str] | None = None
    ) -> int:
        """Delete a profile's decisions, or, with `to_profile`, hand them to it (a merge); with
        `only`, no others than those ids (a merge that is undone)."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A definition with its version and when it was written."""

    version: int
    at: datetime
    definition: Definition


class Definitions(Protocol):
    def put(self, kind: DefinitionKind, definition: Definition) -> int:
        """Write a new version; returns it. The same document again changes nothing."""

    def get(self, kind: DefinitionKind, name: str, version: int | None = None) -> Stored | None: ...

    def list(self, kind: DefinitionKind) -> list[Stored]:
        """The newest version of each, by name."""

    def delete(self, kind: DefinitionKind, name: str) -> bool:
        """Take it out of force; its versions stay readable."""


class Models(Protocol):
    def put(self, name: str, version: str, body: bytes) -> None:
        """Write a model; the two newest versions are kept."""

    def latest(self, name: str) -> tuple[str, bytes] | None: ...


class Ledger(Protocol):
    """Limited quantities: stock, frequency caps and budgets. Exact under concurrency."""

    def reserve(
        self,
        key: str,
        reservation: str,
        at: datetime,
        *,
        limit: float,
        window_seconds: float | None,
        amount: float = 1.0,
    ) -> bool:
        """Take `amount` of `key` if no more than `limit` is then spent in the window ending at
        `at` (None: for ever). The same reservation again changes nothing and is True."""

    def release(self, reservation: str) -> bool:
        """Give back all that a reservation took."""

    def spent(self, key: str, at: datetime, *, window_seconds: float | None) -> float: ...

    def erase(self, key_prefix: str) -> int:
        """Forget the quantities of keys that begin so (a person's caps)."""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a store is: `failure` says why it refuses writes, `waiting` counts transactions that
    are not durable yet; a store in memory has no bytes."""

    failure: str | None = None
    waiting: int = 0
    bytes: int = 0
    log_bytes: int = 0


class Stores(Protocol):
    """All doors of one store."""

    url: str
    events: EventLog
    quarantine: Quarantine
    profiles: Profiles
    catalog: Catalog
    decisions: Decisions
    definitions: Definitions
    models: Models
    ledger: Ledger

    def transaction(self) -> AbstractContextManager[Commit]: ...

    def kept(self, name: str) -> bytes | None:
        """A small thing kept with the store (draw key, key hashes); None if it never was."""

    def keep(self, name: str, body: bytes) -> None:
        """Keep it; durable when this returns."""

    def expire(self, now: datetime, *, events_days: float, decisions_days: float) -> dict[str, int]:
        """Retention: delete what is older, in short transactions of its own; how many `events`,
        `quarantine` (as old as events), `decisions`, and `reservations` that count no more."""

    def health(self) -> Health: ...

    def close(self) -> None:
        """Wait for what is under way, then let go of the lock."""
