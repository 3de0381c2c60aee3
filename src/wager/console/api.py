"""Asks the public HTTP API, and turns its problems into plain words."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
from starlette.types import ASGIApp

T = TypeVar("T")
Query = Mapping[str, str | int | float | None]
TIMEOUT = httpx.Timeout(300.0, connect=5.0)  # seconds; a report may read the whole log anew


class Problem(Exception):
    """The API said no, or nothing; `detail` says why in words that can be shown."""

    def __init__(self, status: int, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code


class SignedOut(Problem):
    """The session has ended; the way on is to sign in again."""

    def __init__(self) -> None:
        super().__init__(
            401, "You are signed out. Sign in again with the secret key.", "signed-out"
        )


class Api:
    """A client of one wager server: by its address, or in-process through its ASGI app."""

    def __init__(self, *, base_url: str = "http://wager.internal", app: ASGIApp | None = None):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False) if app else None
        self._client = httpx.AsyncClient(
            base_url=base_url, transport=transport, timeout=TIMEOUT, trust_env=False
        )
        self._key: Callable[[], str | None] = lambda: None

    def signed(self, key: Callable[[], str | None]) -> "Api":
        """The same connection with a key, for as long as there is one."""
        signed = object.__new__(Api)
        signed._client, signed._key = self._client, key
        return signed

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, answer: type[T], query: Query | None = None) -> T:
        """`GET path?query`, leaving out what is empty."""
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        return _read(await self._send("GET", path, params=given), answer)

    async def post(self, path: str, answer: type[T], body: object = None) -> T:
        """`POST path` with a JSON body; without one where there is nothing to say."""
        content = msgspec.json.encode(body) if body is not None else b""
        headers = {"Content-Type": "application/json"}
        return _read(await self._send("POST", path, content=content, headers=headers), answer)

    async def delete(self, path: str) -> None:
        await self._send("DELETE", path)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Query | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        key = self._key()
        if key is None:
            raise SignedOut
        signed = {**(headers or {}), "Authorization": f"Bearer {key}"}
        try:
            response = await self._client.request(
                method, path, params=params or None, content=content, headers=signed
            )
        except httpx.HTTPError as error:
            raise Problem(
                0,
                f"The server does not answer ({type(error).__name__}). Is it running? Look at "
                "/readyz and at its log.",
            ) from error
        if response.status_code >= 400:
            raise _problem(response)
        return response.content


def path_of(*parts: str) -> str:
    """A path from parts that may hold any character.

    >>> path_of("v1", "profiles", "email", "a/b@c.de")
    '/v1/profiles/email/a%2Fb%40c.de'
    """
    return "/" + "/".join(quote(part, safe="") for part in parts)


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    code: str = ""


def _read(body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=answer)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Problem(0, f"The server answered something unexpected: {error}") from error


def _problem(response: httpx.Response) -> Problem:
    try:
        said = msgspec.json.decode(response.content, type=_Problem)
    except (msgspec.DecodeError, msgspec.ValidationError):
        said = _Problem()
    detail = said.detail or said.title or f"The server answered with status {response.status_code}."
    return Problem(response.status_code, detail, said.code)
