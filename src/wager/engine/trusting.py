"""Whether what bets were said to gain over the safe choice came true, by placement and segment."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from wager.domain.decisions import Decision, LoggedDecision, Outcome
from wager.domain.definitions import Goal, Level
from wager.domain.identity import Time
from wager.domain.models import Trust
from wager.domain.settlement import News
from wager.learn.hedge import HALF_LIFE_DAYS, Hedge, trust
from wager.stats.decay import half_lives, weigh

SEGMENTS = 200  # of a placement, of which it is known apart


class Compared(msgspec.Struct, array_like=True):
    """A choice beside the safe one: what was told of that, how much more the choice was thought to
    bring (None where it was the safe one), and what it has brought."""

    sure: float
    gain: float | None
    reward: float


class Pending(msgspec.Struct, array_like=True):
    """A settled bet with a goal whose window is not over."""

    placement: str
    segments: tuple[str, ...]
    at: Time
    due: Time
    replayed: bool
    choices: dict[int, Compared]


class Due(Protocol):
    @property
    def due(self) -> datetime: ...

    @property
    def at(self) -> datetime: ...

    @property
    def replayed(self) -> bool: ...


def over(waiting: Mapping[str, Due], now: datetime, latest: datetime | None) -> list[str]:
    """Those whose time has come: by the clock for live bets, by the latest event for replayed
    ones."""
    return [
        name
        for name, one in waiting.items()
        if (now if not one.replayed else latest or one.at) > one.due
    ]


class Trusting(msgspec.Struct):
    """Feed it logged decisions with their news; a part of the checkpoint of learning.

    A bet counts when the windows of all its goals are over, or it would look as if what comes late
    never came.
    """

    placements: dict[str, Hedge] = {}
    segments: dict[str, dict[str, Hedge]] = {}
    waiting: dict[str, Pending] = {}

    def take(
        self, logged: LoggedDecision, found: News, *, since: int, goals: Mapping[str, Goal]
    ) -> None:  # fmt: skip
        """Note what is new of a bet since the cursor."""
        decision = logged.decision
        sides = dict(_sides(decision))
        if found.after is None or not sides:
            return
        after = _rewards(decision, logged.outcomes)
        choices = {slot: Compared(*one, after.get(slot, 0.0)) for slot, one in sides.items()}
        name = decision.decision_id
        if found.before is None or name in self.waiting:
            slowest = max(
                (goals[one.goal].window_minutes for one in decision.goals if one.goal in goals),
                default=0.0,
            )
            due = decision.at + timedelta(minutes=max(decision.window_minutes, slowest))
            self.waiting[name] = Pending(
                decision.placement, decision.segments, decision.at, due, decision.replayed, choices
            )
            return
        before = _rewards(decision, [one for one in logged.outcomes if one.sequence <= since])
        for slot, one in choices.items():
            was = before.get(slot, 0.0)
            if was != one.reward:
                for fold in self._folds(decision.placement, decision.segments):
                    weight = _weight(fold, decision.at)
                    fold.correct(one.gain, was - one.sure, one.reward - one.sure, weight)

    def settle(self, now: datetime, latest: datetime | None) -> None:
        """Count what is over."""
        for name in over(self.waiting, now, latest):
            bet = self.waiting.pop(name)
            for fold in self._folds(bet.placement, bet.segments):
                weight = _weight(fold, bet.at)
                for one in bet.choices.values():
                    fold.add(one.gain, one.reward - one.sure, weight)

    def begin_anew(self, placement: str) -> None:
        """Bets there are for another goal from now on."""
        self.placements.pop(placement, None)
        self.segments.pop(placement, None)
        for name in [name for name, one in self.waiting.items() if one.placement == placement]:
            del self.waiting[name]

    def fade(self, placement: str, share: float) -> None:
        """What is known of the placement counts less."""
        for fold in self._folds(placement, self.segments.get(placement, ())):
            fold.fade(share)

    def trusts(self) -> dict[str, Trust]:
        """What is known of each placement and of its segments."""
        return {
            name: trust(fold, self.segments.get(name, {})) for name, fold in self.placements.items()
        }

    def _folds(self, placement: str, segments: Iterable[str]) -> Iterator[Hedge]:
        yield self.placements.setdefault(placement, Hedge())
        known = self.segments.setdefault(placement, {})
        for name in list(segments):
            if name in known or len(known) < SEGMENTS:
                yield known.setdefault(name, Hedge())


def _sides(decision: Decision) -> Iterator[tuple[int, tuple[float, float | None]]]:
    """Of each choice what was told of the safe one in its slot, and how much more it was thought
    to bring: where chance could have drawn either."""
    safe = decision.default
    drawn = decision.level_trial is not None or decision.policy != "default"
    if decision.holdout:
        drawn = _would_bet(decision.held_from)
    if not drawn or safe is None or safe.item_id is None:
        return
    if decision.goals or decision.use_cases:
        for choice, weighed in zip(decision.choices, decision.weighed, strict=False):
            if choice.item_id is not None:
                yield choice.slot, (weighed.sure, weighed.gain)
        return
    before = safe.expected_reward if safe.raw_reward is None else safe.raw_reward
    for one in decision.choices:
        if one.item_id is not None:
            raw = one.expected_reward if one.raw_reward is None else one.raw_reward
            gain = None if one.item_id in safe.item_ids else raw - one.looked * before
            yield one.slot, (one.looked * safe.expected_reward, gain)


def _rewards(decision: Decision, outcomes: Iterable[Outcome]) -> dict[int, float]:
    """What came of each slot by all that the bet is for."""
    weights = {one.goal: one.weight for one in decision.goals}
    own, found = weights.get(decision.goal or "", 1.0), dict[int, float]()
    for one in outcomes:
        reward = own * one.reward if one.kind in ("goal", "returned") else 0.0
        reward += sum(weights.get(goal, 0.0) * value for goal, value in one.values.items())
        if reward:
            found[one.slot] = found.get(one.slot, 0.0) + reward
    times = {
        one.slot: each.times for one, each in zip(decision.choices, decision.weighed, strict=False)
    }
    return {
        slot: reward * times.get(slot, 1.0) if reward > 0.0 else reward / times.get(slot, 1.0)
        for slot, reward in found.items()
    }


def _would_bet(level: Level | None) -> bool:
    return level not in (None, "neutral", "customization")


def _weight(fold: Hedge, at: datetime) -> float:
    return weigh(fold, half_lives(at.timestamp(), HALF_LIFE_DAYS))
