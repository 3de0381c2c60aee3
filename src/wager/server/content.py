"""Items over HTTP: create or replace, show, find, take out."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from wager.domain.content import Item
from wager.engine.publishing import ItemPage, ItemQuery
from wager.errors import BadInput
from wager.server.events import DONE, Done
from wager.server.operations import Body, Call, Operation
from wager.server.shared import Shared
from wager.server.wire import KB, Malformed, convert, encode, media_type, query, read

ITEMS_BYTES, ITEM_BYTES = 16 * KB * KB, 1024 * KB
NDJSON = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
)
MEDIA = ("application/json", *NDJSON)


class ListQuery(msgspec.Struct, forbid_unknown_fields=True):
    q: str = ""
    kind: str | None = None
    category: str | None = None
    state: Literal["showable", "unavailable"] | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: str | None = None


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """How many items were created or replaced."""

    accepted: int
    success: Literal[True] = True


class Content:
    """The item routes over one engine."""

    def __init__(self, shared: Shared) -> None:
        self._service = shared
        self._publishing = shared.engine.publishing

    def operations(self) -> Iterator[Operation]:
        """List, write many; show, write, delete one."""
        one = "/v1/items/{itemId}"
        yield Operation(
            method="GET", path="/v1/items", handler=self._list, query=ListQuery, answer=ItemPage,
            summary="Items by text, kind, category or state",
        )  # fmt: skip
        yield Operation(
            method="POST", path="/v1/items", handler=self._put_many, answer=Put,
            body=Body(kind=list[Item], limit=ITEMS_BYTES, media=MEDIA),
            summary="Create or replace items: a JSON array, or NDJSON", problems=(413, 415, 422),
        )  # fmt: skip
        yield Operation(
            method="GET", path=one, handler=self._get, answer=Item, summary="One item",
            problems=(404,),
        )  # fmt: skip
        yield Operation(
            method="PUT", path=one, handler=self._put, answer=Put,
            body=Body(kind=Item, limit=ITEM_BYTES), summary="Create or replace one item",
            problems=(413, 415, 422),
        )  # fmt: skip
        yield Operation(
            method="DELETE", path=one, handler=self._delete, answer=Done,
            summary="Take an item out: it is not shown from now on", problems=(404,),
        )  # fmt: skip

    async def _list(self, call: Call) -> bytes:
        asked = query(call.scope["query_string"], ListQuery)
        found = await self._service.in_thread(
            self._publishing.items,
            ItemQuery(
                text=asked.q,
                kind=asked.kind,
                category=asked.category,
                state=asked.state,
                limit=asked.limit,
                cursor=asked.cursor,
            ),
        )
        return encode(found)

    async def _put_many(self, call: Call) -> bytes:
        media = media_type(call.headers.get(b"content-type", b""))
        reader = _items_by_line if media in NDJSON else _items
        items = await self._service.in_thread(reader, call.body)
        return await self._write(items)

    async def _put(self, call: Call) -> bytes:
        sent = read(call.body)
        item_id = call.parts["itemId"]
        if isinstance(sent, dict) and sent.setdefault("itemId", item_id) != item_id:
            raise BadInput(f"`itemId` is {sent['itemId']!r}, but the path says {item_id!r}")
        return await self._write([convert(sent, Item)])

    async def _write(self, items: list[Item]) -> bytes:
        count, durable = await self._service.in_thread(self._publishing.put_items, items)
        await self._service.durable(durable)
        return encode(Put(accepted=count))

    async def _get(self, call: Call) -> bytes:
        return encode(self._publishing.item(call.parts["itemId"]))

    async def _delete(self, call: Call) -> bytes:
        await self._service.durable(self._publishing.delete_item(call.parts["itemId"]))
        return DONE


def _items(body: bytes) -> list[Item]:
    """The items of a JSON array; one object alone is welcome."""
    sent: Any = read(body)
    return convert(sent if isinstance(sent, list) else [sent], list[Item])


def _items_by_line(body: bytes) -> list[Item]:
    """The items of NDJSON, one a line."""
    lines = enumerate(body.split(b"\n"))
    return [_item(index, line) for index, line in lines if line.strip()]


def _item(index: int, line: bytes) -> Item:
    try:
        return convert(read(line), Item, what="the item")
    except Malformed as error:
        raise Malformed(f"line {index + 1}: {error.detail}") from error
    except BadInput as error:
        raise BadInput(f"line {index + 1}: {error.detail}") from error
