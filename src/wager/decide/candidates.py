"""Which items come into question for this person here, each named with what speaks for it."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wager.domain.asking import DAY, Ask
from wager.domain.definitions import LEVELS, Level
from wager.domain.models import Ranked, Snapshot
from wager.domain.profiles import Profile

PURCHASE_HALF_LIFE_DAYS = 60.0
LIMIT = 30
OWN = 40
NEWEST = 40
RANK: dict[Level, int] = {level: rank for rank, level in enumerate(LEVELS)}
QUOTAS = {
    "repeat": 12,
    "cart": 6,
    "liked": 3,
    "also-bought": 6,
    "segment": 6,
    "affinity": 6,
    "popular": 8,
    "asked": 30,
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
    largest being 1.
    """

    own: Sequence[str]
    history: dict[str, tuple[float, float, float, float, float]]
    related: Sequence[tuple[str, float, str]]
    leanings: dict[str, float]


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


def gather(ask: Ask, who: Standing, default: Sequence[str]) -> dict[str, Origin]:
    """Candidates of every source that the level allows, in the order of the sources."""
    found: dict[str, Origin] = {}
    kinds, items = ask.placement.kinds, ask.shelf.items

    def add(source: str, names: Iterable[tuple[str, float, str]]) -> None:
        level = SOURCE_LEVEL[source]
        for name, weight, because in names:
            origin = found.get(name)
            if origin is None:
                if kinds and ((item := items.get(name)) is None or item.kind not in kinds):
                    continue
                origin = found[name] = Origin(level)
            elif RANK[level] > RANK[origin.level]:
                origin.level = level
            origin.sources[source] = weight
            if because:
                origin.because[source] = because

    rank = RANK[ask.level]
    if ask.limited_to is not None:
        add("asked", ((name, 1.0, "") for name in ask.limited_to))
        _mark(ask, who, found, rank)
    else:
        for source, names in _sources(ask, who, rank):
            add(source, names)
        add("default", ((name, 1.0, "") for name in default))
    return found


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
        return ask.snapshot.popular[:16]
    known = [
        (name, rate)
        for name, rate in ask.snapshot.popular
        if (item := items.get(name)) is not None and item.kind in kinds
    ][:16]
    fresh = [
        (name, rates.get(name, 0.0))
        for kind in kinds
        for name in ask.shelf.kinds.get(kind, ())[-NEWEST:]
    ]
    return known + fresh


def _leaning_items(ask: Ask, who: Standing) -> list[tuple[str, float, str]]:
    """Items in the categories that the person leans to, the best sold of each first."""
    wide = bool(ask.placement.kinds)
    return [
        (name, weight, category)
        for category, weight in list(who.leanings.items())[: 8 if wide else 4]
        for kind in ask.placement.kinds or ask.shelf.kinds
        for name in ask.shelf.categories.get((kind, category), ())[: 12 if wide else 4]
    ]


def _mark(ask: Ask, who: Standing, found: dict[str, Origin], rank: int) -> None:
    """Where the candidates were handed in, say which of them a source speaks for as well."""
    for source, names in _sources(ask, who, rank):
        for name, weight, because in names:
            if (origin := found.get(name)) is not None:
                origin.sources[source] = weight
                if because:
                    origin.because[source] = because
                if RANK[SOURCE_LEVEL[source]] > RANK[origin.level]:
                    origin.level = SOURCE_LEVEL[source]


def shortlist(
    found: dict[str, Origin], why_not: Callable[[str], str | None], limit: int = LIMIT
) -> tuple[dict[str, Origin], list[tuple[str, str]]]:
    """The eligible ones within the quotas and the limit, and those left out with a rule."""
    kept: dict[str, Origin] = {}
    dropped: list[tuple[str, str]] = []
    used: dict[str, int] = {}
    for name, origin in found.items():
        fits = any(used.get(source, 0) < QUOTAS[source] for source in origin.sources)
        if not fits or (len(kept) >= limit and "default" not in origin.sources):
            continue
        rule = why_not(name)
        if rule is not None:
            dropped.append((name, rule))
            continue
        kept[name] = origin
        for source in origin.sources:
            used[source] = used.get(source, 0) + 1
    return kept, dropped
