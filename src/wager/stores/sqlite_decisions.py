"""The log of bets in SQLite: a small head that changes, a compressed body that never does."""

import sqlite3
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec

from wager.domain.decisions import Decision, LoggedDecision, Outcome, OutcomeKind
from wager.errors import Conflict, NotFound
from wager.stores.base import DecisionPage, DecisionQuery
from wager.stores.batches import Batch, Row
from wager.stores.bets import (
    Bet,
    State,
    due,
    from_cursor,
    matches,
    newest_first,
    state_named,
    to_cursor,
)
from wager.stores.codec import decision_from, encoded
from wager.stores.ids import Counted
from wager.stores.journal import Journal
from wager.stores.moments import micros, moment
from wager.stores.overlay import Cache, Overlay
from wager.stores.retention import EXPIRE_AT_ONCE
from wager.stores.statements import READS, joined

Named = list[tuple[int, str]]  # numbers and ids
_CACHED = 150_000  # candidates of decoded bets: about 50 MB
_REMEMBERED = 200_000  # profiles whose latest bet is known: about 30 MB
_NEVER = -(2**63)
_FILTERS = {
    "profile_id": "decisions_by_profile",
    "placement": "decisions_by_placement",
    "since": "decisions_since",
    "until": "decisions_until",
    "state": "decisions_by_state",
    "level": "decisions_by_level",
    "due_before": "decisions_due",
    "replayed": "decisions_replayed",
}


