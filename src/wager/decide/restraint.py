"""Whom not to talk to: who gets no bet here and now, and which rule says so."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain

from msgspec.structs import replace

from wager.decide.candidates import Origin, Standing
from wager.domain.asking import Ask
from wager.domain.content import Item
from wager.domain.decisions import BETTER_LEFT_ALONE, Reason
from wager.domain.definitions import QuietHours, Rule
from wager.domain.profiles import Profile
from wager.domain.rarity import words_of
from wager.domain.stages import RESPONSES

SILENCES: Mapping[str, str] = {
    "excluded-segment": "the person is in a segment that is not talked to here",
    "quiet-hours": "it is the person's quiet time",
    "capped": "as much was shown as the caps allow",
    "unanswered": "as much was shown as may be without a response",
    BETTER_LEFT_ALONE: "talking did harm to people in a segment that the person is in",
}
ACTIONS_TO_BE_KNOWN = 10
# How little a person sees of why an item came into question: 0 is open to all, 1 out of sight. What
# is bought here is remembered, what is worked out from it less so, what others do least.
HIDDEN: Mapping[str, float] = {
    "repeat": 0.25,
    "due": 0.25,
    "affinity": 0.5,
    "also-bought": 0.5,
    "segment": 0.5,
    "use-case-segment": 0.5,
    "similar": 1.0,
}
HIDDEN_FROM = ("segment", "context")  # levels: below them nothing of the person's own is read
SESSION = timedelta(minutes=30)


def silence(ask: Ask) -> Reason | None:
    """Why the person is not talked to here and now; None if they may be."""
    placement = ask.placement
    for segment in placement.exclude:
        if segment in ask.segments:
            return Reason(kind="excluded-segment", text=f"people in {segment} are not talked to")
    quiet = placement.quiet_hours
    if quiet is not None and _applies(quiet, ask) and is_quiet(quiet, ask.local):
        text = f"quiet from {quiet.start} to {quiet.until}; it is {ask.local:%H:%M} there"
        return Reason(kind="quiet-hours", text=text)
    return None


def better_left_alone(ask: Ask) -> Reason | None:
    """Where bets brought less than leaving alone did in one of the person's segments."""
    harmed = ask.snapshot.harmed.get(ask.placement.name)
    for segment in ask.segments if harmed else ():
        if harmed is not None and segment in harmed:
            text = f"talking to people in {segment} brought less than leaving them alone"
            return Reason(kind=BETTER_LEFT_ALONE, text=text)
    return None


def _applies(quiet: QuietHours, ask: Ask) -> bool:
    return not quiet.channels or ask.context.get("channel") in quiet.channels


def is_quiet(quiet: QuietHours, local: datetime) -> bool:
    """Whether a local time lies within; where both ends are the same, it always does.

    >>> night = QuietHours(start="22:00", until="07:00")
    >>> is_quiet(night, datetime(2026, 1, 5, 6, 59)), is_quiet(night, datetime(2026, 1, 5, 7, 0))
    (True, False)
    """
    now, start, until = f"{local:%H:%M}", quiet.start, quiet.until
    if start < until:
        return start <= now < until
    return now >= start or now < until


def has_tag(item: Item, tag: str) -> bool:
    """Whether the item has the tag, or is of a category that is called so."""
    return tag in item.tags or tag in item.categories


def is_full(rooms: Mapping[str, int], item: Item) -> bool:
    """Whether there is no more room for one of the item's tags."""
    return any(room < 1 and has_tag(item, tag) for tag, room in rooms.items())


# ---- what is held back from a bet, so that nobody is worn out or feels watched


def discreet(ask: Ask) -> Ask:
    """The ask without what is better not shown or assumed; the placement's own default stays.

    It is for bets alone: the default is the same for everybody, and assumes nothing.
    """
    placement = ask.placement
    resting = _resting(ask)
    if not resting and not placement.sensitive:
        return ask
    for name in _named(placement.default):
        resting.pop(name, None)
    return replace(
        ask,
        resting={**resting, **ask.resting},
        hushed=_hushed(ask),
        segments=tuple(name for name in ask.segments if name not in placement.sensitive),
    )


