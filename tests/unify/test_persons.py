"""Who is it? Two people in one account are told apart, one person is not taken for two."""

import numpy as np
import pytest

from wager.domain.profiles import Use
from wager.unify.persons import Persons, chosen_by, persons, present

CARTOONS, THRILLERS, NEWS = (1, 2, 3), (11, 12, 13), (21, 22)


def uses(
    rng: np.random.Generator, *, parts: list[int], tastes: tuple[int, ...], device: str, count: int
) -> list[Use]:
    """Uses of one person with a habit."""
    return [
        Use(
            int(at), int(rng.choice(parts)), bool(rng.random() < 0.3), device,
            tuple(sorted(int(one) for one in rng.choice(tastes, 3))),
        )
        for at in rng.integers(0, 10_000, count)
    ]  # fmt: skip


def family(rng: np.random.Generator, devices: tuple[str, str]) -> list[Use]:
    child = uses(rng, parts=[4, 5], tastes=(*CARTOONS, *NEWS), device=devices[0], count=25)
    parent = uses(rng, parts=[6, 7], tastes=(*THRILLERS, *NEWS), device=devices[1], count=30)
    return child + parent


def found(rng: np.random.Generator, devices: tuple[str, str]) -> Persons:
    made = persons(family(rng, devices))
    assert made is not None
    return made


@pytest.mark.parametrize("devices", [("tablet", "phone"), ("tv", "tv"), ("", "")])
def test_two_people_with_their_habits_are_told_apart(devices: tuple[str, str]) -> None:
    made = found(np.random.default_rng(1), devices)
    assert sorted(made.uses.tolist()) == pytest.approx([25.0, 30.0], abs=3)


@pytest.mark.parametrize("devices", [("tablet", "phone"), ("tv", "tv")])
def test_who_is_there_is_recognised_by_the_hour_and_by_taste(devices: tuple[str, str]) -> None:
    made = found(np.random.default_rng(2), devices)
    at_four = present(made, part=4, weekend=False, device=None, tastes=CARTOONS)
    at_night = present(made, part=7, weekend=False, device=None, tastes=THRILLERS)
    assert max(at_four) > 0.9
    assert max(at_night) > 0.9
    assert at_four.index(max(at_four)) != at_night.index(max(at_night))


def test_what_speaks_for_both_leaves_it_open() -> None:
    made = found(np.random.default_rng(3), ("tv", "tv"))
    odds = present(made, part=1, weekend=False, device=None, tastes=())
    assert max(odds) < 0.75
    assert sum(odds) == pytest.approx(1.0)


def test_a_device_of_ones_own_tells_who_it_is() -> None:
    made = found(np.random.default_rng(4), ("tablet", "phone"))
    unknown = present(made, part=1, weekend=False, device="new", tastes=())
    known = present(made, part=1, weekend=False, device="phone", tastes=())
    assert max(unknown) < 0.75
    assert max(known) > 0.9


def test_too_few_uses_are_those_of_one_person() -> None:
    assert persons(family(np.random.default_rng(5), ("a", "b"))[:9]) is None


def test_one_person_is_seldom_taken_for_two() -> None:
    """In 300 worlds of one person on two devices at most 5 % are split; the sabotaged twin, who
    lets one of the devices have other habits, is split nearly always."""
    rng = np.random.default_rng(6)
    split = twin = 0
    for _ in range(300):
        one = uses(rng, parts=[2, 4, 6, 7], tastes=(*CARTOONS, *THRILLERS), device="", count=40)
        mixed = [
            Use(use.at, use.part, use.weekend, rng.choice(["a", "b"]), use.tastes) for use in one
        ]
        split += persons(mixed) is not None
        twin += persons(family(rng, ("a", "b"))) is not None
    assert split <= 15
    assert twin >= 285


def test_it_is_right_at_least_as_often_as_it_says_where_people_overlap() -> None:
    """Over 4,000 uses of 100 accounts; the sabotaged twin, who takes each for the other, is not."""
    rng = np.random.default_rng(7)
    said, right = [], []
    for _ in range(100):
        habits = [
            {"parts": [3, 4, 5, 6], "tastes": (1, 2, 3, 4, 5, 6), "device": "a"},
            {"parts": [5, 6, 7, 7], "tastes": (4, 5, 6, 7, 8, 9), "device": "b"},
        ]
        made = persons([use for one in habits for use in uses(rng, count=30, **one)])  # type: ignore[arg-type]
        if made is None:
            continue
        for number, habit in enumerate(habits):
            for use in uses(rng, count=20, **habit):  # type: ignore[arg-type]
                odds = present(
                    made, part=use.part, weekend=use.weekend, device=None, tastes=use.tastes[:1]
                )
                owner = int(np.argmax(made.devices["ab"[number]]))
                said.append(max(odds))
                right.append(odds.index(max(odds)) == owner)
    assert len(said) > 3_000
    assert np.mean(said) - 0.03 < np.mean(right) < np.mean(said) + 0.12
    assert np.mean(said) > 0.7
    assert 1.0 - np.mean(right) < np.mean(said) - 0.03


def test_a_choice_is_of_who_used_the_account_then_and_else_of_whose_taste_it_is() -> None:
    """The hour of one and the taste of the other: the hour counts more."""
    rng = np.random.default_rng(8)
    child = uses(rng, parts=[4], tastes=CARTOONS, device="a", count=25)
    parent = [
        Use(use.at + 20_000, 7, use.weekend, "b", use.tastes)
        for use in uses(rng, parts=[7], tastes=THRILLERS, device="b", count=25)
    ]
    made = persons(child + parent)
    assert made is not None
    mine = int(np.argmax(made.devices["a"]))
    choices = [(child[0].at, CARTOONS), (child[0].at, THRILLERS), (-1, CARTOONS), (-1, THRILLERS)]
    odds = chosen_by(made, choices)
    assert odds.sum(axis=1) == pytest.approx(1.0)
    assert odds[0, mine] > odds[1, mine] > 0.9
    assert odds[2, mine] > 0.8 > 0.2 > odds[3, mine]
