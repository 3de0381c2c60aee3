"""What one transaction made of a profile: only what differs, for it is small.

A shop's regular has hundreds of purchases and leanings, and most events touch two or three of them.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from wager.domain.profiles import TABLES, Profile
from wager.domain.tables import differing

_NAMED = ("profile_id", "created_at", "updated_at", "version")
_SINGLE = tuple(name for name in Profile.__struct_fields__ if name not in (*TABLES, *_NAMED))
_tables: Callable[[Profile], tuple[dict[str, object], ...]] = attrgetter(*TABLES)
_single: Callable[[Profile], tuple[object, ...]] = attrgetter(*_SINGLE)


class Changes(msgspec.Struct, frozen=True, array_like=True):
    """`now` is the profile as it is, but of its tables only what changed, and of its other fields
    those in `fields` (None: all); `gone` names what left the tables."""

    now: Profile
    gone: dict[str, list[str]] = {}
    fields: tuple[str, ...] | None = None


def changes(before: Profile, after: Profile) -> Changes:
    """What became of a profile.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> body = Profile(profile_id="p", created_at=noon, updated_at=noon, cart={"a": noon})
    >>> now = msgspec.structs.replace(body, version=1, cart={"b": noon})
    >>> told = changes(body, now)
    >>> told.gone, with_changes(body, told) == now
    ({'cart': ['a']}, True)
    """
    told: dict[str, Any] = {}
    gone: dict[str, list[str]] = {}
    for table, old, new in zip(TABLES, _tables(before), _tables(after), strict=True):
        if old is new:
            continue
        names = differing(old, new)
        told[table] = {name: new[name] for name in names if name in new}
        if len(told[table]) < len(names):
            gone[table] = sorted(name for name in names if name not in new)
    fields = []
    for name, one, other in zip(_SINGLE, _single(before), _single(after), strict=True):
        if one is not other:
            fields.append(name)
            told[name] = other
    now = Profile(
        profile_id=after.profile_id,
        created_at=after.created_at,
        updated_at=after.updated_at,
        version=after.version,
        **told,
    )
    return Changes(now, gone, tuple(fields))


def with_changes(body: Profile, told: Changes) -> Profile:
    """The profile as it is, from what it was and what became of it since."""
    now = told.now
    names: Iterable[str] = (*_NAMED, *(_SINGLE if told.fields is None else told.fields))
    changed = {name: getattr(now, name) for name in names}
    for table, old, new in zip(TABLES, _tables(body), _tables(now), strict=True):
        gone = told.gone.get(table, ())
        if new or gone:
            changed[table] = {**old, **new}
            for key in gone:
                changed[table].pop(key, None)
    return msgspec.structs.replace(body, **changed)
