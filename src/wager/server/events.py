"""Events come in as the Segment spec has them; what could not be read waits in quarantine."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wager.domain.events import Arrival, Collected, Effect, EventKind, Rejection
from wager.domain.identity import Time
from wager.errors import BadInput
from wager.server.operations import Body, Call, Operation
from wager.server.shapes import QUARANTINED, spell
from wager.server.shared import Shared
from wager.server.wire import KB, check_depth, encode, query, read, read_parts

EVENT_BYTES, BATCH_BYTES = 32 * KB, 500 * KB
EVENT_DEPTH = 32
MEDIA = ("application/json", "text/plain")
LARGE_BYTES = 64 * KB  # a batch that long is taken in beside the event loop
ROUTES: dict[EventKind, str] = {
    "track": "t",
    "identify": "i",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}
Id = str | int | float
Limit = Annotated[int, Meta(ge=1, le=1000)]


class SentEvent(msgspec.Struct, rename="camel"):
    """One call of the Segment spec. Either id is needed; `messageId` makes a repeat harmless."""

    type: Literal["track", "identify", "page", "screen", "group", "alias"] | None = None
    user_id: Id | None = None
    anonymous_id: Id | None = None
    previous_id: Id | None = None
    group_id: Id | None = None
    message_id: Id | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    integrations: Any = None
    write_key: Any = None


class SentBatch(msgspec.Struct, rename="camel"):
    """Many events at once, each with its own `type`."""

    batch: list[Any]
    sent_at: Any = None
    context: dict[str, Any] | None = None
    integrations: Any = None
    write_key: Any = None


class Done(msgspec.Struct, frozen=True):
    """It is done, and durable."""

    success: Literal[True] = True


class TakenIn(msgspec.Struct, frozen=True):
    """It is done, and durable; `effects` says what feedback changed, in words for the person."""

    success: Literal[True] = True
    effects: tuple[Effect, ...] | UnsetType = UNSET


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, durably; `index` counts the payloads from 0."""

    accepted: int
    duplicates: int
    quarantined: tuple[Rejection, ...]
    success: Literal[True] = True
    effects: tuple[Effect, ...] | UnsetType = UNSET


class QuarantinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `after` leads to the next page."""

    quarantined: list[QUARANTINED]
    after: str | None


class QuarantineQuery(msgspec.Struct, forbid_unknown_fields=True):
    after: str = ""
    limit: Limit = 100


class EventsQuery(msgspec.Struct, forbid_unknown_fields=True):
    profile: str | None = None
    limit: Limit = 100


class EventsAnswer(msgspec.Struct, frozen=True):
    """What arrived lately, newest first, and what became of it."""

    events: list[dict[str, Any]]


DONE = encode(Done())


class Events:
    """The event routes over one engine."""

    def __init__(self, shared: Shared) -> None:
        self._service = shared
        self._collecting = shared.engine.collecting

    def operations(self) -> Iterator[Operation]:
        """Every event route, the short names of Segment too."""
        body = Body(kind=SentEvent, limit=EVENT_BYTES, media=MEDIA)
        for kind, short in ROUTES.items():
            for path in (f"/v1/{kind}", f"/v1/{short}"):
                yield Operation(
                    method="POST", path=path, handler=self._one(kind), body=body,
                    summary=f"Take in one {kind} call", access="public", write_key=True,
                    answer=TakenIn, problems=(413, 415, 422),
                )  # fmt: skip
        batch = Body(kind=SentBatch, limit=BATCH_BYTES, media=MEDIA)
        for name, source in (("batch", "api"), ("b", "api"), ("import", "import")):
            yield Operation(
                method="POST", path=f"/v1/{name}", handler=self._many(source), body=batch,
                summary=f"Take in many events at once ({name})", access="public", write_key=True,
                answer=BatchAnswer, problems=(413, 415, 422),
            )  # fmt: skip
        yield from self._kept()

    def _kept(self) -> Iterator[Operation]:
        yield Operation(
            method="GET", path="/v1/events", handler=self._list, query=EventsQuery,
            summary="What arrived lately, and what became of it", answer=EventsAnswer,
            problems=(404,),
        )  # fmt: skip
        yield Operation(
            method="GET", path="/v1/quarantine", handler=self._quarantine, query=QuarantineQuery,
            summary="What could not be read, and why", answer=QuarantinePage,
        )  # fmt: skip
        one = "/v1/quarantine/{quarantineId}"
        yield Operation(
            method="POST", path=f"{one}/replay", handler=self._replay, answer=BatchAnswer,
            body=Body(kind=SentEvent, limit=EVENT_BYTES, needed=False),
            summary="Take it in again, repaired (the body) or as it is (no body)",
            problems=(404, 413, 415, 422),
        )  # fmt: skip
        yield Operation(
            method="DELETE", path=one, handler=self._discard, answer=Done,
            summary="Throw a quarantined payload away", problems=(404,),
        )  # fmt: skip

    def _one(self, kind: EventKind) -> Any:
        async def collect(call: Call) -> bytes:
            payload = _object(read(call.body, depth=EVENT_DEPTH))
            payload.pop("writeKey", None)
            taken = self._collecting.collect([payload], self._arrival(call, kind=kind))
            result = await self._durable(*taken)
            if result.quarantined:
                reason = result.quarantined[0]
                raise NotTakenIn(reason)
            return encode(TakenIn(effects=result.effects)) if result.effects else DONE

        return collect

    def _many(self, source: str) -> Any:
        async def collect(call: Call) -> bytes:
            if len(call.body) > LARGE_BYTES:
                taken = await self._service.in_turn(self._take_in_batch, call, source)
            else:
                taken = self._take_in_batch(call, source)
            return _answer(await self._durable(*taken))

        return collect

    def _take_in_batch(self, call: Call, source: str) -> tuple[Collected, "Future[None]"]:
        sent = _object(read_parts(call.body))
        payloads = sent.get("batch")
        if not isinstance(payloads, list):
            raise BadInput('a batch is an object with a list: {"batch": [...]}')
        context = sent.get("context")
        if not isinstance(context, dict | None):
            raise BadInput("`context` of the batch is not an object; send {...} or nothing")
        check_depth(context, EVENT_DEPTH)
        arrival = self._arrival(
            call, source=source, sent_at=_time(sent.get("sentAt")), context=context or {}
        )
        return self._collecting.collect(payloads, arrival)

    def _arrival(self, call: Call, **told: Any) -> Arrival:
        return Arrival(
            received_at=self._service.now(), public=call.public, refused=call.refused, **told
        )

    async def _durable(self, result: Collected, durable: "Future[None]") -> Collected:
        await self._service.durable(durable)
        self._service.metrics.collected(result)
        return result

    async def _list(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], EventsQuery)
        found = await self._service.in_thread(self._collecting.events, asked.profile, asked.limit)
        return encode({"events": found})

    async def _quarantine(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], QuarantineQuery)
        found = await self._service.in_thread(
            lambda: self._collecting.quarantine(asked.after, asked.limit)
        )
        more = found[-1].quarantine_id if len(found) == asked.limit else None
        return encode(
            QuarantinePage(quarantined=[spell(one, QUARANTINED) for one in found], after=more)
        )

    async def _replay(self, call: Call) -> bytes:
        repaired = _object(read(call.body, depth=EVENT_DEPTH)) if call.body else None
        result, durable = self._collecting.replay(
            call.parts["quarantineId"], repaired, self._arrival(call)
        )
        await self._durable(result, durable)
        if result.quarantined:
            raise NotTakenIn(result.quarantined[0])
        return _answer(result)

    async def _discard(self, call: Call) -> bytes:
        await self._service.durable(self._collecting.discard(call.parts["quarantineId"]))
        return DONE


class NotTakenIn(BadInput):
    """The event cannot be read; it waits in quarantine."""

    def __init__(self, reason: Rejection) -> None:
        super().__init__(f"{reason.detail} (kept in quarantine)", code=reason.code)


def _answer(result: Collected) -> bytes:
    return encode(
        BatchAnswer(
            accepted=result.accepted,
            duplicates=result.duplicates,
            quarantined=result.quarantined,
            effects=result.effects or UNSET,
        )
    )


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput("the body is not a JSON object; send {...}")
    return value


def _time(value: object) -> Time | None:
    """The sender's clock; what cannot be read says nothing, and costs no event."""
    try:
        return msgspec.convert(value, Time)
    except (ValueError, OverflowError):
        return None
