"""The golden record: find, hand over and erase what is held of a person."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import msgspec

from wager.domain.events import Quarantined, StoredEvent
from wager.domain.identity import Identity
from wager.domain.outlook import Outlook
from wager.domain.profiles import Profile
from wager.engine import giving
from wager.engine.capping import Capping
from wager.engine.forgetting import Forgetting
from wager.engine.framing import possible
from wager.engine.live import Live
from wager.engine.outlook import outlook
from wager.errors import BadInput, NotFound
from wager.stores.base import DecisionQuery, EventQuery, ProfileQuery
from wager.unify.view import Explanation, explain, golden

PAGE = 1000


class People:
    """One profile read for everybody: each field with value, source, time, confidence and rule."""

    def __init__(self, live: Live, capping: Capping, forgetting: Forgetting) -> None:
        self.live = live
        self._capping = capping
        self._forgetting = forgetting

    def stored(self, kind: str, value: str) -> Profile:
        """The living profile that the identity leads to, as it is stored."""
        profiles = self.live.stores.profiles
        if kind == "profile_id":
            profile = profiles.get(value)
        else:
            identity = Identity(kind, value.strip().lower() if kind == "email" else value)
            found = profiles.find([identity]).get(identity)
            profile = profiles.get(found) if found is not None else None
        while profile is not None and profile.merged_into is not None:
            profile = profiles.get(profile.merged_into)
        if profile is None:
            raise NotFound(f"no profile has the {kind} {value!r}")
        return profile

    def get(self, kind: str, value: str) -> Profile:
        """The golden record, with the derived traits beside the stated ones (stated wins)."""
        profile = self.stored(kind, value)
        traits = golden(profile, self.live.now())
        return msgspec.structs.replace(profile, traits=traits)

    def explain(self, kind: str, value: str, field: str) -> Explanation:
        """Why a field of the golden record is as it is: what chose it, what lost, and why."""
        profile = self.stored(kind, value)
        events = giving.history(self.live.stores, [profile.profile_id])
        return explain(profile, field, self.live.now(), events)

    def orders(self, kind: str, value: str) -> "Sequence[dict[str, Any]]":
        """The lines of the person's latest orders, and which of them are gifts and why."""
        profile = self.stored(kind, value)
        return giving.lines(self.live.stores, self.live.items, profile)

    def outlook(
        self, kind: str, value: str, *, at: datetime | None = None, device: str | None = None
    ) -> Outlook:
        """What binds and what is due now: caps, purchases, who is there, how varied it was."""
        profile, moment = self.stored(kind, value), possible(at or self.live.now())
        return outlook(self.live, self._capping, profile, at=moment, device=device)

    def list(self, query: ProfileQuery) -> list[Profile]:
        """Living profiles by the beginning of an identity, or by segment."""
        if not 1 <= query.limit <= PAGE:
            raise BadInput(f"`limit` is {query.limit}; it may be 1 to {PAGE}")
        return self.live.stores.profiles.list(query)

    def erase(self, kind: str, value: str) -> tuple[dict[str, int], "Future[None]"]:
        """Delete all that is held of the person, behind every door; how much there was."""
        stores = self.live.stores
        with stores.transaction() as commit:
            profile = self.stored(kind, value)
            ids = [profile.profile_id, *profile.merged_from]
            identities = [*profile.identities, *profile.unverified]
            self._no_longer_apart(profile)
            gone = {
                "events": sum(stores.events.erase(one) for one in ids),
                "decisions": sum(stores.decisions.erase(one) for one in ids),
                "quarantine": stores.quarantine.erase(identities),
                "ledger": sum(stores.ledger.erase(f"profile:{one}:") for one in ids),
                "profiles": sum(stores.profiles.erase(one) for one in ids),
            }
            self._forgetting.promise(ids)
        self._forgetting.keep()
        return gone, commit.durable

    def _no_longer_apart(self, profile: Profile) -> None:
        """Whoever was parted from a person who is erased keeps no name of theirs."""
        profiles = self.live.stores.profiles
        for profile_id in sorted(set(profiles.find(profile.apart).values())):
            other = profiles.get(profile_id)
            if other is not None and other.profile_id != profile.profile_id:
                kept = tuple(one for one in other.apart if one not in profile.identities)
                profiles.put(msgspec.structs.replace(other, apart=kept, version=other.version + 1))

    def export(self, kind: str, value: str) -> dict[str, object]:
        """Everything held of the person, as the store has it."""
        profile = self.get(kind, value)
        decisions, cursor = [], None
        while True:
            page = self.live.stores.decisions.list(
                DecisionQuery(profile_id=profile.profile_id, limit=PAGE, cursor=cursor)
            )
            decisions.extend(page.decisions)
            cursor = page.cursor
            if cursor is None:
                break
        return {
            "profile": profile,
            "events": self._events(profile.profile_id),
            "decisions": decisions,
            "quarantine": self._quarantined(profile),
        }

    def _quarantined(self, profile: Profile) -> Sequence[Quarantined]:
        names = {*profile.identities, *profile.unverified}
        found: list[Quarantined] = []
        after = ""
        while page := self.live.stores.quarantine.list(after=after, limit=PAGE):
            found.extend(entry for entry in page if names & set(entry.identities))
            after = page[-1].quarantine_id
        return found

    def _events(self, profile_id: str) -> Sequence[StoredEvent]:
        found: list[StoredEvent] = []
        while True:
            after = found[-1].sequence if found else 0
            query = EventQuery(profile_id=profile_id, after=after, limit=PAGE)
            page = self.live.stores.events.read(query)
            found.extend(page)
            if len(page) < PAGE:
                return found
