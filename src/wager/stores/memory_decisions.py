"""The log of bets in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from wager.domain.decisions import Decision, LoggedDecision, Outcome
from wager.errors import Conflict, NotFound
from wager.stores.base import DecisionPage, DecisionQuery
from wager.stores.bets import Bet, from_cursor, matches, newest_first, state_named, to_cursor
from wager.stores.codec import encoded
from wager.stores.moments import micros
from wager.stores.undo import Undo


class MemoryDecisions:
    """`Decisions`."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self._bets: dict[str, Bet] = {}
        self._owned: dict[str, frozenset[str]] = {}  # decision ids by profile
        self._last = 0

    def _next(self) -> int:
        self._last += 1
        return self._last

    def append(self, decision: Decision) -> None:
        self._undo.check()
        decision_id = decision.decision_id
        if decision_id in self._bets:
            raise Conflict(f"the decision {decision_id!r} is logged already; use an id once")
        encoded(decision, f"the decision {decision_id!r}")
        number = self._next()
        logged = LoggedDecision(decision=decision, sequence=number)
        self._put(Bet(logged=logged, at=micros(decision.at), changed=number))

    def _put(self, bet: Bet) -> None:
        decision = bet.logged.decision
        known = self._bets.get(decision.decision_id)
        self._undo.set(self._bets, decision.decision_id, bet)
        if known is None or known.logged.decision.profile_id != decision.profile_id:
            if known is not None:
                self._disown(known)
            owned = self._owned.get(decision.profile_id, frozenset())
            self._undo.set(self._owned, decision.profile_id, owned | {decision.decision_id})

    def _disown(self, bet: Bet) -> None:
        decision = bet.logged.decision
        owned = self._owned[decision.profile_id] - {decision.decision_id}
        self._undo.set(self._owned, decision.profile_id, owned)

    def get(self, decision_id: str) -> LoggedDecision | None:
        with self._undo.lock:
            bet = self._bets.get(decision_id)
        return None if bet is None else bet.logged

    def reward(
        self, outcomes: Sequence[Outcome], settled: Sequence[tuple[str, str, float, datetime]]
    ) -> None:
        self._undo.check()
        for outcome in outcomes:
            bet = self._bet(outcome.decision_id)
            number = self._next()
            numbered = msgspec.structs.replace(outcome, sequence=number)
            logged = msgspec.structs.replace(bet.logged, outcomes=(*bet.logged.outcomes, numbered))
            self._put(Bet(logged=logged, at=bet.at, changed=number))
        for decision_id, state, reward, settled_at in settled:
            bet = self._bet(decision_id)
            logged = msgspec.structs.replace(
                bet.logged, state=state_named(state), reward=reward, settled_at=settled_at
            )
            self._put(Bet(logged=logged, at=bet.at, changed=self._next()))

    def _bet(self, decision_id: str) -> Bet:
        if decision_id not in self._bets:
            raise NotFound(f"no decision has the id {decision_id!r}; it may have been erased")
        return self._bets[decision_id]

    def rewarded(self, after: int = 0, limit: int = 1000) -> tuple[list[LoggedDecision], int]:
        with self._undo.lock:
            found = [bet for bet in self._bets.values() if bet.changed > after]
        found.sort(key=lambda bet: bet.changed)
        page = found[:limit]
        return [bet.logged for bet in page], page[-1].changed if page else after

    def list(self, query: DecisionQuery) -> DecisionPage:
        cursor = from_cursor(query.cursor)
        with self._undo.lock:
            if query.profile_id is None:
                bets = list(self._bets.values())
            else:
                bets = [self._bets[one] for one in self._owned.get(query.profile_id, ())]
        found = sorted((bet for bet in bets if matches(bet, query, cursor)), key=newest_first)
        page = found[: query.limit]
        more = len(found) > query.limit and bool(page)
        return DecisionPage(
            decisions=[bet.logged for bet in page], cursor=to_cursor(page[-1]) if more else None
        )

    def erase(
        self, profile_id: str, *, to_profile: str | None = None, only: Collection[str] | None = None
    ) -> int:
        self._undo.check()
        owned = self._owned.get(profile_id, frozenset())
        bets = [self._bets[one] for one in owned if only is None or one in only]
        for bet in bets:
            if to_profile is None:
                self._delete(bet)
            else:
                decision = msgspec.structs.replace(bet.logged.decision, profile_id=to_profile)
                logged = msgspec.structs.replace(bet.logged, decision=decision)
                self._put(Bet(logged=logged, at=bet.at, changed=bet.changed))
        return len(bets)

    def _delete(self, bet: Bet) -> None:
        self._disown(bet)
        self._undo.drop(self._bets, bet.logged.decision.decision_id)

    def expire(self, before: datetime) -> int:
        """Retention: delete live bets placed before a moment; how many."""
        self._undo.check()
        decisions = ((bet, bet.logged.decision) for bet in self._bets.values())
        old = [bet for bet, made in decisions if made.at < before and not made.replayed]
        for bet in old:
            self._delete(bet)
        return len(old)
