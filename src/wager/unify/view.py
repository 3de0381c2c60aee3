"""The profile as conditions and templates see it, with the traits that are derived from it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from wager.domain.events import CANCELLED, ORDERED, Event
from wager.domain.lifestages import ages
from wager.domain.profiles import Affinity, Field, Profile
from wager.domain.stages import STAGES, stage
from wager.unify import orders
from wager.unify.draft import decayed
from wager.unify.golden import statements

FEWEST_ORDERS_FOR_HABITS = 3
FADED = 0.01  # what is left of a leaning that says nothing any more: half a percent of an order
_CATEGORY = "category:"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Derive = Callable[[Profile, datetime], Field | None]


class Derived(msgspec.Struct, frozen=True):
    """A derived trait: how it comes about, what it says, which counts and tables of the profile it
    is made of, and whether it changes as time goes by."""

    derive: Derive
    doc: str
    counts: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    timed: bool = False


def _field(value: Any, at: datetime, rule: str, confidence: float = 1.0) -> Field:
    return Field(value, "wager", at, confidence, "derived", rule)


def _total(profile: Profile, name: str) -> float:
    count = profile.counts.get(name)
    return count.total if count else 0.0


def _orders(profile: Profile, now: datetime) -> Field | None:
    orders_count = profile.counts.get(ORDERED)
    if orders_count is None:
        return None
    number = max(0.0, orders_count.total - _total(profile, CANCELLED))
    return _field(number, orders_count.last_at, "orders completed less cancelled")


def _revenue(profile: Profile, now: datetime) -> Field | None:
    revenue = profile.counts.get(orders.REVENUE)
    if revenue is None:
        return None
    net = revenue.total - _total(profile, orders.REFUNDED_VALUE)
    return _field(net, revenue.last_at, "sum of orders less refunds")


def _average_order(profile: Profile, now: datetime) -> Field | None:
    number, revenue = _orders(profile, now), _revenue(profile, now)
    if number is None or revenue is None or number.value <= 0:
        return None
    return _field(revenue.value / number.value, number.at, "revenue / orders")


def _last_order_at(profile: Profile, now: datetime) -> Field | None:
    count = profile.counts.get(ORDERED)
    return _field(count.last_at, count.last_at, "latest order") if count else None


def _days_since_last_order(profile: Profile, now: datetime) -> Field | None:
    count = profile.counts.get(ORDERED)
    return _days(count.last_at, now, "now - latest order") if count else None


def _days(since: datetime, now: datetime, rule: str) -> Field:
    return _field(max(0.0, (now - since).total_seconds() / 86400), since, rule)


def _first_seen_at(profile: Profile, now: datetime) -> Field | None:
    return _field(profile.created_at, profile.created_at, "earliest event")


def _last_seen_at(profile: Profile, now: datetime) -> Field | None:
    at = max((count.last_at for count in profile.counts.values()), default=None)
    return _field(at, at, "latest event") if at else None


def _days_since_first_seen(profile: Profile, now: datetime) -> Field | None:
    return _days(profile.created_at, now, "now - earliest event")


def _visits(days: int) -> Derive:
    def visits(profile: Profile, now: datetime) -> Field | None:
        if not profile.visit_days:
            return None
        today = int(now.timestamp()) // 86400
        from_newest = profile.visit_day - today  # days that lie after `now` (a replay's) count not
        seen = profile.visit_days >> from_newest if from_newest > 0 else profile.visit_days
        window = days + min(from_newest, 0)
        active = (seen & ((1 << window) - 1)).bit_count() if window > 0 else 0
        return _field(float(active), now, f"active days of the last {days}")

    return visits


def _favourite(prefix: str, what: str) -> Derive:
    def favourite(profile: Profile, now: datetime) -> Field | None:
        """The greatest leaning; its share of all liked ones is how sure it is."""
        leanings = {
            name: weight(leaning, now)
            for name, leaning in profile.affinities.items()
            if leaning.weight > 0 and name.startswith(prefix)
        }
        left = sum(leanings.values())
        if not left:  # after some 170 years nothing is
            return None
        name = min(leanings, key=lambda each: (-leanings[each], each))
        share = leanings[name] / left
        at = profile.affinities[name].at
        return _field(name.removeprefix(prefix), at, f"strongest leaning to a {what}", share)

    return favourite


def _usual_hour(profile: Profile, now: datetime) -> Field | None:
    return _mode(profile, profile.hours, "most frequent local hour of orders", range(24))


def _usual_weekday(profile: Profile, now: datetime) -> Field | None:
    return _mode(profile, profile.weekdays, "most frequent local weekday of orders", WEEKDAYS)


def _mode(
    profile: Profile, counted: tuple[float, ...], rule: str, names: Iterable[Any]
) -> Field | None:
    count, total = profile.counts.get(ORDERED), sum(counted)
    if count is None or total < FEWEST_ORDERS_FOR_HABITS:
        return None
    place = max(range(len(counted)), key=lambda index: (counted[index], -index))
    return _field(list(names)[place], count.last_at, rule, counted[place] / total)


def _cart_size(profile: Profile, now: datetime) -> Field | None:
    if not profile.cart:
        return None
    return _field(float(len(profile.cart)), max(profile.cart.values()), "items in the cart")


def _journey_stage(profile: Profile, now: datetime) -> Field | None:
    found = stage(profile, now)
    return _field(found, now, STAGES[found])


def _child_age(which: int) -> Derive:
    def child_age(profile: Profile, now: datetime) -> Field | None:
        known = ages(profile.traits, now)
        return _field(known[which], now, "now - the month of birth stated") if known else None

    return child_age


_ORDERS = (ORDERED, CANCELLED)
_REVENUE = (orders.REVENUE, orders.REFUNDED_VALUE)
DERIVED: dict[str, Derived] = {
    "orders": Derived(_orders, "how many orders they completed, less those cancelled", _ORDERS),
    "revenue": Derived(_revenue, "what all their orders came to, less refunds", _REVENUE),
    "averageOrder": Derived(_average_order, "revenue by order", (*_ORDERS, *_REVENUE)),
    "lastOrderAt": Derived(_last_order_at, "when they ordered last", _ORDERS),
    "daysSinceLastOrder": Derived(
        _days_since_last_order, "days since they ordered last, with fractions", timed=True
    ),
    "firstSeenAt": Derived(
        _first_seen_at, "when their earliest event happened", tables=("created_at",)
    ),
    "lastSeenAt": Derived(_last_seen_at, "when their latest event happened", tables=("counts",)),
    "daysSinceFirstSeen": Derived(
        _days_since_first_seen, "days since their earliest event, with fractions", timed=True
    ),
    "visits7Days": Derived(
        _visits(7), "on how many of the last 7 days (UTC) they were here", timed=True
    ),
    "visits30Days": Derived(
        _visits(30), "on how many of the last 30 days (UTC) they were here", timed=True
    ),
    "favouriteCategory": Derived(
        _favourite(_CATEGORY, "category"),
        "the category that they lean to most",
        tables=("affinities",),
    ),
    "favouriteCreator": Derived(
        _favourite("creator:", "creator"),
        "the maker or brand that they lean to most",
        tables=("affinities",),
    ),
    "usualHour": Derived(
        _usual_hour,
        "the local hour (0 to 23) of most of their orders, from 3 orders on",
        _ORDERS,
        ("hours",),
    ),
    "usualWeekday": Derived(
        _usual_weekday,
        "the local weekday of most of their orders, from 3 orders on",
        _ORDERS,
        ("weekdays",),
    ),
    "youngestChildAge": Derived(
        _child_age(-1), "the youngest child's age in years, of those stated", timed=True
    ),
    "oldestChildAge": Derived(
        _child_age(0), "the oldest child's age in years, of those stated", timed=True
    ),
    "journeyStage": Derived(
        _journey_stage, f"how far along they are: {', '.join(STAGES)}", timed=True
    ),
    "cartSize": Derived(_cart_size, "how many different items are in their cart", tables=("cart",)),
}


_FAVOURITES = {"favouriteCategory": _CATEGORY, "favouriteCreator": "creator:"}
COUNTED = ("orders", "revenue", "visits7Days", "visits30Days")  # among the counts as well


def trait(profile: Profile, name: str, now: datetime) -> Field | None:
    """One trait, stated or derived; None where it is absent or was taken back (a stated null)."""
    stated = profile.traits.get(name)
    if stated is not None and stated.value is not None:
        return stated
    known = DERIVED.get(name)
    return known.derive(profile, now) if known else None


def derived(profile: Profile, now: datetime) -> dict[str, Field]:
    """All derived traits of a profile; what cannot be told is absent, never null."""
    found = {name: each.derive(profile, now) for name, each in DERIVED.items()}
    return {name: field for name, field in found.items() if field is not None}


def golden(profile: Profile, now: datetime) -> dict[str, Field]:
    """All traits: the derived ones, and above them the stated."""
    stated = {name: field for name, field in profile.traits.items() if field.value is not None}
    return {**derived(profile, now), **stated}


def weight(leaning: Affinity, now: datetime) -> float:
    """What is left of a leaning by now; one from after `now` (a replay's) is not grown."""
    return decayed(leaning.weight, leaning.at, max(now, leaning.at), leaning.half_life_days)


def weights(profile: Profile, now: datetime) -> dict[str, float]:
    return {name: weight(leaning, now) for name, leaning in profile.affinities.items()}


def count(profile: Profile, name: str, now: datetime) -> float:
    """How often an event happened (0: never), or one of the figures of COUNTED."""
    known = profile.counts.get(name)
    if known is not None:
        return known.total
    figure = DERIVED[name].derive(profile, now) if name in COUNTED else None
    return float(figure.value) if figure else 0.0


def counts(profile: Profile, now: datetime) -> dict[str, float]:
    """How often each event happened, by its name, other calls by their type; and COUNTED."""
    names = (name for name in profile.counts if not name.startswith("$"))
    return {name: count(profile, name, now) for name in (*names, *COUNTED)}


def view(profile: Profile, now: datetime) -> dict[str, dict[str, Any]]:
    """`profile` as conditions and templates see it; nothing in it is null.

    A favourite that has all but faded is no favourite any more: nobody is told of it.
    """
    leanings = weights(profile, now)
    return {
        "traits": {
            name: field.value
            for name, field in golden(profile, now).items()
            if field.source != "wager"
            or name not in _FAVOURITES
            or leanings[f"{_FAVOURITES[name]}{field.value}"] > FADED
        },
        "affinities": leanings,
        "counts": counts(profile, now),
    }


class Loser(msgspec.Struct, frozen=True):
    """What a source states of a field, and why that is not the field's value."""

    field: Field
    why: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a field has its value: the winner with its rule, and what lost against it, and why."""

    name: str
    field: Field | None
    why: str
    losers: tuple[Loser, ...] = ()


def explain(
    profile: Profile, name: str, now: datetime, events: Iterable[Event] = ()
) -> Explanation:
    """The field, the rule that chose it, and what else the events state for it, newest first."""
    chosen, known = trait(profile, name, now), profile.traits.get(name)
    against = known if known is not None else chosen  # what took a field back won as well
    stated: Mapping[Field, None] = dict.fromkeys(
        told for event in events if (told := statements(event).get(name)) is not None
    )
    losers = tuple(
        Loser(field, _lost(field, against))
        for field in sorted(stated, key=lambda field: field.at, reverse=True)
        if against is not None and field != against
    )
    return Explanation(name=name, field=chosen, why=_why(name, chosen, known), losers=losers)


def _why(name: str, chosen: Field | None, known: Field | None) -> str:
    taken_back = "" if known is None or known.value is not None else f"taken back at {known.at}"
    if chosen is None:
        return taken_back or f"nothing is known of {name!r}"
    if chosen.source == "wager":
        return f"derived: {chosen.rule}" + (f"; what was stated was {taken_back}" if known else "")
    return f"{chosen.provenance}, and the latest so: from {chosen.source} at {chosen.at}"


def _lost(field: Field, chosen: Field) -> str:
    if field.provenance != chosen.provenance:
        return f"{field.provenance}, and {chosen.provenance} goes before it"
    return "older" if field.at < chosen.at else "at the same moment; the greater text wins"
