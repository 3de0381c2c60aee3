"""Whose the events of one transaction are: looked up at once, resolved one after the other."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from wager.domain.content import Item
from wager.domain.events import Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.engine import giving
from wager.stores.base import Stores
from wager.unify import golden, leanings
from wager.unify.draft import together
from wager.unify.identities import named, resolve


def followed(stores: Stores, profile_id: str) -> Profile | None:
    """The living profile that an id leads to, through all merges."""
    profile = stores.profiles.get(profile_id)
    while profile is not None and profile.merged_into is not None:
        profile = stores.profiles.get(profile.merged_into)
    return profile


def household(stores: Stores, name: str) -> Profile | None:
    """The record of a household; None while nothing was said for it."""
    identity = leanings.household_identity(name)
    found = stores.profiles.find([identity]).get(identity)
    return stores.profiles.get(found) if found is not None else None


def bound(stores: Stores, profile: Profile) -> Profile:
    """The person with what was said for the whole household."""
    for name in profile.households:
        record = household(stores, name)
        if record is not None:
            profile = leanings.bound(profile, record)
    return profile


def tell_households(stores: Stores, member: Profile) -> None:
    """What the member said for all goes into the records of the households."""
    for name in member.households:
        record = household(stores, name)
        new = record is None
        if record is None:
            record = leanings.empty_household(name, uuid.uuid4().hex, member)
        told = leanings.told(record, member)
        if told is not record:
            stores.profiles.put(told, told.identities if new else ())


@dataclass(slots=True)
class Batch:
    """The events of one transaction on their way to their profiles."""

    stores: Stores
    items: Mapping[str, Item]
    held_out: Callable[[str], tuple[str, ...]]
    found: dict[Identity, str] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    before: dict[str, Profile] = field(default_factory=dict)
    links: dict[str, list[Identity]] = field(default_factory=dict)
    merged_into: dict[str, str] = field(default_factory=dict)
    tombstones: list[Profile] = field(default_factory=list)
    _stored: set[str] = field(default_factory=set)
    _placed: list[tuple[Event, str]] = field(default_factory=list)

    def find(self, events: Iterable[Event]) -> None:
        """Look up whose the identities are, all at once."""
        wanted = dict.fromkeys(identity for event in events for identity in named(event))
        linked = self.stores.profiles.find(list(wanted))
        for identity, profile_id in linked.items():
            profile = self.profiles.get(profile_id) or followed(self.stores, profile_id)
            if profile is not None:
                self.found[identity] = profile.profile_id
                self.profiles[profile.profile_id] = profile
                self.before[profile.profile_id] = profile
                self._stored.add(profile.profile_id)

    def place(self, event: Event) -> None:
        """Decide whose the event is, with all that earlier ones of the batch made known."""
        resolution = resolve(event, self.found, self.profiles)
        profile_id = resolution.profile_id or self._new(event)
        for loser in resolution.merges:
            self._merge(loser, profile_id, event.received_at)
        if resolution.links:
            self._link(profile_id, resolution.links)
        self._placed.append((event, profile_id))

    def _new(self, event: Event) -> str:
        profile_id = uuid.uuid4().hex
        self.profiles[profile_id] = Profile(
            profile_id=profile_id, created_at=event.at, updated_at=event.received_at
        )
        return profile_id

    def _link(self, profile_id: str, links: Sequence[Identity]) -> None:
        profile = self.profiles[profile_id]
        self.profiles[profile_id] = replace(profile, identities=together(profile.identities, links))
        self.links.setdefault(profile_id, []).extend(links)
        self.found.update((identity, profile_id) for identity in links)

    def _merge(self, loser_id: str, winner_id: str, at: datetime) -> None:
        loser = self.profiles.pop(loser_id)
        held_out = {*loser.held_out, *self.held_out(loser_id)}
        loser = replace(loser, held_out=tuple(sorted(held_out)))
        winner = self.profiles[winner_id]
        merged, tombstone = golden.merge(winner, loser, at)
        if merged.marks:
            sides = [(self._history(one.profile_id), one.marks) for one in (winner, loser)]
            merged = giving.crossed(self.items, merged, sides)
        self.profiles[winner_id] = merged
        self.before.pop(winner_id, None)
        if loser_id in self._stored:
            self.tombstones.append(tombstone)
        self.merged_into[loser_id] = winner_id
        for identity, profile_id in self.found.items():
            if profile_id == loser_id:
                self.found[identity] = winner_id
        self.links.setdefault(winner_id, []).extend(loser.identities)
        self.links.pop(loser_id, None)

    def _history(self, profile_id: str) -> list[Event]:
        """What is logged of a profile, and of those merged into it that were not moved yet."""
        absorbed = [one for one in self.merged_into if self._winner(one) == profile_id]
        return giving.history(self.stores, [profile_id, *absorbed])

    def write_merges(self) -> None:
        """Tombstones, and what was the losers' goes to the winners."""
        for tombstone in self.tombstones:
            loser, winner = tombstone.profile_id, self._winner(tombstone.profile_id)
            self.stores.profiles.put(replace(tombstone, merged_into=winner))
            self.stores.events.move(loser, winner)
            self.stores.decisions.erase(loser, to_profile=winner)

    def _winner(self, profile_id: str) -> str:
        while profile_id in self.merged_into:
            profile_id = self.merged_into[profile_id]
        return profile_id

    def placed(self) -> list[tuple[Event, str]]:
        """Each event with the profile that it belongs to after all merges, as they arrived."""
        if not self.merged_into:
            return self._placed
        return [(event, self._winner(profile_id)) for event, profile_id in self._placed]

    def by_profile(self) -> dict[str, list[Event]]:
        groups: dict[str, list[Event]] = {}
        for event, profile_id in self.placed():
            groups.setdefault(profile_id, []).append(event)
        return groups
