"""The newest stored events, kept in memory until learning has folded them."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from wager.domain.events import StoredEvent

MOST = 30_000  # events; of more than that the log keeps the oldest, but the last transaction stays

Kept = tuple[Sequence[StoredEvent], "Future[None]"]


class Recent:
    """A queue of transactions. What it cannot vouch for (a gap, an overflow, a transaction that was
    undone, the time before it was made) is left to the log."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._waiting: deque[Kept] = deque()
        self._count = 0

    def keep(self, events: Sequence[StoredEvent], durable: "Future[None]") -> None:
        """Note what one transaction stored, before the next one begins."""
        with self._lock:
            self._waiting.append((events, durable))
            self._count += len(events)
            while self._count > self._most and len(self._waiting) > 1:
                self._drop()

    def after(self, sequence: int) -> Sequence[StoredEvent] | None:
        """The next transaction's events behind that place in the log, once they are durable; empty
        where there are none, None where only the log knows."""
        with self._lock:
            while self._waiting and self._waiting[0][0][-1].sequence <= sequence:
                self._drop()
            if not self._waiting:
                return ()
            found = self._waiting[0]
        events, durable = found
        if events[0].sequence > sequence + 1:
            return None
        if durable.exception() is not None:
            with self._lock:
                if self._waiting and self._waiting[0] is found:
                    self._drop()
            return None
        return events[sequence + 1 - events[0].sequence :]

    def clear(self) -> None:
        """Leave all to the log: somebody was erased there."""
        with self._lock:
            self._waiting.clear()
            self._count = 0

    def _drop(self) -> None:
        events, _ = self._waiting.popleft()
        self._count -= len(events)
