"""Which items come into question for this person here, each named with what speaks for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest
from itertools import chain, islice
from zlib import crc32

from wager.decide import ownership
from wager.decide.diversity import diversity, widening
from wager.domain.asking import DAY, Ask, Shelf
from wager.domain.definitions import LEVELS, Level
from wager.domain.models import Ranked, Snapshot
from wager.domain.prices import price_level
from wager.domain.profiles import Profile
from wager.domain.rarity import words_of

LEAST_LEANING = 0.02
LIKED_DAYS = 730
LIMIT = 24
OWN = 40
SIMILAR = 12
NEWEST = 40
PER_CATEGORY = 12
RANK: dict[Level, int] = {level: rank for rank, level in enumerate(LEVELS)}
SCARCE = 8
TURN, TURN_SECONDS = 24, 600  # new items that come into question for a person, and for how long
TRIED = 6  # candidates that are looked at for each that is to be explored
QUOTAS = {
    "repeat": 9,
    "due": 3,
    "liked": 2,
    "affinity": 3,
    "cart": 4,
    "segment": 4,
    "also-bought": 3,
    "similar": 3,
    "explore": 4,
    "new": 2,
    "popular": LIMIT,
    "asked": 1000,
    "default": 50,
    "must-include": 12,
    "use-case": 6,
    "use-case-segment": 6,
}
SOURCE_LEVEL: dict[str, Level] = {
    "repeat": "context",
    "due": "context",
    "cart": "context",
    "liked": "context",
    "affinity": "context",
    "segment": "segment",
    "also-bought": "crowd",
    "similar": "context",
    "explore": "crowd",
    "new": "crowd",
    "popular": "crowd",
    "asked": "crowd",
    "default": "neutral",
    "must-include": "crowd",
    "use-case": "crowd",
    "use-case-segment": "segment",
}


Source = tuple[str, Iterable[tuple[str, float, str]]]  # its name; items, weights, what is why
NAMED_BY_DEFAULT = {"default": (1.0, "")}


@dataclass(slots=True)
class Origin:
    """What speaks for one candidate: the sources that named it, each with how strongly, and what
    that is due to."""

    level: Level = "neutral"
    sources: dict[str, tuple[float, str]] = field(default_factory=dict)

    def because(self, source: str) -> str:
        """What a source named it for; empty where there is nothing to say."""
        named = self.sources.get(source)
        return named[1] if named is not None else ""


@dataclass(slots=True)
class Gathered:
    """The candidates that may be shown, in the order of the sources, and what was left out."""

    kept: dict[str, Origin] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from a profile alone, worked out once for each version of it and each day.

    `own` ranks what was bought by decayed count, `faded` is that count (log1p);
    `related` are the neighbours of what was bought last, `similar` what people of the same taste go
    on to buy, with its probability; `leanings` are the strongest category
    affinities, the largest being 1. `rows` keeps the features of an item that do not depend on the
    moment, `personal` the candidates that the person's own sources named, by the kinds shown; what
    has all but faded by that day is left out. `held` says what a purchase keeps out after the day
    began, as `Ask.held` does; `due` is what is used up about that day; `devices` are those that the
    account was used on, `spoken` the words that the person stated, and of what is liked;
    `price_level` is that of what is bought most.
    """

    own: Sequence[str]
    related: Sequence[tuple[str, float, str]]
    similar: Sequence[tuple[str, float, str]]
    leanings: dict[str, float]
    rows: dict[str, bytes] = field(default_factory=dict)
    had: ownership.Owned | None = None
    held: ownership.Holds = field(default_factory=dict)
    due: Sequence[tuple[str, float]] = ()
    again: Mapping[str, float] = field(default_factory=dict)
    faded: Mapping[str, float] = field(default_factory=dict)
    personal: dict[tuple[str, ...], Gathered] = field(default_factory=dict)
    devices: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    price_level: str | None = None


def standing(
    profile: Profile, snapshot: Snapshot, shelf: Shelf, today: int, kinship: ownership.Kinship,
    before: ownership.Owned | None = None,
) -> Standing:  # fmt: skip
    """Rank what the person bought, what goes with it (of whom no purchase is known, with what was
    clicked and liked), and what the person leans to, on that day (since the epoch). `before` is
    what followed from purchases on the same day and shelf."""
    had = ownership.owned(profile, kinship, today, before)
    history, last = had.history, [name for _, name in nlargest(6, had.last)]
    if not profile.purchases:
        history = ownership.chosen(profile, today)
        last = [name for name, *_ in history[:6]]
    related = [
        *ownership.accessories(profile, shelf),
        *neighbours(last, snapshot.also_bought, limit=16),
    ]
    leaning = leanings(profile, today * DAY, kinship.learnt.half_lives)
    taste = snapshot.taste
    similar = [(name, p, "") for name, p in taste.similar(taste.had(history), SIMILAR)]
    own = [name for _, name in sorted(had.often)[:OWN]]
    return Standing(
        own, related, similar, leaning,
        had=had,
        held=had.holds,
        due=had.due,
        again=had.again,
        faded=had.faded,
        devices=frozenset(use.device for use in profile.uses.values() if use.device),
        spoken=frozenset(_spoken(profile, shelf)),
        price_level=price_level(
            (shelf.items[name] for name in own if name in shelf.items), shelf.thirds
        ),
    )  # fmt: skip


