"""Stands before every route: keys, limits, origins, sizes; one shape for all that goes wrong."""

import asyncio
import time

from starlette.types import ASGIApp, Receive, Scope, Send

from wager.errors import NotAllowed, Unauthorized, WagerError
from wager.server.cors import Origins
from wager.server.keys import Keys
from wager.server.limits import Limits
from wager.server.metrics import Metrics
from wager.server.operations import Body, Call, Operation, Routes, unquoted
from wager.server.wire import (
    KB,
    Malformed,
    Reply,
    UnsupportedMedia,
    WrongMethod,
    inflate,
    media_type,
    problem,
    problem_reply,
    too_large,
    write_key,
)

BODY_SECONDS = 30.0
BROKEN = problem_reply(500, "internal", "something broke here; the server's log has it")
DRAIN_BYTES = 32 * KB * KB


class Gate:
    """Who may pass: the key's role against what the operation asks, and the rate limits."""

    def __init__(self, keys: Keys, limits: Limits) -> None:
        self._keys, self._limits = keys, limits

    def check(self, call: Call, operation: Operation) -> None:
        """Note the role of the call's key; raises if it may not pass."""
        if operation.access == "open":
            return
        header = call.headers.get(b"authorization")
        key = None
        if header is not None:
            call.role = self._keys.role_of_header(header)
        elif operation.write_key and (key := write_key(call.body)) is not None:
            call.role = self._keys.role(key)
        now = time.monotonic()
        if call.role is None:
            self._limits.address(_address(call.scope), now)
            told = None if header is None and key is None else "that key is not known here"
            raise Unauthorized(told)
        self._limits.key(call.role, now)
        if call.role == "public":
            self._limits.address(_address(call.scope), now)
            if operation.access == "secret":
                raise NotAllowed("this needs the secret key")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


class Edge:
    """The API as plain ASGI; paths that are not its own go on to the app behind it."""

    def __init__(
        self, app: ASGIApp, *, routes: Routes, gate: Gate, origins: Origins, metrics: Metrics
    ) -> None:
        self._app = app
        self._routes, self._gate = routes, gate
        self._origins, self._metrics = origins, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._routes.find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        methods, parts = found
        call = Call(scope=scope, headers=dict(scope["headers"]), parts=parts)
        operation = methods.get(scope["method"])
        name = next(iter(methods.values())).path if operation is None else operation.name
        self._metrics.begin()
        reply = BROKEN
        try:
            reply = await self._reply(call, operation, methods, receive)
        except WagerError as error:
            reply = problem(error)
        except RecursionError:
            reply = problem(Malformed("the body is nested too deeply; flatten it"))
        finally:
            self._metrics.count(name, reply.status)
            await _send(send, reply, self._origins.headers(call.headers.get(b"origin")))

    async def _reply(
        self,
        call: Call,
        operation: Operation | None,
        methods: dict[str, Operation],
        receive: Receive,
    ) -> Reply:
        if operation is None:
            return self._other_method(call, methods)
        if operation.write_key and b"authorization" not in call.headers:
            call.body = await _body(call, operation.body, receive)
            self._gate.check(call, operation)
        else:
            self._gate.check(call, operation)
            if operation.body is not None:
                call.body = await _body(call, operation.body, receive)
        if call.parts:
            call.parts = unquoted(call.parts)
        answer = await operation.handler(call)
        return answer if isinstance(answer, Reply) else Reply(200, answer)

    def _other_method(self, call: Call, methods: dict[str, Operation]) -> Reply:
        method, headers = call.scope["method"], call.headers
        if method == "OPTIONS" and b"access-control-request-method" in headers:
            return self._origins.preflight(headers.get(b"origin", b""))
        allowed = [*methods, "OPTIONS"]
        if method == "OPTIONS":
            return Reply(204, b"", headers=((b"allow", ", ".join(allowed).encode()),))
        raise WrongMethod(method, allowed)


async def _send(send: Send, reply: Reply, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = (b"content-length", b"%d" % len(reply.body))
    media = (b"content-type", reply.media.encode())
    start = (*((length, media) if reply.status != 204 else ()), *reply.headers, *headers)
    await send({"type": "http.response.start", "status": reply.status, "headers": start})
    await send({"type": "http.response.body", "body": reply.body})


async def _body(call: Call, body: Body | None, receive: Receive) -> bytes:
    """The body, unpacked, within its bound and of a media type that the operation reads."""
    if body is None:
        return b""
    raw = await _receive(call, body.limit, receive)
    headers = call.headers
    if raw or body.needed:
        media = media_type(headers.get(b"content-type", b""))
        if media and media not in body.media and not media.endswith("+json"):
            raise UnsupportedMedia(
                f"the body is {media[:100]!r}; send {' or '.join(body.media)} "
                "and say so in Content-Type"
            )
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return raw
    if encoding != b"gzip":
        raise UnsupportedMedia(
            f"the body's encoding is {encoding.decode('latin-1')[:100]!r}; send gzip or none"
        )
    return inflate(raw, body.limit)


async def _receive(call: Call, limit: int, receive: Receive) -> bytes:
    message = await receive()
    first: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(first) > limit:
            raise too_large(limit)
        return first
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _rest(first, limit, receive)
    except TimeoutError as error:
        raise Malformed(f"the body did not arrive within {BODY_SECONDS:g} s") from error


async def _rest(first: bytes, limit: int, receive: Receive) -> bytes:
    """The whole of a body that comes in pieces. What is too large is read to its end (up to a
    bound) and thrown away, so that the sender is there to read the answer."""
    pieces, size, more = [first], len(first), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the connection closed before the body was there")
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
        elif size > DRAIN_BYTES:
            break
        more = message.get("more_body", False)
    if size > limit:
        raise too_large(limit)
    return b"".join(pieces)
