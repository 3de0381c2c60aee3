"""What placements' bets taught: a regression over logged features, and cells that correct it."""

from collections.abc import Mapping
from struct import Struct

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.decisions import Choice, Decision, LoggedDecision
from wager.domain.models import Cell, Payoffs
from wager.stats.linear import Regression

Floats = NDArray[np.float64]
_SAID = Struct("<f")  # the last logged feature: what the regression had said


class Cells(msgspec.Struct):
    """Sums of [times shown, rewards, what the regression had said] by item, segment and person."""

    items: dict[str, Cell] = {}
    segments: dict[str, dict[str, Cell]] = {}
    people: dict[str, dict[str, Cell]] = {}

    def add(self, decision: Decision, choice: Choice, said: float, reward: float) -> None:
        """One showing: how often, what came of it, what had been said."""
        name = str(choice.item_id)
        for cells in self._rows(decision):
            cell = cells.setdefault(name, [0.0, 0.0, 0.0])
            cell[0] += 1.0
            cell[1] += reward
            cell[2] += said

    def correct(self, decision: Decision, choice: Choice, change: float) -> None:
        """A showing that is in already brought `change` more."""
        for cells in self._rows(decision):
            cells.setdefault(str(choice.item_id), [0.0, 0.0, 0.0])[1] += change

    def _rows(self, decision: Decision) -> list[dict[str, Cell]]:
        rows = [self.items, self.people.setdefault(decision.profile_id, {})]
        rows.extend(self.segments.setdefault(name, {}) for name in decision.segments)
        return rows

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        for cells in (self.items, *self.segments.values(), *self.people.values()):
            for cell in cells.values():
                cell[:] = [share * one for one in cell]

    def merge(self, other: "Cells") -> "Cells":
        """Both sides' sums."""
        return Cells(
            items=_sum(self.items, other.items),
            segments=_sums(self.segments, other.segments),
            people=_sums(self.people, other.people),
        )


def _sum(one: Mapping[str, Cell], other: Mapping[str, Cell]) -> dict[str, Cell]:
    both = {name: list(cell) for name, cell in one.items()}
    for name, cell in other.items():
        mine = both.setdefault(name, [0.0, 0.0, 0.0])
        for column in range(3):
            mine[column] += cell[column]
    return both


def _sums(
    one: Mapping[str, Mapping[str, Cell]], other: Mapping[str, Mapping[str, Cell]]
) -> dict[str, dict[str, Cell]]:
    return {name: _sum(one.get(name, {}), other.get(name, {})) for name in {**one, **other}}


class Rewards:
    """The fold of one placement: feed it each logged decision whenever it changed."""

    __slots__ = ("_gains", "_regression", "_rows", "cells")

    def __init__(self, width: int) -> None:
        self._regression = Regression(width)
        self._rows: list[bytes] = []
        self._gains: list[float] = []
        self.cells = Cells()

    @property
    def regression(self) -> Regression:
        """The regression with every row that came so far: they are gathered and added at once."""
        if self._rows:
            table = np.frombuffer(b"".join(self._rows), dtype="<f4").astype(float)
            table = table.reshape(len(self._rows), -1)
            self._regression.add(table[:, :-1], np.array(self._gains))
            self._rows, self._gains = [], []
        return self._regression

    def observe(self, x: Floats, rewards: Floats) -> None:
        """Rows (n, width) whose rewards (n,) are known whatever was shown: history."""
        self._regression.add(x, rewards)

    def add(self, logged: LoggedDecision, *, after: int = 0, goal: str | None = None) -> bool:
        """Learn what is newer than the cursor: the bet itself, and rewards that came since.

        It is by the goal of the bet, or by one of its further goals.

        A bet counts as shown from the moment it is placed, and gains when a reward comes: so an
        undecided one is not mistaken for a win. True if there was something to learn.
        """
        decision = logged.decision
        if not decision.learns:
            return False
        gains = _gains(logged, after, goal)
        new = logged.sequence > after
        if not new and not gains:
            return False
        seen = {one.item_id: one.features for one in decision.candidates}
        for number, choice in enumerate(decision.choices):
            row = seen.get(choice.item_id) if choice.item_id is not None else None
            if not row:
                continue
            gain = gains.get(choice.slot, 0.0)
            if new:
                self._rows.append(row)
                self._gains.append(gain)
                self.cells.add(decision, choice, _said(decision, number, row, goal), gain)
            elif gain:
                x = np.frombuffer(row, dtype="<f4").astype(float)
                self.regression.correct(x[:-1], gain)
                self.cells.correct(decision, choice, gain)
        return True

    @property
    def count(self) -> float:
        """How many choices it stands on; what has faded counts less."""
        return self.regression.count

    def fade(self, share: float) -> None:
        """Weigh down all that was learnt so far: it counts `share` (0 to 1) of what it did."""
        self.regression.fade(share)
        self.cells.fade(share)

    def payoffs(self, prior_mean: Floats, prior_strength: Floats) -> Payoffs:
        """What deciding reads: the posterior, and the cells as they are."""
        fold = self.regression
        mean, covariance = fold.posterior(prior_mean, prior_strength)
        base = fold.total / fold.count if fold.count else float(prior_mean[0])
        return Payoffs(
            mean=mean,
            covariance=covariance,
            noise=fold.noise,
            base=base,
            items=self.cells.items,
            segments=self.cells.segments,
            people=self.cells.people,
        )


def _said(decision: Decision, number: int, row: bytes, goal: str | None) -> float:
    """What the regression said of a choice; of a further goal it is logged with the goal."""
    if goal is None:
        said: float = _SAID.unpack(row[-4:])[0]
        return said
    return next(one.said[number] for one in decision.goals if one.goal == goal)


def _gains(logged: LoggedDecision, after: int, goal: str | None) -> dict[int, float]:
    gains: dict[int, float] = {}
    for outcome in logged.outcomes:
        gain = outcome.reward if goal is None else outcome.values.get(goal, 0.0)
        if gain and outcome.sequence > after:
            gains[outcome.slot] = gains.get(outcome.slot, 0.0) + gain
    return gains


def pack(rewards: Rewards) -> bytes:
    """The fold as bytes, to be kept as a model."""
    fold = rewards.regression
    body = (
        fold.precision.tolist(), fold.moment.tolist(), fold.count, fold.total, fold.squares,
        rewards.cells,
    )  # fmt: skip
    return msgspec.msgpack.encode(body)


def unpack(body: bytes, width: int) -> Rewards:
    """The fold that `pack` wrote; an empty one where the features have changed since."""
    kept = msgspec.msgpack.decode(
        body, type=tuple[list[list[float]], list[float], float, float, float, Cells]
    )
    rewards = Rewards(width)
    if len(kept[1]) == width:
        fold = rewards.regression
        fold.precision, fold.moment = np.array(kept[0]), np.array(kept[1])
        fold.count, fold.total, fold.squares = kept[2], kept[3], kept[4]
        rewards.cells = kept[5]
    return rewards
