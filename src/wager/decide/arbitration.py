"""Arbitration between use cases that want the same slots: who is in force, and in which order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import prod

import numpy as np
from numpy.typing import NDArray

from wager.domain.content import Item
from wager.domain.definitions import UseCase
from wager.domain.queues import Queue, Running
from wager.domain.sequences import Things

Floats = NDArray[np.float64]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
TIE = 1e-9  # what each place in the queue takes off a priority: less than any real difference


def wants_any(case: UseCase) -> bool:
    """Whether it names nothing, and so wants any item."""
    return not (case.items or case.kinds or case.tags)


def wants(case: UseCase, item: Item) -> bool:
    """Whether the use case wants the item shown; one that names nothing wants any."""
    if wants_any(case):
        return True
    if item.item_id in case.items or item.kind in case.kinds:
        return True
    return any(tag in item.tags for tag in case.tags)


def in_force(case: UseCase, now: datetime) -> bool:
    """Whether it counts at this moment: pilot or live, and within its dates."""
    if case.state not in ("pilot", "live"):
        return False
    return (case.start is None or case.start <= now) and (case.until is None or now < case.until)


def follows(case: UseCase, when: Mapping[str, datetime], now: datetime) -> bool:
    """Whether it is time for a use case that comes after a purchase: `when` as `latest` has it."""
    own = Things(items=case.items, kinds=case.kinds, tags=case.tags)
    return case.after is None or case.after.holds(own, when, now)


def queue(
    cases: Iterable[UseCase], segments: Sequence[str], following: Collection[str] = ()
) -> Queue:
    """The use cases, of those in force, that are for somebody in these segments, and of those that
    come after something the ones that are `following` now.

    Who is first: mandatory ones; then the larger lever x context value, the larger lever, the
    earlier beginning, the name.
    """
    mine, beside = [], []
    for case in cases:
        for_others = case.segments and not any(one in segments for one in case.segments)
        if for_others or (case.after is not None and case.name not in following):
            beside.append(case.name)
            continue
        value = prod(times for name, times in case.context_value.items() if name in segments)
        order = (not case.mandatory, -case.lever * value, -case.lever, case.start or BEGINNING)
        for_some = bool(case.segments) or case.after is not None
        one = Running(case.name, case.lever, value, case.mandatory, for_some)
        mine.append(((*order, case.name), one))
    return Queue(tuple(one for _, one in sorted(mine, key=lambda pair: pair[0])), tuple(beside))


def served(
    line: Queue, name: str | None, items: Mapping[str, Item], cases: Mapping[str, UseCase]
) -> Running | None:
    """The use case that showing the item serves: the first in the queue that wants it."""
    if name not in line.serves:
        item = items.get(name) if name is not None else None
        line.serves[name] = None if item is None else next(
            (one for one in line.running if wants(cases[one.name], item)), None
        )  # fmt: skip
    return line.serves[name]


def priorities(values: Floats, serving: Sequence[Running | None], line: Queue) -> Floats:
    """Expected rewards, as the queue weighs them: probability x value x context value x lever.

    Equal ones go to who stands first in the queue. What is expected to cost (a value below 0)
    costs less where the lever is larger.

    >>> first, second = Running("a"), Running("b", lever=2.0)
    >>> line = Queue((second, first))
    >>> priorities(np.array([0.1, 0.1, 0.1]), [first, second, None], line).round(6).tolist()
    [0.1, 0.2, 0.1]
    """
    last = len(line.running)
    place = {one.name: position for position, one in enumerate(line.running)}
    times = np.array([
        (1.0 if one is None else one.times)
        * (1.0 - TIE * (last if one is None else place[one.name]))
        for one in serving
    ])  # fmt: skip
    weighed: Floats = np.where(values < 0, values / times, values * times)
    return weighed
