"""Who an event says it is of, and how much of that the sender may say."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from wager.collect.formats import MAX_ID_LENGTH, Id, Payload
from wager.collect.quality import Unreadable, shown
from wager.domain.events import EventKind
from wager.domain.identity import BLOCKED_VALUES, Identity

Verify = Callable[[str], str | None]  # a userToken -> the user id that it proves
UNVERIFIED = "unverified_user_id"
_EMAIL = re.compile(r"[^@\s\"'<>,;]{1,64}@[^@\s\"'<>,;]{1,180}\.[^@\s\"'<>,;.]{2,63}")
_KIND_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_OWN_KINDS = frozenset(("profile_id", UNVERIFIED, "user_id", "anonymous_id", "email", "phone"))


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The identities that an event asserts to be one person, and what it only claims."""

    identities: tuple[Identity, ...]
    verified: bool
    claimed: Identity | None = None
    previous: Identity | None = None


def trusted(payload: Payload, kind: EventKind, context: Mapping[str, Any]) -> Claims:
    """Under a secret key every identity counts, strongest first."""
    found: list[Identity] = []
    if user_id := identifier("userId", payload.user_id):
        found.append(Identity("user_id", user_id))
    if context:
        found += external_ids(context.get("externalIds"))
    if context or kind == "identify":
        own = payload.traits if kind == "identify" else None
        for traits in (own, context.get("traits")):
            if isinstance(traits, dict):
                found += _reachable(traits)
    if anonymous_id := identifier("anonymousId", payload.anonymous_id):
        found.append(Identity("anonymous_id", anonymous_id))
    previous = _previous(payload, kind, "user_id")
    if not found:
        raise _missing(payload)
    once = tuple(dict.fromkeys(found)) if len(found) > 1 else (found[0],)
    return Claims(identities=once, verified=True, previous=previous)


def public(payload: Payload, kind: EventKind, context: Mapping[str, Any], verify: Verify) -> Claims:
    """Under a public key one may be anonymous, or the user that `context.userToken` proves.

    Whatever else is named (another user id, an address, a user's id as the earlier one) is anyone's
    word: a user id is kept as a claim, which merges with nobody and opens no profile.
    """
    user_id = identifier("userId", payload.user_id)
    anonymous_id = identifier("anonymousId", payload.anonymous_id)
    token = context.get("userToken")
    proven = user_id is not None and isinstance(token, str) and verify(token) == user_id
    found: list[Identity] = []
    if proven and user_id is not None:
        found.append(Identity("user_id", user_id))
    if anonymous_id is not None:
        found.append(Identity("anonymous_id", anonymous_id))
    previous = _previous(payload, kind, "anonymous_id")
    if proven:
        return Claims(identities=tuple(found), verified=True, previous=previous)
    claimed = Identity("user_id", user_id) if user_id is not None else None
    if not found and user_id is not None:
        found.append(Identity(UNVERIFIED, user_id))
    if not found:
        raise _missing(payload)
    return Claims(identities=tuple(found), verified=False, claimed=claimed)


def _missing(payload: Payload) -> Unreadable:
    sent = {"userId": payload.user_id, "anonymousId": payload.anonymous_id}
    named = {name: value for name, value in sent.items() if value is not None}
    why = f"{shown(named)} stands for nobody" if named else "it names nobody"
    return Unreadable("missing-identity", f"{why}; send a userId or an anonymousId")


def _previous(payload: Payload, kind: EventKind, id_kind: str) -> Identity | None:
    """The earlier id of an alias call, which leads to the same person from now on."""
    if kind != "alias":
        return None
    previous = identifier("previousId", payload.previous_id)
    if previous is None or payload.user_id is None:
        raise Unreadable(
            "missing-previous",
            f"an alias call needs previousId and userId; it has"
            f" {shown(payload.previous_id)} and {shown(payload.user_id)}",
        )
    return Identity(id_kind, previous)


def mentioned(payload: object) -> tuple[Identity, ...]:
    """Every identity that can be found in a payload, readable or not, so that erasing finds it."""
    found: list[Identity] = []
    if not isinstance(payload, Mapping):
        return ()
    for key, kind in (("userId", "user_id"), ("anonymousId", "anonymous_id")):
        value = payload.get(key)
        if isinstance(value, str | int) and str(value).strip():
            found.append(Identity(kind, str(value).strip()[:MAX_ID_LENGTH]))
    previous = payload.get("previousId")
    if isinstance(previous, str | int):
        found += [Identity(kind, str(previous).strip()) for kind in ("user_id", "anonymous_id")]
    context = payload.get("context")
    nested = context.get("traits") if isinstance(context, Mapping) else None
    for traits in (payload.get("traits"), nested):
        if isinstance(traits, Mapping):
            found += _reachable(traits)
    return tuple(dict.fromkeys(found))


def identifier(name: str, value: Id | None) -> str | None:
    """An id as text; None if absent, or if it is what programs send when they know nobody."""
    if value is None:
        return None
    if not isinstance(value, str):
        value = str(int(value) if value == value // 1 else value)
    text = value.strip()
    if len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise Unreadable(
            "bad-identity",
            f"{name} {shown(text)} is not 1 to {MAX_ID_LENGTH} printable characters",
        )
    return None if text.lower() in BLOCKED_VALUES else text


def external_ids(listed: object) -> list[Identity]:
    """`context.externalIds`: `[{"type": "crm_id", "id": "c-17"}]`, ids of other systems."""
    found = []
    for entry in listed[:10] if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        name, value = entry.get("type"), entry.get("id")
        if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, str | int):
            continue
        text = identifier(f"externalIds {name}", value)
        if text and name not in _OWN_KINDS and _KIND_NAME.fullmatch(name):
            found.append(Identity(name, text))
    return found


def _reachable(traits: Mapping[str, Any]) -> list[Identity]:
    found = []
    if "email" in traits and (address := email(traits["email"])):
        found.append(Identity("email", address))
    if "phone" in traits and (number := phone(traits["phone"])):
        found.append(Identity("phone", number))
    return found


def email(value: object) -> str | None:
    """An address in lower case; None if it is none, or one that stands for nobody."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    return text if text not in BLOCKED_VALUES and _EMAIL.fullmatch(text) else None


def phone(value: object) -> str | None:
    """`+` and 7 to 15 digits; None without its country: one local number is many people's."""
    if not isinstance(value, str):
        return None
    text = re.sub(r"[\s().\-/]", "", value)
    text = "+" + text[2:] if text.startswith("00") else text
    digits = text[1:]
    told = text.startswith("+") and digits.isascii() and digits.isdigit()
    return text if told and 7 <= len(digits) <= 15 and len(set(digits)) > 1 else None
