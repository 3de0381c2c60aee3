"""A profile under change: how pieces of what is known join, and within which bounds they are kept.

Each join is associative and commutative (floats to rounding), and an event's own part is a piece
like any other: so a profile does not depend on the order in which its events arrived, nor on how
they were split into batches or into profiles that were merged later.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from math import exp2
from operator import add, attrgetter
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from wager.domain.identity import PURPOSES, Identity, Purpose
from wager.domain.profiles import (
    Affinity,
    Block,
    Count,
    Exposure,
    Field,
    Mark,
    Profile,
    Purchase,
    Use,
)
from wager.domain.tables import Table

PURCHASE_HALF_LIFE_DAYS = 60.0
MOST_IGNORED, MOST_TASTES = 8, 12
MOST_DAYS = 63
VISIT_BITS = (1 << MOST_DAYS) - 1
# The bounds of one profile. A table that outgrows its bound by a tenth is cut back to it: the
# oldest go, of purchases and affinities the weakest. What a person blocked is never dropped.
BOUNDS = {
    "traits": 200,
    "affinities": 200,
    "counts": 200,
    "purchases": 400,
    "returned": 100,
    "exposures": 200,
    "cart": 100,
    "removed": 100,
    "viewed": 50,
    "liked": 500,
    "unblocked_at": 500,
    "marks": 200,
    "uses": 60,
}
MAX_UNVERIFIED = 20
_AT: dict[str, Callable[[Any], Any]] = {
    "traits": attrgetter("at"),
    "counts": attrgetter("last_at"),
    "returned": attrgetter("last_at"),
    "exposures": attrgetter("last_at"),
    "marks": attrgetter("at"),
    "uses": attrgetter("at"),
}
_NOTHING_LEFT = 1e-9
_CART = ("cart", "removed")
_DAY = 86400.0
T = TypeVar("T")


class Opened(Generic[T]):
    """A table of the profile: asked for the first time it is copied, and from then on our own."""

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, draft: "Draft", _: type) -> T:
        table: Any = Table(getattr(draft.profile, self._name))
        draft.tables[self._name] = table
        setattr(draft, self._name, table)  # where it is found before this descriptor
        return table  # type: ignore[no-any-return]


class Draft:
    """The tables of one profile, open for change; each is copied when it is first asked for."""

    traits = Opened[dict[str, Field]]()
    affinities = Opened[dict[str, Affinity]]()
    counts = Opened[dict[str, Count]]()
    purchases = Opened[dict[str, Purchase]]()
    returned = Opened[dict[str, Purchase]]()
    cart = Opened[dict[str, datetime]]()
    removed = Opened[dict[str, datetime]]()
    exposures = Opened[dict[str, Exposure]]()
    viewed = Opened[dict[str, datetime]]()
    liked = Opened[dict[str, datetime]]()
    blocked = Opened[dict[str, Block]]()
    unblocked_at = Opened[dict[str, datetime]]()
    marks = Opened[dict[str, Mark]]()
    consent = Opened[dict[Purpose, Field]]()
    uses = Opened[dict[str, Use]]()

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.tables: dict[str, Table[Any]] = {}
        self.created_at = profile.created_at
        self.updated_at = profile.updated_at
        self.unverified, self.emptied_at = profile.unverified, profile.emptied_at
        self.hours, self.weekdays, self.events = profile.hours, profile.weekdays, profile.events
        self.visit_day, self.visit_days = profile.visit_day, profile.visit_days
        self.households = profile.households

    def join(self, other: Profile) -> None:
        """Add all that another profile holds."""
        self.created_at = min(self.created_at, other.created_at)
        self.updated_at = max(self.updated_at, other.updated_at)
        self.events += other.events
        self.claim(other.unverified)
        self.share(other.households)
        _add(self.traits, other.traits, join_fields)
        _add(self.affinities, other.affinities, join_affinities)
        _add(self.counts, other.counts, join_counts)
        for item_id, piece in (*other.purchases.items(), *other.returned.items()):
            self.bought(item_id, piece)
        for name in ("cart", "removed", "viewed", "liked", "unblocked_at"):
            _add(getattr(self, name), getattr(other, name), later)
        _add(self.exposures, other.exposures, join_exposures)
        _add(self.blocked, other.blocked, join_blocks)
        _add(self.marks, other.marks, join_marks)
        _add(self.uses, other.uses, join_uses)
        for purpose, word in other.consent.items():
            known = self.consent.get(purpose)
            self.consent[purpose] = join_consents(known, word) if known else word
        if other.emptied_at is not None:
            self.empty_cart(other.emptied_at)
        self.hours = _counted(self.hours, other.hours)
        self.weekdays = _counted(self.weekdays, other.weekdays)
        self.visited(other.visit_day, other.visit_days)

    def claim(self, identities: Iterable[Identity]) -> None:
        """Note a user id that was named without proof."""
        self.unverified = together(self.unverified, identities, MAX_UNVERIFIED)

    def share(self, households: Iterable[str]) -> None:
        self.households = tuple(sorted({*self.households, *households}))

    def empty_cart(self, at: datetime) -> None:
        self.emptied_at = at if self.emptied_at is None else max(self.emptied_at, at)

    def visited(self, day: int, days: int) -> None:
        self.visit_day, self.visit_days = join_visits(self.visit_day, self.visit_days, day, days)

    def ordered(self, local: datetime) -> None:
        """Count an order's hour and weekday on the person's clock."""
        self.hours = _counted(self.hours, _one_of(24, local.hour))
        self.weekdays = _counted(self.weekdays, _one_of(7, local.weekday()))

    def bought(self, item_id: str, piece: Purchase) -> None:
        """Add to what was bought of an item; it is theirs while the quantity is above 0."""
        known = self.purchases.get(item_id) or self.returned.get(item_id)
        whole = piece if known is None else join_purchases(known, piece)
        theirs = whole.quantity > _NOTHING_LEFT
        here, there = (self.purchases, self.returned) if theirs else (self.returned, self.purchases)
        here[item_id] = whole
        there.pop(item_id, None)

    def finished(self, identities: Iterable[Identity] = ()) -> Profile:
        """The profile, one version on, its tables settled and within their bounds."""
        touched = self.tables
        if "blocked" in touched or "unblocked_at" in touched:
            self._settle_blocks()
        if self.emptied_at != self.profile.emptied_at:
            self._settle_cart({*self.cart, *self.removed})
        elif carts := [touched[name].touched for name in _CART if name in touched]:
            self._settle_cart(set().union(*carts))
        changes: dict[str, Any] = {name: table or {} for name, table in touched.items()}
        for name, table in touched.items():
            _bound(name, table)
        if "consent" in touched:
            refused = refusals(self.consent)
            changes["refused"] = refused
            changes["refused_at"] = max((self.consent[p].at for p in refused), default=None)
        if "traits" in touched:
            zone = self.traits.get("timezone")
            changes["timezone"] = zone.value if zone and zone_of(zone.value) else None
        if identities:
            changes["identities"] = together(self.profile.identities, identities)
        return msgspec.structs.replace(
            self.profile,
            created_at=self.created_at,
            updated_at=self.updated_at,
            version=self.profile.version + 1,
            unverified=self.unverified,
            emptied_at=self.emptied_at,
            hours=self.hours,
            weekdays=self.weekdays,
            visit_day=self.visit_day,
            visit_days=self.visit_days,
            households=self.households,
            events=self.events,
            **changes,
        )

    def _settle_blocks(self) -> None:
        """The later word counts; at the very same moment the dislike does."""
        for key in [key for key in self.unblocked_at if key in self.blocked]:
            if self.blocked[key].at >= self.unblocked_at[key]:
                del self.unblocked_at[key]
            else:
                del self.blocked[key]

    def _settle_cart(self, touched: Collection[str]) -> None:
        """What was added stays until it is removed or the cart emptied, at that time or later."""
        emptied_at = self.emptied_at
        cart, removed = (self.tables.get(one, getattr(self.profile, one)) for one in _CART)
        for item_id in touched:
            at, removed_at = cart.get(item_id), removed.get(item_id)
            last = _latest(removed_at, emptied_at)
            if at is not None and last is not None and at <= last:
                del self.cart[item_id]
                at = None
            past = removed_at is not None and emptied_at is not None and removed_at <= emptied_at
            if past or (removed_at is not None and at is not None):
                del self.removed[item_id]


def refusals(consent: Mapping[Purpose, Field]) -> tuple[Purpose, ...]:
    return tuple(p for p in PURPOSES if p in consent and not consent[p].value)


def _bound(name: str, table: dict[str, Any]) -> None:
    """Cut a table that outgrew its bound back to its entries of most worth."""
    most = BOUNDS.get(name)
    if most is not None and len(table) > most + most // 10:
        worth = dict(zip(table, _worths(name, table.values()), strict=True))
        ranked = sorted(sorted(table), key=worth.__getitem__)  # of the same worth by name
        for key in ranked[: len(table) - most]:
            del table[key]


def _worths(name: str, entries: Collection[Any]) -> Iterable[Any]:
    """What each entry of that table is kept for: how lately it was, or how much of it is left."""
    if name == "affinities":
        until = max([one.at for one in entries])
        return [abs(decayed(one.weight, one.at, until, one.half_life_days)) for one in entries]
    if name == "purchases":
        until, half_life = max([one.last_at for one in entries]), PURCHASE_HALF_LIFE_DAYS
        return [
            (decayed(one.recent, one.last_at, until, half_life), one.last_at) for one in entries
        ]
    return map(_AT[name], entries) if name in _AT else entries


def _one_of(places: int, place: int) -> list[float]:
    return [float(each == place) for each in range(places)]


def _counted(counts: tuple[float, ...], more: Sequence[float]) -> tuple[float, ...]:
    """A histogram with more in it, place by place; an empty one has no places yet."""
    return tuple(map(add, counts, more)) if counts and more else counts or tuple(more)


def _add(target: dict[str, T], pieces: dict[str, T], join: Callable[[T, T], T]) -> None:
    for key, piece in pieces.items():
        into(target, key, piece, join)


def together(
    known: tuple[Identity, ...], more: Iterable[Identity], most: int | None = None
) -> tuple[Identity, ...]:
    """The union, in one order however it came about."""
    new = {identity for identity in more if identity not in known}
    if not new:
        return known
    both = sorted((*known, *new), key=lambda identity: (identity.kind, identity.value))
    return tuple(both[:most])


def zone_of(name: object) -> ZoneInfo | None:
    """The time zone of that IANA name; None if there is none."""
    return _zone(name) if isinstance(name, str) and name else None


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# ---- joins: two pieces of one kind become one, whichever came first


def decayed(weight: float, since: datetime, until: datetime, half_life_days: float) -> float:
    """What is left of a weight: w * 2^(-(until - since) / half-life); a later `since` grows it."""
    return weight * exp2((since - until).total_seconds() / (_DAY * half_life_days))


def join_affinities(one: Affinity, other: Affinity) -> Affinity:
    return leaned(one, other.weight, other.at, other.half_life_days, other.source)


def leaned(
    known: Affinity, weight: float, at: datetime, half_life_days: float, source: str
) -> Affinity:
    """A leaning with one more piece of it: the older of the two has faded until the newer."""
    days = (at - known.at).total_seconds() / _DAY
    if days > 0 or (days == 0 and source > known.source):
        return Affinity(
            weight + known.weight * exp2(-days / half_life_days), at, half_life_days, source
        )
    faded = weight * exp2(days / known.half_life_days)
    return Affinity(known.weight + faded, known.at, known.half_life_days, known.source)


def join_counts(one: Count, other: Count) -> Count:
    return Count(one.total + other.total, max(one.last_at, other.last_at))


def join_purchases(one: Purchase, other: Purchase) -> Purchase:
    old, new = (one, other) if one.last_at <= other.last_at else (other, one)
    return Purchase(
        old.times + new.times,
        new.recent + decayed(old.recent, old.last_at, new.last_at, PURCHASE_HALF_LIFE_DAYS),
        new.last_at,
        old.quantity + new.quantity,
        old.cosine + new.cosine,
        old.sine + new.sine,
        old.gift and new.gift,
        old.given + new.given,
        _latest(old.own_at, new.own_at),
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def join_exposures(one: Exposure, other: Exposure) -> Exposure:
    """A click makes good every earlier showing; of the later ones the newest 8 are remembered."""
    clicked_at = max(one.clicked_at, other.clicked_at)
    showings = sorted(at for at in one.ignored_at + other.ignored_at if at > clicked_at)
    ignored_at = tuple(showings[-MOST_IGNORED:])
    return Exposure(
        one.seen + other.seen,
        len(ignored_at),
        max(one.last_at, other.last_at),
        clicked_at,
        ignored_at,
    )


def join_uses(one: Use, other: Use) -> Use:
    """Two pieces of one use; where they disagree on the local hour (a journey), the earlier."""
    first = min(one, other, key=lambda use: (use.part, use.weekend))
    tastes = tuple(sorted((*one.tastes, *other.tastes))[:MOST_TASTES])
    return Use(first.at, first.part, first.weekend, first.device, tastes)


def join_fields(one: Field, other: Field) -> Field:
    """Stated beats derived, later beats earlier; at the very same moment the greater text wins."""
    first = (one.provenance == "stated", one.at)
    second = (other.provenance == "stated", other.at)
    if first == second:
        return one if one == other else max(one, other, key=_text)
    return one if first > second else other


def join_consents(one: Field, other: Field) -> Field:
    """The later word counts; at the very same moment a refusal does."""
    if one.at == other.at:
        return min(one, other, key=lambda word: (word.value, word.source))
    return one if one.at > other.at else other


def join_blocks(one: Block, other: Block) -> Block:
    return max(one, other, key=lambda word: (word.at, word.message_id))


def join_marks(one: Mark, other: Mark) -> Mark:
    return max(one, other, key=attrgetter("at", "message_id"))


later: Callable[[datetime, datetime], datetime] = max


def join_visits(day: int, days: int, other_day: int, other_days: int) -> tuple[int, int]:
    """The newest day, and one bit for each active day up to it, 63 days back."""
    if day < other_day:
        day, days, other_day, other_days = other_day, other_days, day, days
    earlier = day - other_day
    return day, days | (other_days << earlier & VISIT_BITS if earlier < MOST_DAYS else 0)


def into(target: dict[str, T], key: str, piece: T, join: Callable[[T, T], T]) -> None:
    """Add a piece to what a table has under that key."""
    known = target.get(key)
    target[key] = piece if known is None else join(known, piece)


def _text(value: Field) -> bytes:
    return msgspec.json.encode(value)
