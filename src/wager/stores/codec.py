"""Bodies as they lie on disk: MessagePack, and compressed where they are long."""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from wager.domain.content import Item
from wager.domain.decisions import Decision
from wager.domain.definitions import DEFINITIONS, Definition, DefinitionKind
from wager.domain.events import Event, Quarantined
from wager.domain.profiles import Profile
from wager.errors import BadInput, StoreError
from wager.stores.changes import Changes, with_changes

T = TypeVar("T")
_encoder = msgspec.msgpack.Encoder()
_EVENT = msgspec.msgpack.Decoder(Event)
_QUARANTINED = msgspec.msgpack.Decoder(Quarantined)
_CHANGES = msgspec.msgpack.Decoder(Changes)
_PROFILE = msgspec.msgpack.Decoder(Profile)
_ITEM = msgspec.msgpack.Decoder(Item)
_DECISION = msgspec.msgpack.Decoder(Decision)
_DEFINITIONS = {kind: msgspec.msgpack.Decoder(form) for kind, form in DEFINITIONS.items()}

# A typical bet, which deflate may refer to: 20 % smaller at no cost. Bodies on disk were written
# with it, so a better one gets a new file and a new mark.
_MARK = b"\x01"
_TYPICAL = _encoder.encode(
    msgspec.json.decode((Path(__file__).parent / "sql" / "typical_bet_1.json").read_bytes())
)


def encoded(value: object, what: str) -> bytes:
    """A struct as bytes; what no store can hold is the caller's error, found before it is staged.

    MessagePack has integers of 64 bits, text without lone surrogates, and a bounded depth.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, OverflowError, ValueError, RecursionError) as error:
        raise BadInput(
            f"{what} cannot be stored: {error}; use text, true and false, floats and integers "
            "below 2**64, in lists and objects that are not nested hundreds deep"
        ) from error


def _decoded(decoder: msgspec.msgpack.Decoder[T], body: object, what: str) -> T:
    if not isinstance(body, bytes):
        raise StoreError(f"{what} has no body on disk; `wager doctor` lists what is damaged")
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(what, error) from error


def event_from(body: object, what: str = "an event") -> Event:
    return _decoded(_EVENT, body, what)


def quarantined_from(body: object, what: str = "a quarantined event") -> Quarantined:
    return _decoded(_QUARANTINED, body, what)


def profile_from(body: object, since: Iterable[object] = (), what: str = "a profile") -> Profile:
    """A profile from its whole body and what became of it since, one change after the other."""
    profile = _decoded(_PROFILE, body, what)
    for told in since:
        profile = with_changes(profile, _decoded(_CHANGES, told, what))
    return profile


def item_from(body: object, what: str = "an item") -> Item:
    return _decoded(_ITEM, body, what)


def definition_from(kind: DefinitionKind, body: object, what: str = "a definition") -> Definition:
    return _decoded(_DEFINITIONS[kind], body, what)


def kind_named(kind: str) -> DefinitionKind | None:
    """The kind of definitions of that name, if there is one."""
    return next((known for known in DEFINITIONS if known == kind), None)


def squeezed(body: bytes) -> bytes:
    """A decision's body, compressed."""
    press = zlib.compressobj(level=1, zdict=_TYPICAL)
    return _MARK + press.compress(body) + press.flush()


def decision_from(body: object, what: str = "a decision") -> Decision:
    if not isinstance(body, bytes) or body[:1] != _MARK:
        raise StoreError(f"{what} is in no form that this version knows; `wager doctor` says more")
    press = zlib.decompressobj(zdict=_TYPICAL)
    try:
        plain = press.decompress(body[1:])
    except zlib.error as error:
        raise _unreadable(what, error) from error
    if not press.eof:
        raise _unreadable(what, "it is cut short")
    return _decoded(_DECISION, plain, what)


def _unreadable(what: str, why: object) -> StoreError:
    return StoreError(
        f"{what} cannot be read from disk: {why}; `wager doctor` lists what is damaged"
    )
