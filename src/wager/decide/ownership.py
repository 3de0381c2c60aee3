"""What a person has already: which items that keeps out, until when, and what goes with it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, compress
from typing import Any, get_args

import msgspec
import numpy as np

from wager.domain.asking import DAY, Shelf
from wager.domain.content import Item
from wager.domain.definitions import Category
from wager.domain.models import Cycle, Cycles
from wager.domain.profiles import Profile
from wager.domain.repeats import HALF_LIFE_DAYS, Bought, Floats, Repeats

KINDS: tuple[Cycle, ...] = get_args(Cycle)
FOR_GOOD = math.inf
SEASON_DAYS = 300.0  # from one season nearly to the next
FADED = -8.0  # log2 of a decayed count: one purchase of 480 days ago
DUE_FROM, DUE_TO, MOST_DUE = 0.75, 1.75, 12
ACCESSORY_WEIGHT = 50.0  # as strongly as what is bought together fifty times beyond chance
Holds = Mapping[str, tuple[float, str]]  # key: kept out until (seconds since the epoch), by a rule


class Terms(msgspec.Struct, frozen=True, gc=False):
    """How an item is bought again: its cycle, the days until it may be offered again, the keys
    under which others are the same thing (its variants and its substitutes), and after how many
    days it is usually bought again; 0 if nobody knows."""

    cycle: Cycle
    days: float
    keys: tuple[str, ...]
    usual: float = 0.0


# What an item may say of itself that its terms follow from.
_SPEAKING = frozenset(("repurchase", "repurchaseDays", "durable", "substitutes"))
Known = tuple[Terms | None, float, int]  # terms, half-life (days), number of its curve


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


def declared(
    item: Item, categories: Mapping[str, Category]
) -> tuple[Cycle | None, float | None, str]:
    """The cycle and the days that are declared, by the item itself (""), else by the first of its
    categories that says anything (its name)."""
    told = item.attributes
    days, said = _number(told.get("repurchaseDays")), told.get("repurchase")
    cycle = next((one for one in KINDS if one == said), None)
    if cycle is None and told.get("durable") is True:
        cycle = "durable"
    if cycle is not None or days is not None:
        return cycle or "consumable", days, ""
    for name in item.categories:
        one = categories.get(name)
        if one is not None and (one.repurchase is not None or one.repurchase_days is not None):
            return one.repurchase or "consumable", one.repurchase_days, name
    return None, None, ""


def terms(item: Item, learnt: Cycles, categories: Mapping[str, Category]) -> Terms | None:
    """What is declared for an item, else for its category, else what was learnt of it; None: it may
    be bought any time."""
    cycle, days, _ = declared(item, categories)
    if cycle is None:
        return _learnt(item, learnt)
    own = keys(item, learnt)[:1] if cycle == "collectible" else keys(item, learnt)
    if days is not None:
        return Terms(cycle, days, own, days)
    if cycle == "consumable":
        found = _learnt(item, learnt)
        return found if found is not None and found.cycle == "consumable" else None
    return Terms(cycle, SEASON_DAYS if cycle == "seasonal" else FOR_GOOD, own)


def _effective(learnt: Cycles, categories: Mapping[str, Category]) -> Cycles:
    """What was learnt, but for what is declared of half-lives and of what one is enough."""
    one_of_a_kind, half_lives = set(learnt.one_of_a_kind), dict(learnt.half_lives)
    for name, one in categories.items():
        if one.one_is_enough:
            one_of_a_kind.add(name)
        elif one.one_is_enough is not None or one.repurchase is not None:
            one_of_a_kind.discard(name)
        if one.half_life_days is not None:
            half_lives[name] = one.half_life_days
    return replace(learnt, one_of_a_kind=frozenset(one_of_a_kind), half_lives=half_lives)


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


@dataclass(slots=True)
class Owned:
    """What a person's purchases come to on a day.

    `often` is what they buy, with minus log2 of its decayed count on that day, what has all but
    faded left out; `last` the same things with the day (since the epoch) of the last time. `holds`
    is what they keep out beyond the day's beginning; gifts keep out nothing. `due` is what is used
    up about that day, what is bought most first: (item, 1 where it is just due, less the farther
    off).
    `again` is how likely each is bought again within a month, `faded` its decayed count (log1p).
    """

    often: list[tuple[float, str]] = field(default_factory=list)
    last: list[tuple[float, str]] = field(default_factory=list)
    history: list[tuple[str, float, float, float]] = field(default_factory=list)
    holds: dict[str, tuple[float, str]] = field(default_factory=dict)
    due: list[tuple[str, float]] = field(default_factory=list)
    again: dict[str, float] = field(default_factory=dict)
    faded: dict[str, float] = field(default_factory=dict)
    follows_from: tuple[object, object] = None, None  # purchases, and what was known of things


def chosen(profile: Profile, today: int) -> list[tuple[str, float, float, float]]:
    """What was clicked or liked, the latest first, as `Owned.history` has purchases: for people of
    whom no purchase is known."""
    at = {name: one.clicked_at for name, one in profile.exposures.items() if one.clicked_at}
    for name, liked in profile.liked.items():
        at[name] = max(at.get(name, 0), int(liked.timestamp()))
    latest = sorted(at.items(), key=lambda pair: (-pair[1], pair[0]))
    days = [(name, max(today - second / DAY, 0.0)) for name, second in latest]
    return [(name, 1.0, 2.0 ** (-ago / HALF_LIFE_DAYS), ago) for name, ago in days]


def owned(
    profile: Profile, kinship: "Kinship", today: int, before: Owned | None = None
) -> Owned:  # fmt: skip
    """All of it in one walk over the purchases; `before`, of that day, where they are the same."""
    purchases, known_so_far = before.follows_from if before is not None else (None, None)
    if before is not None and purchases is profile.purchases and known_so_far is kinship.so_far:
        return before
    found, known_of = Owned(follows_from=(profile.purchases, kinship.so_far)), kinship.known
    repeats, so_far = kinship.so_far
    due: list[tuple[float, str, float]] = []
    names: list[str] = []
    seen: list[tuple[float, ...]] = []
    for item_id, purchase in profile.purchases.items():
        times, recent, last_at = purchase.times, purchase.recent, purchase.last_at
        if purchase.gift or times <= 0:
            continue
        day = last_at.timestamp() / DAY
        known, half_life, curve = so_far.get(item_id) or known_of(item_id)
        if recent > 0:
            names.append(item_id)
            seen.append((times, recent, day, half_life, curve))
        if known is None:
            continue
        if (own_at := purchase.own_at) is not None and own_at != last_at:
            day = own_at.timestamp() / DAY
        is_kept_out, share = day + known.days > today, 0.0
        if known.usual > 0 and known.cycle in ("consumable", "seasonal"):
            share = (today + 0.5 - day) / known.usual
        is_due = DUE_FROM <= share <= DUE_TO
        if (is_kept_out or is_due) and purchase.own_since is not None:
            if is_kept_out:
                _keep_out(found.holds, known, day)
            if is_due:
                due.append((-recent, item_id, 1.0 - abs(share - 1.0)))
    found.due = [(item_id, weight) for _, item_id, weight in sorted(due)[:MOST_DUE]]
    if kinship.repeats is not repeats:  # learnt anew meanwhile: the curves' numbers are others
        return owned(profile, kinship, today)
    if names:
        table = np.fromiter(chain.from_iterable(seen), np.float64).reshape(-1, 5)
        _weigh(found, names, table, repeats, today)
    return found


def _keep_out(holds: dict[str, tuple[float, str]], known: Terms, day: float) -> None:
    """Note what a purchase of that day keeps out."""
    until = (day + known.days) * DAY
    rule = "not-due-yet" if known.cycle in ("consumable", "seasonal") else "already-bought"
    for key in known.keys:
        if key not in holds or holds[key][0] < until:
            holds[key] = until, rule


def _weigh(found: Owned, names: list[str], seen: Floats, repeats: Repeats, today: int) -> None:
    """How often, how lately and how likely again; `seen` (items, 5) says of each how often, the
    decayed count, the day of the last time, the half-life and the curve."""
    times, recent, day, half_life, curve = seen.T
    days = np.maximum(today - day, 0.0)
    level = np.log2(recent) - days / half_life
    recent = recent * np.exp2(-days / HALF_LIFE_DAYS)
    found.faded = dict(zip(names, np.log1p(np.exp2(level)).tolist(), strict=True))
    is_left = level > FADED
    left = list(compress(names, is_left.tolist()))
    columns = np.array([-level, day, times, recent, days])[:, is_left].tolist()
    found.often, found.last = (list(zip(one, left, strict=True)) for one in columns[:2])
    found.history = list(zip(left, *columns[2:], strict=True))
    if repeats.weights:
        bought = Bought(
            times=times,
            recent=recent,
            days=days,
            pace=recent.sum(keepdims=True),
            different=np.array([float(len(names))]),
            all_times=times.sum(keepdims=True),
            quiet_days=days.min(keepdims=True),
        )
        said = repeats.probabilities(curve.astype(np.int64), bought)
        found.again = dict(zip(names, said.tolist(), strict=True))


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
        self._found = self.learnt = Cycles()
        self.categories: Mapping[str, Category] = {}
        self.alike: dict[str, tuple[str, ...]] = {}
        self.accessories: dict[str, dict[str, None]] = {}
        self.so_far: tuple[Repeats, dict[str, Known]] = Repeats(), {}  # `known` by item
        # by categories, of items of which nothing else is known: terms, half-life, what they are
        # the same thing as, and whether a category says something
        self._by_categories: dict[
            tuple[str, ...], tuple[Terms | None, float, tuple[str, ...], bool]
        ] = {}

    @property
    def repeats(self) -> Repeats:
        """The curves that the numbers in what is known belong to."""
        return self.so_far[0]

    def learn(self, learnt: Cycles, repeats: Repeats) -> None:
        """Take over what was learnt of buying again."""
        self._found = learnt
        self._work_out(repeats)

    def declare(self, categories: Mapping[str, Category]) -> None:
        """Take over what is declared, by category."""
        self.categories = categories
        self._work_out(self.repeats)

    def _work_out(self, repeats: Repeats) -> None:
        """What follows from both, anew. Decisions go on meanwhile: they see all of it or none."""
        self.learnt = learnt = _effective(self._found, self.categories)
        named = ((item.item_id, keys(item, learnt)) for item in list(self.items.values()))
        self.alike = {item_id: found for item_id, found in named if len(found) > 1}
        self._by_categories = {}
        self.so_far = repeats, {}

    def known(self, item_id: str) -> Known:
        """How an item is bought again, in how many days since the last purchase half of what it
        tells is gone (by the first of its categories that says so, else by all), and which curve
        speaks for it; worked out when it is first asked for."""
        repeats, kept = self.so_far
        found = kept.get(item_id)
        if found is None:
            found = kept[item_id] = self._known_of(self.items.get(item_id), item_id, repeats)
        return found

    def _known_of(self, item: Item | None, item_id: str, repeats: Repeats) -> Known:
        kept, learnt = self._by_categories, self.learnt  # in this order: see `_work_out`
        if item is None:
            return None, learnt.half_lives.get("", HALF_LIFE_DAYS), repeats.row(item_id, ())
        curve = repeats.row(item_id, item.categories)
        alike = tuple(item.categories)
        found = kept.get(alike)
        if found is None:
            nameless = Item(item_id="", title="", categories=item.categories)
            found = kept[alike] = (
                terms(nameless, learnt, self.categories),
                self._half_life(item, learnt),
                keys(nameless, learnt)[1:],
                declared(nameless, self.categories)[0] is not None,
            )
        same, half_life, categories, is_declared = found
        own = learnt.of.get(item_id)
        speaks = item.parent_id is not None or not _SPEAKING.isdisjoint(item.attributes)
        if speaks or (own is not None and is_declared):
            return terms(item, learnt, self.categories), half_life, curve
        if own is not None:
            return Terms(own[0], own[1], (item_id, *categories), own[2]), half_life, curve
        if same is not None:
            same = Terms(same.cycle, same.days, (item_id, *same.keys[1:]), same.usual)
        return same, half_life, curve

    def _half_life(self, item: Item, learnt: Cycles) -> float:
        usual = learnt.half_lives.get("", HALF_LIFE_DAYS)
        named = (learnt.half_lives.get(name) for name in item.categories)
        return next((days for days in named if days is not None), usual)

    def terms(self, item_id: str) -> Terms | None:
        """How an item is bought again."""
        return self.known(item_id)[0]

    def _relate(self, item: Item) -> None:
        """Note an item's keys where it has more than its own."""
        found = keys(item, self.learnt)
        if len(found) > 1:
            self.alike[item.item_id] = found

    def put(self, item: Item) -> None:
        """Note what an item is the same thing as, and what it goes with."""
        self.so_far[1].pop(item.item_id, None)
        self._relate(item)
        for owned, name in _goes_with(item):
            self.accessories.setdefault(owned, {})[name] = None

    def forget(self, item: Item) -> None:
        """Take an item out again."""
        self.alike.pop(item.item_id, None)
        self.so_far[1].pop(item.item_id, None)
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
