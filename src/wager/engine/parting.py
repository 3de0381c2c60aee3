"""A merge that was a mistake is undone: both are what they would be, had they never been joined."""

import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from wager.domain.decisions import Decision
from wager.domain.events import UNMERGED, Event, StoredEvent
from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.engine.belonging import followed
from wager.engine.forgetting import Forgetting
from wager.engine.live import Live
from wager.errors import CannotUnmerge, NotFound
from wager.stores.base import DecisionQuery, EventQuery
from wager.unify.draft import together
from wager.unify.rewriting import Parted, parted, refolded
from wager.unify.segments import membership

PAGE = 1000


class Unmerged(NamedTuple):
    """Who stays, who was taken out, and how much went with them."""

    profile: Profile
    parted: Profile
    events: int
    decisions: int


class Parting:
    """Takes a profile that was merged by mistake out again, and keeps the two apart."""

    def __init__(self, live: Live, forgetting: Forgetting) -> None:
        self.live = live
        self._forgetting = forgetting

    def unmerge(self, kind: str, value: str) -> "tuple[Unmerged, Future[None]]":
        """Undo the merge that brought this id into its profile: the latest, by an identity; that
        of one merged profile, by its `profile_id`. Nothing is changed where it cannot be done."""
        with self.live.stores.transaction() as commit:
            joined, tombstone = self._merge_of(kind, value)
            logged = self._logged(joined.profile_id)
            told = [one for one in logged if not _is_audit(one.event)]
            _check_whole(joined, tombstone, told)
            found = parted(joined, tombstone, told)
            result = self._write(joined, tombstone, told, found)
            self._forgetting.promise([joined.profile_id])
        self._forgetting.keep()
        return result, commit.durable

    def _merge_of(self, kind: str, value: str) -> tuple[Profile, Profile]:
        """The profile, and the tombstone of the one that is to be taken out of it."""
        profiles = self.live.stores.profiles
        identity = Identity(kind, value.strip().lower() if kind == "email" else value)
        start = value if kind == "profile_id" else profiles.find([identity]).get(identity)
        joined = followed(self.live.stores, start) if start is not None else None
        if joined is None:
            raise NotFound(f"no profile has the {kind} {value!r}")
        known = [profiles.get(name) for name in joined.merged_from]
        merged = [one for one in known if one is not None]
        if kind == "profile_id":
            named = [one for one in merged if one.profile_id == value]
        else:
            named = [one for one in merged if identity in one.identities]
        if not named and len(merged) == 1:
            named = merged
        if not named:
            ways = {one.profile_id: [str(name) for name in one.identities] for one in merged}
            raise CannotUnmerge(
                f"{kind} {value!r} was not merged into another profile; what was merged into "
                f"its own: {ways}; name one of these ids as `profile_id`",
            )
        return joined, max(named, key=lambda one: len(one.identities))

    def _logged(self, profile_id: str) -> Sequence[StoredEvent]:
        found: list[StoredEvent] = []
        while True:
            after = found[-1].sequence if found else 0
            query = EventQuery(profile_id=profile_id, after=after, limit=PAGE)
            page = self.live.stores.events.read(query)
            found.extend(page)
            if len(page) < PAGE:
                return found

    def _write(
        self, joined: Profile, tombstone: Profile, logged: Sequence[StoredEvent], found: Parted
    ) -> Unmerged:
        stores, now = self.live.stores, self.live.now()
        out, stays = self._tombstones(joined, tombstone, found)
        theirs = [one for one in joined.identities if one not in found.identities]
        taken = self._rebuilt(
            replace(tombstone, version=tombstone.version + 1), found.identities, theirs,
            [one.event for one in logged if one.sequence in found.sequences], out,
        )  # fmt: skip
        rest = self._rebuilt(
            joined, theirs, found.identities,
            [one.event for one in logged if one.sequence not in found.sequences], stays,
        )  # fmt: skip
        stores.profiles.put(taken, taken.identities)
        stores.profiles.put(rest, rest.identities)
        for one in out:
            if one.profile_id != taken.profile_id:
                moved = replace(one, merged_into=taken.profile_id)
                stores.profiles.put(_without(moved, rest.identities))
        for one in stays:
            stores.profiles.put(_without(one, taken.identities))
        stores.events.move(rest.profile_id, taken.profile_id, sorted(found.sequences))
        ids = self._decisions(rest.profile_id, found.identities)
        stores.decisions.erase(rest.profile_id, to_profile=taken.profile_id, only=ids)
        for one in (rest, taken):
            stores.events.append(_audit(rest, taken, now), one.profile_id)
        return Unmerged(rest, taken, len(found.sequences), len(ids))

    def _tombstones(
        self, joined: Profile, tombstone: Profile, found: Parted
    ) -> tuple[list[Profile], list[Profile]]:
        """Those merged into the one who is taken out (with its own), and those who stay merged."""
        known = [self.live.stores.profiles.get(name) for name in joined.merged_from]
        merged = [one for one in known if one is not None]
        out = [
            one
            for one in merged
            if one.profile_id == tombstone.profile_id
            or (one.identities and found.identities.issuperset(one.identities))
        ]
        return out, [one for one in merged if one not in out]

    def _rebuilt(
        self, before: Profile, identities: Collection[Identity], apart: Collection[Identity],
        events: Sequence[Event], merged: Sequence[Profile],
    ) -> Profile:  # fmt: skip
        """One of the two, folded again from its own events; nothing of the other is left in it."""
        now = self.live.now()
        first = min([event.at for event in events], default=before.created_at)
        own = tuple(one for one in before.apart if one not in identities)
        blank = Profile(
            profile_id=before.profile_id,
            created_at=first,
            updated_at=before.updated_at,
            version=before.version,
            identities=together((), identities),
            apart=together(own, apart),
            held_out=tuple(sorted({name for one in merged for name in one.held_out})),
            merged_from=tuple(
                sorted(one.profile_id for one in merged if one.profile_id != before.profile_id)
            ),
        )
        folded = refolded(blank, events, self.live.items)
        members, errors = membership(folded, self.live.segments.values(), now, None)
        self.live.count_errors(errors)
        return replace(folded, segments=members)

    def _decisions(self, profile_id: str, identities: Collection[Identity]) -> set[str]:
        """Bets that were asked for in the name of whoever is taken out."""
        names = {str(one) for one in identities}
        found: set[str] = set()
        query = DecisionQuery(profile_id=profile_id, limit=PAGE)
        while True:
            page = self.live.stores.decisions.list(query)
            found.update(
                one.decision.decision_id for one in page.decisions if _asks(one.decision, names)
            )
            if page.cursor is None:
                return found
            query = DecisionQuery(profile_id=profile_id, limit=PAGE, cursor=page.cursor)


