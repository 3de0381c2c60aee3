"""A placement that drifted learns anew: while its alarm lasts, old evidence counts less."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from wager.domain.alarms import Alarm
from wager.domain.identity import Time
from wager.engine.judging import Judging
from wager.learn.rewards import Rewards

OUTCOMES = ("fewer-wins", "more-wins")
STEPS = 20.0  # to a half-life: evidence is weighed down in so many steps
LEAST = 50.0  # choices: as little evidence is no ground to forget


class Fading(msgspec.Struct, array_like=True):
    """One placement whose evidence is weighed down: since when, from how many choices on (which
    are the half-life, too), and up to how many settled since the drift began it has been done."""

    began_at: Time
    since: Time
    half_life: float
    done: float


class Retraining(msgspec.Struct):
    """Which placements forget; a part of the checkpoint of learning.

    With n choices settled since the drift began when it was noticed, all evidence is first brought
    down to the weight of n choices, and then halved with every n that follow, until the alarm is
    over: the drift sets its own pace, and nothing is forgotten without an alarm.
    """

    placements: dict[str, Fading] = {}

    def step(
        self, alarms: Sequence[Alarm], judging: Judging, rewards: Mapping[str, Rewards],
        now: datetime,
    ) -> bool:  # fmt: skip
        """Weigh down what is due; True if anything was."""
        open_ = {one.placement: one for one in alarms if one.over_at is None and _of_outcome(one)}
        for name in [one for one in self.placements if one not in open_]:
            del self.placements[name]
        faded = False
        for name, alarm in open_.items():
            share = self._share(alarm, judging, rewards, now)
            if share < 1.0:
                faded = True
                judging.fade(name, share)
                for fold in _folds(rewards, name):
                    fold.fade(share)
        return faded

    def _share(
        self, alarm: Alarm, judging: Judging, rewards: Mapping[str, Rewards], now: datetime
    ) -> float:
        fading = self.placements.get(alarm.placement)
        if fading is None:
            settled = judging.settled_since(alarm.placement, alarm.began_at)
            if alarm.placement not in rewards or settled < LEAST:
                return 1.0
            self.placements[alarm.placement] = Fading(alarm.began_at, now, settled, settled)
            return min(settled / max(rewards[alarm.placement].count, settled), 1.0)
        settled = judging.settled_since(alarm.placement, fading.began_at)
        more = settled - fading.done
        if more < fading.half_life / STEPS:
            return 1.0
        fading.done = settled
        return float(0.5 ** (more / fading.half_life))

    def said(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        """The alarms, those that are acted on with what is done."""
        return [self._said(one) for one in alarms]

    def _said(self, alarm: Alarm) -> Alarm:
        fading = self.placements.get(alarm.placement)
        if fading is None or alarm.over_at is not None or not _of_outcome(alarm):
            return alarm
        text = f"{alarm.text}; what was learnt before counts less and less"
        return msgspec.structs.replace(alarm, text=text, forgetting_since=fading.since)


def _of_outcome(alarm: Alarm) -> bool:
    return alarm.kind in OUTCOMES


def _folds(rewards: Mapping[str, Rewards], placement: str) -> Iterator[Rewards]:
    """What was learnt of the placement's own goal, and of its further ones."""
    for name, fold in rewards.items():
        if name == placement or name.startswith(f"{placement}/"):
            yield fold
