"""The way of an event: read, given to its person, folded, logged, joined to the bets it settles."""

from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from wager.collect import claims, tokens
from wager.collect.intake import read
from wager.collect.quality import is_late
from wager.domain.content import Item
from wager.domain.events import (
    CANCELLED,
    GIFT_MARKED,
    ORDERED,
    REFUNDED,
    UNBLOCKED,
    Arrival,
    Collected,
    Effect,
    Event,
    Quarantined,
    Rejection,
    StoredEvent,
)
from wager.domain.identity import PURPOSES, Purpose
from wager.domain.profiles import Profile
from wager.engine import giving
from wager.engine.belonging import Batch, bound, followed, tell_households
from wager.engine.recent import Recent
from wager.errors import NotFound
from wager.stores.base import Commit, EventQuery, ProfileQuery, Stores
from wager.unify import gifts, golden, leanings, orders
from wager.unify.segments import CompiledSegment, membership

COMPLETED = frozenset((ORDERED, REFUNDED, CANCELLED))
MAX_KEPT_PAYLOAD = 512 * 1024
ORDERS_SEARCHED = 500
PAGE = 500


class Surroundings(Protocol):
    """What collecting reads of the engine's live state."""

    items: dict[str, Item]
    segments: dict[str, CompiledSegment]
    signing_secret: str | None
    recent: Recent

    def count_errors(self, errors: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What other journeys add: `settle` joins an event to bets and says which it settled, inside
    the transaction; `sold` takes what is ordered from the stock, in there too; `held_out` names the
    placements that a profile id is held out from."""

    settle: Callable[[Event, str, Profile], tuple[str, ...]]
    held_out: Callable[[str], tuple[str, ...]]
    sold: Callable[[Sequence[Event]], None]


class Collecting:
    """Takes events in; what is acknowledged is in the log, in the profile, and in force."""

    def __init__(self, stores: Stores, live: Surroundings, hooks: Hooks) -> None:
        self.stores = stores
        self.live = live
        self.hooks = hooks

    def collect(
        self, payloads: Sequence[object], arrival: Arrival
    ) -> tuple[Collected, "Future[None]"]:
        """Read payloads and write what they say, in one transaction; a repeat changes nothing."""
        intake = read(payloads, arrival, self._verifier(arrival.received_at))
        with self.stores.transaction() as commit:
            accepted, effects = self._take_in(intake.events, arrival.received_at, commit)
            for rejection in intake.rejections:
                self.stores.quarantine.put(_entry(payloads[rejection.index], rejection, arrival))
        return (
            Collected(
                accepted=accepted,
                duplicates=len(intake.events) - accepted,
                quarantined=intake.rejections,
                effects=effects,
            ),
            commit.durable,
        )

    def _verifier(self, now: datetime) -> Callable[[str], str | None]:
        """Who a user token proves to be, at a moment; each token is looked into once."""
        secret = self.live.signing_secret or ""
        known: dict[str, str | None] = {}

        def verify(token: str) -> str | None:
            if token not in known:
                known[token] = tokens.subject(token, secret, now)
            return known[token]

        return verify

    def _take_in(
        self, events: Sequence[Event], now: datetime, commit: Commit
    ) -> tuple[int, tuple[Effect, ...]]:
        """Write the events that are new; how many they were, and what feedback changed."""
        seen = self.stores.events.seen([event.message_id for event in events])
        fresh: dict[str, Event] = {}
        for event in events:
            if event.message_id not in seen:
                fresh.setdefault(event.message_id, event)
        if not fresh:
            return 0, ()
        batch = Batch(self.stores, self.live.items, self.hooks.held_out)
        batch.find(fresh.values())
        for event in fresh.values():
            batch.place(event)
        batch.write_merges()
        stored, effects = self._write(batch, now)
        self.live.recent.keep(stored, commit.durable)
        return len(fresh), effects

    def _write(self, batch: Batch, now: datetime) -> tuple[list[StoredEvent], tuple[Effect, ...]]:
        """Fold each profile once, write it, and then its events in the order of arrival."""
        completed: dict[str, Event] = {}
        folded: dict[str, Profile] = {}
        for profile_id, events in batch.by_profile().items():
            profile = batch.profiles[profile_id]
            names = {event.name for event in events}
            whole = self._completed(profile, events, names)
            completed.update([(event.message_id, event) for event in whole])
            profile, told = self._with_marks(profile, whole, names)
            after = golden.fold(profile, told, self.live.items)
            before = batch.before.get(profile_id)
            after = self._grouped(after, now, before)
            self.stores.profiles.put(after, batch.links.get(profile_id, ()))
            folded[profile_id] = after
            if leanings.speaks(before, after):
                tell_households(self.stores, after)
        stored: list[StoredEvent] = []
        effects: list[Effect] = []
        for event, profile_id in batch.placed():
            event, profile = completed[event.message_id], folded[profile_id]
            settled = self.hooks.settle(event, profile_id, profile)
            number = self.stores.events.append(event, profile_id, settled)
            stored.append(
                StoredEvent(sequence=number, profile_id=profile_id, event=event, settled=settled)
            )
            if event.name == UNBLOCKED and profile.households:
                profile = bound(self.stores, profile)
            if (changed := leanings.effect(event, profile, self.live.items)) is not None:
                effects.append(changed)
        self.hooks.sold([one.event for one in stored])
        return stored, tuple(effects)

    def _with_marks(
        self, profile: Profile, events: list[Event], names: Set[str]
    ) -> tuple[Profile, Sequence[Event]]:
        """The profile and its events, as if what is marked as a gift had said so itself."""
        if not profile.marks and GIFT_MARKED not in names:
            return profile, events
        marks = gifts.marks(profile, events)
        profile = giving.marked(self.stores, self.live.items, profile, marks)
        return profile, [gifts.marked(event, marks) for event in events]

    def _grouped(self, profile: Profile, now: datetime, before: Profile | None) -> Profile:
        """The profile with the segments that it is in now."""
        segments = self.live.segments
        if not segments and not profile.segments:
            return profile
        members, errors = membership(profile, segments.values(), now, before)
        if errors:
            self.live.count_errors(errors)
        if members == profile.segments:
            return profile
        return replace(profile, segments=members)

    def _completed(self, profile: Profile, events: list[Event], names: Set[str]) -> list[Event]:
        """The events with what only the profile and the log know, so that each stands for itself.

        What the person has refused holds for events that do not speak of it; an order without a
        time zone happened in the person's; signs of a gift are told; a refund is told its order.
        """
        refused = golden.refused(profile, events)
        if not refused and COMPLETED.isdisjoint(names):
            return events
        whole = []
        for event in events:
            if refused and len(event.consent) < len(PURPOSES):
                event = _refused(event, refused)
            if event.name == ORDERED and profile.timezone and not orders.tells_local_time(event):
                context = {**event.context, "timezone": profile.timezone}
                event = replace(event, context=context)
            if event.name == ORDERED:
                event = gifts.inferred(event, profile, self.live.items)
            elif event.name in (REFUNDED, CANCELLED):
                event = orders.with_order(event, self._order(profile.profile_id, event, events))
            whole.append(event)
        return whole

    def _order(self, profile_id: str, refund: Event, events: list[Event]) -> Event | None:
        """The order that a refund is of: in this batch, or among the latest 500."""
        if orders.order_id(refund) is None:
            return None
        query = EventQuery(
            profile_id=profile_id, name=ORDERED, newest_first=True, limit=ORDERS_SEARCHED
        )
        logged = (stored.event for stored in self.stores.events.read(query))
        return orders.refunded(refund, (*events, *logged))

    def regroup(self) -> int:
        """Work out every profile's segments anew, after a condition changed; how many moved."""
        moved, after = 0, ""
        while True:
            with self.stores.transaction():
                page = self.stores.profiles.list(ProfileQuery(after=after, limit=PAGE))
                for profile in page:
                    regrouped = self._grouped(profile, profile.updated_at, None)
                    if regrouped is not profile:
                        version = profile.version + 1
                        self.stores.profiles.put(replace(regrouped, version=version))
                        moved += 1
            if len(page) < PAGE:
                return moved
            after = page[-1].profile_id

    # ---- quarantine

    def quarantine(self, after: str = "", limit: int = 100) -> list[Quarantined]:
        """What could not be read, newest first."""
        return self.stores.quarantine.list(after=after, limit=limit)

    def replay(
        self, quarantine_id: str, repaired: object | None, arrival: Arrival
    ) -> tuple[Collected, "Future[None]"]:
        """Take a quarantined payload in again, repaired or as it is; if it can be read, it leaves.

        It happened when it first came, and the rules of the key that it came under still hold:
        what a browser claimed does not become true by a replay.
        """
        with self.stores.transaction() as commit:
            entry = self.stores.quarantine.get(quarantine_id)
            if entry is None:
                raise _not_quarantined(quarantine_id)
            first = Arrival(
                received_at=entry.at,
                public=not entry.verified,
                refused=entry.refused,
                source=entry.source,
            )
            payload = _decoded(entry.payload) if repaired is None else repaired
            verify, now = self._verifier(entry.at), arrival.received_at
            intake = read([payload], first, verify, now)
            accepted, effects = self._take_in(intake.events, now, commit)
            if intake.events:
                self.stores.quarantine.remove(quarantine_id)
        return (
            Collected(
                accepted=accepted,
                duplicates=len(intake.events) - accepted,
                quarantined=intake.rejections,
                effects=effects,
            ),
            commit.durable,
        )

    def discard(self, quarantine_id: str) -> "Future[None]":
        """Throw a quarantined payload away."""
        with self.stores.transaction() as commit:
            if not self.stores.quarantine.remove(quarantine_id):
                raise _not_quarantined(quarantine_id)
        return commit.durable

    # ---- what arrived, and what became of it

    def events(self, profile_id: str | None, limit: int) -> list[dict[str, Any]]:
        """The latest arrivals, newest first: whose they became, what they settled, why not."""
        profile = self._living(profile_id) if profile_id is not None else None
        query = EventQuery(
            profile_id=profile.profile_id if profile else None, newest_first=True, limit=limit
        )
        stored = self.stores.events.read(query)
        merged_from = {
            each: found.merged_from
            for each in {one.profile_id for one in stored}
            if (found := self.stores.profiles.get(each)) is not None
        }
        lines = [_accepted(one, merged_from.get(one.profile_id, ())) for one in stored]
        lines += [
            _kept_apart(entry)
            for entry in self.stores.quarantine.list(limit=limit)
            if profile is None or set(entry.identities) & set(profile.identities)
        ]
        lines.sort(key=lambda line: line["receivedAt"], reverse=True)
        return lines[:limit]

    def _living(self, profile_id: str) -> Profile:
        profile = followed(self.stores, profile_id)
        if profile is None:
            raise NotFound(f"no profile has the id {profile_id!r}")
        return profile


def _refused(event: Event, standing: Sequence[Purpose]) -> Event:
    """The event with what its person has refused, where it does not speak of that itself."""
    refused = tuple(
        purpose
        for purpose in PURPOSES
        if purpose in event.refused or (purpose in standing and purpose not in event.consent)
    )
    return event if refused == event.refused else replace(event, refused=refused)


def _entry(payload: object, rejection: Rejection, arrival: Arrival) -> Quarantined:
    """The payload as it came, with what the route and the batch said of it.

    The id is made of the content: a client that sends it again makes no second entry.
    """
    if isinstance(payload, Mapping):
        told = {"type": arrival.kind, "sentAt": arrival.sent_at}
        payload = {**{key: value for key, value in told.items() if value}, **payload}
    try:
        text = msgspec.json.encode(payload).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(payload)[:MAX_KEPT_PAYLOAD].encode(errors="replace").decode()
    digest = blake2b(f"{arrival.public} {text}".encode(), digest_size=16)
    return Quarantined(
        quarantine_id=digest.hexdigest(),
        at=arrival.received_at,
        code=rejection.code,
        detail=rejection.detail,
        payload=text[:MAX_KEPT_PAYLOAD],
        identities=claims.mentioned(payload),
        verified=not arrival.public,
        refused=arrival.refused,
        source=arrival.source,
    )


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _not_quarantined(quarantine_id: str) -> NotFound:
    return NotFound(f"nothing is in quarantine under {quarantine_id!r}; it may have been replayed")


def _accepted(stored: StoredEvent, merged_from: tuple[str, ...]) -> dict[str, Any]:
    event = stored.event
    line: dict[str, Any] = {
        "state": "accepted",
        "messageId": event.message_id,
        "type": event.kind,
        "name": event.name,
        "at": event.at,
        "receivedAt": event.received_at,
        "late": is_late(event),
        "profileId": stored.profile_id,
        "identities": [str(identity) for identity in event.identities],
        "verified": event.verified,
        "refused": list(event.refused),
        "settled": list(stored.settled),
        "mergedFrom": list(merged_from),
    }
    item_id = event.properties.get("itemId")
    return line if item_id is None else {**line, "itemId": item_id}


def _kept_apart(entry: Quarantined) -> dict[str, Any]:
    return {
        "state": "quarantined",
        "quarantineId": entry.quarantine_id,
        "receivedAt": entry.at,
        "code": entry.code,
        "detail": entry.detail,
        "identities": [str(identity) for identity in entry.identities],
        "verified": entry.verified,
    }
