"""Who is signed in: random ids in a cookie, and behind each of them, here only, the secret key."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

HOURS = 12.0
MOST = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One person's stay: the key that was given, until a moment of the clock."""

    key: str
    until: float


class Sessions:
    """The open sessions. At most `MOST`: the oldest makes room.

    >>> sessions = Sessions(clock=lambda: 0.0)
    >>> session_id = sessions.begin("secret")
    >>> sessions.key(session_id)
    'secret'
    >>> sessions.end(session_id)
    >>> sessions.key(session_id) is None
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, key: str) -> str:
        """The new session's id, for the cookie."""
        while len(self._open) >= MOST:
            self._open.popitem(last=False)
        session_id = secrets.token_urlsafe(32)
        self._open[session_id] = Session(key, self._clock() + HOURS * 3600)
        return session_id

    def key(self, session_id: str) -> str | None:
        """The key behind a session, or None once it has ended."""
        session = self._open.get(session_id)
        if session is None:
            return None
        if session.until <= self._clock():
            self.end(session_id)
            return None
        return session.key

    def end(self, session_id: str) -> None:
        self._open.pop(session_id, None)
