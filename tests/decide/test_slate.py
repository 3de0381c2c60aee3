"""The slate draws what the odds say, and the logged propensity is what it drew from."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from wager.decide.slate import Groups, Odds, Terms, draw

KEY = b"a key of the store"


def fixed(odds: np.ndarray) -> Odds:
    """Odds that are scaled to what is left."""
    return lambda left: odds * left / (odds * left).sum()


ROUNDS = 20_000


def first_choices(odds: np.ndarray, salt: str) -> np.ndarray:
    counts = np.zeros(len(odds))
    for number in range(ROUNDS):
        row, _ = draw(
            fixed(odds), [()] * len(odds), 1, key=KEY, decision_id=f"{salt}-{number}"
        ).choices[0]
        counts[row] += 1
    return counts


def test_first_slot_is_drawn_from_the_odds() -> None:
    odds = np.array([0.5, 0.3, 0.15, 0.05])
    assert chisquare(first_choices(odds, "honest"), odds * ROUNDS).pvalue > 1e-6


def test_a_draw_from_other_odds_is_noticed() -> None:
    odds = np.array([0.5, 0.3, 0.15, 0.05])
    said = np.array([0.45, 0.35, 0.15, 0.05])
    assert chisquare(first_choices(odds, "sabotaged"), said * ROUNDS).pvalue < 1e-6


def test_second_slot_has_the_propensity_of_what_was_left() -> None:
    odds = np.array([0.6, 0.3, 0.1])
    pairs: dict[tuple[int, int], int] = {}
    said: dict[tuple[int, int], float] = {}
    for number in range(ROUNDS):
        (one, p), (two, q) = draw(
            fixed(odds), [()] * 3, 2, key=KEY, decision_id=f"pair-{number}"
        ).choices
        pairs[one, two] = pairs.get((one, two), 0) + 1
        said[one, two] = p * q
    keys = sorted(said)
    assert sum(said.values()) == pytest.approx(1.0)
    expected = [said[key] * ROUNDS for key in keys]
    assert chisquare([pairs[key] for key in keys], expected).pvalue > 1e-6


def test_variants_of_one_item_are_shown_once() -> None:
    odds = np.array([0.4, 0.4, 0.2])
    for number in range(200):
        rows = [
            row
            for row, _ in draw(
                fixed(odds),
                [("variant:shirt",), ("variant:shirt",), ()],
                3,
                key=KEY,
                decision_id=str(number),
            ).choices
        ]
        assert len(rows) == 2
        assert 2 in rows


def test_same_decision_same_answer_and_other_key_other_answers() -> None:
    odds = np.full(10, 0.1)

    def slates(key: bytes) -> list[list[tuple[int, float]]]:
        return [
            draw(fixed(odds), [()] * 10, 3, key=key, decision_id=str(n)).choices for n in range(50)
        ]

    one, again, other = slates(KEY), slates(KEY), slates(b"another")
    assert one == again
    assert one != other


def test_more_slots_than_candidates_fills_what_there_is() -> None:
    few = draw(fixed(np.array([0.5, 0.5])), [(), ()], 6, key=KEY, decision_id="few")
    assert len(few.choices) == 2


def terms_world() -> tuple[np.ndarray, list[Groups], Terms]:
    """Four candidates: 0 and 1 share a maker of whom one may be shown, 3 comes first or 2."""
    odds = np.array([0.4, 0.3, 0.2, 0.1])
    groups: list[Groups] = [("creator:x",), ("creator:x",), (), ()]
    return odds, groups, Terms({"creator": 1}, (), [np.array([False, False, True, True])])


def falls(said_wrong: bool) -> float:
    """How well what fell over three slots fits the product of the propensities that were logged;
    wrong: as if the first slot had been drawn from all."""
    odds, groups, terms = terms_world()
    fallen: Counter[tuple[int, ...]] = Counter()
    said: dict[tuple[int, ...], float] = {}
    for number in range(ROUNDS):
        made = draw(fixed(odds), groups, 3, key=KEY, decision_id=f"terms-{number}", terms=terms)
        rows = tuple(row for row, _ in made.choices)
        fallen[rows] += 1
        said[rows] = float(np.prod([chance for _, chance in made.choices]))
        assert len({0, 1} & set(rows)) == 1
        assert rows[0] in (2, 3)
        assert made.odds[[2, 3]] == pytest.approx([2 / 3, 1 / 3])
    assert sum(said.values()) == pytest.approx(1.0)
    if said_wrong:
        said = {rows: chance * (0.4 if rows[0] == 3 else 1.3) for rows, chance in said.items()}
    keys, total = sorted(said), sum(said.values())
    expected = [said[key] / total * ROUNDS for key in keys]
    return float(chisquare([fallen[key] for key in keys], expected).pvalue)


def test_within_terms_the_propensity_is_that_of_the_draw() -> None:
    assert falls(said_wrong=False) > 1e-6
    assert falls(said_wrong=True) < 1e-6


def test_what_is_on_the_page_takes_room() -> None:
    odds, groups, terms = terms_world()
    on_page = replace(terms, shown=[("creator:x",)])
    for number in range(50):
        made = draw(fixed(odds), groups, 4, key=KEY, decision_id=str(number), terms=on_page)
        assert {row for row, _ in made.choices} == {2, 3}
        assert made.odds[[0, 1]].tolist() == [0.0, 0.0]
    full = replace(terms, shown=[("creator:x",)], first=())
    assert draw(fixed(odds[:2]), groups[:2], 4, key=KEY, decision_id="f", terms=full).choices == []


def test_who_comes_first_is_passed_over_where_it_is_there_or_cannot_be() -> None:
    odds, groups, terms = terms_world()
    only = [np.array([False, False, False, True]), np.array([False, False, True, True])]
    made = draw(fixed(odds), groups, 3, key=KEY, decision_id="d", terms=replace(terms, first=only))
    assert made.choices[0] == (3, 1.0)
    assert made.choices[1][1] < 1.0  # the second is met by the first choice: drawn from all
