"""Decisions over HTTP: ask for one, look one up, list them."""

from collections.abc import Iterator
from time import perf_counter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wager.domain.decisions import DecideRequest
from wager.domain.definitions import Level
from wager.domain.identity import Time
from wager.engine.framing import possible
from wager.server.operations import Body, Call, Operation
from wager.server.shapes import Answer, explained, in_public, plain, settled
from wager.server.shared import Shared
from wager.server.wire import KB, convert, encode, query, read
from wager.stores.base import DecisionPage, DecisionQuery

DECIDE_BYTES = 256 * KB
Limit = Annotated[int, Meta(ge=1, le=500)]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Answers(msgspec.Struct, frozen=True):
    """One decision for each of `placements`, no item twice."""

    decisions: list[Answer]


class Page(msgspec.Struct, frozen=True):
    """Decisions, newest first; `cursor` leads to the next page."""

    decisions: list[Answer]
    cursor: str | None


class ListQuery(
    msgspec.Struct,
    forbid_unknown_fields=True,
    rename={"profile_id": "profileId", "since": "from", "until": "to"},
):
    profile_id: str | None = None
    placement: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    state: Literal["open", "won", "lost"] | None = None
    level: Level | None = None
    limit: Limit = 50
    cursor: str | None = None


class Decisions:
    """The decision routes over one engine."""

    def __init__(self, shared: Shared) -> None:
        self._service = shared
        self._deciding = shared.engine.deciding

    def operations(self) -> Iterator[Operation]:
        """Ask, look up, list."""
        yield Operation(
            method="POST", path="/v1/decide", handler=self._decide, access="public",
            body=Body(kind=DecideRequest, limit=DECIDE_BYTES), answer=(Answer, Answers),
            summary="What this person should see here, now", problems=(409, 413, 415, 422),
        )  # fmt: skip
        yield Operation(
            method="GET", path="/v1/decisions", handler=self._list, query=ListQuery, answer=Page,
            summary="Bets, newest first",
        )  # fmt: skip
        yield Operation(
            method="GET", path="/v1/decisions/{decisionId}", handler=self._get, answer=Answer,
            summary="One bet with its outcomes, and whether it is settled", problems=(404,),
        )  # fmt: skip

    async def _decide(self, call: Call) -> bytes:
        request = convert(read(call.body), DecideRequest)
        started = perf_counter()
        decisions, durable = self._deciding.decide(
            request, public=call.public, refused=call.refused
        )
        await self._service.durable(durable)
        self._service.metrics.decided(decisions, perf_counter() - started)
        if call.public:
            answers = [in_public(one, explain=request.explain) for one in decisions]
        else:
            answers = [(explained if request.explain else plain)(one) for one in decisions]
        return encode(answers[0] if request.placements is None else Answers(answers))

    async def _get(self, call: Call) -> bytes:
        logged = self._deciding.get(call.parts["decisionId"])
        return encode(settled(logged, explained(logged.decision)))

    async def _list(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], ListQuery)
        found = await self._service.in_thread(
            self._deciding.list,
            DecisionQuery(
                profile_id=asked.profile_id,
                placement=asked.placement,
                since=moment(asked.since, "`from`"),
                until=moment(asked.until, "`to`"),
                state=asked.state,
                level=asked.level,
                limit=asked.limit,
                cursor=asked.cursor,
            ),
        )
        return page(found)


def page(found: DecisionPage) -> bytes:
    """A page of bets as it is answered."""
    return encode(
        Page([settled(one, plain(one.decision)) for one in found.decisions], found.cursor)
    )


def moment(text: str | None, what: str) -> Time | None:
    """The time in a query, where an offset's `+` that was not escaped has become a space."""
    if text is None:
        return None
    return possible(convert(text.replace(" ", "+"), Time, what=what), what)
