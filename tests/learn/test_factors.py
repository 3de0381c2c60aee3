"""Two kinds of people, each with their own shelf: what is learnt is known beforehand."""

from dataclasses import replace

import numpy as np
import pytest

from wager.domain.taste import Had, Taste, top
from wager.learn.factors import (
    History,
    Shape,
    each_person,
    goes_together,
    learn_taste,
    stays,
    supported,
)

PEOPLE, ITEMS = 120, 40
SHAPE = Shape(least_people=2, neighbours=ITEMS, penalty=5.0, shown=20)


def world(*, mixed: bool = False) -> History:
    """People of even number buy items of even number, the odd the odd; three in ten days, for
    a hundred days, what they like best (an eighth of the shelf) half of the time."""
    rng = np.random.default_rng(20261125)
    rows = []
    for person in range(PEOPLE):
        shelf = np.arange(ITEMS) if mixed else np.arange(person % 2, ITEMS, 2)
        best = rng.choice(shelf, max(len(shelf) // 8, 1), replace=False)
        rows += [
            (person, rng.choice(best if rng.random() < 0.5 else shelf), day)
            for day in rng.uniform(0, 100, 30)
        ]
    people, chosen, days = np.array(rows).T
    names = tuple(f"i-{n}" for n in range(ITEMS))
    return History(people.astype(int), chosen.astype(int), days, names)


def same_kind(taste: Taste, history: History) -> float:
    """The share of the five likeliest new items that are of the person's kind."""
    hits = []
    for person, had in each_person(history, 100.0).items():
        if len(had.items) <= ITEMS // 2 - 5:
            for name, _ in taste.similar(had, 5):
                hits.append(int(name[2:]) % 2 == person % 2)
    return float(np.mean(hits))


def test_new_items_are_of_the_persons_kind() -> None:
    history = world()
    early = history.kept(history.days < 30)
    assert same_kind(goes_together(early, SHAPE), early) == 1.0
    assert same_kind(learn_taste(history, SHAPE), early) > 0.95
    mixed = world(mixed=True)  # where there are no kinds, none is found
    assert 0.3 < same_kind(learn_taste(mixed, SHAPE), mixed.kept(mixed.days < 30)) < 0.7


def test_what_is_chosen_again_is_known_from_how_often_it_was() -> None:
    history = world()
    past, then = history.kept(history.days < 70), history.kept(history.days >= 70)
    later = {person: had.items for person, had in each_person(then, 100.0).items()}

    def found(taste: Taste) -> float:
        hits = [
            np.isin(top(taste.log_odds(had), 2), later[person]).mean()
            for person, had in each_person(past, 70.0).items()
            if person in later
        ]
        return float(np.mean(hits))

    taste = learn_taste(past, SHAPE)
    assert found(taste) > 0.8
    assert found(replace(taste, again=-taste.again)) < 0.6


def test_what_is_said_comes_true_as_often() -> None:
    history = world()
    taste = learn_taste(history, SHAPE)
    past, then = history.kept(history.days < 70), history.kept(history.days >= 70)
    later = {person: had.items for person, had in each_person(then, 100.0).items()}
    said, came = [], []
    for person, had in each_person(past, 70.0).items():
        odds = taste.log_odds(had)[had.items]
        said.append(1 / (1 + np.exp(-odds)))
        came.append(np.isin(had.items, later.get(person, [])))
    assert np.concatenate(said).mean() == pytest.approx(np.concatenate(came).mean(), abs=0.05)


def test_the_cut_rows_score_as_the_whole_matrix_does() -> None:
    history = world()
    taste = goes_together(history, SHAPE)
    whole = np.zeros((ITEMS, ITEMS))
    np.put_along_axis(whole, taste.others.astype(int), taste.weights, axis=1)
    for had in each_person(history, 100.0).values():
        x = np.zeros(ITEMS)
        x[had.items] = 0.25 + np.log1p(2.0 * had.recent)
        np.testing.assert_allclose(taste.scores(had), x @ whole, atol=1e-5)


def test_what_each_person_had() -> None:
    history = History(
        np.array([3, 3, 3, 1]), np.array([0, 0, 2, 1]), np.array([0.0, 60.0, 30.0, 5.0]),
        ("a", "b", "c"),
    )  # fmt: skip
    found = each_person(history, 60.0)
    assert found.keys() == {1, 3}
    had = found[3]
    assert had.items.tolist() == [0, 2]
    assert had.times.tolist() == [2.0, 1.0]
    assert had.recent.tolist() == [1.5, 2.0**-0.5]
    assert had.days.tolist() == [0.0, 30.0]


def test_support_is_of_people_and_the_widest_stay() -> None:
    history = History(
        np.array([0, 1, 2, 0, 1, 0, 0, 0]), np.array([0, 0, 0, 1, 1, 2, 2, 2]), np.arange(8.0),
        ("three", "two", "one"),
    )  # fmt: skip
    assert supported(history, Shape(least_people=2)).items == ("three", "two")
    assert supported(history, Shape(least_people=1, most_items=1)).items == ("three",)


def test_without_a_past_what_goes_together_is_all() -> None:
    history = world()
    late = history.kept(history.days > 80)
    taste = learn_taste(late, SHAPE)
    assert taste.fresh.tolist() == [1.0, 0.0] and not taste.appeal.any()
    assert same_kind(taste, late) == 1.0


def test_nobody_known_is_shown_nothing() -> None:
    taste = goes_together(world(), SHAPE)
    assert taste.similar(taste.had([("unheard of", 1.0, 1.0, 0.0)]), 5) == []
    had = taste.had([("i-0", 2.0, 1.0, 3.0), ("unheard of", 1.0, 1.0, 0.0)])
    assert had.items.tolist() == [0] and had.days.tolist() == [3.0]
    everything = Had(np.arange(ITEMS), np.ones(ITEMS), np.ones(ITEMS), np.zeros(ITEMS))
    assert taste.similar(everything, 5) == []


def test_the_list_is_of_the_likeliest_that_were_not_had() -> None:
    taste = learn_taste(world(), SHAPE)
    for had in each_person(world(), 100.0).values():
        odds = replace(taste, again=-taste.again).log_odds(had)  # none of what was had is read
        odds[had.items] = -np.inf
        best = np.sort(odds)[::-1][:5]
        said = [p for _, p in taste.similar(had, 5)]
        np.testing.assert_allclose(said, 1.0 / (1.0 + np.exp(-best)), rtol=1e-4)
        assert not {name for name, _ in taste.similar(had, 5)} & {f"i-{n}" for n in had.items}


def test_of_what_is_equal_the_first_is_on_top() -> None:
    assert top(np.array([1.0, 3.0, 2.0, 3.0, 2.0]), 3).tolist() == [1, 3, 2]
    assert top(np.array([1.0, 2.0]), 2).tolist() == [1, 0] and top(np.zeros(3), 0).tolist() == []


def test_what_people_stay_with_is_learnt() -> None:
    """All choose both items in the first month; later the even item alone is chosen again."""
    rng = np.random.default_rng(20261125)
    people = np.repeat(np.arange(100), 2)
    items = np.tile([0, 1], 100)
    early = History(people, items, rng.uniform(0, 25, 200), ("stays", "goes"))
    stayed = early.kept((items == 0) & (people < 60))
    history = History(
        np.concatenate([people, stayed.people]),
        np.concatenate([items, stayed.chosen]),
        np.concatenate([early.days, np.full(len(stayed.people), 50.0)]),
        early.items,
    )
    found = stays(history, 60.0)  # 60 of 200 chosen again; each leans on 20 people of that share
    np.testing.assert_allclose(np.exp(found), [(60 + 20 * 0.3) / 120, 20 * 0.3 / 120])
    assert not stays(early, 20.0).any()
