"""Who is better left alone: where bets brought a segment less than leaving its people alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from wager.domain.decisions import BETTER_LEFT_ALONE, LoggedDecision
from wager.domain.definitions import Placement
from wager.domain.estimates import Estimate
from wager.domain.settlement import news
from wager.measure import comparison
from wager.measure.metrics import Cell, Group, Rewards

PERIOD_DAYS = 90  # the last two count: what is not so any more is unlearnt
_PERIOD_SECONDS = PERIOD_DAYS * 86400


class Series(NamedTuple):
    """Settled decisions of one segment that can be compared with others of the same period."""

    placement: str
    segment: str
    spared: bool
    period: int


class _Packed(msgspec.Struct):
    open: set[str]
    rewards: list[tuple[Series, dict[str, Cell]]]


class Sparing:
    """Feed it logged decisions whenever they changed; a part of the checkpoint of learning.

    Spared are the held-out, drawn by chance, and those left alone; both get the default.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self._open: set[str] = set()
        self._rewards: dict[Series, Rewards] = {}
        if packed:
            kept = msgspec.msgpack.decode(packed, type=_Packed)
            self._open = kept.open
            self._rewards = {series: Rewards(cells.items()) for series, cells in kept.rewards}

    def take(
        self, logged: LoggedDecision, placements: Mapping[str, Placement], *, since: int
    ) -> None:
        """Count what was settled, or settled otherwise, since the cursor, where it is asked for."""
        decision = logged.decision
        placement = placements.get(decision.placement)
        if placement is None or not placement.leave_alone_share:
            return
        found = news(logged, since=since, was_open=decision.decision_id in self._open)
        if logged.state == "open":
            self._open.add(decision.decision_id)
            return
        self._open.discard(decision.decision_id)
        if decision.silence not in (None, BETTER_LEFT_ALONE) or not decision.identity:
            return
        if decision.replayed or not decision.learns or found.before == found.after:
            return
        spared = decision.holdout or decision.silence == BETTER_LEFT_ALONE
        period = int(decision.at.timestamp()) // _PERIOD_SECONDS
        for segment in decision.segments:
            series = Series(decision.placement, segment, spared, period)
            rewards = self._rewards.setdefault(series, Rewards())
            if found.before is not None:
                if decision.profile_id not in rewards.cells:
                    continue  # it was placed before anybody asked for this
                won, brought = found.before.won, found.before.reward
                rewards.remove(decision.profile_id, brought, won=won)
            if found.after is not None:
                rewards.add(decision.profile_id, found.after.reward, won=found.after.won)

    def harmed(self, now: datetime) -> dict[str, frozenset[str]]:
        """For each placement the segments whose people are worse off when they are talked to.

        The whole interval of the difference lies below 0; it holds however often one looks.
        """
        period = int(now.timestamp()) // _PERIOD_SECONDS
        for old in [one for one in self._rewards if one.period < period - 1]:
            del self._rewards[old]
        found: dict[str, set[str]] = {}
        for placement, segment in {(one.placement, one.segment) for one in self._rewards}:
            talked, left = (self._group(placement, segment, one, period) for one in (False, True))
            verdict = comparison.lift(talked, left)
            if isinstance(verdict, Estimate) and verdict.high < 0.0:
                found.setdefault(placement, set()).add(segment)
        return {placement: frozenset(segments) for placement, segments in found.items()}

    def _group(self, placement: str, segment: str, spared: bool, period: int) -> Group:
        both = (
            self._rewards.get(Series(placement, segment, spared, one))
            for one in (period - 1, period)
        )
        return comparison.together(*(one.rewards() for one in both if one is not None))

    def forget(self, profile_id: str) -> None:
        """A person was erased."""
        for rewards in self._rewards.values():
            rewards.leave(profile_id)

    def packed(self) -> bytes:
        """All of it, to go on from after a restart."""
        cells = [(series, rewards.cells) for series, rewards in self._rewards.items()]
        return msgspec.msgpack.encode(_Packed(open=self._open, rewards=cells))
