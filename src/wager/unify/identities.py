"""Which profile an event belongs to, and which profiles turn out to be one person.

The rules are deterministic and err towards two profiles rather than one: a wrong merge shows one
person what another did. The strongest identity chooses the profile; an anonymous one joins a known
one; two known people never become one but by an explicit alias.
"""

from collections.abc import Iterable, Mapping

import msgspec

from wager.domain.events import Event
from wager.domain.identity import BLOCKED_VALUES, Identity
from wager.domain.profiles import Profile

USER_ID, ANONYMOUS_ID = "user_id", "anonymous_id"
# How many identities of a kind one profile may have; of any other kind MAX_OTHER. What would go
# beyond stays unlinked: a device or an address that hundreds use says nothing of who it is.
LIMITS = {USER_ID: 1, "email": 5, "phone": 5, ANONYMOUS_ID: 100}
MAX_OTHER = 20


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event goes: a profile id (None: a new one), what links to it, who merges into it."""

    profile_id: str | None
    links: tuple[Identity, ...] = ()
    merges: tuple[str, ...] = ()


def named(event: Event) -> tuple[Identity, ...]:
    """All identities that must be looked up to resolve an event."""
    return event.identities if event.previous is None else (*event.identities, *_earlier(event))


def resolve(
    event: Event, found: Mapping[Identity, str], profiles: Mapping[str, Profile]
) -> Resolution:
    """Decide by what the event's identities were linked to before it.

    `found` has the profile id of each linked identity of `named(event)`, `profiles` those profiles.
    """
    usable = [each for each in event.identities if each.value.lower() not in BLOCKED_VALUES]
    if event.previous is not None:
        return _aliased(event, usable, found, profiles)
    known = {found.get(identity) for identity in usable}
    if len(known) == 1 and None not in known:
        return Resolution(profile_id=known.pop())
    return _joined(usable, found, profiles)


def _joined(
    usable: list[Identity], found: Mapping[Identity, str], profiles: Mapping[str, Profile]
) -> Resolution:
    """The strongest identity's profile, with every weaker one's that may join it."""
    user_id = next((identity for identity in usable if identity.kind == USER_ID), None)
    start = _start(usable, user_id, found, profiles)
    if start is None:
        return Resolution(profile_id=None, links=_links(usable, found, ()))
    held = {*profiles[start].identities, *((user_id,) if user_id else ())}
    apart = set(profiles[start].apart)
    merged = [start]
    for identity in usable:
        other = found.get(identity)
        if other is None or other in merged:
            continue
        theirs = profiles[other]
        if _are_apart(held, apart, theirs) or not _may_join(held, theirs.identities):
            continue
        merged.append(other)
        held.update(theirs.identities)
        apart.update(theirs.apart)
    winner = _winner(merged, profiles)
    merged.remove(winner)
    links = _links([one for one in usable if one not in apart], found, held)
    return Resolution(profile_id=winner, links=links, merges=tuple(merged))


def _are_apart(held: set[Identity], apart: set[Identity], other: Profile) -> bool:
    """Whether a merge of them was undone: then nothing makes them one again."""
    return not (apart.isdisjoint(other.identities) and held.isdisjoint(other.apart))


def _start(
    usable: list[Identity],
    user_id: Identity | None,
    found: Mapping[Identity, str],
    profiles: Mapping[str, Profile],
) -> str | None:
    """The first profile that may be this person: with a user id, no other known person's."""
    for identity in usable:
        profile_id = found.get(identity)
        if profile_id is None or user_id in profiles[profile_id].apart:
            continue
        if user_id in (None, identity) or _may_join(profiles[profile_id].identities, (user_id,)):
            return profile_id
    return None


def _aliased(
    event: Event,
    usable: list[Identity],
    found: Mapping[Identity, str],
    profiles: Mapping[str, Profile],
) -> Resolution:
    """An alias says outright that two ids are one person, so that even two known people merge.

    Under a public key it cannot: there the earlier id is an anonymous one like any other, and one
    that has become a known person's stays theirs.
    """
    earlier = _earlier(event)
    linked = next((identity for identity in earlier if identity in found), None)
    plain = _joined([*usable, *((linked,) if linked else earlier[-1:])], found, profiles)
    if linked is None or earlier[0].kind == ANONYMOUS_ID:
        return plain
    other = found[linked]
    if plain.profile_id is None:
        if not set(usable).isdisjoint(profiles[other].apart):
            return plain
        return msgspec.structs.replace(plain, profile_id=other)
    ours = profiles[plain.profile_id]
    apart = _are_apart(set(ours.identities), set(ours.apart), profiles[other])
    if apart or other in (plain.profile_id, *plain.merges):
        return plain
    return msgspec.structs.replace(plain, merges=(*plain.merges, other))


def _earlier(event: Event) -> tuple[Identity, ...]:
    """What a previous id may be: a user's (only a secret key may say so), else an anonymous one."""
    previous = event.previous
    if previous is None or previous.value.lower() in BLOCKED_VALUES:
        return ()
    anonymous = Identity(ANONYMOUS_ID, previous.value)
    return (anonymous,) if previous.kind == ANONYMOUS_ID else (previous, anonymous)


def _links(
    usable: Iterable[Identity], found: Mapping[Identity, str], held: Iterable[Identity]
) -> tuple[Identity, ...]:
    """The identities that lead nowhere yet, as far as the limits let them in."""
    together, links = set(held), []
    for identity in usable:
        if identity not in found and _may_join(together, (identity,)):
            together.add(identity)
            links.append(identity)
    return tuple(links)


def _may_join(some: Iterable[Identity], others: Iterable[Identity | None]) -> bool:
    """Whether no kind goes beyond its limit by it, or beyond what an alias has made of it."""
    ours, theirs = _by_kind(some), _by_kind(others)
    return all(
        len(values | ours.get(kind, set()))
        <= max(LIMITS.get(kind, MAX_OTHER), len(values), len(ours.get(kind, set())))
        for kind, values in theirs.items()
    )


def _by_kind(identities: Iterable[Identity | None]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for identity in identities:
        if identity is not None:
            found.setdefault(identity.kind, set()).add(identity.value)
    return found


def _winner(profile_ids: list[str], profiles: Mapping[str, Profile]) -> str:
    """Whose id stays: the known person's, else the one first seen."""

    def rank(profile_id: str) -> tuple[bool, object, str]:
        profile = profiles[profile_id]
        known = any(identity.kind == USER_ID for identity in profile.identities)
        return not known, profile.created_at, profile_id

    return min(profile_ids, key=rank)
