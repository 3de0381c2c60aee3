"""What is kept for how long: old rows go a few at a time, so that nobody waits for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import msgspec

from wager.stores.base import Commit

EXPIRE_AT_ONCE = 250  # rows that one transaction deletes: about 10 ms of the writer
KNOWN_AFTER_EXPIRY = timedelta(days=90)  # for so long a message id outlives its event


Delete = Callable[[datetime], int]  # a bounded number of rows from before a moment; how many


class Aging(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a store that age, each with how to delete what is too old."""

    events: Delete
    quarantine: Delete
    decisions: Delete
    reservations: Delete


def expire_all(
    transaction: Callable[[], AbstractContextManager[Commit]],
    aging: Aging,
    now: datetime,
    *,
    events_days: float,
    decisions_days: float,
) -> dict[str, int]:
    """Delete all that is too old, one durable transaction after another; how many of each."""
    old_events = now - timedelta(days=events_days)
    old_decisions = now - timedelta(days=decisions_days)
    steps = {
        "events": (aging.events, old_events),
        "quarantine": (aging.quarantine, old_events),
        "decisions": (aging.decisions, old_decisions),
        "reservations": (aging.reservations, now),
    }
    return {
        name: _until_none_is_left(transaction, delete, before)
        for name, (delete, before) in steps.items()
    }


def _until_none_is_left(
    transaction: Callable[[], AbstractContextManager[Commit]], delete: Delete, before: datetime
) -> int:
    total = 0
    while True:
        with transaction() as commit:
            deleted = delete(before)
        commit.durable.result()
        if not deleted:
            return total
        total += deleted
