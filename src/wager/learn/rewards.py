"""What placements' bets taught: a regression over logged features, and cells that correct it."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.domain.decisions import Choice, Decision, LoggedDecision
from wager.domain.models import Payoffs
from wager.domain.moments import Cell, Group, numbers, told
from wager.learn.contextual import KeptNumbers, Numbers
from wager.learn.moments import KeptMoments, Moments
from wager.stats.linear import Regression

Floats = NDArray[np.float64]
DOUBTED_GAINS, LEAST_LOOKED = 10.0, 0.05
FIRST, DOUBTED = 0.05, 50.0  # what a choice brings a priori, and how many choices that is worth


class Cells(msgspec.Struct):
    """Sums of [times looked at, rewards, what had been said of them] by person and item.

    Showings in a slot that is looked at with the chance e count e^2, their rewards e.
    """

    items: dict[str, Cell] = {}
    people: dict[str, dict[str, Cell]] = {}

    def add(self, decision: Decision, choice: Choice, said: float, reward: float) -> None:
        """One showing: how often, what came of it, what everybody's record had said."""
        for cell in self._both(decision, choice):
            cell[0] += choice.looked**2
            cell[1] += choice.looked * reward
            cell[2] += choice.looked**2 * said

    def correct(self, decision: Decision, choice: Choice, change: float) -> None:
        """A showing that is in already brought `change` more."""
        for cell in self._both(decision, choice):
            cell[1] += choice.looked * change

    def _both(self, decision: Decision, choice: Choice) -> tuple[Cell, Cell]:
        name, person = str(choice.item_id), self.people.setdefault(decision.profile_id, {})
        return (
            self.items.setdefault(name, [0.0, 0.0, 0.0]),
            person.setdefault(name, [0.0, 0.0, 0.0]),
        )

    def fade(self, share: float) -> None:
        """Everything so far counts `share` (0 to 1) of what it did."""
        for cells in (self.items, *self.people.values()):
            for cell in cells.values():
                cell[:] = [share * one for one in cell]

    def merge(self, other: "Cells") -> "Cells":
        """Both sides' sums."""
        return Cells(items=_sum(self.items, other.items), people=_sums(self.people, other.people))


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


def _nothing_shared(_: str) -> Sequence[Group]:
    return ()


