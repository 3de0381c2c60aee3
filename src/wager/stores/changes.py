"""What one transaction made of a profile: only what differs, for it is small.

A shop's regular has hundreds of purchases and leanings, and most events touch two or three of them.
"""

from collections.abc import Callable, Iterable
from itertools import compress
from operator import attrgetter, is_not
from typing import Any

import msgspec
from msgspec.structs import astuple

from wager.domain.profiles import TABLES, Profile
from wager.domain.tables import differing

_NAMED = ("profile_id", "created_at", "updated_at", "version")
_FIELDS = Profile.__struct_fields__
_PLACES = range(len(_FIELDS))
_TABLES = frozenset(TABLES)
_SINGLE = tuple(name for name in _FIELDS if name not in (*TABLES, *_NAMED))
_tables: Callable[[Profile], tuple[dict[str, object], ...]] = attrgetter(*TABLES)


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
    fields = []
    old, new = astuple(before), astuple(after)
    for place in compress(_PLACES, map(is_not, old, new)):
        name, was, now = _FIELDS[place], old[place], new[place]
        if name in _TABLES:
            names = differing(was, now)
            told[name] = {key: now[key] for key in names if key in now}
            if len(told[name]) < len(names):
                gone[name] = sorted(key for key in names if key not in now)
        elif name not in _NAMED:
            told[name] = now
            fields.append(name)
    body = Profile(
        profile_id=after.profile_id,
        created_at=after.created_at,
        updated_at=after.updated_at,
        version=after.version,
        **told,
    )
    return Changes(body, gone, tuple(fields))


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
