"""What a person has already: which items that keeps out, until when, and what goes with it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from wager.domain.asking import DAY, Shelf
from wager.domain.content import Item
from wager.domain.models import Cycle, Cycles
from wager.domain.profiles import Profile

KINDS: tuple[Cycle, ...] = get_args(Cycle)
FOR_GOOD = math.inf
SEASON_DAYS = 300.0  # from one season nearly to the next
DUE_FROM, DUE_TO, MOST_DUE = 0.75, 1.75, 12
ACCESSORY_WEIGHT = 50.0  # as strongly as what is bought together fifty times beyond chance
Holds = Mapping[str, tuple[float, str]]  # key: kept out until (seconds since the epoch), by a rule


@dataclass(frozen=True, slots=True)
class Terms:
    """How an item is bought again: its cycle, the days until it may be offered again, the keys
    under which others are the same thing (its variants and its substitutes), and after how many
    days it is usually bought again; 0 if nobody knows."""

    cycle: Cycle
    days: float
    keys: tuple[str, ...]
    usual: float = 0.0


def problem(item: Item) -> str | None:
    """What is wrong with an item's own words on buying again; None if nothing is."""
    cycle, days = item.attributes.get("repurchase"), item.attributes.get("repurchaseDays")
    if cycle is not None and cycle not in KINDS:
        return f"`attributes.repurchase` is {cycle!r}; it may be one of: {', '.join(KINDS)}"
    if days is not None and _number(days) is None:
        return f"`attributes.repurchaseDays` is {days!r}; it is a number of days, 0 or more"
    for name in ("substitutes", "accessories", "accessoryOf"):
        said = item.attributes.get(name, [])
        if not isinstance(said, str) and not (
            isinstance(said, list) and all(isinstance(one, str) for one in said)
        ):
            return f"`attributes.{name}` is {said!r}; it is one name or a list of names"
    return None


def keys(item: Item, learnt: Cycles) -> tuple[str, ...]:
    """Under which names an item is the same thing as others: itself, its parent, each group of
    substitutes, and a category of which nobody needs two."""
    found = [item.item_id]
    if item.parent_id is not None:
        found.append(item.parent_id)
    found += [f"substitutes:{name}" for name in _names(item, "substitutes")]
    if "repurchase" not in item.attributes and item.attributes.get("durable") is not True:
        found += [f"category:{name}" for name in item.categories if name in learnt.one_of_a_kind]
    return tuple(found)


def terms(item: Item, learnt: Cycles) -> Terms | None:
    """What is declared for an item, else what was learnt of it; None: it may be bought any time."""
    told = item.attributes
    declared = _number(told.get("repurchaseDays"))
    cycle = told.get("repurchase")
    if cycle not in KINDS:
        if told.get("durable") is True:
            cycle = "durable"
        elif declared is not None:
            cycle = "consumable"
    if cycle is None:
        return _learnt(item, learnt)
    own = keys(item, learnt)[:1] if cycle == "collectible" else keys(item, learnt)
    if declared is not None:
        return Terms(cycle, declared, own, declared)
    if cycle == "consumable":
        found = _learnt(item, learnt)
        return found if found is not None and found.cycle == "consumable" else None
    return Terms(cycle, SEASON_DAYS if cycle == "seasonal" else FOR_GOOD, own)


def _learnt(item: Item, learnt: Cycles) -> Terms | None:
    """What was learnt of the item itself, else of the first of its categories that says something.

    It holds for the item and its variants; a category counts as one thing only where it was learnt
    that nobody needs two of it.
    """
    for name in (item.item_id, *(f"category:{one}" for one in item.categories)):
        known = learnt.of.get(name)
        if known is not None:
            cycle, days, usual = known
            return Terms(cycle, days, keys(item, learnt), usual)
    return None


def holds(profile: Profile, kinship: "Kinship", after: float) -> dict[str, tuple[float, str]]:
    """What the person's purchases keep out beyond the moment `after`; gifts keep out nothing."""
    found: dict[str, tuple[float, str]] = {}
    for item_id, purchase in profile.purchases.items():
        known = kinship.terms(item_id)
        if known is None or (bought_at := purchase.own_since) is None:
            continue
        until = bought_at.timestamp() + known.days * DAY
        if until <= after:
            continue
        rule = "not-due-yet" if known.cycle in ("consumable", "seasonal") else "already-bought"
        for key in known.keys:
            if key not in found or found[key][0] < until:
                found[key] = until, rule
    return found


