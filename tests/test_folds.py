"""Every fold on one list, held to the same laws: what was seen in parts equals what was seen whole.

Numbers are multiples of 1/8, so sums are exact and equal means equal.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wager
from wager.domain.decisions import Choice, Decision
from wager.learn.drift import Watch
from wager.learn.fading import Fading
from wager.learn.hedge import Hedge
from wager.learn.honesty import Honesty
from wager.learn.popularity import Crowd
from wager.learn.repurchase import Gaps
from wager.learn.rewards import Cells
from wager.measure.calibration import Calibration
from wager.measure.metrics import Rewards
from wager.measure.offpolicy import OffPolicy, Seen
from wager.measure.overview import Hour, Tally
from wager.measure.tactics import Seen as Tried
from wager.measure.tactics import Tactics
from wager.stats.decay import weigh
from wager.stats.fourier import Scale
from wager.stats.linear import Regression


@dataclass(frozen=True, slots=True)
class Law:
    """One fold: how to begin, what it is fed, and what can be read off it."""

    empty: Callable[[], Any]
    observations: st.SearchStrategy[Any]
    add: Callable[[Any, Any], None]
    view: Callable[[Any], object]

    def of(self, seen: Sequence[Any]) -> Any:
        """The fold that has seen these."""
        fold = self.empty()
        for one in seen:
            self.add(fold, one)
        return fold


eighths = st.integers(-80, 80).map(lambda number: number / 8.0)
positive = st.integers(1, 80).map(lambda number: number / 8.0)
times = st.sampled_from([-4000.0, 0.0, 1.0, 3.0, 250.0, 257.0, 259.0, 4000.0])  # in half-lives
names = st.sampled_from(["ada", "bob", "cyd", "dan"])
rows = st.lists(st.lists(eighths, min_size=3, max_size=3), min_size=1, max_size=3)
facts = st.dictionaries(st.tuples(st.sampled_from(["bets", "won"]), names), eighths, max_size=3)


def _fit(fold: Regression, seen: list[list[float]]) -> None:
    """Rows of two features and what came of them."""
    table = np.array(seen)
    fold.add(table[:, :2], table[:, 2])


def _fitted(fold: Regression) -> object:
    return (
        fold.precision.tolist(),
        fold.moment.tolist(),
        (fold.count, fold.total, fold.squares, fold.noise),
    )


def _show(fold: Cells, seen: tuple[str, str, float, float]) -> None:
    """One showing of an item to a person: said and gained."""
    item_id, profile_id, said, reward = seen
    choice = Choice(
        slot=0,
        item_id=item_id,
        level="crowd",
        propensity=1.0,
        expected_reward=said,
        standard_error=0.1,
    )
    decision = Decision(
        decision_id="d",
        placement="home",
        profile_id=profile_id,
        at=datetime(2026, 1, 5, tzinfo=UTC),
        level="crowd",
        policy="thompson",
        model_version="m",
        choices=(choice,),
    )
    fold.add(decision, choice, said, reward)


def _watched(fold: Watch, seen: tuple[int, float, float, list[float]]) -> None:
    """One settled choice, one bet and one day's inputs."""
    hour, said, reward, sums = seen
    fold.settled(hour, said, reward)
    fold.placed(hour, [0.5, 0.25, 0.25], hour % 2)
    fold.inputs(hour // 24, 1, sums)


FOLDS: dict[str, Law] = {
    "regression": Law(lambda: Regression(2), rows, _fit, _fitted),
    "scale": Law(
        empty=lambda: Scale(2),
        observations=st.lists(eighths, min_size=2, max_size=2),
        add=lambda fold, seen: fold.add(np.array(seen)),
        view=Scale.sums,
    ),
    "crowd": Law(
        empty=Crowd,
        observations=st.tuples(st.lists(names, unique=True, max_size=3), positive, times),
        add=lambda fold, seen: fold.add(seen[0], seen[1] * weigh(fold, seen[2])),
        view=lambda fold: (fold.unit, fold.baskets, fold.items, fold.best()),
    ),
    "cells": Law(
        empty=Cells,
        observations=st.tuples(names, names, eighths, eighths),
        add=_show,
        view=lambda fold: fold.people,
    ),
    "rewards": Law(
        empty=Rewards,
        observations=st.tuples(names, eighths, st.booleans()),
        add=lambda fold, seen: fold.add(seen[0], seen[1], won=seen[2]),
        view=lambda fold: (fold.cells, fold.rewards(), fold.wins()),
    ),
    "calibration": Law(
        empty=Calibration,
        observations=st.tuples(eighths, eighths),
        add=lambda fold, seen: fold.add(*seen),
        view=lambda fold: (fold.bins, fold.deciles()),
    ),
    "honesty": Law(
        empty=Honesty,
        observations=st.tuples(eighths, eighths, times),
        add=lambda fold, seen: fold.add(seen[0], seen[1], weigh(fold, seen[2])),
        view=lambda fold: (fold.unit, fold.bins, fold.squares, fold.newest),
    ),
    "hedge": Law(
        empty=Hedge,
        observations=st.tuples(st.none() | eighths, eighths, times),
        add=lambda fold, seen: fold.add(seen[0], seen[1], weigh(fold, seen[2])),
        view=lambda fold: (fold.unit, fold.bets, fold.safe, fold.newest),
    ),
    "watch": Law(
        empty=Watch,
        observations=st.tuples(
            st.integers(0, 50), eighths, eighths, st.lists(eighths, min_size=2, max_size=2)
        ),
        add=_watched,
        view=lambda fold: (fold.hours, fold.days, fold.largest),
    ),
    "off-policy": Law(
        empty=OffPolicy,
        observations=st.builds(Seen, eighths, eighths, eighths, eighths),
        add=lambda fold, seen: fold.add(seen),
        view=lambda fold: fold,
    ),
    "tactics": Law(
        empty=Tactics,
        observations=st.builds(
            Tried,
            names,
            st.integers(1, 7).map(lambda number: number / 8.0),
            st.booleans(),
            eighths,
            st.booleans(),
            st.integers(0, 9),
        ),
        add=lambda fold, seen: fold.add(seen),
        view=lambda fold: (fold.sums, fold.days),
    ),
    "gaps": Law(
        empty=Gaps,
        observations=st.tuples(names, st.integers(1, 12), st.integers(0, 900), st.booleans()),
        add=lambda fold, seen: fold.add(seen[0], seen[1], seen[2], ended=seen[3]),
        view=lambda fold: {name: table.tolist() for name, table in fold.tables.items()},
    ),
    "fading": Law(
        empty=Fading,
        observations=st.tuples(names, positive, st.integers(0, 900), st.booleans()),
        add=lambda fold, seen: fold.add(seen[0], seen[1], seen[2], again=seen[3]),
        view=lambda fold: {name: table.tolist() for name, table in fold.tables.items()},
    ),
    "tally": Law(
        empty=Tally,
        observations=st.tuples(st.builds(Hour, st.integers(0, 3), names), facts),
        add=lambda fold, seen: fold.add(*seen),
        view=lambda fold: (fold.total(), fold.by_hour(), fold.by_placement()),
    ),
}

each = pytest.mark.parametrize("law", FOLDS.values(), ids=list(FOLDS))


def _seen(data: st.DataObject, law: Law) -> list[Any]:
    return data.draw(st.lists(law.observations, max_size=8))


def _equals_the_whole(law: Law, one: Sequence[Any], other: Sequence[Any]) -> bool:
    merged = law.of(one).merge(law.of(other))
    return bool(law.view(merged) == law.view(law.of([*one, *other])))


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_parts_merged_equal_the_whole(law: Law, data: st.DataObject) -> None:
    assert _equals_the_whole(law, _seen(data, law), _seen(data, law))


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_merging_is_associative(law: Law, data: st.DataObject) -> None:
    a, b, c = (law.of(_seen(data, law)) for _ in range(3))
    assert law.view(a.merge(b).merge(c)) == law.view(a.merge(b.merge(c)))


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_merging_is_commutative(law: Law, data: st.DataObject) -> None:
    a, b = law.of(_seen(data, law)), law.of(_seen(data, law))
    assert law.view(a.merge(b)) == law.view(b.merge(a))


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_empty_fold_changes_nothing(law: Law, data: st.DataObject) -> None:
    a = law.of(_seen(data, law))
    before = law.view(a)
    assert law.view(a.merge(law.empty())) == law.view(law.empty().merge(a)) == before


@each
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_merging_leaves_both_sides_as_they_were(law: Law, data: st.DataObject) -> None:
    one, other = _seen(data, law), _seen(data, law)
    a, b = law.of(one), law.of(other)
    merged = a.merge(b)
    for seen in other:
        law.add(merged, seen)
    assert law.view(a) == law.view(law.of(one))
    assert law.view(b) == law.view(law.of(other))


ROOT = Path(wager.__file__).parent
NO_FOLDS = {  # that are fed, and why they have no `merge`
    "learn/contextual.py Contextual": "learns one reward at a time, in their order",
    "learn/contextual.py Numbers": "holds such a learner",
    "learn/moments.py Moments": "columns and rows are numbered as they come",
    "learn/rewards.py Rewards": "holds moments and numbers",
    "measure/tactics.py Sums": "a cell of Tactics",
    "stats/recursive.py Recursive": "updates an inverse one reward at a time",
}


def _fed() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class that is fed one by one (`add`), in the rooms where folds live."""
    for room in ("learn", "measure", "stats"):
        for path in sorted((ROOT / room).glob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and "add" in _methods(node):
                    yield f"{path.relative_to(ROOT)} {node.name}", node


def _methods(node: ast.ClassDef) -> set[str]:
    return {one.name for one in node.body if isinstance(one, ast.FunctionDef)}


def test_every_fold_can_be_merged_and_is_on_the_list() -> None:
    listed = {type(law.empty()) for law in FOLDS.values()}
    names = {
        f"{one.__module__.removeprefix('wager.').replace('.', '/')}.py {one.__name__}"
        for one in listed
    }
    found = dict(_fed())
    assert NO_FOLDS.keys() <= found.keys()
    assert {name for name, node in found.items() if "merge" not in _methods(node)} == set(NO_FOLDS)
    assert found.keys() - NO_FOLDS.keys() <= names


class _MeanOfMeans:
    """The classic mistake: two means merged without their counts."""

    def __init__(self) -> None:
        self.count, self.mean = 0, 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.mean += (value - self.mean) / self.count

    def merge(self, other: "_MeanOfMeans") -> "_MeanOfMeans":
        both = _MeanOfMeans()
        both.count = self.count + other.count
        both.mean = (self.mean + other.mean) / 2.0
        return both


def test_a_fold_that_breaks_the_law_is_caught() -> None:
    law = Law(_MeanOfMeans, eighths, lambda fold, seen: fold.add(seen), lambda fold: fold.mean)
    assert not _equals_the_whole(law, [1.0], [2.0, 3.0])
