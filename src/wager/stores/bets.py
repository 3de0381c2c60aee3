"""How bets are narrowed, ordered and paged: the same for every store that keeps them."""

import base64
import binascii
from typing import Literal

import msgspec

from wager.domain.decisions import Decision, LoggedDecision
from wager.errors import BadInput
from wager.stores.base import DecisionQuery
from wager.stores.moments import micros

State = Literal["open", "won", "lost"]
_STATES: dict[str, State] = {"open": "open", "won": "won", "lost": "lost"}
_MINUTE = 60_000_000  # microseconds


class Bet(msgspec.Struct, frozen=True):
    """A logged decision with what stores order it by: its time, and when it last changed."""

    logged: LoggedDecision
    at: int
    changed: int


def state_named(name: str) -> State:
    """The state of that name.

    >>> state_named("won")
    'won'
    """
    if name not in _STATES:
        raise BadInput(f"{name!r} is no state of a bet; known states: {sorted(_STATES)}")
    return _STATES[name]


def due(decision: Decision) -> int:
    """When the window of a bet is over, in microseconds."""
    return micros(decision.at) + round(decision.window_minutes * _MINUTE)


def matches(bet: Bet, query: DecisionQuery, cursor: tuple[int, int] | None) -> bool:
    """Whether a bet belongs to what a query asks for."""
    logged, decision = bet.logged, bet.logged.decision
    wanted = (
        (query.profile_id, decision.profile_id),
        (query.placement, decision.placement),
        (query.state, logged.state),
        (query.level, decision.level),
        (query.replayed, decision.replayed),
    )
    return (
        all(asked is None or asked == is_ for asked, is_ in wanted)
        and (query.since is None or decision.at >= query.since)
        and (query.until is None or decision.at < query.until)
        and (query.due_before is None or _is_due(logged, micros(query.due_before)))
        and (cursor is None or (bet.at, logged.sequence) < cursor)
    )


def _is_due(logged: LoggedDecision, now: int) -> bool:
    return logged.state == "open" and due(logged.decision) < now


def newest_first(bet: Bet) -> tuple[int, int]:
    return (-bet.at, -bet.logged.sequence)


def to_cursor(bet: Bet) -> str:
    """Where a page ended, as text that callers only hand back."""
    return base64.urlsafe_b64encode(f"{bet.at}:{bet.logged.sequence}".encode()).decode()


def from_cursor(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    try:
        at, number = base64.urlsafe_b64decode(cursor.encode()).decode().split(":")
        return int(at), int(number)
    except (ValueError, binascii.Error) as error:
        raise BadInput(
            f"{cursor!r} is no cursor; hand back the one of the page before, as it came"
        ) from error