def _spoken(profile: Profile, shelf: Shelf) -> Iterator[str]:
    """Words that the person stated, and what is liked is about, in lower case."""
    for one in profile.traits.values():
        if one.provenance == "stated":
            said = one.value if isinstance(one.value, list) else (one.value,)
            yield from (word.lower() for word in said if isinstance(word, str))
    for name in profile.liked:
        if (item := shelf.items.get(name)) is not None:
            yield from words_of(item)


def leanings(
    profile: Profile, at: float, half_lives: Mapping[str, float], limit: int = 12
) -> dict[str, float]:
    """The strongest category affinities at a moment (seconds since the epoch), scaled to 1; none
    that has all but faded. Since they last moved they fade by the category's half-life, where one
    was learnt or declared."""
    usual = half_lives.get("")
    weights: list[tuple[float, str]] = []
    for name, affinity in profile.affinities.items():
        if affinity.weight > LEAST_LEANING and name.startswith("category:"):
            days = max(at - affinity.at.timestamp(), 0.0) / DAY
            half_life = half_lives.get(name[9:], usual) or affinity.half_life_days
            weight = affinity.weight * 2.0 ** (-days / half_life)
            if weight > LEAST_LEANING:
                weights.append((-weight, name))
    top = nsmallest(limit, weights)
    return {name[9:]: weight / top[0][0] for weight, name in top}


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


def gather(
    ask: Ask, who: Standing, default: Sequence[str], why_not: Callable[[str], str | None]
) -> Gathered:
    """Eligible candidates of every source that the level allows, within the sources' quotas.

    `why_not` names the rule that keeps an item out. The default is always among them; where the
    candidates were handed in, those alone are, and the sources only say what speaks for them.
    """
    rank = RANK[ask.level]
    if ask.limited_to is not None:
        found = Gathered()
        _add(found, "asked", ((name, 1.0, "") for name in ask.limited_to), why_not)
        for source, names in chain(_own_sources(ask, who, rank), _crowd_sources(ask, rank)):
            _add(found, source, names, None)
        _widen(found, ask, rank, None)
        return found
    found = _personal(ask, who, rank, why_not)
    for source, names in ask.invited:
        _fill(found, source, names, QUOTAS[source], why_not)
    _widen(found, ask, rank, why_not)
    if rank >= RANK["crowd"]:
        _fill(found, "new", _untried(ask, who), QUOTAS["new"], why_not)
    for source, names in _crowd_sources(ask, rank):
        _fill(found, source, names, min(QUOTAS[source], LIMIT - len(found.kept)), why_not)
    _fill(found, "default", ((name, 1.0, "") for name in default), QUOTAS["default"], why_not)
    return found


def _personal(ask: Ask, who: Standing, rank: int, why_not: Callable[[str], str | None]) -> Gathered:
    """What the person's own sources name: kept from the last time where all of it may be shown."""
    kinds = tuple(ask.placement.kinds)
    may_keep = ask.level == "context" and not ask.cart
    known = who.personal.get(kinds) if may_keep else None
    if known is not None and _still(known, why_not):
        return Gathered(dict(known.kept), dict(known.dropped))
    found = Gathered()
    for source, names in _own_sources(ask, who, rank):
        _add(found, source, names, why_not)
    if may_keep:
        who.personal[kinds] = Gathered(dict(found.kept), dict(found.dropped))
    return found


def _still(known: Gathered, why_not: Callable[[str], str | None]) -> bool:
    """Whether each may be shown, or not, as it might before."""
    if any(map(why_not, known.kept)):
        return False
    return all(why_not(name) == rule for name, rule in known.dropped.items())


def _fill(
    found: Gathered, source: str, names: Iterable[tuple[str, float, str]], room: int,
    why_not: Callable[[str], str | None],
) -> None:  # fmt: skip
    """Take what is not there yet, while there is room."""
    kept, dropped, level = found.kept, found.dropped, SOURCE_LEVEL[source]
    if room <= 0:
        return
    for name, weight, because in names:
        if name in kept or name in dropped:
            continue
        rule = why_not(name)
        if rule is None:
            kept[name] = Origin(level, {source: (weight, because)})
            room -= 1
            if room <= 0:
                return
        elif rule != "wrong-kind":
            dropped[name] = rule


def _add(
    found: Gathered, source: str, names: Iterable[tuple[str, float, str]],
    why_not: Callable[[str], str | None] | None,
) -> None:  # fmt: skip
    """Take what a source names while its quota lasts, and note that it names what is there too;
    without `why_not` only the latter."""
    kept, level = found.kept, SOURCE_LEVEL[source]
    room = QUOTAS["asked"] if source == "asked" else min(QUOTAS[source], LIMIT - len(kept))
    for name, weight, because in names:
        origin = kept.get(name)
        if origin is None:
            if room > 0 and why_not is not None:
                before = len(kept)
                _fill(found, source, ((name, weight, because),), 1, why_not)
                room -= len(kept) - before
            continue
        if RANK[level] > RANK[origin.level]:
            origin.level = level
        origin.sources[source] = weight, because


