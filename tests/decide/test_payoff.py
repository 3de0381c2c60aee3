"""The ladder of corrections: by item, by segment, by person, each shrunk towards the one above."""

import msgspec
import numpy as np
import pytest

from wager.decide.features import WIDTH
from wager.decide.payoff import ITEM_STRENGTH, PERSON_STRENGTH, nothing_learnt, worth
from wager.domain.models import Cell, Payoffs


def learnt(
    items: dict[str, Cell],
    people: dict[str, dict[str, Cell]] | None = None,
    segments: dict[str, dict[str, Cell]] | None = None,
) -> Payoffs:
    prior = nothing_learnt()
    return Payoffs(
        mean=prior.mean, covariance=prior.covariance, noise=0.05, base=0.02,
        items=items, people=people or {}, segments=segments or {},
    )  # fmt: skip


def rows(count: int) -> np.ndarray:
    x = np.zeros((count, WIDTH))
    x[:, 0] = 1.0
    return x


def test_the_unknown_is_worth_what_the_regression_says_and_less_sure() -> None:
    known = learnt({"a": [10_000.0, 0.0, 0.0]})
    found = worth(rows(2), ["a", "b"], known, "p", ())
    assert found.mean[1] == found.said[1]
    assert found.deviation[1] > found.deviation[0]


def test_an_item_that_brings_more_than_was_said_is_corrected_and_shrunk() -> None:
    shown, reward, said = 400.0, 60.0, 20.0
    found = worth(rows(1), ["a"], learnt({"a": [shown, reward, said]}), "p", ())
    assert found.corrections[0, 0] == pytest.approx((reward - said) / (shown + ITEM_STRENGTH))
    assert found.mean[0] == pytest.approx(found.said[0] + found.corrections[0].sum())


def test_a_person_is_corrected_by_what_the_item_leaves_unsaid() -> None:
    item: Cell = [400.0, 60.0, 20.0]
    found = worth(rows(1), ["a"], learnt({"a": item}, {"p": {"a": [10.0, 9.0, 0.5]}}), "p", ())
    above = found.corrections[0, 0]
    assert found.corrections[0, 2] == pytest.approx(
        (9.0 - 0.5 - 10.0 * above) / (10.0 + PERSON_STRENGTH)
    )
    other = worth(rows(1), ["a"], learnt({"a": item}, {"p": {"a": [10.0, 9.0, 0.5]}}), "q", ())
    assert other.mean[0] < found.mean[0]


def test_the_segment_that_knows_most_of_an_item_speaks() -> None:
    segments: dict[str, dict[str, Cell]] = {
        "few": {"a": [5.0, 5.0, 0.1]}, "many": {"a": [900.0, 0.0, 18.0]},
    }  # fmt: skip
    known = learnt({"a": [905.0, 18.1, 18.1]}, segments=segments)
    found = worth(rows(1), ["a"], known, "p", ("few", "many"))
    assert found.corrections[0, 1] < 0


def test_nothing_has_no_record() -> None:
    assert worth(rows(1), [None], learnt({}), "p", ()).corrections.sum() == 0


def test_structs_of_the_log_hold_plain_numbers() -> None:
    found = worth(rows(1), ["a"], learnt({}), "p", ())
    assert msgspec.json.encode(found.mean.tolist())
