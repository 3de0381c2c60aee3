"""Whom not to talk to: who gets no bet here and now, and which rule says so."""

from collections.abc import Mapping
from datetime import datetime

from wager.domain.asking import Ask
from wager.domain.content import Item
from wager.domain.decisions import Reason
from wager.domain.definitions import QuietHours
from wager.domain.events import CART_ADDED, CLICKED, DISLIKED, LIKED, ORDERED
from wager.domain.profiles import Profile

SILENCES: Mapping[str, str] = {
    "excluded-segment": "the person is in a segment that is not talked to here",
    "quiet-hours": "it is the person's quiet time",
    "capped": "as much was shown as the caps allow",
    "unanswered": "as much was shown as may be without a response",
}
# What a person does of their own accord: after it, unanswered messages are counted anew.
RESPONSES = (
    CLICKED, "Product Clicked", LIKED, DISLIKED, "Product Viewed", CART_ADDED, ORDERED, "page",
    "screen",
)  # fmt: skip


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


def has_tag(item: Item, tag: str) -> bool:
    """Whether the item has the tag, or is of a category that is called so."""
    return tag in item.tags or tag in item.categories


def is_full(rooms: Mapping[str, int], item: Item) -> bool:
    """Whether there is no more room for one of the item's tags."""
    return any(room < 1 and has_tag(item, tag) for tag, room in rooms.items())


def responded_at(profile: Profile) -> datetime | None:
    """When the person last did something of their own accord; None if never."""
    counts = profile.counts
    return max((counts[name].last_at for name in RESPONSES if name in counts), default=None)
