"""Events, quarantine and profiles in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import msgspec

from wager.domain.events import Event, Quarantined, StoredEvent
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.errors import BadInput, Conflict
from wager.stores.base import EventQuery, ProfileQuery
from wager.stores.codec import encoded
from wager.stores.retention import EXPIRE_AT_ONCE, KNOWN_AFTER_EXPIRY
from wager.stores.undo import Undo


class MemoryEvents:
    """`EventLog`."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._log: dict[int, StoredEvent] = {}
        self._sequences: dict[str, int] = {}  # of message ids
        self._expired: dict[str, datetime] = {}
        self._last = 0

    def seen(self, message_ids: Sequence[str]) -> set[str]:
        with self._undo.lock:
            return {
                message_id
                for message_id in message_ids
                if message_id in self._sequences or message_id in self._expired
            }

    def append(self, event: Event, profile_id: str, settled: tuple[str, ...] = ()) -> int:
        self._undo.check()
        encoded(event, f"the event {event.message_id!r}")
        if event.message_id in self._sequences:
            raise Conflict(f"the message {event.message_id!r} is in this transaction already")
        self._last += 1
        stored = StoredEvent(
            sequence=self._last, profile_id=profile_id, event=event, settled=settled
        )
        self._undo.set(self._log, self._last, stored)
        self._undo.set(self._sequences, event.message_id, self._last)
        return self._last

    def read(self, query: EventQuery) -> list[StoredEvent]:
        with self._undo.lock:
            order = sorted(self._log, reverse=query.newest_first)
            found = (self._log[sequence] for sequence in order)
            return list(islice((stored for stored in found if _asked(stored, query)), query.limit))

    def move(self, from_profile: str, to_profile: str, only: Sequence[int] | None = None) -> None:
        self._undo.check()
        wanted = None if only is None else set(only)
        for stored in self._of(from_profile):
            if wanted is not None and stored.sequence not in wanted:
                continue
            moved = msgspec.structs.replace(stored, profile_id=to_profile)
            self._undo.set(self._log, stored.sequence, moved)

    def _of(self, profile_id: str) -> list[StoredEvent]:
        return [stored for stored in self._log.values() if stored.profile_id == profile_id]

    def erase(self, profile_id: str) -> int:
        self._undo.check()
        found = self._of(profile_id)
        for stored in found:
            self._delete(stored)
        return len(found)

    def _delete(self, stored: StoredEvent) -> None:
        self._undo.drop(self._log, stored.sequence)
        self._undo.drop(self._sequences, stored.event.message_id)

    def expire(self, before: datetime) -> int:
        self._undo.check()
        old = (stored for stored in self._log.values() if stored.event.received_at < before)
        found = list(islice(old, EXPIRE_AT_ONCE))
        for stored in found:
            self._delete(stored)
            self._undo.set(self._expired, stored.event.message_id, stored.event.received_at)
        forgotten = before - KNOWN_AFTER_EXPIRY
        for message_id in [key for key, at in self._expired.items() if at < forgotten]:
            self._undo.drop(self._expired, message_id)
        return len(found)


def _asked(stored: StoredEvent, query: EventQuery) -> bool:
    return (
        stored.sequence > query.after
        and (query.before is None or stored.sequence < query.before)
        and query.profile_id in (None, stored.profile_id)
        and query.name in (None, stored.event.name)
    )


class MemoryQuarantine:
    """`Quarantine`."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._entries: dict[str, Quarantined] = {}
        self._numbers: dict[str, int] = {}
        self._last = 0

    def put(self, entry: Quarantined) -> None:
        self._undo.check()
        encoded(entry, f"the quarantined event {entry.quarantine_id!r}")
        self._undo.set(self._entries, entry.quarantine_id, entry)
        if entry.quarantine_id not in self._numbers:
            self._last += 1
            self._undo.set(self._numbers, entry.quarantine_id, self._last)

    def get(self, quarantine_id: str) -> Quarantined | None:
        with self._undo.lock:
            return self._entries.get(quarantine_id)

    def list(self, *, after: str = "", limit: int = 100) -> list[Quarantined]:
        with self._undo.lock:
            if after and after not in self._numbers:
                raise BadInput(
                    f"nothing in quarantine has the id {after!r}; start at the first page"
                )
            below = self._numbers[after] if after else self._last + 1
            newest = sorted(self._numbers.items(), key=lambda pair: -pair[1])
            page = [self._entries[key] for key, number in newest if number < below]
            return page[:limit]

    def remove(self, quarantine_id: str) -> bool:
        self._undo.check()
        if quarantine_id not in self._entries:
            return False
        self._undo.drop(self._entries, quarantine_id)
        self._undo.drop(self._numbers, quarantine_id)
        return True

    def erase(self, identities: Sequence[Identity]) -> int:
        wanted = set(identities)
        named = [key for key, entry in self._entries.items() if wanted & set(entry.identities)]
        return sum(self.remove(key) for key in named)

    def expire(self, before: datetime) -> int:
        """Retention: delete entries from before a moment; how many."""
        old = [key for key, entry in self._entries.items() if entry.at < before]
        return sum(self.remove(key) for key in old)


class MemoryProfiles:
    """`Profiles`."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._profiles: dict[str, Profile] = {}
        self._links: dict[Identity, str] = {}

    def find(self, identities: Sequence[Identity]) -> dict[Identity, str]:
        with self._undo.lock:
            return {
                identity: self._links[identity]
                for identity in identities
                if identity in self._links
            }

    def get(self, profile_id: str) -> Profile | None:
        with self._undo.lock:
            return self._profiles.get(profile_id)

    def put(self, profile: Profile, links: Sequence[Identity] = ()) -> None:
        self._undo.check()
        encoded(profile, f"the profile {profile.profile_id!r}")
        self._undo.set(self._profiles, profile.profile_id, profile)
        for link in links:
            self._undo.set(self._links, link, profile.profile_id)

    def list(self, query: ProfileQuery) -> list[Profile]:
        with self._undo.lock:
            named = {
                profile_id
                for identity, profile_id in self._links.items()
                if identity.value.startswith(query.prefix)
            }
            found = (
                self._profiles[profile_id]
                for profile_id in sorted(self._profiles)
                if profile_id > query.after and (not query.prefix or profile_id in named)
            )
            living = (profile for profile in found if profile.merged_into is None)
            wanted = (
                profile
                for profile in living
                if query.segment is None or query.segment in profile.segments
            )
            return list(islice(wanted, query.limit))

    def count(self) -> dict[str, int]:
        counted = {"": 0}
        with self._undo.lock:
            for profile in self._profiles.values():
                if profile.merged_into is None:
                    for segment in ("", *set(profile.segments)):
                        counted[segment] = counted.get(segment, 0) + 1
        return counted

    def erase(self, profile_id: str) -> bool:
        self._undo.check()
        existed = profile_id in self._profiles
        family = self._family(profile_id)
        for link in [link for link, owner in self._links.items() if owner in family]:
            self._undo.drop(self._links, link)
        for member in family & self._profiles.keys():
            self._undo.drop(self._profiles, member)
        return existed

    def _family(self, profile_id: str) -> set[str]:
        """The profile and all tombstones that lead to it."""
        family, found = set[str](), {profile_id}
        while found:
            family |= found
            found = {
                member
                for member, profile in self._profiles.items()
                if profile.merged_into in found and member not in family
            }
        return family
