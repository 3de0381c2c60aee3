"""What binds and what is due for one person: read for people to look at, never to decide by."""

from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite

from msgspec.structs import replace

from wager.decide.diversity import LEAST_SHOWINGS, diversity
from wager.decide.ownership import DUE_FROM, DUE_TO, Kinship, Terms, declared
from wager.domain.asking import DAY, Ask
from wager.domain.content import Item
from wager.domain.decisions import Decision
from wager.domain.definitions import Placement
from wager.domain.estimates import NotEnough
from wager.domain.outlook import Due, Outlook, Owned, Room, Somebody, Variety
from wager.domain.profiles import Profile
from wager.engine.capping import Capping, Counter, running
from wager.engine.live import Live
from wager.engine.presence import Presence
from wager.unify.persons import PARTS, Persons
from wager.unify.uses import taste

ITEMS_SHOWN, OWNED_SHOWN, TASTES_SHOWN = 12, 40, 3
_ORDER: Sequence[Due] = ("due", "not-due", "lasts", "lapsed")


def outlook(
    live: Live, capping: Capping, profile: Profile, *, at: datetime, device: str | None = None
) -> Outlook:
    """All of it, as of a moment; `device` is the name of the device that is used now."""
    zone = live.zone(profile.timezone) or UTC
    ask = Ask(
        placement=Placement(name="outlook"),
        profile=profile,
        now=at,
        local=at.astimezone(zone),
        snapshot=live.snapshot,
        shelf=live.shelf,
        cart=tuple(profile.cart),
    )
    people = tuple(_people(Presence().present(ask, device), profile))
    surest = max((one.probability for one in people), default=1.0)
    placements = live.placements.values()
    return Outlook(
        profile_id=profile.profile_id,
        at=at,
        caps=tuple(_rooms(live, capping, ask)),
        owned=_owned(live, profile, at),
        people=people,
        unsure=tuple(one.name for one in placements if surest < one.identity_threshold),
        variety=_variety(live, profile, at),
        floors={one.name: one.diversity_floor for one in placements if one.diversity_floor},
    )


# ---- caps


def _rooms(live: Live, capping: Capping, ask: Ask) -> Iterator[Room]:
    """Each cap once, whichever placements declare it; of what is counted apart the fullest."""
    by_cap: dict[Counter, list[str]] = {}
    for placement, caps in live.caps.items():
        for one in running(caps, ask.now):
            by_cap.setdefault(one, []).append(placement)
    longest = max((one.seconds for one in by_cap), default=0.0)
    shown = list(capping.logged(ask, longest)) if by_cap else []
    for one, placements in by_cap.items():
        rooms = [
            _room(capping, one, placements, asked, item)
            for asked, item in _counted(one, ask, shown)
        ]
        rooms.sort(key=lambda room: -room.spent)
        counted = [room for room in rooms if room.spent or room.item_id is None]
        yield from counted[:ITEMS_SHOWN]


def _counted(one: Counter, ask: Ask, shown: Sequence[Decision]) -> Iterator[tuple[Ask, str]]:
    """What a cap counts apart for the person: each item, each channel, or all in one."""
    match one.cap.per:
        case "item":
            times = Counts(name for made in shown for name in _items(made))
            yield from ((ask, name) for name in times)
        case "channel":
            for channel in dict.fromkeys(made.context.get("channel", "") for made in shown):
                yield _on(ask, str(channel)), ""
        case _:
            yield ask, ""


def _items(decision: Decision) -> Iterator[str]:
    return (one.item_id for one in decision.choices if one.item_id is not None)


def _on(ask: Ask, channel: str) -> Ask:
    return replace(ask, context={"channel": channel})


def _room(capping: Capping, one: Counter, placements: Sequence[str], ask: Ask, item: str) -> Room:
    spent = capping.spent(ask, one, item)
    left = int(max(one.cap.limit - spent, 0.0))
    free_at = None
    if left < 1:
        free_at = ask.now + timedelta(seconds=_frees(capping, one, ask, item))
    return Room(
        placements=tuple(placements),
        per=one.cap.per,
        limit=one.cap.limit,
        window_minutes=one.cap.window_minutes,
        unanswered=one.cap.unanswered,
        spent=int(spent),
        left=left,
        name=one.about or one.case or None,
        item_id=item or None,
        channel=str(ask.context["channel"]) if "channel" in ask.context else None,
        free_at=free_at,
    )


