"""Placements, segments, goals, use cases and the rest over HTTP, as versioned documents."""

from collections.abc import Iterator
from typing import Any

import msgspec

from wager.domain.definitions import DEFINITIONS, DefinitionKind, noun
from wager.domain.identity import Time
from wager.errors import BadInput
from wager.server.events import DONE, Done
from wager.server.operations import Body, Call, Operation
from wager.server.shared import Shared
from wager.server.wire import KB, encode, read
from wager.stores.base import Stored

DEFINITION_BYTES = 256 * KB


class Definitions:
    """The routes of one kind of definition over one engine."""

    def __init__(self, shared: Shared, kind: DefinitionKind) -> None:
        self._service, self._kind = shared, kind
        self._publishing = shared.engine.publishing

    def operations(self) -> Iterator[Operation]:
        """List; show, write, delete one."""
        kind, definition = self._kind, DEFINITIONS[self._kind]
        stored: Any = _shape(f"Stored{definition.__name__}", definition, {})
        written: Any = _shape(f"Written{definition.__name__}", definition, {"warnings": list[str]})
        listed: Any = msgspec.defstruct(f"{definition.__name__}List", [(kind, list[stored])])
        one, what = f"/v1/{kind}/{{name}}", noun(kind)
        yield Operation(
            method="GET", path=f"/v1/{kind}", handler=self._list, answer=listed,
            summary=f"The newest version of each {what}",
        )  # fmt: skip
        yield Operation(
            method="GET", path=one, handler=self._get, answer=written, problems=(404,),
            summary=f"One {what}, and what looks wrong with it now",
        )  # fmt: skip
        yield Operation(
            method="PUT", path=one, handler=self._put, answer=written,
            body=Body(kind=definition, limit=DEFINITION_BYTES),
            summary=f"Write a new version of a {what}", problems=(413, 415, 422),
        )  # fmt: skip
        yield Operation(
            method="DELETE", path=one, handler=self._delete, answer=Done,
            summary=f"Take a {what} out of force", problems=(404,),
        )  # fmt: skip

    async def _list(self, call: Call) -> bytes:
        return encode({self._kind: self._publishing.list(self._kind)})

    async def _get(self, call: Call) -> bytes:
        return await self._service.in_thread(self._one, call.parts["name"])

    def _one(self, name: str) -> bytes:
        stored = self._publishing.get(self._kind, name)
        return encode(_told(stored, self._publishing.warnings(stored.definition)))

    async def _put(self, call: Call) -> bytes:
        document, name = read(call.body), call.parts["name"]
        if not isinstance(document, dict):
            raise BadInput("the body is not a JSON object; send the document as {...}")
        if document.setdefault("name", name) != name:
            raise BadInput(f"`name` is {document['name']!r}, but the path says {name!r}")
        stored, warnings, durable = await self._service.in_thread(
            self._publishing.put, self._kind, document
        )
        await self._service.durable(durable)
        return encode(_told(stored, warnings))

    async def _delete(self, call: Call) -> bytes:
        await self._service.durable(self._publishing.delete(self._kind, call.parts["name"]))
        return DONE


def _told(stored: Stored, warnings: list[str]) -> dict[str, object]:
    return {
        "version": stored.version,
        "at": stored.at,
        "definition": stored.definition,
        "warnings": warnings,
    }


def _shape(name: str, definition: Any, more: dict[str, Any]) -> Any:
    fields = [("version", int), ("at", Time), ("definition", definition), *more.items()]
    return msgspec.defstruct(name, fields, kw_only=True)
