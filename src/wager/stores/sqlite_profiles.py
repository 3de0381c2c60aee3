"""Profiles and the identities that lead to them, in SQLite."""

import sqlite3
from collections.abc import Sequence

import msgspec

from wager.domain.identity import Identity
from wager.domain.profiles import Profile
from wager.stores.base import ProfileQuery
from wager.stores.changes import changes
from wager.stores.codec import encoded, profile_from
from wager.stores.journal import Journal
from wager.stores.overlay import Cache, Overlay
from wager.stores.statements import READS, joined

_IN_MEMORY = 8  # a decoded profile takes about that many times its bytes on disk
_SMALL = 2048  # bytes of a profile that is written whole, whatever changed
_FEW = 1024  # bytes of changes that are kept beside the whole, or an eighth of it


class _Known(msgspec.Struct, frozen=True):
    """A profile, and as it was `written` last (None: never); the bytes of its whole body on disk
    and of the changes beside it, and the number of the latest change."""

    profile: Profile
    written: Profile | None = None
    size: int = 0
    told: int = 0
    number: int = 0


class SqliteProfiles:
    """`Profiles`. Those used last are kept decoded, up to `cache_bytes`."""

    def __init__(self, journal: Journal, cache_bytes: int) -> None:
        self._journal = journal
        self._profiles: Overlay[str, _Known] = Overlay(
            journal, self._load, Cache(cache_bytes, cost=lambda known: known.size * _IN_MEMORY)
        )
        self._links: Overlay[Identity, str] = Overlay(
            journal, self._load_link, Cache(200_000 if cache_bytes else 0, cost=lambda _: 1)
        )
        journal.register(self._profiles)
        journal.register(self._links)
        journal.before_publishing(self._seal)

    def _load(self, profile_id: str) -> _Known | None:
        rows = self._journal.rows("get_profile", (profile_id,))
        if not rows:
            return None
        (_, body), *later = rows
        since = [told for _, told in later]
        profile = profile_from(body, since, f"the profile {profile_id!r}")
        return _Known(profile, profile, len(body), sum(map(len, since)), rows[-1][0])

    def _load_link(self, identity: Identity) -> str | None:
        rows = self._journal.rows("find_link", (identity.value, identity.kind))
        return rows[0][0] if rows else None

    def find(self, identities: Sequence[Identity]) -> dict[Identity, str]:
        found: dict[Identity, str] = {}
        for identity in identities:
            profile_id = self._links.get(identity)
            if profile_id is not None:
                found[identity] = profile_id
        return found

    def get(self, profile_id: str) -> Profile | None:
        known = self._profiles.get(profile_id)
        return None if known is None else known.profile

    def put(self, profile: Profile, links: Sequence[Identity] = ()) -> None:
        batch = self._journal.batch()
        profile_id = profile.profile_id
        before = self._profiles.get(profile_id)
        self._profiles.staged[profile_id] = (
            _Known(profile)
            if before is None
            else _Known(profile, before.written, before.size, before.told, before.number)
        )
        for link in links:
            if self._links.get(link) != profile_id:
                self._links.staged[link] = profile_id
                batch.add("put_link", link, (link.value, link.kind, profile_id))

    def _seal(self) -> None:
        """Encode what this transaction leaves behind: each profile once, however often put."""
        staged = self._profiles.staged
        for profile_id, known in staged.items():
            if known is not None and known.profile is not known.written:
                staged[profile_id] = self._written(profile_id, known)

    def _written(self, profile_id: str, known: _Known) -> _Known:
        """What differs where that is little, else the whole body; columns are written with it.

        Numbers go on: what is deleted of the changes up to one is never a later one.
        """
        batch, profile, before = self._journal.batch(), known.profile, known.written
        what, number = f"the profile {profile_id!r}", known.number
        if before and known.size >= _SMALL and _same_columns(before, profile):
            told = encoded(changes(before, profile), what)
            beside, number = known.told + len(told), number + 1
            if beside <= max(_FEW, known.size // 8):
                batch.add("put_change", (profile_id, number), (profile_id, number, told))
                return _Known(profile, profile, known.size, beside, number)
        body = encoded(profile, what)
        row = (profile_id, profile.merged_into, words(profile.segments), body)
        batch.add("put_profile", profile_id, row)
        if number:
            batch.add("forget_changes", profile_id, (profile_id, number))
        return _Known(profile, profile, len(body), 0, number)

    def list(self, query: ProfileQuery) -> list[Profile]:
        parts = ["living_profiles"]
        if query.segment is not None:
            parts.append("profiles_in_segment")
        if query.prefix:
            parts.append("profiles_with_prefix")
        sql, values = joined(*parts, "profiles_page"), msgspec.structs.asdict(query)
        rows = self._journal.settled_read(lambda disk: disk.execute(sql, values).fetchall())
        found = [self.get(profile_id) for (profile_id,) in rows]
        return [profile for profile in found if profile is not None]

    def count(self) -> dict[str, int]:
        rows = self._journal.settled_read(
            lambda disk: disk.execute(READS["count_profiles"]).fetchall()
        )
        counted = {"": 0}
        for words, number in rows:
            counted[""] += number
            for segment in words.split():
                counted[segment] = counted.get(segment, 0) + number
        return counted

    def erase(self, profile_id: str) -> bool:
        batch = self._journal.batch()
        existed = self.get(profile_id) is not None
        family, links = self._journal.settled_read(lambda disk: _family(disk, profile_id))
        self._profiles.staged.update(dict.fromkeys(family))
        self._links.staged.update(dict.fromkeys(links))
        rows: list[tuple[object, ...]] = [(member,) for member in family]
        batch.cut("delete_profile", rows)
        batch.cut("delete_changes", rows)
        batch.cut("delete_links", rows)
        batch.scrub = True
        return existed


def _same_columns(one: Profile, other: Profile) -> bool:
    return one.merged_into == other.merged_into and one.segments == other.segments


def words(segments: Sequence[str]) -> str:
    """Segment names between blanks, which no name contains."""
    return f" {' '.join(sorted(segments))} " if segments else ""


def _family(disk: sqlite3.Connection, profile_id: str) -> tuple[list[str], list[Identity]]:
    rows = disk.execute(READS["merged_family"], {"profile_id": profile_id}).fetchall()
    family = [member for (member,) in rows]
    names = {"profile_ids": msgspec.json.encode(family).decode()}
    links = [Identity(*row) for row in disk.execute(READS["links_of_profiles"], names)]
    return family, links