def _without(tombstone: Profile, identities: Collection[Identity]) -> Profile:
    """A merged profile that keeps no name of whoever it is no longer one with."""
    kept = tuple(one for one in tombstone.joined_with if one not in identities)
    return replace(tombstone, joined_with=kept)


def _asks(decision: Decision, names: Collection[str]) -> bool:
    """Whether the strongest identity of a request is one of them."""
    return bool(decision.identity) and decision.identity[0] in names


def _check_whole(joined: Profile, tombstone: Profile, logged: Sequence[StoredEvent]) -> None:
    if not tombstone.identities:
        raise CannotUnmerge(
            f"profile {tombstone.profile_id!r} was merged before it was kept who it was; "
            "such a merge cannot be undone",
        )
    if len(logged) < joined.events:
        raise CannotUnmerge(
            f"{joined.events - len(logged)} of the {joined.events} events that profile "
            f"{joined.profile_id!r} is made of are past retention (WAGER_EVENT_DAYS), so that it "
            "cannot be told whose they were; nothing was changed. `DELETE` erases the profile, and "
            "both begin anew",
        )


def _is_audit(event: Event) -> bool:
    return event.name == UNMERGED and event.source == "wager"


def _audit(rest: Profile, taken: Profile, now: datetime) -> Event:
    """The line in the log of either that says what was done, and when."""
    return Event(
        message_id=f"unmerged-{uuid.uuid4().hex}",
        kind="track",
        name=UNMERGED,
        at=now,
        received_at=now,
        identities=(),
        source="wager",
        properties={
            "profileId": rest.profile_id,
            "parted": taken.profile_id,
        },
    )
