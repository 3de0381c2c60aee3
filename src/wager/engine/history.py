"""What people chose over the whole history, one line after the other, for batches."""

from collections.abc import Iterator, Sequence

from wager.domain.events import CLICKED, LIKED, ORDERED
from wager.learn.popularity import actions
from wager.stores.base import EventLog, EventQuery

PAGE = 2000
ENOUGH = 50  # orders from which on what is bought tells what goes together
OTHERWISE = (CLICKED, LIKED, "Product Viewed")
Lines = Iterator[tuple[str, str, float]]  # profile id, item id, seconds since 1970


def sells(events: EventLog) -> bool:
    """Whether enough is bought here; otherwise it is a publisher, or a shop's first days."""
    return len(events.read(EventQuery(name=ORDERED, limit=ENOUGH))) == ENOUGH


def orders(events: EventLog) -> Lines:
    """Every order line in the log: profile id, item id, time in seconds since the epoch."""
    return _lines(events, (ORDERED,))


def choices(events: EventLog) -> Lines:
    """The same of whatever was clicked, liked or viewed."""
    return _lines(events, OTHERWISE)


def _lines(events: EventLog, names: Sequence[str]) -> Lines:
    for event_name in names:
        after = 0
        while page := events.read(EventQuery(name=event_name, after=after, limit=PAGE)):
            for stored in page:
                found, _ = actions(stored.event)
                at = stored.event.at.timestamp()
                for name in found:
                    yield stored.profile_id, name, at
            after = page[-1].sequence
