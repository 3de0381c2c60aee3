"""How much may be assumed of this person: the highest level that the evidence carries, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from wager.domain.decisions import Reason
from wager.domain.definitions import LEVELS, Level, Placement
from wager.domain.models import Snapshot
from wager.domain.profiles import Profile

ORDERS_FOR_CONTEXT = 3
ACTIONS_FOR_CONTEXT = 5
BASKETS_FOR_CROWD = 5.0


@dataclass(frozen=True, slots=True)
class Step:
    """The level that may be used, and for each one above it why not."""

    level: Level
    stepped_down: tuple[Reason, ...]


def evidence(
    placement: Placement, profile: Profile, snapshot: Snapshot, *, refused: bool,
    cart: Sequence[str], segments: Sequence[str],
) -> Step:  # fmt: skip
    """Go down from context until a level stands on enough; neutral needs nothing."""
    if refused:
        why = Reason(kind="refused", text="personalization was refused, so nothing is assumed")
        return Step("neutral", (why,))
    down: list[Reason] = []
    for level in reversed(LEVELS):
        why_not = _why_not(level, placement, profile, snapshot, cart, segments)
        if why_not is None:
            return Step(level, tuple(down))
        down.append(Reason(kind="evidence", text=f"not {level}: {why_not}"))
    return Step("neutral", tuple(down))


def _why_not(
    level: Level, placement: Placement, profile: Profile, snapshot: Snapshot,
    cart: Sequence[str], segments: Sequence[str],
) -> str | None:  # fmt: skip
    if level == "neutral":
        return None
    if level not in placement.levels:
        return f"placement {placement.name!r} does not use it"
    match level:
        case "context":
            return _no_context(profile, cart)
        case "segment":
            if not segments:
                return "the person is in no segment"
            if not any(snapshot.popular_in.get(name) for name in segments):
                return "nothing was bought yet in the person's segments"
        case "crowd":
            if snapshot.baskets < BASKETS_FOR_CROWD and not placement.kinds:
                seen = int(snapshot.baskets)
                return f"{seen} actions of the crowd seen, {int(BASKETS_FOR_CROWD)} needed"
    return None


def _no_context(profile: Profile, cart: Sequence[str]) -> str | None:
    """A cart is context by itself; otherwise some orders, or some clicks, likes and views."""
    if cart or profile.liked:
        return None
    orders = profile.counts.get("orders")
    seen = orders.total if orders is not None else 0.0
    if seen >= ORDERS_FOR_CONTEXT:
        return None
    actions = sum(
        profile.counts[name].total
        for name in ("Product Viewed", "Product Added", "Item Clicked")
        if name in profile.counts
    )
    if actions >= ACTIONS_FOR_CONTEXT:
        return None
    return (
        f"{int(seen)} orders of {ORDERS_FOR_CONTEXT} and {int(actions)} actions of "
        f"{ACTIONS_FOR_CONTEXT} known"
    )