def due(profile: Profile, kinship: "Kinship", now: float) -> list[tuple[str, float]]:
    """What is used up about now, what is bought most first: (item, 1 where it is just due, less
    the farther off)."""
    found = []
    for item_id, purchase in profile.purchases.items():
        known = kinship.terms(item_id)
        if known is None or known.usual <= 0 or known.cycle not in ("consumable", "seasonal"):
            continue
        if (bought_at := purchase.own_since) is not None:
            share = (now - bought_at.timestamp()) / DAY / known.usual
            if DUE_FROM <= share <= DUE_TO:
                found.append((-purchase.recent, item_id, 1.0 - abs(share - 1.0)))
    return [(item_id, weight) for _, item_id, weight in sorted(found)[:MOST_DUE]]


def held(item_id: str, holds: Holds, shelf: Shelf, now: float) -> str | None:
    """The rule by which a purchase keeps the item out at that moment."""
    for key in shelf.alike.get(item_id) or (item_id,):
        hold = holds.get(key)
        if hold is not None and hold[0] > now:
            return hold[1]
    return None


def touches(item_id: str, holds: Holds, shelf: Shelf) -> bool:
    """Whether any purchase may keep the item out."""
    alike = shelf.alike.get(item_id)
    return item_id in holds if alike is None else any(key in holds for key in alike)


def accessories(profile: Profile, shelf: Shelf) -> Iterator[tuple[str, float, str]]:
    """What goes with the things that the person has: (item, weight, what it is due to)."""
    if not shelf.accessories:
        return
    for item_id, purchase in profile.purchases.items():
        if purchase.own_since is None:
            continue
        for key in shelf.alike.get(item_id) or (item_id,):
            for name in shelf.accessories.get(key, ()):
                if name not in profile.purchases:
                    yield name, ACCESSORY_WEIGHT, item_id


class Kinship:
    """Which items of the catalog are the same thing as others, and which go with which."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self.items = items
        self.learnt = Cycles()
        self.alike: dict[str, tuple[str, ...]] = {}
        self.accessories: dict[str, dict[str, None]] = {}
        self._terms: dict[str, Terms | None] = {}

    def learn(self, learnt: Cycles) -> None:
        """Take over what was learnt of buying again."""
        self.learnt = learnt
        self._terms, self.alike = {}, {}
        for item in self.items.values():
            self._relate(item)

    def terms(self, item_id: str) -> Terms | None:
        """How an item is bought again, worked out when it is first asked for."""
        if item_id not in self._terms:
            item = self.items.get(item_id)
            self._terms[item_id] = terms(item, self.learnt) if item is not None else None
        return self._terms[item_id]

    def _relate(self, item: Item) -> None:
        """Note an item's keys where it has more than its own."""
        found = keys(item, self.learnt)
        if len(found) > 1:
            self.alike[item.item_id] = found

    def put(self, item: Item) -> None:
        """Note what an item is the same thing as, and what it goes with."""
        self._terms.pop(item.item_id, None)
        self._relate(item)
        for owned, name in _goes_with(item):
            self.accessories.setdefault(owned, {})[name] = None

    def forget(self, item: Item) -> None:
        """Take an item out again."""
        self.alike.pop(item.item_id, None)
        self._terms.pop(item.item_id, None)
        for owned, name in _goes_with(item):
            self.accessories.get(owned, {}).pop(name, None)


def _goes_with(item: Item) -> Iterator[tuple[str, str]]:
    """Pairs: what is owned (an item, a parent or `substitutes:` and a group), what goes with it."""
    if item.attributes:
        yield from ((owned, item.item_id) for owned in _names(item, "accessoryOf"))
        yield from ((item.item_id, name) for name in _names(item, "accessories"))


def _names(item: Item, attribute: str) -> list[str]:
    said: Any = item.attributes.get(attribute, ())
    return [said] if isinstance(said, str) else [one for one in said if isinstance(one, str)]


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    return None
