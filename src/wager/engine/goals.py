"""Several goals of one placement: weighed together, guarded by floors, and reported apart."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wager.decide.payoff import Worth, worth
from wager.domain.asking import Ask
from wager.domain.decisions import GoalStake
from wager.domain.definitions import Goal, Placement
from wager.domain.models import Payoffs
from wager.engine.bets import Table
from wager.learn.attribution import CLICK

Floats = NDArray[np.float64]


def further_goal(placement: str, goal: str) -> str:
    """What is learnt of a further goal has this in place of the placement's name."""
    return f"{placement}/{goal}"


def further_goals(placement: Placement) -> list[str]:
    """The goals that a placement has beside its own."""
    return [goal for goal in placement.goals if goal != own_goal(placement)]


def own_goal(placement: Placement) -> str:
    """The goal that settles its bets."""
    return placement.goal or CLICK.name


def further_worth(
    ask: Ask, x: Floats, found: Sequence[tuple[str | None, object]],
    payoffs: Callable[[str], Payoffs],
) -> dict[str, Worth]:  # fmt: skip
    """What the candidates are worth by each further goal of the placement."""
    names = [name for name, _ in found]
    return {
        goal: worth(ask, x, names, payoffs(further_goal(ask.placement.name, goal)))
        for goal in further_goals(ask.placement)
    }


def weighted(
    placement: Placement, own: Worth, further: Mapping[str, Worth]
) -> tuple[Floats, Floats]:
    """The weighted sum of what is expected of each goal, and its standard error: the goals' errors
    are taken as independent."""
    if not placement.goals:
        return own.mean, own.deviation
    first = placement.goals.get(own_goal(placement), 1.0)
    mean, variance = first * own.mean, (first * own.deviation) ** 2
    for goal, one in further.items():
        weight = placement.goals[goal]
        mean = mean + weight * one.mean
        variance = variance + (weight * one.deviation) ** 2
    return mean, np.sqrt(np.maximum(variance, 1e-18))


def promised(placement: Placement, own: Worth, further: Mapping[str, Worth]) -> Floats:
    """The weighted sum of what is told of each goal."""
    if not placement.goals:
        return own.told
    told = placement.goals.get(own_goal(placement), 1.0) * own.told
    for goal, one in further.items():
        told = told + placement.goals[goal] * one.told
    return told


def guarded(
    placement: Placement, own: Worth, further: Mapping[str, Worth]
) -> list[tuple[Floats, float]]:
    """What each floor looks at: the expected values of its goal, and its share."""
    return [
        ((own if one.goal == own_goal(placement) else further[one.goal]).mean, one.share)
        for one in placement.floors
    ]


def stakes(placement: Placement, table: Table, chosen: Sequence[int]) -> tuple[GoalStake, ...]:
    """What the chosen are expected to bring of each goal, and what the safe choice would have."""
    if not placement.goals:
        return ()
    named, looked = {own_goal(placement): table.worth, **table.further}, table.looked
    return tuple(
        GoalStake(
            goal=goal,
            weight=placement.goals.get(goal, 1.0),
            expected=_brought(one, chosen, looked),
            default=_brought(one, table.safe_rows, looked),
            said=tuple(one.before[list(chosen)].tolist()),
        )
        for goal, one in named.items()
    )


def _brought(worth: Worth, rows: Sequence[int], looked: Callable[[int, int], float]) -> float:
    return float(sum(looked(row, slot) * worth.mean[row] for slot, row in enumerate(rows)))


def unknown(placement: Placement, goals: Mapping[str, Goal]) -> Iterator[str]:
    """Goals that the placement weighs and nobody has defined."""
    for goal in placement.goals:
        if goal not in goals:
            yield f"placement {placement.name!r} weighs goal {goal!r}, which is not defined yet"


def impossible(placement: Placement) -> str | None:
    """A floor under what the placement does not look at."""
    own = own_goal(placement)
    for floor in placement.floors:
        if floor.goal != own and floor.goal not in placement.goals:
            return (
                f"placement {placement.name!r} has a floor under goal {floor.goal!r}, but goals "
                f"{[own, *placement.goals]}; name it in `goals`, with weight 0 if it only guards"
            )
    return None