def _frees(capping: Capping, one: Counter, ask: Ask, item: str) -> float:
    """In how many seconds, to the second, there is room again: found by halving, because what is
    counted only falls while nothing is shown."""
    low, high = 0.0, one.seconds
    while high - low > 1.0:
        middle = (low + high) / 2.0
        if capping.spent(ask, one, item, ahead=middle) > one.cap.limit - 1:
            low = middle
        else:
            high = middle
    return high


# ---- what was bought


def _owned(live: Live, profile: Profile, at: datetime) -> tuple[Owned, ...]:
    """What is due first, then what will be; at most so many of each."""
    found: dict[Due, list[tuple[float, Owned]]] = {state: [] for state in _ORDER}
    for item_id, purchase in profile.purchases.items():
        known, item = live.kinship.terms(item_id), live.items.get(item_id)
        bought_at = purchase.own_since
        if known is not None and item is not None and bought_at is not None and bought_at <= at:
            one = _one_owned(item, known, bought_at, at, live.kinship)
            found[one.state].append((purchase.recent, one))
    kept: list[Owned] = []
    for state in _ORDER:
        ranked = sorted(found[state], key=lambda pair: (-pair[0], pair[1].item_id))
        kept.extend(one for _, one in ranked[:OWNED_SHOWN])
    return tuple(kept)


def _one_owned(
    item: Item, known: Terms, bought_at: datetime, at: datetime, kinship: Kinship
) -> Owned:
    until = bought_at + timedelta(days=known.days) if isfinite(known.days) else None
    is_out = until is None or until > at
    return Owned(
        item_id=item.item_id,
        title=item.title,
        bought_at=bought_at,
        state=_state(known, (at - bought_at).total_seconds() / DAY, is_out=is_out),
        cycle=known.cycle,
        known_from=_known_from(item, kinship),
        usual_days=known.usual or None,
        due_at=bought_at + timedelta(days=known.usual) if known.usual else None,
        until=until if is_out else None,
    )


def _state(known: Terms, days: float, *, is_out: bool) -> Due:
    if known.cycle not in ("consumable", "seasonal"):
        return "lasts" if is_out else "lapsed"
    if is_out or days < DUE_FROM * known.usual:
        return "not-due"
    return "due" if known.usual and days <= DUE_TO * known.usual else "lapsed"


def _known_from(item: Item, kinship: Kinship) -> str:
    cycle, days, category = declared(item, kinship.categories)
    if cycle is not None and (days is not None or cycle != "consumable"):
        return f"declared for {category}" if category else "declared"
    if item.item_id in kinship.learnt.of:
        return "learnt"
    named = (one for one in item.categories if f"category:{one}" in kinship.learnt.of)
    return f"learnt of {next(named, '')}"


# ---- who is there


def _people(
    found: tuple[Persons, tuple[float, ...]] | None, profile: Profile
) -> Iterator[Somebody]:
    if found is None:
        return
    known, odds = found
    named = _tastes(profile)
    everybody = known.counts.sum(axis=0)
    for uses, counts, probability in zip(known.uses, known.counts, odds, strict=True):
        liking = counts / max(uses, 1e-9) - everybody / max(float(known.uses.sum()), 1e-9)
        ranked = sorted(named, key=lambda number: -liking[PARTS + 2 + number])
        yield Somebody(
            probability=probability,
            share=float(uses / known.uses.sum()),
            parts=tuple((counts[:PARTS] / uses).tolist()),
            weekend=float(counts[PARTS + 1] / uses),
            tastes=tuple(
                named[number]
                for number in ranked[:TASTES_SHOWN]
                if liking[PARTS + 2 + number] > 0.0
            ),
        )


def _tastes(profile: Profile) -> Mapping[int, str]:
    """What the numbers stand for in this account: its strongest leaning of that number."""
    named: dict[int, str] = {}
    leanings = sorted(profile.affinities.items(), key=lambda pair: -pair[1].weight)
    for key, _ in leanings:
        if key.startswith("category:"):
            named.setdefault(taste(key[9:]), key[9:])
    return named


# ---- how varied


def _variety(live: Live, profile: Profile, at: datetime) -> Variety | NotEnough:
    found = diversity(profile.exposures, live.shelf, at)
    if found is None:
        seen = sum(one.seen for one in profile.exposures.values())
        return NotEnough(needed=LEAST_SHOWINGS, seen=min(seen, LEAST_SHOWINGS - 1), what="showings")
    return Variety(
        entropy=found.entropy,
        repetition=found.repetition,
        novelty=found.novelty,
        showings=found.showings,
        by_category=dict(sorted(found.by_category.items(), key=lambda pair: -pair[1])),
    )
