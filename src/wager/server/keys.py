"""The keys that open the API: made once, kept as hashes, compared in constant time."""

import binascii
import os
import secrets
from base64 import b64decode
from collections.abc import Mapping
from hashlib import blake2b, sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal

import msgspec

from wager.errors import BadInput, StoreError
from wager.stores.base import Stores
from wager.stores.open import path_of

Role = Literal["secret", "public"]
ROLES: tuple[Role, ...] = ("secret", "public")
SHORTEST_KEY, SHORTEST_SIGNING_SECRET = 8, 32
REMEMBERED_HEADERS = 64


class Hashes(msgspec.Struct, frozen=True):
    """SHA-256 of each key, in hex; the keys have 256 random bits, so a slow hash adds nothing."""

    secret: str
    public: str


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The keys in force. `made` has the values that are new and are to be shown once, by name."""

    keys: "Keys"
    signing_secret: str
    made: dict[str, str] = {}


class Keys:
    """Says which role a key or an `Authorization` header has."""

    def __init__(self, hashes: Hashes) -> None:
        self._hashes = hashes
        self._known: dict[bytes, Role] = {}

    def role(self, key: str) -> Role | None:
        """The role of a key; None if it is nobody's."""
        digest = _hash(key)
        found: Role | None = None
        for role in ROLES:
            if compare_digest(digest, getattr(self._hashes, role)):
                found = role
        return found

    def role_of_header(self, header: bytes) -> Role | None:
        """The role of `Basic base64(key:)` or `Bearer key`; the hashes of good ones are kept."""
        digest = blake2b(header, digest_size=32).digest()
        known = self._known.get(digest)
        if known is None:
            key = _key_in(header)
            known = self.role(key) if key else None
            if known is not None and len(self._known) < REMEMBERED_HEADERS:
                self._known[digest] = known
        return known


def open_keys(
    stores: Stores, environment: Mapping[str, str] = os.environ, *, new: bool = False
) -> Opened:
    """The keys from the environment, else those of the store, else (or with `new`) new ones."""
    kept = stores.kept("keys")
    hashes = msgspec.json.decode(kept, type=Hashes) if kept is not None and not new else None
    made: dict[str, str] = {}
    now: dict[str, str] = {}
    for role, prefix in zip(ROLES, ("wsk_", "wpk_"), strict=True):
        variable = f"WAGER_{role.upper()}_KEY"
        given = environment.get(variable)
        if given:
            now[role] = _hash(_long_enough(variable, given, SHORTEST_KEY))
        elif hashes is not None:
            now[role] = getattr(hashes, role)
        else:
            made[variable] = prefix + secrets.token_urlsafe(32)
            now[role] = _hash(made[variable])
    if now["secret"] == now["public"]:
        raise BadInput("WAGER_SECRET_KEY and WAGER_PUBLIC_KEY are the same; they must differ")
    in_force = Hashes(**now)
    if in_force != hashes:
        stores.keep("keys", msgspec.json.encode(in_force))
    signing_secret = _signing_secret(stores.url, environment, new, made)
    return Opened(keys=Keys(in_force), signing_secret=signing_secret, made=made)


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _long_enough(variable: str, value: str, shortest: int) -> str:
    if len(value) < shortest:
        raise BadInput(f"{variable} has {len(value)} characters; it needs at least {shortest}")
    return value


def _key_in(header: bytes) -> str | None:
    scheme, _, rest = header.decode("latin-1").strip().partition(" ")
    rest = rest.strip()
    match scheme.lower():
        case "bearer":
            return rest
        case "basic":
            try:
                return b64decode(rest, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                return None
        case _:
            return None


def _signing_secret(
    url: str, environment: Mapping[str, str], new: bool, made: dict[str, str]
) -> str:
    """From the environment, else the file beside the store, else made and written there."""
    variable = "WAGER_SIGNING_SECRET"
    given = environment.get(variable)
    if given:
        return _long_enough(variable, given, SHORTEST_SIGNING_SECRET)
    path = signing_file(url)
    if path is not None and not new and path.exists():
        return _read_private(path)
    made[variable] = secrets.token_urlsafe(48)
    if path is not None:
        _write_private(path, made[variable])
    return made[variable]


def signing_file(url: str) -> Path | None:
    """Where the signing secret of an embedded store is kept; None where it has no folder."""
    if not url.startswith("sqlite:"):
        return None
    path = path_of(url)
    return path.with_name(f"{path.name}.signing-secret")


def _read_private(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise StoreError(f"others than its owner may read {path}; mend it: chmod 600 {path}")
    return _long_enough(str(path), path.read_text().strip(), SHORTEST_SIGNING_SECRET)


def _write_private(path: Path, secret: str) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
