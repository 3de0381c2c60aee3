"""People over HTTP: the golden record, its decisions, what is held of them, and the way out."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from wager.domain.outlook import Outlook
from wager.server.decisions import Moment, Page, moment, page
from wager.server.operations import Call, Operation
from wager.server.shapes import (
    EXPLANATION,
    PROFILE,
    STORED_EVENT,
    Answer,
    explained,
    settled,
    spell,
)
from wager.server.shared import Shared
from wager.server.wire import encode, query
from wager.stores.base import DecisionQuery, ProfileQuery

Limit = Annotated[int, Meta(ge=1, le=500)]


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    q: str = ""
    segment: str | None = None
    limit: Limit = 50
    after: str = ""


class ProfilePage(msgspec.Struct, frozen=True):
    """Profiles in the order of their ids; `after` leads to the next page."""

    profiles: list[PROFILE]
    after: str | None


class DecisionsQuery(msgspec.Struct, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: str | None = None


class OutlookQuery(msgspec.Struct, forbid_unknown_fields=True):
    at: Moment | None = None
    device: str | None = None


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted, counted by kind."""

    erased: dict[str, int]
    success: Literal[True] = True


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """All that is held of a person."""

    profile: PROFILE
    events: list[STORED_EVENT]
    decisions: list[Answer]
    quarantine: list[Any] = []


class Unmerged(msgspec.Struct, frozen=True, kw_only=True):
    """Who stays under the old id, who was taken out, and how much went with them."""

    profile: PROFILE
    parted: PROFILE
    events: int
    decisions: int


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of an order: `because` says how it is known whether it was a gift."""

    order_id: str
    at: datetime
    item_id: str
    title: str
    quantity: float
    gift: bool
    because: Literal["said", "marked", "inferred"] | None
    probability: float | None
    signs: list[str]


class Orders(msgspec.Struct, frozen=True):
    """The lines of the latest 50 orders, newest first."""

    lines: list[OrderLine]


class Profiles:
    """The routes about people over one engine."""

    def __init__(self, shared: Shared) -> None:
        self._service = shared
        self._people = shared.engine.people

    def operations(self) -> Iterator[Operation]:
        """List, show, export, erase."""
        one = "/v1/profiles/{kind}/{value}"
        yield Operation(
            method="GET", path="/v1/profiles", handler=self._list, query=ListQuery,
            answer=ProfilePage, summary="Profiles by the beginning of an id, or by segment",
        )  # fmt: skip
        yield Operation(
            method="GET", path=one, handler=self._get, answer=PROFILE, problems=(404,),
            summary="The golden record: each field with value, source, time and confidence",
        )  # fmt: skip
        yield Operation(
            method="DELETE", path=one, handler=self._erase, answer=Erased, problems=(404,),
            summary="Erase all that is held of this person",
        )  # fmt: skip
        yield Operation(
            method="POST", path=f"{one}/unmerge", handler=self._unmerge, answer=Unmerged,
            summary="Undo the merge that brought this id into its profile", problems=(404, 409),
        )  # fmt: skip
        yield Operation(
            method="GET", path=f"{one}/export", handler=self._export, answer=Export,
            summary="All that is held of this person", problems=(404,),
        )  # fmt: skip
        yield Operation(
            method="GET", path=f"{one}/explain/{{field}}", handler=self._explain,
            answer=EXPLANATION, problems=(404,),
            summary="Why a field is as it is: the rule that chose it, what lost, and why",
        )  # fmt: skip
        yield Operation(
            method="GET", path=f"{one}/orders", handler=self._orders, answer=Orders,
            summary="What this person ordered lately, which of it for others", problems=(404,),
        )  # fmt: skip
        yield Operation(
            method="GET", path=f"{one}/outlook", handler=self._outlook, answer=Outlook,
            query=OutlookQuery, problems=(404,),
            summary="What binds and what is due for this person: caps, purchases, who is there",
        )  # fmt: skip
        yield Operation(
            method="GET", path=f"{one}/decisions", handler=self._decisions, answer=Page,
            query=DecisionsQuery, summary="This person's decisions, newest first", problems=(404,),
        )  # fmt: skip

    async def _list(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], ListQuery)
        found = await self._service.in_thread(
            self._people.list,
            ProfileQuery(
                prefix=asked.q, segment=asked.segment, after=asked.after, limit=asked.limit
            ),
        )
        more = found[-1].profile_id if len(found) == asked.limit else None
        return encode(ProfilePage([spell(one, PROFILE) for one in found], more))

    async def _get(self, call: Call) -> bytes:
        return encode(spell(self._people.get(call.parts["kind"], call.parts["value"]), PROFILE))

    async def _erase(self, call: Call) -> bytes:
        erased, durable = await self._service.in_thread(
            self._people.erase, call.parts["kind"], call.parts["value"]
        )
        await self._service.durable(durable)
        return encode(Erased(erased=erased))

    async def _unmerge(self, call: Call) -> bytes:
        found, durable = await self._service.in_thread(
            self._service.engine.parting.unmerge, call.parts["kind"], call.parts["value"]
        )
        await self._service.durable(durable)
        return encode(
            Unmerged(
                profile=spell(found.profile, PROFILE), parted=spell(found.parted, PROFILE),
                events=found.events, decisions=found.decisions,
            )
        )  # fmt: skip

    async def _export(self, call: Call) -> bytes:
        return await self._service.in_thread(
            self._exported, call.parts["kind"], call.parts["value"]
        )

    def _exported(self, kind: str, value: str) -> bytes:
        held: dict[str, Any] = self._people.export(kind, value)
        return encode(
            held
            | {
                "profile": spell(held["profile"], PROFILE),
                "events": [spell(one, STORED_EVENT) for one in held["events"]],
                "decisions": [settled(one, explained(one.decision)) for one in held["decisions"]],
            }
        )

    async def _explain(self, call: Call) -> bytes:
        return await self._service.in_thread(self._explained, call.parts)

    def _explained(self, parts: Mapping[str, str]) -> bytes:
        found = self._people.explain(parts["kind"], parts["value"], parts["field"])
        return encode(spell(found, EXPLANATION))

    async def _orders(self, call: Call) -> bytes:
        return await self._service.in_thread(self._ordered, call.parts["kind"], call.parts["value"])

    def _ordered(self, kind: str, value: str) -> bytes:
        return encode({"lines": self._people.orders(kind, value)})

    async def _outlook(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], OutlookQuery)
        return await self._service.in_thread(
            self._looked_out, call.parts["kind"], call.parts["value"], asked
        )

    def _looked_out(self, kind: str, value: str, asked: OutlookQuery) -> bytes:
        at = moment(asked.at, "`at`")
        return encode(self._people.outlook(kind, value, at=at, device=asked.device))

    async def _decisions(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], DecisionsQuery)
        profile = self._people.get(call.parts["kind"], call.parts["value"])
        found = await self._service.in_thread(
            self._service.engine.deciding.list,
            DecisionQuery(profile_id=profile.profile_id, limit=asked.limit, cursor=asked.cursor),
        )
        return page(found)
