"""What is new of one bet since it was last read: placed, settled, or settled otherwise."""

from collections.abc import Mapping, Sequence

import msgspec

from wager.domain.decisions import LoggedDecision, Outcome

LEFT = 1e-9  # what is smaller is a remainder of the arithmetic


class Result(msgspec.Struct, frozen=True):
    """What came of a settled bet: whether it was won, and the reward of each slot."""

    won: bool
    rewards: Mapping[int, float] = {}

    @property
    def reward(self) -> float:
        return sum(self.rewards.values())


class News(msgspec.Struct, frozen=True):
    """`before` is what had been counted, `after` what holds now; None means open."""

    placed: bool
    before: Result | None
    after: Result | None


def news(logged: LoggedDecision, *, since: int, was_open: bool) -> News:
    """What to count of a bet that was last read up to the cursor `since`.

    `was_open` says whether it was open then. What had come by then follows from the outcomes'
    own places in the log, so that nothing has to be remembered of a settled bet.
    """
    placed = logged.sequence > since
    after = None
    if logged.state != "open":
        after = Result(logged.state == "won", came_of(logged.outcomes).rewards)
    if placed or was_open:
        return News(placed, None, after)
    return News(False, came_of([one for one in logged.outcomes if one.sequence <= since]), after)


def came_of(outcomes: Sequence[Outcome]) -> Result:
    """What the outcomes so far make of a bet: won, if any slot has won what did not go back."""
    rewards: dict[int, float] = {}
    won: dict[int, bool] = {}
    for outcome in outcomes:
        if outcome.kind in ("goal", "returned"):
            reward = rewards[outcome.slot] = rewards.get(outcome.slot, 0.0) + outcome.reward
            won[outcome.slot] = outcome.kind == "goal" or abs(reward) > LEFT
    return Result(any(won.values()), rewards)
