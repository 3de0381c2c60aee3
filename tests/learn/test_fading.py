"""Half-lives, learnt in worlds where habits last as long as it is known."""

import numpy as np
import pytest

from wager.learn.fading import ALL, GRID, Fading, evidence, fading, levels
from wager.learn.history import Lines


def world(seed: int, stays: dict[str, float], people: int = 500, days: int = 600) -> Lines:
    """Each category is bought about weekly while the person has the habit, which begins some time
    and is lost after so many days on average."""
    rng = np.random.default_rng(seed)
    who, what, day = [], [], []
    for person in range(people):
        for number, lasting in enumerate(stays.values()):
            end = (begin := float(rng.uniform(0, days))) + float(rng.exponential(lasting))
            bought = begin + np.cumsum(rng.exponential(7.0, size=120))
            bought = bought[bought < min(end, days)]
            who += [person] * len(bought)
            what += [number] * len(bought)
            day += bought.tolist()
    return Lines(np.array(who), np.array(what), np.array(day), list(stays))


def test_a_fashion_fades_sooner_than_a_habit_with_pauses() -> None:
    """What is lost within weeks says nothing after them; what is bought once in 200 days, on and
    off by some of the people only, says it for long."""
    quick = world(1, {"fashion": 40.0})
    rng = np.random.default_rng(2)
    who, day = [], []
    for person in range(0, 500, 2):
        bought = np.cumsum(rng.exponential(120.0, size=20))
        bought = bought[bought < 600]
        who += [person] * len(bought)
        day += bought.tolist()
    for person in range(1, 500, 2):
        who.append(person)
        day.append(float(rng.uniform(0, 600)))
    lines = Lines(
        np.append(quick.who, who), np.append(quick.what, np.ones(len(who), dtype=np.int64)),
        np.append(quick.day, day), ["fashion", "filters"],
    )  # fmt: skip
    found = fading(lines, lambda name: [name]).half_lives()
    assert found["fashion"] <= 14.0
    assert found["filters"] >= 90.0
    assert found["fashion"] <= found[ALL] <= found["filters"]


def test_the_twin_with_what_came_shuffled_prefers_nothing() -> None:
    fold = fading(world(3, {"fashion": 40.0}), lambda name: [name])
    table = fold.tables["fashion"]
    honest = evidence(table)
    rate = table[0, :, 1].sum() / table[0].sum()
    both = table.sum(axis=2, keepdims=True)
    shuffled = evidence(np.concatenate([both * (1 - rate), both * rate], axis=2))
    assert honest.max() - honest.min() > 100.0
    assert shuffled.max() - shuffled.min() < 60.0


def test_few_observations_lean_on_what_holds_for_all() -> None:
    fold = Fading()
    rng = np.random.default_rng(4)
    for _ in range(4000):
        days = float(rng.uniform(1, 90))
        fold.add(ALL, 1.0, days, again=bool(rng.uniform() < 2.0 ** (-days / 14.0)))
    for _ in range(250):
        days = float(rng.uniform(1, 90))
        fold.add("rare", 1.0, days, again=bool(rng.uniform() < 0.3))
    alone = Fading({ALL: fold.tables["rare"]}).half_lives()[ALL]
    found = fold.half_lives()
    assert abs(np.log(found["rare"] / found[ALL])) < abs(np.log(alone / found[ALL])) + 1e-9


def test_the_evidence_is_that_of_one_step_after_the_other() -> None:
    fold, came = Fading(), [True, False, False, True, True]
    said, yes = 0.0, 0
    for number, again in enumerate(came):
        p = (yes + 0.5) / (number + 1.0)
        said += np.log(p if again else 1.0 - p)
        yes += again
        fold.add("milk", 2.0, 0.0, again=again)
    assert evidence(fold.tables["milk"]) == pytest.approx([said] * len(GRID))


def test_too_little_says_nothing() -> None:
    assert Fading().half_lives() == {}
    none = np.zeros(0, dtype=np.int64)
    assert fading(Lines(none, none, np.zeros(0), []), lambda _: []).half_lives() == {}


def test_levels_fall_with_each_half_life() -> None:
    found = levels(np.array([1.0, 1.0]), np.array([0.0, 60.0]))
    assert (found[:, 0] - found[:, 1])[list(GRID).index(60.0)] == 2
