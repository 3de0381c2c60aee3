"""Which items come into question for this person here, each named with what speaks for it."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wager.domain.asking import DAY, Ask
from wager.domain.definitions import LEVELS, Level
from wager.domain.models import Ranked, Snapshot
from wager.domain.profiles import Profile

PURCHASE_HALF_LIFE_DAYS = 60.0
LIMIT = 24
OWN = 40
NEWEST = 40
PER_CATEGORY = 12
RANK: dict[Level, int] = {level: rank for rank, level in enumerate(LEVELS)}
SCARCE = 8
_UNSAID = ("affinity", "popular")  # not worth saying of what is there by a stronger source
QUOTAS = {
    "repeat": 9,
    "liked": 2,
    "affinity": 3,
    "cart": 4,
    "segment": 4,
    "also-bought": 3,
    "popular": LIMIT,
    "asked": 1000,
    "default": 50,
}
SOURCE_LEVEL: dict[str, Level] = {
    "repeat": "context",
    "cart": "context",
    "liked": "context",
    "affinity": "context",
    "segment": "segment",
    "also-bought": "crowd",
    "popular": "crowd",
    "asked": "crowd",
    "default": "neutral",
}


@dataclass(slots=True)
class Origin:
    """What speaks for one candidate: the sources that named it, and what each is due to."""

    level: Level = "neutral"
    sources: dict[str, float] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a profile alone, worked out once for each version of it.

    `own` ranks what was bought by decayed count (the order does not depend on the moment);
    `history` holds for each item log2 of the decayed count as of the epoch, the day of the last
    purchase, how many there were, and the mean hour as cosine and sine; `related` are the
    neighbours of what was bought last; `leanings` are the strongest category affinities, the
    largest being 1. `rows` keeps the features of an item that do not depend on the moment.
    """

    own: Sequence[str]
    history: dict[str, tuple[float, float, float, float, float]]
    related: Sequence[tuple[str, float, str]]
    leanings: dict[str, float]
    rows: dict[str, bytes] = field(default_factory=dict)


def standing(profile: Profile, snapshot: Snapshot) -> Standing:
    """Rank what the person bought, what goes with it, and what the person leans to."""
    history: dict[str, tuple[float, float, float, float, float]] = {}
    last: list[tuple[float, str]] = []
    for item_id, purchase in profile.purchases.items():
        times = purchase.times
        if purchase.recent > 0 and times > 0 and not purchase.gift:
            day = purchase.last_at.timestamp() / DAY
            level = math.log2(purchase.recent) + day / PURCHASE_HALF_LIFE_DAYS
            hour = purchase.cosine / times, purchase.sine / times
            history[item_id] = (level, day, float(times), *hour)
            last.append((day, item_id))
    own = sorted(history, key=lambda name: (-history[name][0], name))[:OWN]
    last.sort(reverse=True)
    related = neighbours([name for _, name in last[:6]], snapshot.also_bought, limit=16)
    return Standing(own, history, related, leanings(profile))


def leanings(profile: Profile, limit: int = 12) -> dict[str, float]:
    """The strongest positive category affinities as of the profile's last change, scaled to 1."""
    at = profile.updated_at.timestamp()
    weights: dict[str, float] = {}
    for name, affinity in profile.affinities.items():
        if affinity.weight > 0 and name.startswith("category:"):
            days = (at - affinity.at.timestamp()) / DAY
            weights[name[9:]] = affinity.weight * 2.0 ** (-days / affinity.half_life_days)
    top = sorted(weights, key=lambda name: (-weights[name], name))[:limit]
    most = weights[top[0]] if top else 1.0
    return {name: weights[name] / most for name in top}


def neighbours(
    items: Iterable[str], also_bought: Mapping[str, Ranked], limit: int
) -> list[tuple[str, float, str]]:
    """What is bought with any of the items: (item, strongest weight, what it is due to)."""
    best: dict[str, tuple[float, str]] = {}
    origin = list(items)
    for name in origin:
        for other, weight in also_bought.get(name, ())[:12]:
            if weight > best.get(other, (0.0, ""))[0]:
                best[other] = (weight, name)
    for name in origin:
        best.pop(name, None)
    ranked = sorted(best.items(), key=lambda pair: (-pair[1][0], pair[0]))[:limit]
    return [(other, weight, name) for other, (weight, name) in ranked]


