"""What a profile became since its whole body was written: only what differs, for it is small.

A shop's regular has hundreds of purchases and leanings, and most events touch two or three of them.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter

import msgspec

from wager.domain.profiles import TABLES, Profile

Differing = Mapping[str, frozenset[str]]
"""Table -> the keys whose entries are not as in the whole body."""
_tables: Callable[[Profile], tuple[dict[str, object], ...]] = attrgetter(*TABLES)
_EMPTY: Mapping[str, dict[str, object]] = {table: {} for table in TABLES}


class Changes(msgspec.Struct, frozen=True, array_like=True):
    """`now` is the profile as it is, but of its tables only what differs from the whole body;
    `gone` names what left them."""

    now: Profile
    gone: dict[str, list[str]] = {}


def differing(before: Profile, after: Profile, known: Differing) -> Differing:
    """What differs from the whole body now, where `known` did before. Entries are compared by
    identity, because a fold keeps those that it does not touch."""
    found = dict(known)
    for table, old, new in zip(TABLES, _tables(before), _tables(after), strict=True):
        if old is new:
            continue
        keys = {key for key, value in new.items() if old.get(key) is not value}
        added = sum(key not in old for key in keys)
        if len(old) + added > len(new):
            keys |= old.keys() - new.keys()
        if keys:
            found[table] = known.get(table, frozenset()) | keys
    return found


def changes(profile: Profile, found: Differing) -> Changes:
    """Those entries alone, with all that stands in no table.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> body = Profile(profile_id="p", created_at=noon, updated_at=noon, cart={"a": noon})
    >>> now = msgspec.structs.replace(body, version=1, cart={"b": noon})
    >>> told = changes(now, differing(body, now, {}))
    >>> told.gone, with_changes(body, told) == now
    ({'cart': ['a']}, True)
    """
    tables, gone = dict(_EMPTY), dict[str, list[str]]()
    for table, keys in found.items():
        whole: dict[str, object] = getattr(profile, table)
        tables[table] = {key: whole[key] for key in keys if key in whole}
        if len(tables[table]) < len(keys):
            gone[table] = sorted(keys - whole.keys())
    return Changes(msgspec.structs.replace(profile, **tables), gone)


def with_changes(body: Profile, told: Changes) -> Profile:
    """The profile as it is, from its whole body and what became of it since."""
    tables = {}
    for table in TABLES:
        known: dict[str, object] = {**getattr(body, table), **getattr(told.now, table)}
        for key in told.gone.get(table, ()):
            known.pop(key, None)
        tables[table] = known
    return msgspec.structs.replace(told.now, **tables)


def told_of(told: Changes) -> Differing:
    """What differs from the whole body, by what was written beside it."""
    found = {}
    for table in TABLES:
        keys = frozenset(getattr(told.now, table)).union(told.gone.get(table, ()))
        if keys:
            found[table] = keys
    return found
