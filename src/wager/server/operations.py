"""One entry for each thing that the HTTP API can do: what it takes, who may ask, the answer."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal
from urllib.parse import quote, unquote

import msgspec
from starlette.types import Scope

from wager.domain.identity import PURPOSES, Purpose
from wager.errors import BadInput
from wager.server.keys import Role
from wager.server.wire import KB, Malformed, Reply

Access = Literal["open", "public", "secret"]
REFUSALS = (b"sec-gpc", b"dnt")


class Call(msgspec.Struct, kw_only=True):
    """One request on its way: who asks, with which headers, and the body once it is there."""

    scope: Scope
    headers: dict[bytes, bytes]
    parts: dict[str, str]
    role: Role | None = None
    body: bytes = b""

    @property
    def public(self) -> bool:
        """Whether to trust it no more than a browser."""
        return self.role != "secret"

    @property
    def refused(self) -> tuple[Purpose, ...]:
        """What the headers `Sec-GPC: 1` and `DNT: 1` refuse."""
        headers = self.headers
        return PURPOSES if any(headers.get(name) == b"1" for name in REFUSALS) else ()


Handler = Callable[[Call], Awaitable[bytes | Reply]]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carries: its type for the description, its bound, its media types."""

    kind: Any
    limit: int = 1024 * KB
    media: tuple[str, ...] = ("application/json",)
    needed: bool = True


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. `write_key`: the key may stand in the body, as browsers send it."""

    method: str
    path: str
    handler: Handler
    summary: str
    answer: Any
    access: Access = "secret"
    query: Any = None
    body: Body | None = None
    write_key: bool = False
    problems: tuple[int, ...] = ()
    media: str = "application/json"

    @property
    def name(self) -> str:
        """`get /v1/items/{itemId}`, the name in metrics and documentation."""
        return f"{self.method.lower()} {self.path}"


class Routes:
    """Finds the operations of a path. Segments are compared before they are unquoted, so that an
    id may hold any character, a slash too."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._plain: dict[bytes, dict[str, Operation]] = {}
        self._with_parts: dict[int, list[tuple[list[bytes], dict[str, Operation]]]] = {}
        for operation in operations:
            methods = self._methods(operation.path)
            if operation.method in methods:
                raise BadInput(f"{operation.name} is there twice")
            methods[operation.method] = operation
            if operation.method == "GET":
                methods["HEAD"] = operation

    def _methods(self, path: str) -> dict[str, Operation]:
        raw = path.encode()
        if b"{" not in raw:
            return self._plain.setdefault(raw, {})
        pattern = raw.split(b"/")
        alike = self._with_parts.setdefault(len(pattern), [])
        for known, methods in alike:
            if known == pattern:
                return methods
        alike.append((pattern, {}))
        return alike[-1][1]

    def find(self, scope: Scope) -> tuple[dict[str, Operation], dict[str, str]] | None:
        """The operations of the path by method, and its parts by name; None for a foreign path."""
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        plain = self._plain.get(raw)
        if plain is not None:
            return plain, {}
        segments = raw.split(b"/")
        for pattern, methods in self._with_parts.get(len(segments), ()):
            parts = _parts(pattern, segments)
            if parts is not None:
                return methods, parts
        return None


def _parts(pattern: list[bytes], segments: list[bytes]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for wanted, segment in zip(pattern, segments, strict=True):
        if wanted.startswith(b"{"):
            if not segment:
                return None
            found[wanted[1:-1].decode()] = segment.decode("latin-1")
        elif wanted != segment:
            return None
    return found


def unquoted(parts: dict[str, str]) -> dict[str, str]:
    """The parts of a path as their sender meant them."""
    try:
        return {name: unquote(value, errors="strict") for name, value in parts.items()}
    except UnicodeDecodeError as error:
        raise Malformed("the path is not UTF-8") from error
