"""A store that forgets when the process ends: for tests, trials and `memory://`."""

from contextlib import AbstractContextManager
from datetime import datetime

from wager.stores.base import (
    Catalog,
    Commit,
    Decisions,
    Definitions,
    EventLog,
    Health,
    Ledger,
    Models,
    Profiles,
    Quarantine,
)
from wager.stores.memory_content import (
    MemoryCatalog,
    MemoryDefinitions,
    MemoryLedger,
    MemoryModels,
)
from wager.stores.memory_decisions import MemoryDecisions
from wager.stores.memory_people import MemoryEvents, MemoryProfiles, MemoryQuarantine
from wager.stores.retention import Aging, expire_all
from wager.stores.undo import Undo


class MemoryStores:
    """`Stores` without a disk: what is written is as durable as it will ever be, at once."""

    def __init__(self) -> None:
        self.url = "memory://"
        self._undo = undo = Undo()
        self._kept: dict[str, bytes] = {}
        events = MemoryEvents(undo)
        quarantine = MemoryQuarantine(undo)
        decisions = MemoryDecisions(undo)
        ledger = MemoryLedger(undo)
        self._aging = Aging(
            events=events.expire,
            quarantine=quarantine.expire,
            decisions=decisions.expire,
            reservations=ledger.expire,
        )
        self.events: EventLog = events
        self.quarantine: Quarantine = quarantine
        self.decisions: Decisions = decisions
        self.ledger: Ledger = ledger
        self.profiles: Profiles = MemoryProfiles(undo)
        self.catalog: Catalog = MemoryCatalog(undo)
        self.definitions: Definitions = MemoryDefinitions(undo)
        self.models: Models = MemoryModels(undo)

    def transaction(self) -> AbstractContextManager[Commit]:
        return self._undo

    def kept(self, name: str) -> bytes | None:
        return self._kept.get(name)

    def keep(self, name: str, body: bytes) -> None:
        self._kept[name] = body

    def expire(self, now: datetime, *, events_days: float, decisions_days: float) -> dict[str, int]:
        return expire_all(
            self.transaction,
            self._aging,
            now,
            events_days=events_days,
            decisions_days=decisions_days,
        )

    def health(self) -> Health:
        return Health()

    def close(self) -> None:
        self._undo.closed = True
