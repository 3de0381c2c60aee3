"""Lets browsers in from the origins that the operator named, and from no others."""

import re

from wager.errors import BadInput, NotAllowed
from wager.server.wire import Reply

METHODS = b"GET, POST, PUT, DELETE, OPTIONS"
HEADERS = b"authorization, content-type, content-encoding"
MAX_AGE_SECONDS = b"600"

Headers = tuple[tuple[bytes, bytes], ...]

_AN_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/\s?#]+")


class Origins:
    """The origins of `WAGER_ORIGINS`, commas between them. `*` lets in all; credentials never
    travel (the key is a header that the page itself sends)."""

    def __init__(self, origins: str) -> None:
        named = [one.strip().rstrip("/").lower() for one in origins.split(",")]
        self._named = frozenset(_origin(one) for one in named if one)

    def headers(self, origin: bytes | None) -> Headers:
        """What every answer to that origin carries."""
        if not self._named:
            return ()
        if b"*" in self._named:
            return ((b"access-control-allow-origin", b"*"),)
        vary = (b"vary", b"Origin")
        if origin is None or origin not in self._named:
            return (vary,)
        return ((b"access-control-allow-origin", origin), vary)

    def preflight(self, origin: bytes) -> Reply:
        """The answer to a browser that asks whether its page may send; raises `NotAllowed`."""
        if not {origin, b"*"} & self._named:
            raise NotAllowed(
                f"pages from {origin.decode('latin-1')[:200]!r} may not ask this server; "
                "its operator names the origins that may in WAGER_ORIGINS"
            )
        return Reply(
            204,
            b"",
            headers=(
                (b"access-control-allow-methods", METHODS),
                (b"access-control-allow-headers", HEADERS),
                (b"access-control-max-age", MAX_AGE_SECONDS),
            ),
        )


def _origin(named: str) -> bytes:
    if _AN_ORIGIN.fullmatch(named) is None:
        raise BadInput(
            f"WAGER_ORIGINS names {named!r}, which no page comes from; "
            "an origin is like https://shop.example (or * for all)"
        )
    return named.encode()
