"""When, on which device and for what an account was used: what tells the people in it apart."""

from collections.abc import Iterable, Iterator, Mapping
from zlib import crc32

from wager.domain.content import Item
from wager.domain.events import ORDERED, Event
from wager.domain.profiles import Use
from wager.unify.draft import MOST_TASTES, Draft, into, join_uses
from wager.unify.gifts import is_gift
from wager.unify.leanings import WEIGHTS, keys
from wager.unify.orders import lines, local_time

HOURS_OF_USE = 3
TASTES = 32  # categories are told apart by a hash of their names
_HOUR = 3600


def used(draft: Draft, event: Event, about: Iterable[str]) -> None:
    """Count an event that says what somebody chose, with all of the same three hours; `about` are
    the leanings' keys of it.

    Of each use the 12 lowest taste numbers are kept: like all of a profile it does not depend on
    the order in which events came.
    """
    if event.name != ORDERED and WEIGHTS.get(event.name, 0.0) <= 0:
        return
    tastes = sorted([taste(key[9:]) for key in about if key.startswith("category:")])
    if not tastes:
        return
    local = local_time(event)
    began = int(event.at.timestamp()) // (HOURS_OF_USE * _HOUR)
    device, kept = device_of(event), tuple(tastes[:MOST_TASTES])
    piece = Use(began, local.hour // HOURS_OF_USE, local.weekday() >= 5, device, kept)
    into(draft.uses, f"{began}:{device}", piece, join_uses)


def bought(event: Event, items: Mapping[str, Item]) -> Iterator[str]:
    """The leanings' keys of all that an order is for; a gift was not chosen for anybody here."""
    for line in lines(event):
        if not is_gift(event, line):
            yield from keys(items.get(line["product_id"]), line)


def device_of(event: Event) -> str:
    """What stands for the device: `context.device.id`, else the anonymous id; empty where the
    event tells neither."""
    device = event.context.get("device")
    if isinstance(device, dict) and isinstance(device.get("id"), str):
        return short(device["id"])
    for identity in event.identities:
        if identity.kind == "anonymous_id":
            return short(identity.value)
    return ""


def taste(category: str) -> int:
    """The number that a category goes by.

    >>> 0 <= taste("Toys") < TASTES
    True
    """
    return crc32(category.encode()) % TASTES


def short(name: str) -> str:
    """What is kept of a device's name: enough to tell those of one account apart."""
    return f"{crc32(name.encode()):08x}"
