"""What bets say of the bookmaker himself: did what was said come true, and is all as it was."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import numpy as np

from wager.decide.features import FEATURES, WIDTH
from wager.domain.alarms import Alarm
from wager.domain.decisions import Decision, LoggedDecision
from wager.domain.definitions import Goal, Level
from wager.domain.identity import Time
from wager.domain.models import Payoffs
from wager.domain.settlement import news
from wager.engine.trusting import Trusting, over
from wager.learn.drift import DAY_HOURS, HOUR, SETTLED, Watch, alarms
from wager.learn.honesty import HALF_LIFE_DAYS, Honesty
from wager.stats.decay import Decaying, half_lives, weigh

GATHERED = 500  # bets whose inputs are summed together


class Said(msgspec.Struct, array_like=True):
    """What was said of one choice, before and after it was put right, and what it has brought."""

    raw: float
    told: float
    reward: float


class Waiting(msgspec.Struct, array_like=True):
    """A settled bet whose window is not over: it counts when it is, or wins would count first."""

    placement: str
    at: Time
    due: Time
    replayed: bool
    said: dict[int, Said]


class Judging(msgspec.Struct):
    """Feed it logged decisions whenever they changed; a part of the checkpoint of learning.

    A bet counts when its window is over, not when it is won: wins come early and losses at the end,
    so that at any moment a recent bet that counts already would be a won one. To count both sooner
    needs to be told how wins spread over the window, and a change of that alone would then be
    taken for drift. The price is that an alarm is as late as the goal's window is long.

    `open` are the ids of the bets that are not settled, `waiting` those that are while their window
    is not over.
    """

    honesty: dict[str, Honesty] = {}
    watches: dict[str, Watch] = {}
    open: set[str] = set()
    waiting: dict[str, Waiting] = {}
    gathered: dict[tuple[str, int], list[bytes]] = {}
    trusting: Trusting = msgspec.field(default_factory=Trusting)

    def take(
        self, logged: LoggedDecision, *, since: int, goals: Mapping[str, Goal]
    ) -> None:  # fmt: skip
        """Note what is new of a bet since the cursor; `goals` are those that there are."""
        decision = logged.decision
        name = decision.decision_id
        found = news(logged, since=since, was_open=name in self.open)
        if not decision.learns or (decision.holdout and not _would_bet(decision.held_from)):
            return
        if found.placed and not decision.holdout:
            self._placed(decision)
        if logged.state == "open":
            self.open.add(name)
            return
        self.open.discard(name)
        self.trusting.take(logged, found, since=since, goals=goals)
        if found.after is None or found.before == found.after or decision.holdout:
            return
        said = dict(_said(decision, found.after.rewards))
        if found.before is None or name in self.waiting:
            due = decision.at + timedelta(minutes=decision.window_minutes)
            self.waiting[name] = Waiting(
                decision.placement, decision.at, due, decision.replayed, said
            )
            return
        fold, watch = self._folds(decision.placement)
        weight, hour = _weight(fold, decision.at), _hour(decision.at)
        for slot, one in said.items():
            before = found.before.rewards.get(slot, 0.0)
            if before != one.reward:
                fold.correct(one.raw, before, one.reward, weight)
                watch.correct(hour, before, one.reward)

    def leave(self, decision_id: str) -> None:
        """A bet is not judged any more."""
        self.open.discard(decision_id)

    def begin_anew(self, placement: str) -> None:
        """What is said there is of another goal from now on."""
        self.trusting.begin_anew(placement)
        self.honesty.pop(placement, None)
        self.watches.pop(placement, None)
        for name in [name for name, one in self.waiting.items() if one.placement == placement]:
            del self.waiting[name]
        for key in [key for key in self.gathered if key[0] == placement]:
            del self.gathered[key]

    def settle(self, now: datetime, latest: datetime | None) -> None:
        """Count what is over: by the clock for live bets, by the latest event for replayed ones."""
        for name in over(self.waiting, now, latest):
            bet = self.waiting.pop(name)
            fold, watch = self._folds(bet.placement)
            weight, hour = _weight(fold, bet.at), _hour(bet.at)
            for one in bet.said.values():
                fold.add(one.raw, one.reward, weight)
                watch.settled(hour, one.told, one.reward)
        self.trusting.settle(now, latest)

    def put_right(self, placement: str, payoffs: Payoffs) -> Payoffs:
        """The payoffs with what to say instead of what they say."""
        fold = self.honesty.get(placement)
        return payoffs if fold is None else replace(payoffs, honest=fold.curve())

    def settled_since(self, placement: str, at: datetime) -> float:
        """How many settled choices of the placement are not older."""
        watch, first = self.watches.get(placement), _hour(at)
        hours = {} if watch is None else watch.hours
        return sum(cell[SETTLED] for hour, cell in hours.items() if hour >= first)

    def fade(self, placement: str, share: float) -> None:
        """What is known of how honest the placement's bets are counts less, as its evidence."""
        if (fold := self.honesty.get(placement)) is not None:
            fold.fade(share)
        self.trusting.fade(placement, share)

    @property
    def newest_hour(self) -> int:
        """That of the latest bet."""
        return max((max(one.hours, default=0) for one in self.watches.values()), default=0)

    def alarms(self) -> list[Alarm]:
        """Every drift that was noticed in what is kept, of all placements."""
        self._sum_inputs()
        found: list[Alarm] = []
        for placement, watch in sorted(self.watches.items()):
            watch.forget_old()
            found.extend(alarms(watch, placement, (*FEATURES, "said")))
        return found

    def _folds(self, placement: str) -> tuple[Honesty, Watch]:
        return (
            self.honesty.setdefault(placement, Honesty()),
            self.watches.setdefault(placement, Watch()),
        )

    def _placed(self, decision: Decision) -> None:
        """Odds and draw of the first slot, and what the policy saw."""
        if decision.policy == "default" or not decision.choices:
            return
        first, odds = decision.choices[0], [one.propensity for one in decision.candidates]
        names = [one.item_id for one in decision.candidates]
        drawn = names.index(first.item_id) if first.item_id in names else None
        if drawn is not None and odds[drawn] != first.propensity:
            drawn = None  # a term of the placement has chosen
        hour = _hour(decision.at)
        if drawn is not None and abs(sum(odds) - 1.0) < 1e-6:
            self._folds(decision.placement)[1].placed(hour, odds, drawn)
        if len(decision.feature_names) != WIDTH + 1:
            return
        rows = self.gathered.setdefault((decision.placement, hour // DAY_HOURS), [])
        rows.append(b"".join([one.features for one in decision.candidates]))
        if len(rows) >= GATHERED:
            self._sum_inputs()

    def _sum_inputs(self) -> None:
        for (placement, day), rows in self.gathered.items():
            table = np.frombuffer(b"".join(rows), dtype="<f4").astype(float).reshape(-1, WIDTH + 1)
            if len(table):
                watch = self._folds(placement)[1]
                watch.inputs(day, len(table), table.sum(axis=0).tolist())
        self.gathered.clear()


def _said(decision: Decision, rewards: Mapping[int, float]) -> Iterator[tuple[int, Said]]:
    for one in decision.choices:
        if one.item_id is not None:
            raw = one.expected_reward if one.raw_reward is None else one.raw_reward
            yield one.slot, Said(raw, one.expected_reward, rewards.get(one.slot, 0.0))


def _would_bet(level: Level | None) -> bool:
    return level not in (None, "neutral", "customization")


def _weight(fold: Decaying, at: datetime) -> float:
    return weigh(fold, half_lives(at.timestamp(), HALF_LIFE_DAYS))


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // HOUR