class SqliteDecisions:
    """`Decisions`. What is on its way to the disk lies over it, whole, in every read."""

    def __init__(self, journal: Journal, cached: bool) -> None:
        self._journal = journal
        self._bets: Overlay[str, Bet] = Overlay(
            journal,
            self._load,
            Cache(_CACHED if cached else 0, lambda bet: 10 + len(bet.logged.decision.candidates)),
        )
        journal.register(self._bets)
        self._ids = Counted(self._highest)
        self._latest: dict[str, int] = {}  # no bet of that profile was placed after this moment

    def _load(self, decision_id: str) -> Bet | None:
        rows = self._journal.rows("get_decision", (decision_id,))
        bets = [_bet(_Head(*row)) for row in rows]
        return self._journal.single(lambda disk: _with_outcomes(disk, bets))[0] if bets else None

    def append(self, decision: Decision) -> None:
        batch = self._journal.batch()
        decision_id = decision.decision_id
        if not self._ids.is_new(decision_id) and self._is_taken(decision_id):
            raise Conflict(f"the decision {decision_id!r} is logged already; use an id once")
        body = encoded(decision, f"the decision {decision_id!r}")
        number = self._journal.next("decisions")
        logged = LoggedDecision(decision=decision, sequence=number)
        batch.add("insert_body", number, (number, body))
        at, latest = micros(decision.at), self._latest.get(decision.profile_id)
        if latest is not None and latest < at:
            self._latest[decision.profile_id] = at
        self._stage(batch, Bet(logged=logged, at=at, changed=number))

    def _is_taken(self, decision_id: str) -> bool:
        waiting = self._bets.among({decision_id})
        if waiting:
            return waiting[decision_id] is not None
        with self._journal.lock:
            return bool(self._journal.rows("decision_number", (decision_id,)))

    def _highest(self, beginning: str) -> str:
        """The highest id that begins so, wherever it is."""
        waiting, _ = self._bets.waiting()
        ids = [decision_id for decision_id in waiting if decision_id.startswith(beginning)]
        with self._journal.lock:
            rows = self._journal.rows("highest_decision", (beginning, beginning))
        return max([*ids, *(decision_id for (decision_id,) in rows)], default="")

    def _stage(self, batch: Batch, bet: Bet) -> None:
        logged, decision = bet.logged, bet.logged.decision
        self._bets.staged[decision.decision_id] = bet
        batch.add(
            "put_decision",
            logged.sequence,
            (
                logged.sequence,
                decision.decision_id,
                decision.profile_id,
                decision.placement,
                bet.at,
                due(decision),
                decision.level,
                int(decision.replayed),
                logged.state,
                logged.reward,
                None if logged.settled_at is None else micros(logged.settled_at),
                bet.changed,
            ),
        )

    def get(self, decision_id: str) -> LoggedDecision | None:
        bet = self._bets.get(decision_id)
        return None if bet is None else bet.logged

    def reward(
        self, outcomes: Sequence[Outcome], settled: Sequence[tuple[str, str, float, datetime]]
    ) -> None:
        batch = self._journal.batch()
        for outcome in outcomes:
            bet = self._bet(outcome.decision_id)
            sequence = self._journal.next("decisions")
            numbered = msgspec.structs.replace(outcome, sequence=sequence)
            batch.add("insert_outcome", sequence, _outcome_row(bet.logged.sequence, numbered))
            logged = msgspec.structs.replace(bet.logged, outcomes=(*bet.logged.outcomes, numbered))
            self._stage(batch, Bet(logged=logged, at=bet.at, changed=sequence))
        for decision_id, state, reward, settled_at in settled:
            bet = self._bet(decision_id)
            logged = msgspec.structs.replace(
                bet.logged, state=state_named(state), reward=reward, settled_at=settled_at
            )
            changed = self._journal.next("decisions")
            self._stage(batch, Bet(logged=logged, at=bet.at, changed=changed))

    def _bet(self, decision_id: str) -> Bet:
        bet = self._bets.get(decision_id)
        if bet is None:
            raise NotFound(f"no decision has the id {decision_id!r}; it may have been erased")
        return bet

    def _on_disk(
        self, sql: str, values: Mapping[str, object], limit: int
    ) -> tuple[list[Bet], Mapping[str, Bet | None]]:
        """The first bets on disk that a query finds, but for those that wait with something
        newer; and those that wait."""
        waiting, published = self._bets.waiting()
        found = self._journal.read(
            lambda disk: _first(disk, sql, values, (waiting, self._bets.cached), limit)
        )
        self._bets.remember({bet.logged.decision.decision_id: bet for bet in found}, published)
        return found, waiting

    def rewarded(self, after: int = 0, limit: int = 1000) -> tuple[list[LoggedDecision], int]:
        sql, values = READS["changed_decisions"], {"after": after}
        found, waiting = self._on_disk(sql, values, limit)
        found += [bet for bet in waiting.values() if bet is not None and bet.changed > after]
        found.sort(key=lambda bet: bet.changed)
        page = found[:limit]
        return [bet.logged for bet in page], page[-1].changed if page else after

    def _placed_since(self, profile_id: str, since: datetime) -> bool:
        """Whether a profile may have bets since then: most events follow none. Transactions run
        one after the other, so that only they may know."""
        if not self._journal.mine():
            return True
        latest = self._latest.get(profile_id)
        if latest is None:
            if len(self._latest) >= _REMEMBERED:
                self._latest.clear()
            latest = self._latest[profile_id] = self._last_placed(profile_id)
        return latest >= micros(since)

    def _last_placed(self, profile_id: str) -> int:
        waiting, _ = self._bets.waiting()
        times = [
            bet.at
            for bet in waiting.values()
            if bet is not None and bet.logged.decision.profile_id == profile_id
        ]
        with self._journal.lock:
            ((on_disk,),) = self._journal.rows("latest_of_profile", (profile_id,))
        return max([*times, _NEVER if on_disk is None else on_disk])

    def list(self, query: DecisionQuery) -> DecisionPage:
        profile_id, since = query.profile_id, query.since
        if profile_id and since and not self._placed_since(profile_id, since):
            return DecisionPage(decisions=[])
        cursor = from_cursor(query.cursor)
        sql, values = _narrowed(query, cursor)
        found, waiting = self._on_disk(sql, values, query.limit + 1)
        found += [
            bet for bet in waiting.values() if bet is not None and matches(bet, query, cursor)
        ]
        found.sort(key=newest_first)
        page = found[: query.limit]
        more = len(found) > query.limit and bool(page)
        return DecisionPage(
            decisions=[bet.logged for bet in page], cursor=to_cursor(page[-1]) if more else None
        )

    def erase(
        self, profile_id: str, *, to_profile: str | None = None, only: Collection[str] | None = None
    ) -> int:
        batch = self._journal.batch()
        found = [one for one in self._of(profile_id) if only is None or one[1] in only]
        self._latest.pop(to_profile or profile_id, None)
        if to_profile is None:
            self._delete(batch, found)
            batch.scrub = True
            return len(found)
        for _, decision_id in found:
            bet = self._bet(decision_id)
            decision = msgspec.structs.replace(bet.logged.decision, profile_id=to_profile)
            logged = msgspec.structs.replace(bet.logged, decision=decision)
            self._stage(batch, Bet(logged=logged, at=bet.at, changed=bet.changed))
        return len(found)

    def _of(self, profile_id: str) -> Named:
        """The numbers and ids of one person's bets."""
        waiting, _ = self._bets.waiting()
        rows: Named = self._journal.read(
            lambda disk: disk.execute(READS["decisions_of_profile"], (profile_id,)).fetchall()
        )
        found = [row for row in rows if row[1] not in waiting]
        return found + [
            (bet.logged.sequence, decision_id)
            for decision_id, bet in waiting.items()
            if bet is not None and bet.logged.decision.profile_id == profile_id
        ]

    def expire(self, before: datetime) -> int:
        """Retention: delete a bounded number of bets placed before a moment; how many."""
        batch = self._journal.batch()
        values = {"before": micros(before), "limit": EXPIRE_AT_ONCE}
        found: Named = self._journal.settled_read(
            lambda disk: disk.execute(READS["old_decisions"], values).fetchall()
        )
        self._delete(batch, found)
        return len(found)

    def _delete(self, batch: Batch, found: Named) -> None:
        self._bets.staged.update({decision_id: None for _, decision_id in found})
        for query in ("delete_outcomes", "delete_body", "delete_decision"):
            batch.cut(query, [(number,) for number, _ in found])


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """A row of the log, in the order of the query."""

    number: int
    decision_id: str
    profile_id: str
    state: State
    reward: float
    settled_at: int | None
    changed: int
    body: bytes


