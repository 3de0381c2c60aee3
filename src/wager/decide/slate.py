"""The one place where chance decides: a slate is drawn slot by slot from logged odds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wager.domain.content import Item
from wager.domain.definitions import Counted, Placement
from wager.stats.draws import pick, uniforms

Floats = NDArray[np.float64]
Left = NDArray[np.bool_]
Odds = Callable[[Left], Floats]
Groups = tuple[str, ...]
Quota = tuple[Sequence[int], int]  # candidates, and how many of them may be chosen


@dataclass(frozen=True, slots=True)
class Terms:
    """What a slate keeps to.

    `most` of a kind of group may be shown (1 where it does not say), `shown` are on the page
    already; each of `first` has the next slot, if one of its candidates is left; of each of
    `quotas` no more are chosen than it says.
    """

    most: Mapping[Counted, int] = field(default_factory=dict)
    shown: Sequence[Groups] = ()
    first: Sequence[Left] = ()
    quotas: Sequence[Quota] = ()


FREE = Terms()


class Room:
    """How many more of each group may be shown."""

    def __init__(self, terms: Terms) -> None:
        self._most: Mapping[str, int] = {str(kind): most for kind, most in terms.most.items()}
        self._shown: dict[str, int] = {}
        for groups in terms.shown:
            self.take(groups)

    def take(self, groups: Groups) -> list[str]:
        """One more of these groups is shown; those that are full with it."""
        full = []
        for group in groups:
            count = self._shown[group] = self._shown.get(group, 0) + 1
            if count >= self._most.get(group.partition(":")[0], 1):
                full.append(group)
        return full

    def has(self, groups: Groups) -> bool:
        """Whether one more of all these groups may be shown."""
        most, shown = self._most, self._shown
        return all(shown.get(one, 0) < most.get(one.partition(":")[0], 1) for one in groups)


@dataclass(frozen=True, slots=True)
class Slate:
    """`choices` are (candidate, propensity) slot by slot; `odds` are those of each candidate in
    the first slot that it could have filled."""

    choices: list[tuple[int, float]]
    odds: Floats


def draw(
    odds: Odds, groups: Sequence[Groups], slots: int, *, key: bytes, decision_id: str,
    terms: Terms = FREE,
) -> Slate:  # fmt: skip
    """A slate without repetition, within its terms.

    Slot by slot the policy gives the odds of what is left; where a group is full, what is in it is
    out. A slot that somebody has first is drawn in the same way from those candidates alone. The
    propensity is that of the choice given the slots before it.
    """
    room = Room(terms)
    left = np.ones(len(groups), dtype=bool)
    if terms.shown:
        left &= np.array([room.has(one) for one in groups])
    waiting = list(terms.first)
    first, seen = np.zeros(len(groups)), left
    chosen: list[tuple[int, float]] = []
    chance = uniforms(key, decision_id)
    for slot in range(min(slots, len(groups))):
        if not np.count_nonzero(left):
            break
        among = _next(waiting, left, chosen)
        chances = odds(among)
        if slot == 0:
            first, seen = chances, among
        elif terms.first:
            first, seen = np.where(seen, first, chances), seen | among
        given = chances.tolist()
        index = pick(given, chance(slot))
        chosen.append((index, given[index]))
        left[index] = False
        for full in room.take(groups[index]) if groups[index] else ():
            left &= np.array([full not in one for one in groups])
        for rows, most in terms.quotas:
            if index in rows and sum(one in rows for one, _ in chosen) >= most:
                left[list(rows)] = False
    return Slate(chosen, first)


def _next(waiting: list[Left], left: Left, chosen: Sequence[tuple[int, float]]) -> Left:
    """Of what is left, those who have this slot first; all of it where nobody has."""
    while waiting:
        wanted = waiting.pop(0)
        if not any(wanted[row] for row, _ in chosen) and np.any(wanted & left):
            return wanted & left
    return left


def groups_of(item: Item, placement: Placement) -> Groups:
    """The groups of which a slate shows only so many: variants of one item, what the placement
    counts, and the tags that exclude one another."""
    found = [] if item.parent_id is None else [variants_of(item.parent_id)]
    for kind in placement.at_most:
        found.extend(f"{kind}:{value}" for value in _values(item, kind))
    found.extend(f"exclusive:{tag}" for tag in placement.exclusive if tag in item.tags)
    return tuple(found)


def variants_of(parent: str) -> str:
    """The group of an item and all that name it as their parent."""
    return f"variant:{parent}"


def _values(item: Item, kind: Counted) -> Sequence[str]:
    match kind:
        case "category":
            return list(dict.fromkeys(item.categories))
        case "tag":
            return list(item.tags)
        case "creator":
            return [] if item.creator is None else [item.creator]
        case "kind":
            return [item.kind]
