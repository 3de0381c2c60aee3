"""How the command line reaches wager: over HTTP, or with a store by the same API in-process."""

import hashlib
import http.client
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from wager.engine.engine import Engine
from wager.engine.engine import open as open_engine
from wager.engine.settings import Settings
from wager.errors import BadInput, StoreError, Unauthorized, WagerError
from wager.server.app import create_app
from wager.server.inside import Inside
from wager.server.keys import Hashes, Keys
from wager.stores.open import MEMORY
from wager.stores.open import path_of as file_of

URL = "http://127.0.0.1:8000"
NDJSON = "application/x-ndjson"
Answer = dict[str, Any]
Named = TypeVar("Named", str, str | None)


class Server(Protocol):
    """Answers one request of the HTTP API; a problem is raised with its own words."""

    def ask(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json"
    ) -> Answer: ...


class Refused(WagerError):
    """The server said no."""

    code = "refused"


class OverHttp:
    """A running server, by its address and the secret key; one connection, kept open."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"{url!r} is not the address of a server; name one such as {URL}")
        secure = parts.scheme == "https"
        connection = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._url, self._key, self._base = url, key, parts.path.rstrip("/")
        self._connection = connection(parts.hostname, parts.port, timeout=60)

    def ask(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json"
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": media}
        try:
            self._connection.request(method, self._base + path, body, headers)
            response = self._connection.getresponse()
            return _read(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise WagerError(
                f"no wager answers at {self._url} ({error}); start one with `wager up`, name its "
                "address with --url, or open a store that no server holds with --store"
            ) from error

    def close(self) -> None:
        self._connection.close()


class InProcess:
    """The API over an engine in this process: the same requests, no network."""

    def __init__(self, engine: Engine) -> None:
        key = secrets.token_urlsafe(32)
        keys = Keys(Hashes(secret=hashlib.sha256(key.encode()).hexdigest(), public=""))
        self._authorization = f"Bearer {key}"
        self._inside = Inside(create_app(engine, keys, console=False))

    def ask(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json"
    ) -> Answer:
        headers = {"authorization": self._authorization, "content-type": media}
        return _read(*self._inside.request(method, path, headers, body or b""))

    def close(self) -> None:
        self._inside.close()


@contextmanager
def reach(store: str | None, url: str | None, key: str | None) -> Iterator[Server]:
    """The server at `url`, or, where a store is named, that store in this process."""
    if store is not None and url is not None:
        raise BadInput("--store opens a store here, --url asks a running server: name one of them")
    if store is not None:
        with open_engine(store, settings=Settings.from_environment()) as engine:
            here = InProcess(engine)
            try:
                yield here
            finally:
                here.close()
        return
    key = key or os.environ.get("WAGER_SECRET_KEY")
    if not key:
        raise Unauthorized(
            "a running server wants its secret key: set WAGER_SECRET_KEY or give --key; "
            "or name a store that no server holds: --store sqlite:///shop.db"
        )
    there = OverHttp(url or os.environ.get("WAGER_URL") or URL, key)
    try:
        yield there
    finally:
        there.close()


def existing(store: Named) -> Named:
    """The same store, or None for a server's; one that is not there is not made by asking it."""
    if store is not None and store != MEMORY and not (file := file_of(store)).exists():
        raise StoreError(
            f"there is no store at {file}; check the path, or make one: "
            f"wager apply FOLDER --store {store}"
        )
    return store


def path_of(*parts: str, **query: object) -> str:
    """A path of the API, its parts quoted, with the query's known values."""
    known = {name: value for name, value in query.items() if value is not None}
    path = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    return f"{path}?{urlencode(known)}" if known else path


def _read(status: int, body: bytes) -> Answer:
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except msgspec.DecodeError:
        raise Refused(f"what answered is not wager: HTTP {status}, {body[:80]!r}") from None
    if status >= 400:
        raise Refused(str(answer.get("detail", f"HTTP {status}")), code=str(answer.get("code", "")))
    return answer
