"""What is wrong with a store, and the way out: it looks, and changes nothing."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from wager.domain.decisions import Decision
from wager.domain.events import Event
from wager.errors import StoreError, StoreTooNew
from wager.stores import codec
from wager.stores.backup import Progress, damage, silent
from wager.stores.disk import open_for_reading
from wager.stores.lock import holder
from wager.stores.open import path_of
from wager.stores.schema import NEWEST, checked_version
from wager.stores.sqlite_profiles import words
from wager.stores.statements import queries

Severity = Literal["error", "warning", "note"]
Found = tuple[str, str]  # the code of what is wrong, and where
CHECKS = queries("checks.sql")
LARGE_LOG = 512 * 1024 * 1024
RESTORE = "put a backup in its place with `wager restore`"


class Finding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that is wrong, or worth knowing: `code` is stable, `way_out` says what to do."""

    severity: Severity
    code: str
    what: str
    way_out: str


# What is counted by a query of the same name: how it is said, and what to do about it.
COUNTED = {
    "links_to_nobody": (
        "identities lead to no profile",
        f"{RESTORE}; or send an event of that person, which makes a new profile",
    ),
    "changes_of_nobody": ("changes belong to no profile, so that no erasure reaches them", RESTORE),
    "events_of_nobody": (
        "events belong to no profile, so that no erasure reaches them",
        f"{RESTORE}; or let retention expire them",
    ),
    "heads_without_body": ("bets have lost what they were decided on", RESTORE),
    "bodies_without_head": ("bodies belong to no bet, so that no erasure reaches them", RESTORE),
    "outcomes_of_nothing": ("outcomes belong to no bet", RESTORE),
    "unsettled_states": ("bets are both open and settled, or neither", RESTORE),
    "odd_amounts": ("reservations took nothing, or less", RESTORE),
    "missing_versions": ("definitions lack one of their versions", RESTORE),
    "counters_behind": (
        "counters are behind numbers that were given out",
        "open the store once with `wager up`: it counts on from the highest",
    ),
}
# What is found by reading every row.
READ = {
    "undecodable": ("rows cannot be read", RESTORE),
    "mislabelled": ("rows say something else than the columns they are found by", RESTORE),
    "impossible_odds": (
        "bets have a propensity outside (0, 1], which no reweighting survives",
        f"{RESTORE}; or let retention expire them, and leave them out of estimates",
    ),
    "lost_ids": (
        "profiles have ids that do not lead to them, so that nobody finds what they said",
        RESTORE,
    ),
    "merged_into_nothing": ("profiles were merged into one that is not there", RESTORE),
    "merged_in_a_circle": ("profiles were merged into one another", RESTORE),
}


def check(url: str, progress: Progress = silent) -> list[Finding]:
    """Everything that is wrong with a store; also while a server works on it."""
    path = path_of(url)
    try:
        connection = open_for_reading(path)
    except StoreError as error:
        return [_error("unusable", error.detail, RESTORE)]
    with closing(connection):
        try:
            version = checked_version(connection, path)
        except StoreError as error:
            newer = isinstance(error, StoreTooNew)
            way_out = "install the wager that wrote it, or a later one" if newer else RESTORE
            return [_error(error.code, error.detail, way_out)]
        findings = [*_around(path), *_about_version(path, version)]
        problems = damage(connection)
        if problems:
            what = f"the file is damaged: {'; '.join(problems[:5])}"
            return [*findings, _error("damaged", what, RESTORE)]
        if version == NEWEST:
            connection.execute("BEGIN")
            findings += _counted(connection)
            findings += _read(connection, progress)
    return findings


def _error(code: str, what: str, way_out: str) -> Finding:
    return Finding(severity="error", code=code, what=what, way_out=way_out)


def _around(path: Path) -> Iterator[Finding]:
    """The lock, the rights and the log beside the file."""
    owner = holder(path)
    if owner is not None:
        yield Finding(
            severity="note",
            code="in_use",
            what=f"process {owner.pid} on {owner.host} works on it since "
            f"{owner.since:%Y-%m-%d %H:%M:%S} UTC ({owner.command})",
            way_out="nothing to do: this is the store as it was at one moment",
        )
    if path.stat().st_mode & 0o077:
        yield Finding(
            severity="warning",
            code="readable_by_others",
            what=f"other users of this machine may read {path}, which holds personal data",
            way_out=f"chmod 600 {path}*",
        )
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size > LARGE_LOG:
        yield Finding(
            severity="warning",
            code="large_log",
            what=f"the log {log} has {log.stat().st_size / 1e6:.0f} MB that are not in the file",
            way_out="end what reads the store for hours; else restart the server, which clears it",
        )


def _about_version(path: Path, version: int) -> Iterator[Finding]:
    if version == 0:
        yield _error("empty", f"{path} holds no store yet", "start with `wager up`")
    elif version < NEWEST:
        yield Finding(
            severity="note",
            code="old_schema",
            what=f"its schema has version {version}, this wager writes {NEWEST}; rows were not "
            "looked at",
            way_out="make a backup, then open it with `wager up`, which brings it up to date",
        )


