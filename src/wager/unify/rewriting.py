"""What is known of a person as if some of what happened had been told otherwise from the start.

Whether it was a gift, or whose it was: two people who were taken for one are told apart.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec.structs import replace

from wager.domain.content import Item
from wager.domain.events import Event, StoredEvent
from wager.domain.identity import Identity
from wager.domain.profiles import Affinity, Profile, Purchase, Use
from wager.unify import gifts
from wager.unify.draft import Draft, join_affinities, join_purchases, together
from wager.unify.golden import fold
from wager.unify.identities import named, resolve

T = TypeVar("T", Affinity, Purchase, Use)


def rewritten(
    profile: Profile, before: Sequence[Event], after: Sequence[Event], items: Mapping[str, Item]
) -> Profile:
    """The profile whose logged events were `before` as if they had been `after`.

    An affinity or a purchase that rests on these events alone is as they now say, exactly. One
    that rests on older ones, too, which the log has no more, is moved by the difference.
    """
    blank = Profile(profile_id="", created_at=profile.created_at, updated_at=profile.created_at)
    was, now = fold(blank, before, items), fold(blank, after, items)
    draft = Draft(profile)
    for key in was.affinities.keys() | now.affinities.keys():
        old, new = was.affinities.get(key), now.affinities.get(key)
        if old != new:
            _put(draft.affinities, key, _moved_leaning(draft.affinities.get(key), old, new))
    bought, would = was.purchases | was.returned, now.purchases | now.returned
    for item_id in bought.keys() | would.keys():
        piece, told = bought.get(item_id), would.get(item_id)
        if piece == told:
            continue
        known = draft.purchases.pop(item_id, None) or draft.returned.pop(item_id, None)
        moved = _moved_purchase(known, piece, told)
        if moved is not None:
            draft.bought(item_id, moved)
    for key in was.uses.keys() | now.uses.keys():
        if was.uses.get(key) != now.uses.get(key):
            _put(draft.uses, key, now.uses.get(key))
    return draft.finished()


def _put(table: dict[str, T], key: str, value: T | None) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _moved_leaning(
    known: Affinity | None, old: Affinity | None, new: Affinity | None
) -> Affinity | None:
    if known is None or old is None:
        return new if known is None or new is None else join_affinities(known, new)
    if known.at == old.at and math.isclose(known.weight, old.weight, rel_tol=1e-9, abs_tol=1e-9):
        return new
    less = join_affinities(known, replace(old, weight=-old.weight))
    return less if new is None else join_affinities(less, new)


def _moved_purchase(
    known: Purchase | None, old: Purchase | None, new: Purchase | None
) -> Purchase | None:
    if known is None or old is None or new is None:
        return new if known is None or new is None else join_purchases(known, new)
    if (
        (known.times, known.last_at, known.quantity) == (old.times, old.last_at, old.quantity)
        and (known.given, known.own_at) == (old.given, old.own_at)
        and math.isclose(known.recent, old.recent, rel_tol=1e-9, abs_tol=1e-9)
    ):
        return new
    less = Purchase(
        -old.times, -old.recent, old.last_at, -old.quantity, -old.cosine, -old.sine,
        gift=True, given=-old.given,
    )  # fmt: skip
    moved = join_purchases(join_purchases(known, less), new)
    return replace(moved, gift=moved.own_at is None and moved.given > 0)


# ---- two people who were taken for one


@dataclass(slots=True)
class Parted:
    """What belongs to the one who is taken out: events by their sequence, and identities."""

    sequences: frozenset[int]
    identities: frozenset[Identity]


@dataclass(slots=True)
class _Groups:
    """Everybody in a replay, by the identities that lead to them."""

    sides: Mapping[Identity, frozenset[Identity]]  # -> those it must not be joined with
    found: dict[Identity, str] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)

    def place(self, event: Event) -> str:
        resolution = resolve(event, self.found, self.profiles)
        name = resolution.profile_id
        if name is None:
            name = event.message_id
            self.profiles[name] = Profile(
                profile_id=name, created_at=event.at, updated_at=event.received_at
            )
        for other in resolution.merges:
            self.into[other] = name
            self._add(name, self.profiles.pop(other).identities)
        self._add(name, resolution.links)
        return name

    def _add(self, name: str, identities: Iterable[Identity]) -> None:
        profile = self.profiles[name]
        apart = {other for one in identities for other in self.sides.get(one, ())}
        self.profiles[name] = replace(
            profile,
            identities=together(profile.identities, identities),
            apart=together(profile.apart, apart),
        )
        self.found.update(dict.fromkeys(identities, name))

    def root(self, name: str) -> str:
        while name in self.into:
            name = self.into[name]
        return name


def parted(joined: Profile, tombstone: Profile, logged: Sequence[StoredEvent]) -> Parted:
    """Who is who when the events are told again, in the order of arrival, and the two never join.

    An event that names both goes to the stronger identity's; what came later goes with those that
    it names. Others who were merged into either stay with those whose identities they share.
    """
    mine, theirs = frozenset(tombstone.identities), frozenset(tombstone.joined_with)
    sides = dict.fromkeys(mine, theirs) | dict.fromkeys(theirs, mine)
    groups, ours = _Groups(sides), set(joined.identities)
    owners = {
        stored.sequence: groups.place(_of_one_side(stored.event, ours, sides)) for stored in logged
    }
    out = {groups.root(groups.found[one]) for one in mine if one in groups.found}
    identities = {one for one, name in groups.found.items() if groups.root(name) in out}
    unseen = mine - groups.found.keys()  # known from decisions alone
    return Parted(
        frozenset(number for number, name in owners.items() if groups.root(name) in out),
        frozenset((identities | unseen) & ours),
    )


def _of_one_side(
    event: Event, ours: set[Identity], sides: Mapping[Identity, frozenset[Identity]]
) -> Event:
    """The event as it would have spoken of one of them: without strangers, who were never joined,
    and without whom its strongest identity must not be joined with."""
    apart = next((sides[one] for one in event.identities if one in sides), frozenset())
    identities = tuple(one for one in event.identities if one in ours and one not in apart)
    earlier = set(named(event)) - set(event.identities)
    told = replace(event, identities=identities)
    return told if earlier & ours and not earlier & apart else replace(told, previous=None)


def refolded(blank: Profile, events: Sequence[Event], items: Mapping[str, Item]) -> Profile:
    """A profile made of its events alone, as if what is marked as a gift had said so itself."""
    marks = gifts.marks(blank, events)
    return fold(blank, [gifts.marked(event, marks) for event in events], items)
