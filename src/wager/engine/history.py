"""The orders of the whole history, one line after the other, for batches."""

from collections.abc import Iterator

from wager.domain.events import ORDERED
from wager.learn.popularity import actions
from wager.stores.base import EventLog, EventQuery

PAGE = 2000
Lines = Iterator[tuple[str, str, float]]  # profile id, item id, seconds since 1970


def orders(events: EventLog) -> Lines:
    """Every order line in the log: profile id, item id, time in seconds since the epoch."""
    after = 0
    while True:
        page = events.read(EventQuery(name=ORDERED, after=after, limit=PAGE))
        for stored in page:
            names, _ = actions(stored.event)
            at = stored.event.at.timestamp()
            for name in names:
                yield stored.profile_id, name, at
        if len(page) < PAGE:
            return
        after = page[-1].sequence
