"""What the team asks of slates: worked out once for the items there are, and asked by each bet."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nlargest
from typing import cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from wager.decide.arbitration import follows, in_force, priorities, queue, served, wants, wants_any
from wager.decide.slate import FREE, Groups, Left, Room, Terms, groups_of, variants_of
from wager.domain.asking import Ask
from wager.domain.content import Item
from wager.domain.decisions import Choice, Contender, Reason
from wager.domain.definitions import Must, Placement, UseCase
from wager.domain.models import Rates
from wager.domain.queues import Queue, Running
from wager.domain.sequences import latest
from wager.engine.bets import Bet

Floats = NDArray[np.float64]
Source = tuple[str, list[tuple[str, float, str]]]
POOL = 40  # items of a tag or a use case that are asked about, the most popular first
QUEUES = 1000


class Slates:
    """The groups of each item by placement, the use cases of each placement, and the items that
    a use case or a placement asks for."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._parents: frozenset[str] = frozenset()
        self._tagged: dict[str, list[str]] = {}
        self._groups: dict[tuple[str, ...], dict[str | None, Groups]] = {}
        self._cases: dict[str, UseCase] = {}
        self._by_placement: dict[str, list[UseCase]] = {}
        self._wanted: dict[str, list[str]] = {}
        self._queues: dict[tuple[object, ...], Queue] = {}
        self._bought: dict[tuple[str, tuple[float, ...]], tuple[int, dict[str, datetime]]] = {}

    def define(
        self, placements: Iterable[Placement], cases: Iterable[UseCase], rates: Rates
    ) -> None:
        """Other definitions are in force."""
        tags = (must.tag for one in placements for must in one.must_include)
        self._tagged = {tag: [] for tag in tags if tag is not None}
        self._cases = {case.name: case for case in cases if case.state in ("pilot", "live")}
        self._by_placement = {}
        for case in self._cases.values():
            self._by_placement.setdefault(case.placement, []).append(case)
        self.rank(rates)

    def rank(self, rates: Rates) -> None:
        """There are other items."""
        self._groups.clear()
        self._queues.clear()
        self._bought.clear()
        parents = (item.parent_id for item in self._items.values())
        self._parents = frozenset(name for name in parents if name is not None)
        for tag in self._tagged:
            with_tag = (name for name, item in self._items.items() if tag in item.tags)
            self._tagged[tag] = nlargest(POOL, with_tag, key=rates.of)
        self._wanted = {name: self._pool(case, rates) for name, case in self._cases.items()}

    def _pool(self, case: UseCase, rates: Rates) -> list[str]:
        """The items that the use case names, then the most popular of what it wants."""
        if not (case.kinds or case.tags):
            return case.items
        named = set(case.items)
        wanted = (
            name for name, item in self._items.items() if name not in named and wants(case, item)
        )
        return [*case.items, *nlargest(POOL, wanted, key=rates.of)]

    def groups(self, placement: Placement, names: Collection[str | None]) -> list[Groups]:
        """For each item the groups of which the placement shows only so many."""
        where = (placement.name, *placement.exclusive)
        kept = self._groups.get(where)
        if kept is None:
            kept = self._groups[where] = {None: ()}
        found = list(map(kept.get, names))
        for place, name in enumerate(names) if None in found else ():
            if found[place] is None:
                item = self._items.get(str(name))
                known = () if item is None else self._groups_of(item, placement)
                found[place] = kept[name] = known
        return cast(list[Groups], found)

    def _groups_of(self, item: Item, placement: Placement) -> Groups:
        groups = groups_of(item, placement)
        return (variants_of(item.item_id), *groups) if item.item_id in self._parents else groups

    def queue(self, ask: Ask, *, refused: bool) -> Queue | None:
        """The use cases in force for this person here and now; None where the placement has none.

        Where personalization is refused, or the placement does not use segments, those alone that
        are for everybody.
        """
        cases = self._by_placement.get(ask.placement.name)
        if cases is None:
            return None
        may = not refused and "segment" in ask.placement.levels
        segments = ask.segments if may else ()
        now = [case for case in cases if in_force(case, ask.now)]
        late = self._following(now, ask) if may else ()
        names = tuple(case.name for case in now)
        key = (ask.placement.name, names, segments, late, tuple(ask.full))
        line = self._queues.get(key)
        if line is None:
            if len(self._queues) >= QUEUES:
                self._queues.clear()
            line = self._queues[key] = _without_full(queue(now, segments, late), ask.full)
        return line

    def _following(self, cases: Iterable[UseCase], ask: Ask) -> tuple[str, ...]:
        """Those that come after a purchase, and for which it is time."""
        late = [case for case in cases if case.after is not None]
        if not late:
            return ()
        who, version = (ask.profile.profile_id, ask.present), ask.profile.version
        kept = self._bought.get(who)
        if kept is None or kept[0] != version:
            if len(self._bought) >= QUEUES:
                self._bought.clear()
            kept = self._bought[who] = version, latest(ask.profile, self._items)
        return tuple(case.name for case in late if follows(case, kept[1], ask.now))

    def forget(self, profile_ids: Iterable[str]) -> None:
        """People were erased."""
        gone = frozenset(profile_ids)
        self._bought = {who: kept for who, kept in self._bought.items() if who[0] not in gone}

    def silence(self, ask: Ask, line: Queue | None) -> Reason | None:
        """Why nothing at all may be shown: all that are in force were shown often enough, and one
        of them wants any item."""
        if line is None or line.running:
            return None
        cases = (self._cases[one.name] for one in line.full)
        return next((ask.full[one.name] for one in cases if wants_any(one)), None)

    def rests(self, line: Queue, name: str) -> bool:
        """Whether the item serves none but use cases that were shown often enough."""
        if not line.full:
            return False
        if name not in line.rests:
            item = self._items.get(name)
            line.rests[name] = item is not None and self.serves(line, name) is None and any(
                wants(self._cases[one.name], item) for one in line.full
            )  # fmt: skip
        return line.rests[name]

    def invited(self, placement: Placement, line: Queue | None) -> Iterator[Source]:
        """The candidates that the placement must include, and those of its use cases."""
        for must in placement.must_include:
            if must.use_case is None:
                yield "must-include", [(name, 1.0, "") for name in self._named(must, line)]
        for case in () if line is None else line.running:
            source = "use-case-segment" if case.for_some else "use-case"
            yield source, [(name, 1.0, case.name) for name in self._wanted[case.name]]

    def terms(self, ask: Ask, names: Sequence[str | None]) -> Terms:
        """What a slate of these candidates keeps to: who is mandatory comes first, then what the
        placement must include."""
        placement, line = ask.placement, ask.queue
        mandatory = _mandatory(line)
        if not (placement.at_most or placement.must_include or ask.taken or mandatory):
            return FREE
        first = [self._meets(must, names, line) for must in (*mandatory, *placement.must_include)]
        shown = [groups for groups in self.groups(placement, ask.taken) if groups]
        return Terms(placement.at_most, shown, first)

    def priorities(self, values: Floats, names: Sequence[str | None], line: Queue) -> Floats:
        """The expected rewards of these candidates as the queue weighs them."""
        return priorities(values, [self.serves(line, name) for name in names], line)

    def serves(self, line: Queue | None, name: str | None) -> Running | None:
        """The use case that showing the item serves."""
        return None if line is None else served(line, name, self._items, self._cases)

    def credited(self, line: Queue, bet: Bet) -> Bet:
        """The bet, each choice with the use case that it serves; and what each of them had to
        show, and which slots it won."""
        choices = tuple(self._credited(line, one) for one in bet.choices)
        names = [one.item_id for one in bet.candidates]
        expected = np.array([one.expected_reward for one in bet.candidates])
        best: dict[str, tuple[float, str]] = {}
        for name, priority in zip(names, self.priorities(expected, names, line), strict=True):
            case = self.serves(line, name)
            if case is not None and (case.name not in best or priority > best[case.name][0]):
                best[case.name] = float(priority), str(name)
        contenders = tuple(
            Contender(
                use_case=one.name,
                lever=one.lever,
                context_value=one.context_value,
                mandatory=one.mandatory,
                item_id=best[one.name][1] if one.name in best else None,
                priority=best[one.name][0] if one.name in best else 0.0,
                slots=tuple(choice.slot for choice in choices if choice.use_case == one.name),
            )
            for one in (*line.running, *line.full)
        )
        return msgspec.structs.replace(bet, choices=choices, use_cases=contenders)

    def _credited(self, line: Queue, choice: Choice) -> Choice:
        case = self.serves(line, choice.item_id)
        if case is None:
            return choice
        text = f"for use case {case.name}"
        if case.mandatory:
            text += ", which is mandatory"
        elif case.times != 1.0:
            text += f": lever {case.lever:g} x context value {case.context_value:g}"
        why = (*choice.reasons, Reason(kind="use-case", text=text))
        return msgspec.structs.replace(choice, use_case=case.name, reasons=why)

    # ---- the safe choice

    def room(self, ask: Ask) -> Callable[[str], bool] | None:
        """Whether the safe choice has room for an item, asked of one after the other that may be
        shown; None where it always has."""
        placement = ask.placement
        if not (placement.at_most or placement.exclusive or self._parents):
            return None
        room = Room(Terms(placement.at_most, self.groups(placement, ask.taken)))

        def has_room(name: str) -> bool:
            groups = self.groups(placement, (name,))[0]
            has = room.has(groups)
            if has:
                room.take(groups)
            return has

        return has_room

    def first(self, ask: Ask, why_not: Callable[[str], str | None]) -> Iterator[str]:
        """Who comes first in the safe choice: of each that must be there the first that may be."""
        chosen: list[str | None] = []
        for must in (*_mandatory(ask.queue), *ask.placement.must_include):
            if not np.any(self._meets(must, chosen, ask.queue)):
                wanted = self._named(must, ask.queue)
                name = next((name for name in wanted if why_not(name) is None), None)
                if name is not None:
                    chosen.append(name)
                    yield name

    def _named(self, must: Must, line: Queue | None) -> Sequence[str]:
        if must.tag is not None:
            return self._tagged.get(must.tag, ())
        if must.item is not None:
            return [must.item]
        wanted = self._wanted.get(str(must.use_case), ())
        return [name for name in wanted if self._is_for(must, line, name)]

    def _meets(self, must: Must, names: Sequence[str | None], line: Queue | None) -> Left:
        if must.item is not None:
            return np.array([name == must.item for name in names], dtype=bool)
        if must.use_case is not None:
            return np.array([self._is_for(must, line, name) for name in names], dtype=bool)
        items = [self._items.get(name) if name is not None else None for name in names]
        return np.array([item is not None and must.tag in item.tags for item in items], dtype=bool)

    def _is_for(self, must: Must, line: Queue | None, name: str | None) -> bool:
        case = self.serves(line, name)
        return case is not None and case.name == must.use_case


def _mandatory(line: Queue | None) -> list[Must]:
    running = () if line is None else line.running
    return [Must(use_case=one.name) for one in running if one.mandatory]


def _without_full(line: Queue, full: Mapping[str, Reason]) -> Queue:
    """The queue without those that were shown often enough, which are kept beside it."""
    if not full:
        return line
    return replace(
        line,
        running=tuple(one for one in line.running if one.name not in full),
        full=tuple(one for one in line.running if one.name in full),
    )