def _bet(head: _Head) -> Bet:
    """A row as it was logged; the column knows to whom a merge has given the bet."""
    decision = decision_from(head.body, f"the decision {head.decision_id!r}")
    if decision.profile_id != head.profile_id:
        decision = msgspec.structs.replace(decision, profile_id=head.profile_id)
    logged = LoggedDecision(
        decision=decision,
        state=head.state,
        reward=head.reward,
        settled_at=None if head.settled_at is None else moment(head.settled_at),
        sequence=head.number,
    )
    return Bet(logged=logged, at=micros(decision.at), changed=head.changed)


def _first(
    disk: sqlite3.Connection,
    sql: str,
    values: Mapping[str, object],
    known: tuple[Container[str], Callable[[str], Bet | None]],
    limit: int,
) -> list[Bet]:
    """The first bets that a query finds and that are not on their way with something newer; one
    that is cached as it is on disk is not decoded again."""
    waiting, cached = known
    places: list[Bet | int] = []
    fresh: list[Bet] = []
    rows = disk.execute(sql, values)
    while len(places) < limit and (row := rows.fetchone()) is not None:
        if row[1] in waiting:
            continue
        bet = cached(row[1])
        if bet is not None and bet.changed == row[6] and bet.logged.decision.profile_id == row[2]:
            places.append(bet)
        else:
            places.append(len(fresh))
            fresh.append(_bet(_Head(*row)))
    rows.close()
    whole = _with_outcomes(disk, fresh)
    return [whole[place] if isinstance(place, int) else place for place in places]


def _with_outcomes(disk: sqlite3.Connection, bets: list[Bet]) -> list[Bet]:
    """The bets with what came of each."""
    touched = [bet.logged.sequence for bet in bets if bet.changed != bet.logged.sequence]
    if not touched:
        return bets
    numbers = msgspec.json.encode(touched).decode()
    rows = disk.execute(READS["outcomes_of"], (numbers,)).fetchall()
    outcomes: dict[int, list[Outcome]] = {}
    ids = {bet.logged.sequence: bet.logged.decision.decision_id for bet in bets}
    for number, *rest in rows:
        outcomes.setdefault(number, []).append(_outcome(ids[number], _Came(*rest)))
    return [
        msgspec.structs.replace(
            bet,
            logged=msgspec.structs.replace(
                bet.logged, outcomes=tuple(outcomes.get(bet.logged.sequence, ()))
            ),
        )
        for bet in bets
    ]


class _Came(msgspec.Struct, frozen=True, array_like=True):
    """What came of a bet, in the order of the query."""

    sequence: int
    message_id: str
    slot: int
    item_id: str | None
    event: str
    at: int
    reward: float
    kind: OutcomeKind
    attributed: Literal["named", "window"]


def _outcome(decision_id: str, came: _Came) -> Outcome:
    return Outcome(
        message_id=came.message_id,
        decision_id=decision_id,
        slot=came.slot,
        item_id=came.item_id,
        event=came.event,
        at=moment(came.at),
        reward=came.reward,
        kind=came.kind,
        sequence=came.sequence,
        attributed=came.attributed,
    )


def _outcome_row(number: int, outcome: Outcome) -> Row:
    return (
        outcome.sequence,
        number,
        outcome.message_id,
        outcome.slot,
        outcome.item_id,
        outcome.event,
        micros(outcome.at),
        outcome.reward,
        outcome.kind,
        outcome.attributed,
    )


def _narrowed(
    query: DecisionQuery, cursor: tuple[int, int] | None
) -> tuple[str, dict[str, object]]:
    """The fixed fragments that a query needs, and the values to bind."""
    values: dict[str, object] = {}
    for name in _FILTERS:
        value = getattr(query, name)
        if value is not None:
            values[name] = micros(value) if isinstance(value, datetime) else value
    sql = _list_of(tuple(values), cursor is not None)
    if cursor is not None:
        values["cursor_at"], values["cursor_number"] = cursor
    return sql, values


@lru_cache(maxsize=512)
def _list_of(filters: tuple[str, ...], goes_on: bool) -> str:
    parts = ["list_decisions", *(_FILTERS[name] for name in filters)]
    return joined(*parts, *(["decisions_after_cursor"] if goes_on else []), "newest_decisions")
