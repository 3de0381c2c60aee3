"""Gifts in the log: marks reach the orders that they are about, whichever came first."""

from collections.abc import Iterable, Mapping
from typing import Any

from wager.domain.content import Item
from wager.domain.events import ORDERED, Event
from wager.domain.profiles import Mark, Profile
from wager.stores.base import EventQuery, Stores
from wager.unify import gifts, orders
from wager.unify.rewriting import rewritten

PAGE = 1000
ORDERS_LISTED = 50
Marks = Mapping[str, Mark]


def marked(
    stores: Stores, items: Mapping[str, Item], profile: Profile, marks: Marks
) -> Profile:  # fmt: skip
    """The profile as if these marks had been there from the start."""
    if marks == profile.marks:
        return profile
    logged = history(stores, [profile.profile_id])
    before = [gifts.marked(event, profile.marks) for event in logged]
    after = [gifts.marked(event, marks) for event in logged]
    return profile if before == after else rewritten(profile, before, after, items)


def crossed(
    items: Mapping[str, Item], merged: Profile, sides: Iterable[tuple[list[Event], Marks]]
) -> Profile:
    """A merged profile where marks of one side are about orders of the other.

    Each side is its logged events, and the marks that they were folded with.
    """
    before: list[Event] = []
    after: list[Event] = []
    for logged, marks in sides:
        before += [gifts.marked(event, marks) for event in logged]
        after += [gifts.marked(event, merged.marks) for event in logged]
    return merged if before == after else rewritten(merged, before, after, items)


def history(stores: Stores, profile_ids: Iterable[str]) -> list[Event]:
    """All logged events of these profiles."""
    found: list[Event] = []
    for profile_id in profile_ids:
        after = 0
        while True:
            query = EventQuery(profile_id=profile_id, after=after, limit=PAGE)
            page = stores.events.read(query)
            found += [stored.event for stored in page]
            if len(page) < PAGE:
                break
            after = page[-1].sequence
    return found


def lines(stores: Stores, items: Mapping[str, Item], profile: Profile) -> list[dict[str, Any]]:
    """The lines of the person's latest orders, newest first; which of them are gifts, and why."""
    query = EventQuery(
        profile_id=profile.profile_id, name=ORDERED, newest_first=True, limit=ORDERS_LISTED
    )
    found = []
    for stored in stores.events.read(query):
        event = stored.event
        told = gifts.marked(event, profile.marks)
        for line, said in zip(orders.lines(event), orders.lines(told), strict=True):
            item = items.get(line["product_id"])
            found.append(
                {
                    "orderId": orders.order_id(event) or event.message_id,
                    "at": event.at,
                    "itemId": line["product_id"],
                    "title": item.title if item is not None else "",
                    "quantity": line.get("quantity", 1.0),
                    "gift": gifts.is_gift(told, said),
                    "because": gifts.because(event, line, marked=said is not line),
                    "probability": line.get("giftProbability"),
                    "signs": line.get("giftSigns", []),
                }
            )
    return sorted(found, key=lambda line: line["at"], reverse=True)
