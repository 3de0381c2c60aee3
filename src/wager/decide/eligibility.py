"""Whether an item may be shown to this person here and now, and which rule says no."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wager.decide import ownership
from wager.decide.restraint import is_full, is_hushed
from wager.domain import lifestages
from wager.domain.asking import Ask
from wager.domain.blocks import kept_out
from wager.domain.content import Item, sold_in
from wager.domain.decisions import Excluded

EXCLUDED_EXAMPLES = 40

RULES: Mapping[str, str] = {
    "unknown-item": "no item has this id",
    "wrong-kind": "the placement shows other kinds",
    "not-yet-available": "its first day has not come",
    "no-longer-available": "its last day has passed",
    "out-of-stock": "there is none left",
    "wrong-region": "it is sold in other regions, or nobody says where this is",
    "never-again": "the person said never again: to it, its tag, its creator or a variant of it",
    "already-bought": "the person has it, a variant or a substitute, and needs no second",
    "not-due-yet": "bought so lately that it is not needed again yet",
    "wrong-life-stage": "made for an age that no child of the person is of",
    "in-cart": "it is in the cart already",
    "capped": "it was shown as often as the caps allow",
    "all-granted": "it was granted to as many people as there are of it",
    "short": "those who see it now are likely to buy all that is left of it",
    "tired": "passed over so often lately that it rests",
    "just-seen": "looked at a moment ago: to show it back would feel watched",
    "sensitive": "sensitive, and the person did not speak of it",
    "surprising": "so specific that the person would wonder how one knows (`maxSurprise`)",
    "elsewhere-on-page": "another placement of this page shows it",
    "untagged": "it has none of the tags that the placement requires (`requiredTags`)",
    "missing-merge-field": "its words need something that is not known of this person",
}


def gate(ask: Ask, why_not: Callable[[Ask, str], str | None]) -> Callable[[str], str | None]:
    """`why_not` of this decision, with the short way for what may be shown to nearly everybody.

    A rule that could keep a lasting item out has to be asked about here, too.
    """
    full = ask.queue is not None and ask.queue.full
    asks = ask.profile.blocked or ask.rooms or ask.hushed or full
    lasting = {} if asks else ask.shelf.lasting
    kinds, cart = ask.placement.kinds, ask.cart
    taken = ask.taken.union(ask.resting) if ask.resting else ask.taken
    held, shelf, untagged = ask.held, ask.shelf, ask.untagged

    def rule(item_id: str) -> str | None:
        kind = lasting.get(item_id)
        if kind is None or item_id in cart or item_id in taken or (kinds and kind not in kinds):
            return why_not(ask, item_id)
        if untagged and item_id in untagged:
            return why_not(ask, item_id)
        if held and ownership.touches(item_id, held, shelf):
            return why_not(ask, item_id)
        return None

    return rule


def why_not(ask: Ask, item_id: str) -> str | None:
    """The rule that keeps the item from being shown, or None if it may be.

    Only what the person said binds under every level and for a held-out person, too.
    """
    item = ask.shelf.items.get(item_id)
    if item is None:
        return "unknown-item"
    if ask.placement.kinds and item.kind not in ask.placement.kinds:
        return "wrong-kind"
    if item.available_from is not None and item.available_from > ask.now:
        return "not-yet-available"
    if item.available_until is not None and item.available_until <= ask.now:
        return "no-longer-available"
    if item.stock is not None and item.stock <= 0:
        return "out-of-stock"
    if item.regions and sold_in(item, ask.context.get("region")) is None:
        return "wrong-region"
    if ask.profile.blocked and kept_out(item, ask.profile.blocked, ask.shelf.items) is not None:
        return "never-again"
    if item_id in ask.cart:
        return "in-cart"
    if ask.rooms and is_full(ask.rooms, item):
        return "capped"
    if item_id in ask.untagged:
        return "untagged"
    if item_id in ask.resting:
        return ask.resting[item_id]
    if ask.hushed and is_hushed(ask, item):
        return "sensitive"
    if item_id in ask.taken:
        return "elsewhere-on-page"
    years = ask.shelf.ages.get(item_id)
    if years and lifestages.outside(years, ask.profile.traits, ask.now):
        return "wrong-life-stage"
    return ownership.held(item_id, ask.held, ask.shelf, ask.timestamp) if ask.held else None


def is_lasting(item: Item) -> bool:
    """Whether nothing but the placement, the page and the person's word can keep it from being
    shown: it has no dates, no end of stock, is sold everywhere and for every age."""
    return (
        item.available_from is None
        and item.available_until is None
        and item.stock is None
        and not item.regions
        and lifestages.years(item) is None
    )


def left_out(dropped: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """How many were left out by which rule, and examples, as a bet names them."""
    counts: dict[str, int] = {}
    examples: dict[str, Excluded] = {}
    for name, rule in dropped:
        if name not in examples:
            counts[rule] = counts.get(rule, 0) + 1
            examples[name] = Excluded(name, rule)
    return {"dropped": counts, "excluded": tuple(list(examples.values())[:EXCLUDED_EXAMPLES])}
