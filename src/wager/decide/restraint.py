"""Whom not to talk to: who gets no bet here and now, and which rule says so."""

from collections.abc import Mapping
from datetime import datetime

from wager.domain.asking import Ask
from wager.domain.decisions import Reason
from wager.domain.definitions import QuietHours

SILENCES: Mapping[str, str] = {
    "excluded-segment": "the person is in a segment that is not talked to here",
    "quiet-hours": "it is the person's quiet time",
}


def silence(ask: Ask) -> Reason | None:
    """Why the person is not talked to here and now; None if they may be."""
    placement = ask.placement
    for segment in placement.exclude:
        if segment in ask.segments:
            return Reason(kind="excluded-segment", text=f"people in {segment} are not talked to")
    quiet = placement.quiet_hours
    if quiet is not None and _applies(quiet, ask) and is_quiet(quiet, ask.local):
        text = f"quiet from {quiet.start} to {quiet.until}; it is {ask.local:%H:%M} there"
        return Reason(kind="quiet-hours", text=text)
    return None


def _applies(quiet: QuietHours, ask: Ask) -> bool:
    return not quiet.channels or ask.context.get("channel") in quiet.channels


def is_quiet(quiet: QuietHours, local: datetime) -> bool:
    """Whether a local time lies within; where both ends are the same, it always does.

    >>> night = QuietHours(start="22:00", until="07:00")
    >>> is_quiet(night, datetime(2026, 1, 5, 6, 59)), is_quiet(night, datetime(2026, 1, 5, 7, 0))
    (True, False)
    """
    now, start, until = f"{local:%H:%M}", quiet.start, quiet.until
    if start < until:
        return start <= now < until
    return now >= start or now < until
