"""How much may be assumed of this person: the highest level that the evidence carries, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from msgspec.structs import replace

from wager.domain.asking import Ask
from wager.domain.decisions import Reason
from wager.domain.definitions import LEVELS, Level
from wager.domain.events import CART_ADDED, CLICKED, ORDERED
from wager.domain.profiles import Profile
from wager.domain.stages import OF_THE_PERSON

ORDERS_FOR_CONTEXT = 3
ACTIONS_FOR_CONTEXT = 5
BASKETS_FOR_CROWD = 5.0


@dataclass(frozen=True, slots=True)
class Step:
    """The level that may be used, and for each one above it why not."""

    level: Level
    stepped_down: tuple[Reason, ...]


def evidence(ask: Ask, *, refused: bool, words: bool, doubt: Reason | None = None) -> Step:
    """Go down from context until a level stands on enough; neutral needs nothing.

    `words` says whether there are any that something known of the person could be merged into,
    `doubt` why it is not sure enough who is there.
    """
    if refused:
        why = Reason(kind="refused", text="personalization was refused, so nothing is assumed")
        return Step("neutral", (why,))
    down: list[Reason] = []
    for level in LEVELS[::-1] if doubt is None else LEVELS[-2::-1]:
        why_not = _why_not(level, ask, words)
        if why_not is None:
            return Step(level, tuple(down) if doubt is None else (doubt, *down))
        down.append(Reason(kind="evidence", text=f"not {level}: {why_not}"))
    return Step("neutral", tuple(down))


def carried(ask: Ask, highest: Level, *, words: bool) -> tuple[Level, ...]:
    """All levels that the evidence carries, up to the highest that may be used."""
    below = LEVELS[: LEVELS.index(highest) + 1]
    return tuple(level for level in below if _why_not(level, ask, words) is None)


def at_level(ask: Ask, level: Level) -> Ask:
    """The same at another level: below that of segments the context tells nothing that was worked
    out of the person."""
    if level == ask.level:
        return ask
    if level not in ("segment", "context"):
        known = {name: value for name, value in ask.context.items() if name not in OF_THE_PERSON}
        return replace(ask, level=level, context=known)
    return replace(ask, level=level)


def _why_not(level: Level, ask: Ask, words: bool) -> str | None:
    if level == "neutral":
        return None
    if level not in ask.placement.levels:
        return f"{ask.placement.name} is not to use it (levels)"
    match level:
        case "context":
            return _no_context(ask.profile, ask.cart)
        case "segment":
            if not ask.segments:
                return "the person is in no segment"
            if not any(ask.snapshot.popular_in.get(name) for name in ask.segments):
                return "nothing was bought yet in the person's segments"
        case "crowd":
            if ask.snapshot.baskets < BASKETS_FOR_CROWD and ask.limited_to is None:
                seen, needed = int(ask.snapshot.baskets), int(BASKETS_FOR_CROWD)
                return f"only {seen} orders are known of everybody, and it takes {needed}"
        case "customization":
            return None if words else "there are no words here that could say what is known"
        case _:
            assert_never(level)
    return None


def _no_context(profile: Profile, cart: Sequence[str]) -> str | None:
    """A cart is context by itself; otherwise some orders, or some clicks, likes and views."""
    if cart or profile.liked:
        return None
    orders = profile.counts.get(ORDERED)
    seen = orders.total if orders is not None else 0.0
    if seen >= ORDERS_FOR_CONTEXT:
        return None
    actions = sum(
        profile.counts[name].total
        for name in ("Product Viewed", CART_ADDED, CLICKED)
        if name in profile.counts
    )
    if actions >= ACTIONS_FOR_CONTEXT:
        return None
    return (
        f"too little is known: {int(seen)} of {ORDERS_FOR_CONTEXT} orders, and {int(actions)} of "
        f"{ACTIONS_FOR_CONTEXT} views and clicks"
    )
