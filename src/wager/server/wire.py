"""Decodes what comes in, encodes what goes out, and gives every error the one problem shape."""

import json
import re
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from wager.errors import (
    BadInput,
    Conflict,
    MissingExtra,
    NotAllowed,
    NotFound,
    StoreError,
    TooLarge,
    TooMany,
    Unauthorized,
    WagerError,
)

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
MAX_DEPTH = 32
KB = 1024
PROBLEM_TYPE = "application/problem+json"

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Malformed(BadInput):
    """The body is not JSON."""

    code = "malformed"


class UnsupportedMedia(BadInput):
    """The body's media type or encoding cannot be read here."""

    code = "unsupported-media-type"


class WrongMethod(WagerError):
    """This path does not know that method."""

    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"{method} does not work here; this path takes {self.allowed}")


STATUS: dict[type[WagerError], int] = {
    Malformed: 400,
    UnsupportedMedia: 415,
    TooLarge: 413,
    BadInput: 422,
    NotFound: 404,
    Conflict: 409,
    NotAllowed: 403,
    Unauthorized: 401,
    TooMany: 429,
    WrongMethod: 405,
    StoreError: 503,
    MissingExtra: 501,
    WagerError: 500,
}


_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 has it; `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Reply(msgspec.Struct, frozen=True):
    """What goes back over HTTP."""

    status: int
    body: bytes
    media: str = "application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def status_of(error: WagerError) -> int:
    """The HTTP status of an error: that of the nearest class above it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def title_of(status: int) -> str:
    """The status in words, as RFC 9110 has them whatever this Python calls it."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def problem(error: WagerError) -> Reply:
    """The reply that says what went wrong."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    match error:
        case Unauthorized():
            headers = ((b"www-authenticate", b'Basic realm="wager", charset="UTF-8", Bearer'),)
        case TooMany():
            headers = ((b"retry-after", str(error.whole_seconds).encode()),)
        case WrongMethod():
            headers = ((b"allow", error.allowed.encode()),)
        case _:
            pass
    return problem_reply(status_of(error), error.code, error.detail, headers)


def problem_reply(
    status: int, code: str, detail: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Reply:
    said = Problem(
        type=f"urn:wager:problem:{code}",
        title=title_of(status),
        status=status,
        detail=detail,
        code=code,
    )
    return Reply(status, encode(said), PROBLEM_TYPE, headers)


class _WriteKey(msgspec.Struct, rename="camel"):
    write_key: str | None = None


_write_key = msgspec.json.Decoder(_WriteKey).decode


def write_key(body: bytes) -> str | None:
    """The key that a browser puts into the body, because it cannot set headers on leaving."""
    try:
        return _write_key(body).write_key
    except (ValueError, RecursionError):
        return None


def read(body: bytes, *, depth: int = MAX_DEPTH) -> Any:
    """The JSON of a body: UTF-8, at most `depth` levels deep, each name once in its object."""
    value = read_parts(body)
    if body.count(b"{") + body.count(b"[") > depth:
        check_depth(value, depth)
    return value


def read_parts(body: bytes) -> Any:
    """The same for a body whose parts are looked at one by one: their depth is left to that."""
    if not body:
        raise Malformed("the body is empty; send JSON")
    try:
        value = _decode(body)
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise Malformed("the body is nested deeper than can be read; flatten it") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Malformed(f"the body is not JSON: {error}") from error
    if body.count(b'":') != encode(value).count(b'":'):
        _check_names_once(body)
    return value


def check_depth(value: object, bound: int) -> None:
    """Refuse what is nested deeper than so many levels."""
    level = [value]
    for _ in range(bound):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise Malformed(f"the body is nested deeper than {bound} levels; flatten it")


def _check_names_once(body: bytes) -> None:
    """Exact, and slow: asked only where the number of names does not add up."""
    try:
        json.loads(body, object_pairs_hook=_once)
    except WagerError:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {error}") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read_so_far: dict[str, object] = {}
    for name, value in pairs:
        if name in read_so_far:
            raise Malformed(f"the name {name[:100]!r} stands twice in one object; send it once")
        read_so_far[name] = value
    return read_so_far


def convert(value: object, kind: type[T], *, what: str = "the body") -> T:
    """The value as that type; an error names the place and what belongs there."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"{what}: {error}") from error
    except (OverflowError, ValueError) as error:
        raise BadInput(f"{what} holds a number or time out of range: {error}") from error


def query(raw: bytes, kind: type[S]) -> S:
    """The query parameters as that struct; each may stand once, and unknown ones are refused."""
    found: dict[str, str] = {}
    if raw:
        try:
            pairs = parse_qsl(
                raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=50
            )
        except UnicodeDecodeError as error:
            raise Malformed("the query is not UTF-8") from error
        except ValueError as error:
            raise Malformed(f"the query cannot be read: {error}") from error
        for name, value in pairs:
            if name in found:
                raise BadInput(f"the parameter {name[:100]!r} stands twice; send it once")
            found[name] = value
    try:
        read_query = msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"the query: {error}") from error
    except (OverflowError, ValueError) as error:
        raise BadInput(f"the query holds a number or time out of range: {error}") from error
    for field in msgspec.structs.fields(kind):
        if field.encode_name in found and getattr(read_query, field.name) is None:
            raise BadInput(f"the parameter {field.encode_name!r} is null; leave it out")
    return read_query


def inflate(body: bytes, limit: int) -> bytes:
    """The gzip body unpacked, never beyond `limit` bytes."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Malformed(f"the body says that it is gzip, and is not: {error}") from error
    if len(plain) > limit:
        raise too_large(limit, "unpacked")
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("the gzip body is cut off or has something after its end")
    return plain


def too_large(limit: int, what: str = "sent") -> TooLarge:
    shown = f"{limit // KB} kB" if limit < KB * KB else f"{limit // KB // KB} MB"
    return TooLarge(f"the body {what} is larger than the {shown} that this path takes; split it")


_MEDIA = re.compile(r"[ \t]*([^;, \t]*)")


def media_type(header: bytes) -> str:
    """`text/plain; charset=utf-8` is `text/plain`; lower case."""
    found = _MEDIA.match(header.decode("latin-1"))
    return found.group(1).lower() if found else ""