@dataclass(slots=True)
class Gathered:
    """The candidates that may be shown, in the order of the sources, and what was left out."""

    kept: dict[str, Origin] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)


def gather(
    ask: Ask, who: Standing, default: Sequence[str], why_not: Callable[[str], str | None]
) -> Gathered:
    """Eligible candidates of every source that the level allows, within the sources' quotas.

    `why_not` names the rule that keeps an item out. The default is always among them; where the
    candidates were handed in, those alone are, and the sources only say what speaks for them.
    """
    found = Gathered()
    if ask.limited_to is not None:
        _add(found, "asked", ((name, 1.0, "") for name in ask.limited_to), why_not)
        closed: Callable[[str], str | None] | None = None
    else:
        closed = why_not
    for source, names in _sources(ask, who, RANK[ask.level]):
        _add(found, source, names, closed)
    if ask.limited_to is None:
        _add(found, "default", ((name, 1.0, "") for name in default), why_not)
    return found


def _add(
    found: Gathered, source: str, names: Iterable[tuple[str, float, str]],
    why_not: Callable[[str], str | None] | None,
) -> None:  # fmt: skip
    """Take what a source names while its quota lasts; without `why_not` add to what is there."""
    kept, dropped, level = found.kept, found.dropped, SOURCE_LEVEL[source]
    room = (
        QUOTAS[source] if source in ("asked", "default") else min(QUOTAS[source], LIMIT - len(kept))
    )
    for name, weight, because in names:
        origin = kept.get(name)
        if origin is None:
            if room <= 0 and source in _UNSAID:
                return
            if room <= 0 or why_not is None or name in dropped:
                continue
            rule = why_not(name)
            if rule is not None:
                if rule != "wrong-kind":
                    dropped[name] = rule
                continue
            origin = kept[name] = Origin(level)
            room -= 1
        elif RANK[level] > RANK[origin.level]:
            origin.level = level
        origin.sources[source] = weight
        if because:
            origin.because[source] = because


def _sources(
    ask: Ask, who: Standing, rank: int
) -> Iterable[tuple[str, Iterable[tuple[str, float, str]]]]:
    snapshot = ask.snapshot
    if rank >= RANK["context"]:
        yield "repeat", ((name, 1.0, "") for name in who.own[:20])
        yield "liked", ((name, 1.0, "") for name in list(ask.profile.liked)[-6:])
        yield "affinity", _leaning_items(ask, who)
    if ask.cart and rank >= RANK["crowd"]:
        source = "cart" if rank >= RANK["context"] else "also-bought"
        yield source, neighbours(ask.cart, snapshot.also_bought, limit=12)
    if rank >= RANK["segment"]:
        for segment in ask.segments[:6]:
            popular = snapshot.popular_in.get(segment, ())[:6]
            yield "segment", ((name, rate, segment) for name, rate in popular)
    if rank >= RANK["context"]:
        yield "also-bought", who.related
    if rank >= RANK["crowd"]:
        yield "popular", ((name, rate, "") for name, rate in _popular(ask))


def _popular(ask: Ask) -> Iterable[tuple[str, float]]:
    """What is popular; where only some kinds are shown, the newest of them as well."""
    kinds, items, rates = ask.placement.kinds, ask.shelf.items, ask.snapshot.rates
    if not kinds:
        return ask.snapshot.popular[:40]
    known = [
        (name, rate)
        for name, rate in ask.snapshot.popular[:40]
        if (item := items.get(name)) is not None and item.kind in kinds
    ]
    if len(known) >= SCARCE:
        return known
    fresh = [
        (name, rates.of(name)) for kind in kinds for name in ask.shelf.kinds.get(kind, ())[-NEWEST:]
    ]
    return known + fresh


def _leaning_items(ask: Ask, who: Standing) -> Iterator[tuple[str, float, str]]:
    """Items in the categories that the person leans to, the best sold of each first."""
    for category, weight in who.leanings.items():
        for kind in ask.placement.kinds or ask.shelf.kinds:
            for name in ask.shelf.categories.get((kind, category), ())[:PER_CATEGORY]:
                yield name, weight, category