def _widen(
    found: Gathered, ask: Ask, rank: int, why_not: Callable[[str], str | None] | None
) -> None:
    """Something else for who was shown too much of the same: a candidate for each slot, four at
    the least; without `why_not` only what is there already. What others named is copied, as it
    may be kept for the next decision."""
    floor, room = ask.placement.diversity_floor, max(QUOTAS["explore"], ask.placement.slots)
    if not floor or rank < RANK["context"]:
        return
    known = diversity(ask.profile.exposures, ask.shelf, ask.now)
    if known is None or known.entropy >= floor:
        return
    kept = found.kept
    tried = room * TRIED if why_not is not None else None
    for one in islice(widening(known, ask.shelf, ask.placement.kinds), tried):
        name, weight, because = one
        origin = kept.get(name)
        if origin is not None:
            kept[name] = Origin(origin.level, origin.sources | {"explore": (weight, because)})
        elif why_not is not None:
            _fill(found, "explore", (one,), 1, why_not)
        room -= name in kept
        if room == 0:
            return


def _own_sources(ask: Ask, who: Standing, rank: int) -> Iterator[Source]:
    """What the person did, likes and leans to; what goes with the cart and with what was bought."""
    also_bought = ask.snapshot.also_bought
    if rank >= RANK["context"]:
        yield "repeat", ((name, 1.0, "") for name in who.own[:20])
        yield "due", ((name, weight, "") for name, weight in who.due)
        yield "liked", ((name, 1.0, "") for name in _liked(ask))
        yield "affinity", _leaning_items(ask, who)
        if ask.cart:
            yield "cart", neighbours(ask.cart, also_bought, limit=12)
        yield "also-bought", who.related
        yield "similar", who.similar
    elif ask.cart and rank >= RANK["crowd"]:
        yield "also-bought", neighbours(ask.cart, also_bought, limit=12)


def _liked(ask: Ask) -> list[str]:
    """What was liked last, but for what is long past."""
    liked = list(ask.profile.liked.items())[-6:]
    return [name for name, at in liked if (ask.now - at).days < LIKED_DAYS]


def _crowd_sources(ask: Ask, rank: int) -> Iterator[Source]:
    """What is popular in the person's segments, and with everybody."""
    if rank >= RANK["segment"]:
        for segment in ask.segments[:6]:
            popular = ask.snapshot.popular_in.get(segment, ())[:6]
            yield "segment", ((name, rate, segment) for name, rate in popular)
    if rank >= RANK["crowd"]:
        yield "popular", _popular(ask)


def _popular(ask: Ask) -> Sequence[tuple[str, float, str]]:
    """What is popular; where that is little, the newest of the kinds that are shown as well."""
    kinds, snapshot, shelf = tuple(ask.placement.kinds), ask.snapshot, ask.shelf
    kept = snapshot.popular_of.get(kinds)
    if kept is None or kept[0] is not shelf:
        kept = snapshot.popular_of[kinds] = shelf, list(_most_popular(snapshot, shelf, kinds))
    return kept[1]


def _most_popular(
    snapshot: Snapshot, shelf: Shelf, kinds: Sequence[str]
) -> Iterator[tuple[str, float, str]]:
    shown = 0
    for name, rate in snapshot.popular[:40]:
        if not kinds or ((item := shelf.items.get(name)) is not None and item.kind in kinds):
            shown += 1
            yield name, rate, ""
    if shown < SCARCE:
        for kind in kinds or shelf.kinds:
            for name in shelf.kinds.get(kind, ())[-NEWEST:]:
                yield name, snapshot.rates.of(name), ""


def _untried(ask: Ask, who: Standing) -> Iterator[tuple[str, float, str]]:
    """New items that were hardly ever shown here: others for each person and every ten minutes,
    those in categories that the person leans to first."""
    payoffs = ask.snapshot.payoffs.get(ask.placement.name)
    if payoffs is None or not payoffs.untried:
        return
    turn = f"{ask.profile.profile_id} {int(ask.now.timestamp()) // TURN_SECONDS}"
    start = crc32(turn.encode()) % len(payoffs.untried)
    some = [*payoffs.untried[start : start + TURN], *payoffs.untried[: max(TURN - start, 0)]][:TURN]
    leanings = who.leanings.keys() if ask.level == "context" else frozenset[str]()
    for name, categories in some:
        if not leanings.isdisjoint(categories):
            yield name, 1.0, ""
    for name, _ in some:
        yield name, 0.0, ""


def _leaning_items(ask: Ask, who: Standing) -> Iterator[tuple[str, float, str]]:
    """Items in the categories that the person leans to, the best sold of each first."""
    for category, weight in who.leanings.items():
        for kind in ask.placement.kinds or ask.shelf.kinds:
            for name in ask.shelf.categories.get((kind, category), ())[:PER_CATEGORY]:
                yield name, weight, category
