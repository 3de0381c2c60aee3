"""The slate draws what the odds say, and the logged propensity is what it drew from."""

import numpy as np
import pytest
from scipy.stats import chisquare

from wager.decide.slate import Odds, draw

KEY = b"a key of the store"


def fixed(odds: np.ndarray) -> Odds:
    """Odds that are scaled to what is left."""
    return lambda left: odds * left / (odds * left).sum()


ROUNDS = 20_000


def first_choices(odds: np.ndarray, salt: str) -> np.ndarray:
    counts = np.zeros(len(odds))
    for number in range(ROUNDS):
        row, _ = draw(fixed(odds), [None] * len(odds), 1, key=KEY, decision_id=f"{salt}-{number}")[
            0
        ]
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
        (one, p), (two, q) = draw(fixed(odds), [None] * 3, 2, key=KEY, decision_id=f"pair-{number}")
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
                fixed(odds), ["shirt", "shirt", None], 3, key=KEY, decision_id=str(number)
            )
        ]
        assert len(rows) == 2
        assert 2 in rows


def test_same_decision_same_answer_and_other_key_other_answers() -> None:
    odds = np.full(10, 0.1)
    one = [draw(fixed(odds), [None] * 10, 3, key=KEY, decision_id=str(n)) for n in range(50)]
    again = [draw(fixed(odds), [None] * 10, 3, key=KEY, decision_id=str(n)) for n in range(50)]
    other = [
        draw(fixed(odds), [None] * 10, 3, key=b"another", decision_id=str(n)) for n in range(50)
    ]
    assert one == again
    assert one != other


def test_more_slots_than_candidates_fills_what_there_is() -> None:
    assert len(draw(fixed(np.array([0.5, 0.5])), [None, None], 6, key=KEY, decision_id="few")) == 2