def _counted(connection: sqlite3.Connection) -> Iterator[Finding]:
    for code, (what, way_out) in COUNTED.items():
        count, example = connection.execute(CHECKS[code]).fetchone()
        if count:
            yield _error(code, f"{count} {what}; one is {example}", way_out)


def _read(connection: sqlite3.Connection, progress: Progress) -> Iterator[Finding]:
    """Read every row; one finding for each kind of what is wrong."""
    total = connection.execute(CHECKS["row_count"]).fetchone()[0]
    found: dict[str, list[str]] = {}
    done = 0
    for readings in (_tombstones, _bodies):
        for wrong in readings(connection):
            done += 1
            if done % 1000 == 0:
                progress(min(1.0, done / max(1, total)))
            for code, where in wrong:
                found.setdefault(code, []).append(where)
    progress(1.0)
    for code, places in found.items():
        what, way_out = READ[code]
        yield _error(code, f"{len(places)} {what}; one is {places[0]}", way_out)


def _tombstones(connection: sqlite3.Connection) -> Iterator[list[Found]]:
    rows = connection.execute(CHECKS["tombstones"]).fetchall()
    led = {profile_id: merged_into for profile_id, merged_into, _ in rows}
    for profile_id, _, is_there in rows:
        wrong: list[Found] = []
        if not is_there:
            wrong.append(("merged_into_nothing", f"profile {profile_id}"))
        elif _goes_in_a_circle(profile_id, led):
            wrong.append(("merged_in_a_circle", f"profile {profile_id}"))
        yield wrong


def _goes_in_a_circle(start: str, led: dict[str, str]) -> bool:
    seen, place = set[str](), start
    while place in led and place not in seen:
        seen.add(place)
        place = led[place]
    return place in seen


def _bodies(connection: sqlite3.Connection) -> Iterator[list[Found]]:
    readers: dict[str, Callable[..., list[Found]]] = {
        "event_bodies": _event,
        "profile_bodies": _profile,
        "item_bodies": _item,
        "quarantine_bodies": _quarantined,
        "definition_bodies": _definition,
        "decision_bodies": _decision,
    }
    for query, reader in readers.items():
        for row in connection.execute(CHECKS[query]):
            try:
                yield reader(*row)
            except StoreError as error:
                yield [("undecodable", error.detail)]


def _same(where: str, inside: object, outside: object) -> list[Found]:
    return [] if inside == outside else [("mislabelled", f"{where}: {inside!r} is not {outside!r}")]


def _event(sequence: int, message_id: str, _: str, name: str, body: bytes) -> list[Found]:
    where = f"the event {message_id!r}, sequence {sequence}"
    event: Event = codec.event_from(body, where)
    return _same(where, (event.message_id, event.name), (message_id, name))


def _profile(
    profile_id: str, merged_into: str | None, segments: str, links: int, body: bytes,
    told: str | None,
) -> list[Found]:  # fmt: skip
    """A living profile is led to by each of its ids; one that was merged by none."""
    where = f"the profile {profile_id!r}"
    since = [bytes.fromhex(one) for one in told.split()] if told else []
    profile = codec.profile_from(body, since, where)
    inside = (profile.profile_id, profile.merged_into, words(profile.segments))
    wrong = _same(where, inside, (profile_id, merged_into, segments))
    if merged_into is None and links < len(profile.identities):
        wrong.append(("lost_ids", where))
    return wrong


def _item(item_id: str, body: bytes) -> list[Found]:
    where = f"the item {item_id!r}"
    return _same(where, codec.item_from(body, where).item_id, item_id)


def _quarantined(quarantine_id: str, body: bytes) -> list[Found]:
    where = f"the quarantined event {quarantine_id!r}"
    return _same(where, codec.quarantined_from(body, where).quarantine_id, quarantine_id)


def _definition(kind: str, name: str, body: bytes) -> list[Found]:
    where = f"{kind} {name!r}"
    known = codec.kind_named(kind)
    if known is None:
        return [("mislabelled", f"{where}: no definition is of that kind")]
    return _same(where, codec.definition_from(known, body, where).name, name)


def _decision(decision_id: str, placement: str, body: bytes) -> list[Found]:
    where = f"the decision {decision_id!r}"
    decision = codec.decision_from(body, where)
    inside = (decision.decision_id, decision.placement)
    return _same(where, inside, (decision_id, placement)) + _odds(where, decision)


def _odds(where: str, decision: Decision) -> list[Found]:
    """A choice was drawn, so its propensity is above 0; what was not drawn may have had none."""
    chosen = all(0 < choice.propensity <= 1 for choice in decision.choices)
    others = all(0 <= candidate.propensity <= 1 for candidate in decision.candidates)
    return [] if chosen and others else [("impossible_odds", where)]
