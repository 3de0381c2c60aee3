"""How things are bought again, learnt in worlds whose intervals are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from wager.learn.history import Lines, Notes
from wager.learn.repurchase import (
    ALL,
    EDGES,
    Gaps,
    Repurchase,
    classified,
    counted,
    gaps,
    learnt,
    stratum,
)

Line = tuple[str, str, float]
CATEGORY = {"seat-1": "Seats", "seat-2": "Seats", "milk": "Dairy", "advent": "Calendars"}


def category_of(name: str) -> Sequence[str]:
    return [CATEGORY[name]] if name in CATEGORY else []


def lines_of(lines: list[Line]) -> Lines:
    notes = Notes()
    assert list(notes.noting(iter(lines))) == lines
    return notes.lines()


def world(seed: int, *, people: int = 600, days: int = 400, every: float = 10.0) -> list[Line]:
    """Everybody buys milk at random, once in 10 days, and one seat for good."""
    rng = np.random.default_rng(seed)
    found = []
    for person in range(people):
        bought = np.cumsum(rng.exponential(every, size=120))
        found += [(f"p-{person}", "milk", float(day) * 86400) for day in bought[bought < days]]
        day = float(rng.uniform(0, 100))
        found.append((f"p-{person}", f"seat-{1 + person % 2}", day * 86400))
    return found


def test_gaps_are_those_of_one_person_and_thing() -> None:
    lines = lines_of(
        [("a", "milk", 0.0), ("b", "milk", 86400.0), ("a", "milk", 3.2 * 86400),
         ("a", "milk", 3.9 * 86400), ("a", "seat-1", 0.0)]
    )  # fmt: skip
    table = gaps(lines.who, lines.what, lines.day, until=10.0)
    by_hand = Gaps()
    by_hand.add("milk", 1, 3, ended=True)
    by_hand.add("milk", 2, 7, ended=False)
    by_hand.add("milk", 1, 9, ended=False)
    by_hand.add("seat-1", 1, 10, ended=False)
    for name, found in zip(lines.names, table, strict=True):
        assert found.tolist() == by_hand.tables[name].tolist()


@pytest.mark.parametrize(("times", "group"), [(1, 0), (2, 1), (4, 2), (8, 3), (9, 4), (99, 4)])
def test_people_are_grouped_by_how_often_they_bought(times: int, group: int) -> None:
    assert stratum(times) == group


def test_each_thing_has_the_cycle_that_its_world_has() -> None:
    lines = lines_of(world(1) + [(f"p-{n}", "advent", (n % 20 + year * 365) * 86400.0)
                                 for n in range(100) for year in (0, 1)])  # fmt: skip
    cycles = learnt(lines, category_of).cycles()
    assert cycles.one_of_a_kind == {"Seats"}
    assert cycles.of["category:Seats"][0] == "durable"
    cycle, early, usual = cycles.of["milk"]
    assert cycle == "consumable"
    assert early <= 2.0, "a twentieth of the gaps of an exponential ends within half a day"
    assert 5.0 <= usual <= 10.0, "half of them within 7"
    assert cycles.of["advent"][0] == "seasonal"


def test_a_few_purchases_say_nothing() -> None:
    assert not learnt(lines_of(world(2, people=10)[-5:]), category_of).cycles().of
    assert classified(np.zeros((2, 5, len(EDGES)))) is None
    empty = learnt(lines_of([]), category_of)
    assert empty.cycles().of == {}


@pytest.mark.parametrize("calibrate", [True, False])
def test_what_is_said_comes_true(calibrate: bool) -> None:
    """1 - exp(-31/30) within a month, whatever happened before."""
    lines = lines_of([line for line in world(3, every=30.0) if line[1] == "milk"])
    known = lines.before(300)
    if calibrate:
        model = learnt(known, category_of)
    else:
        model = Repurchase(counted(known, category_of, 300.0), category_of)
    pairs = known.pairs()
    said = model.probabilities(pairs, 300.0)
    came = lines.bought(pairs, 300.0).sum()
    low, high = binom.interval(1 - 1e-6, len(said), said.mean())
    assert low <= came <= high
    assert said.mean() == pytest.approx(1 - np.exp(-31 / 30), abs=0.04)


def test_a_person_has_a_pace_of_their_own() -> None:
    """Half buy each of ten things once in 40 days, half once in 200: each half gets what it was
    told, more or less, but not by the curves alone, which know nobody."""
    rng = np.random.default_rng(9)
    found: list[Line] = []
    for person in range(600):
        every = 40.0 if person % 2 else 200.0
        for thing in range(10):
            bought = np.cumsum(rng.exponential(every, size=40))
            found += [(f"p-{person}", f"thing-{thing}", float(day) * 86400)
                      for day in bought[bought < 300]]  # fmt: skip
    lines = lines_of(found)
    known = lines.before(260)
    model, pairs = learnt(known, lambda _: ["Things"]), known.pairs()
    came = lines.bought(pairs, 260.0)
    people = list(dict.fromkeys(line[0] for line in found))
    quick = np.array([int(name[2:]) % 2 == 1 for name in people])[pairs.who]
    said = model.probabilities(pairs, 260.0)
    off = [abs(said[half].mean() / came[half].mean() - 1.0) for half in (quick, ~quick)]
    model.repeats = replace(model.repeats, weights=())
    alone = model.probabilities(pairs, 260.0)
    off_alone = [abs(alone[half].mean() / came[half].mean() - 1.0) for half in (quick, ~quick)]
    assert max(off) < 0.4
    assert max(off_alone) > 0.8, "the twin without the person's own rate"


def test_the_twin_that_forgets_who_never_came_back_is_caught() -> None:
    lines = lines_of([line for line in world(4) if line[1] != "milk"])
    fold = counted(lines, category_of, 400.0)
    honest = Repurchase(fold, category_of)
    sabotaged = Gaps({name: np.stack([table.sum(axis=0), table[1] * 0]) for name, table in
                      fold.tables.items()})  # fmt: skip
    pairs = lines.pairs()
    said = honest.probabilities(pairs, 400.0).mean()
    assert said < 0.05
    assert Repurchase(sabotaged, category_of).probabilities(pairs, 400.0).mean() > 0.2


def test_few_gaps_of_an_item_lean_on_its_category() -> None:
    fold = Gaps()
    for _ in range(400):
        fold.add("same:Dairy", 1, 7, ended=True)
        fold.add(ALL, 1, 100, ended=False)
    for _ in range(5):
        fold.add("milk", 1, 100, ended=False)
    model = Repurchase(fold, category_of)
    place = int(np.searchsorted(EDGES, 7.0))
    hazard = model.hazard("milk")[0, place]
    above, everybody = model.hazard("other milk")[0, place], Repurchase(fold, lambda _: ["Dairy"])
    assert above < hazard < everybody.hazard("other milk")[0, place]