def _resting(ask: Ask) -> dict[str, str]:
    """Items that were passed over too often, or looked at just now."""
    found: dict[str, str] = {}
    fatigue, exposures = ask.placement.fatigue, ask.profile.exposures
    if fatigue is not None and exposures:
        most, since = fatigue.ignored, ask.timestamp - fatigue.window_minutes * 60.0
        for name, one in exposures.items():
            if one.ignored >= most and one.ignored_at[-most] > since:
                found[name] = "tired"
    cool = ask.placement.cool_down_minutes
    if cool and ask.profile.viewed:
        after = ask.now - timedelta(minutes=cool)
        found.update((name, "just-seen") for name, at in ask.profile.viewed.items() if at > after)
    return found


def _hushed(ask: Ask) -> frozenset[str]:
    """Sensitive tags and categories that the person's leanings point to but nothing that was
    liked; all of them where the person is hardly known."""
    profile, items = ask.profile, ask.shelf.items
    liked = [items[name] for name in profile.liked if name in items]
    thin = is_thin(profile)
    return frozenset(
        name
        for name in ask.placement.sensitive
        if (thin or _leans(profile, name)) and not any(has_tag(one, name) for one in liked)
    )


def _leans(profile: Profile, name: str) -> bool:
    return f"category:{name}" in profile.affinities or f"tag:{name}" in profile.affinities


def is_thin(profile: Profile) -> bool:
    """Whether too little is known to be specific: no name but a browser's, and few actions."""
    if any(one.kind != "anonymous_id" for one in profile.identities):
        return False
    actions = sum(profile.counts[name].total for name in RESPONSES if name in profile.counts)
    return actions < ACTIONS_TO_BE_KNOWN


def is_hushed(ask: Ask, item: Item) -> bool:
    """Whether the item is of a hushed tag or category, and not the placement's own default."""
    if item.item_id in _named(ask.placement.default):
        return False
    return any(has_tag(item, name) for name in ask.hushed)


def _named(default: str | list[str] | Rule | None) -> Sequence[str]:
    if isinstance(default, str):
        return [default]
    return default if isinstance(default, list) else ()


# ---- what would make a person wonder how one knows


@dataclass(slots=True)
class Surprise:
    """How much the choices of one bet would make the person wonder how one knows, in bits.

    The self-information of the rarest thing that an item is about and the person did not speak of
    (`Rarity`), times how hidden to the person the most visible of what named it is (`HIDDEN`),
    twice as much, at most 1, on a device that the person has never used. 0 for the safe choice,
    and where nothing of the person's own was read.
    """

    ask: Ask
    who: Standing
    safe: Collection[str]
    spoken: frozenset[str] | None = None

    def of(self, name: str | None, origin: Origin) -> float:
        """How surprising this candidate would be."""
        ask, hidden = self.ask, _hidden(tuple(origin.sources))
        if not hidden or ask.level not in HIDDEN_FROM or name is None or name in self.safe:
            return 0.0
        if self.spoken is None:
            self.spoken = self.who.spoken
            if ask.cart or ask.profile.viewed:
                self.spoken = self.spoken.union(_done_here(ask))
        item = ask.shelf.items.get(name)
        for bits, part in ask.rarity.of(item) if item is not None else ():
            if part not in self.spoken:
                return bits * (min(2.0 * hidden, 1.0) if ask.elsewhere else hidden)
        return 0.0

    def left_out(self, kept: dict[str, Origin], dropped: dict[str, str]) -> None:
        """Move what is over the placement's limit to what was dropped."""
        limit = self.ask.placement.max_surprise
        if limit is None:
            return
        most = limit.thin_bits if is_thin(self.ask.profile) else limit.bits
        for name in [name for name, origin in kept.items() if self.of(name, origin) > most]:
            del kept[name]
            dropped[name] = "surprising"


@lru_cache(maxsize=1000)
def _hidden(sources: tuple[str, ...]) -> float:
    """How hidden the most visible of them is; that it was asked about says nothing."""
    return min((HIDDEN.get(one, 0.0) for one in sources if one != "asked"), default=0.0)


def _done_here(ask: Ask) -> Iterator[str]:
    """What is in the cart or was looked at just now is about."""
    items, since = ask.shelf.items, ask.now - SESSION
    here = {} if ask.elsewhere else ask.profile.viewed
    looked_at = (name for name, at in here.items() if since < at <= ask.now)
    for name in chain(ask.cart, looked_at):
        if (item := items.get(name)) is not None:
            yield from words_of(item)