class Rewards:
    """The fold of one placement: feed it each logged decision whenever it changed."""

    __slots__ = (
        "_gains",
        "_regression",
        "_rows",
        "cells",
        "changes",
        "moments",
        "numbers",
        "slots",
    )

    def __init__(self, width: int) -> None:
        self._regression = Regression(width)
        self._rows: list[Floats] = []
        self._gains: list[float] = []
        self.moments = Moments(width)
        self.numbers = Numbers()
        self.cells = Cells()
        self.changes = 0  # since it was made or last faded
        self.slots: list[list[float]] = []  # rewards, and what was said were each the first

    @property
    def regression(self) -> Regression:
        """The regression with every row that came so far: they are gathered and added at once."""
        if self._rows:
            self._regression.add(np.array(self._rows), np.array(self._gains))
            self._rows, self._gains = [], []
        return self._regression

    def observe(self, x: Floats, rewards: Floats) -> None:
        """Rows (n, width) whose rewards (n,) are known whatever was shown: history."""
        self._regression.add(x, rewards)
        self.changes += len(rewards)

    def add(
        self, logged: LoggedDecision, *, after: int = 0, goal: str | None = None,
        shares: Callable[[str], Sequence[Group]] = _nothing_shared,
    ) -> bool:  # fmt: skip
        """Learn what is newer than the cursor: the bet itself, and rewards that came since.

        It is by the goal of the bet, or by one of its further goals.

        A bet counts as shown from the moment it is placed, and gains when a reward comes: so an
        undecided one is not mistaken for a win. `shares` tells what an item has in common with
        others. True if there was something to learn.
        """
        decision = logged.decision
        if not decision.learns:
            return False
        gains = _gains(logged, after, goal)
        new = logged.sequence > after
        if not new and not gains:
            return False
        seen = {one.item_id: one for one in decision.candidates}
        said, count = told(decision.context, decision.segments), numbers(decision.context)
        if new:
            self.moments.admit(said, decision.profile_id, logged.sequence)
            self.numbers.admit(count, decision.profile_id, logged.sequence)
        c = self.moments.moment(said, logged.sequence)
        n = self.numbers.at(count, logged.sequence)
        at = decision.at.timestamp()
        some = [
            (number, choice, candidate)
            for number, choice in enumerate(decision.choices)
            if choice.item_id is not None and (new or gains.get(choice.slot))
            and (candidate := seen.get(choice.item_id)) is not None and candidate.features
        ]  # fmt: skip
        if not some:
            return True
        logged_rows = b"".join([candidate.features for *_, candidate in some])
        table = np.frombuffer(logged_rows, dtype="<f4").astype(float).reshape(len(some), -1)
        for (number, choice, candidate), x in zip(some, table, strict=True):
            item = str(choice.item_id), shares(str(choice.item_id))
            row = self.moments.row(*item)
            before = _said(decision, number, x, goal)
            shown = _Shown(decision, choice, item, row, x[:-1], c, n, before, at)
            if new:
                self._place(shown, candidate.expected_reward)
            if gain := gains.get(choice.slot, 0.0):
                self._pay(shown, gain)
        return True

    @property
    def count(self) -> float:
        """How many choices it stands on; what has faded counts less."""
        return self.regression.count

    def fade(self, share: float) -> None:
        """Weigh down all that was learnt so far: it counts `share` (0 to 1) of what it did."""
        self.regression.fade(share)
        self.cells.fade(share)
        self.moments.fade(share)
        self.numbers.fade(share)
        self.changes = 0
        self.slots = [[share * one for one in slot] for slot in self.slots]

    def _place(self, shown: "_Shown", first: float) -> None:
        """A choice that brought nothing yet; `first` was said of it, had it been the first."""
        self.changes += 1
        choice, x = shown.choice, shown.x
        self._rows.append(x if choice.looked == 1.0 else choice.looked * x)
        self._gains.append(0.0)
        self.cells.add(shown.decision, choice, shown.before, 0.0)
        self.moments.add(shown.c, shown.row, x, choice.looked, shown.at)
        if shown.n is not None:
            self.numbers.add(shown.n, shown.item, -shown.before, choice.looked)
        self._slot(choice.slot)[1] += max(first, 0.0)

    def _pay(self, shown: "_Shown", gain: float) -> None:
        """A choice that is in already brought that much more."""
        self.changes += 1
        choice, x = shown.choice, shown.x
        self.regression.correct(choice.looked * x, gain)
        self.cells.correct(shown.decision, choice, gain)
        self.moments.gain(shown.row, shown.c, gain, choice.looked, shown.at)
        if shown.n is not None:
            self.numbers.correct(shown.n, shown.item, gain, choice.looked)
        self._slot(choice.slot)[0] += gain

    def _slot(self, slot: int) -> list[float]:
        while len(self.slots) <= slot:
            self.slots.append([0.0, 0.0])
        return self.slots[slot]

    def looked(self) -> tuple[float, ...]:
        """How often each slot is looked at, beside the first: rewards over what was said of its
        items, with `DOUBTED_GAINS` rewards of the usual size in doubt; never more than 1, nor less
        than `LEAST_LOOKED`. Where bets cost more than they bring nothing follows from rewards."""
        fold = self.regression
        if fold.total <= 0.0 or any(gain < 0.0 for gain, _ in self.slots):
            return ()
        doubt = DOUBTED_GAINS * fold.squares / fold.total
        ratios = [(gain + doubt) / (said + doubt) for gain, said in self.slots]
        return tuple(min(max(ratio / ratios[0], LEAST_LOOKED), 1.0) for ratio in ratios)

    def payoffs(self, prior_mean: Floats, prior_strength: Floats) -> Payoffs:
        """What deciding reads: the posterior, what items bring by moment, and people's cells."""
        fold = self.regression
        mean, covariance = fold.posterior(prior_mean, prior_strength)
        base = fold.total / fold.count if fold.count else float(prior_mean[0])
        usual = abs(fold.total + FIRST * DOUBTED) / (fold.count + DOUBTED)
        return Payoffs(
            mean=mean,
            covariance=covariance,
            noise=fold.noise,
            base=base,
            usual=usual,
            people=self.cells.people,
            fit=self.moments.fit(mean, fold.noise, usual, self.cells.items),
            curve=self.numbers.curve(fold.noise),
            looked=self.looked(),
        )


def _said(decision: Decision, number: int, table: Floats, goal: str | None) -> float:
    """What everybody's record said of a choice; of a further goal it is logged with the goal."""
    if goal is None:
        return float(table[-1])
    return next(one.said[number] for one in decision.goals if one.goal == goal)


class _Shown(msgspec.Struct, frozen=True):
    """A choice as it was logged: its item and groups, the row of its sums, its features, the
    moment's columns and numbers, and what had been said."""

    decision: Decision
    choice: Choice
    item: tuple[str, Sequence[Group]]
    row: int
    x: Floats
    c: Floats
    n: Floats | None
    before: float
    at: float


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
        rewards.cells, rewards.slots, rewards.moments.kept(), rewards.numbers.kept(),
    )  # fmt: skip
    return msgspec.msgpack.encode(body)


def unpack(body: bytes, width: int) -> Rewards:
    """The fold that `pack` wrote; an empty one where the features have changed since.

    One that was written before items were learnt by moment goes on without that.
    """
    parts = msgspec.msgpack.decode(body, type=list[msgspec.Raw])
    rewards = Rewards(width)
    moment = np.array(msgspec.msgpack.decode(parts[1], type=list[float]))
    if len(moment) == width:
        fold = rewards.regression
        precision = msgspec.msgpack.decode(parts[0], type=list[list[float]])
        fold.precision, fold.moment = np.array(precision), moment
        fold.count, fold.total, fold.squares = (
            msgspec.msgpack.decode(one, type=float) for one in parts[2:5]
        )
        rewards.cells = msgspec.msgpack.decode(parts[5], type=Cells)
        if len(parts) > 6:
            rewards.slots = msgspec.msgpack.decode(parts[6], type=list[list[float]])
            rewards.moments = Moments.of(msgspec.msgpack.decode(parts[7], type=KeptMoments))
        kept = msgspec.msgpack.decode(parts[8], type=KeptNumbers | None) if len(parts) > 8 else None
        if kept is not None:
            rewards.numbers = Numbers.of(kept)
    return rewards
