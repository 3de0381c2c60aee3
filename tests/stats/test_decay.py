"""Fading sums: units move exactly, and nothing outgrows a number, in whatever century."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.stats.decay import STEP, half_lives, in_one_unit, weigh, weight_now


class Sum:
    """The smallest fold of its kind."""

    def __init__(self) -> None:
        self.unit: int | None = None
        self.total = 0.0

    def add(self, at: float) -> None:
        weight = weigh(self, at)  # first: it may rescale the total
        self.total += weight

    def rescale(self, share: float) -> None:
        self.total *= share

    def share(self, at: float) -> float:
        """The whole, beside a piece of that moment."""
        return self.total / weight_now(self, at)


def at(year: int, days: float = 0.0) -> float:
    """In half-lives of one day."""
    return half_lives(datetime(year, 1, 1, tzinfo=UTC).timestamp() + 86400.0 * days, 1.0)


def test_half_lives_count_from_2020() -> None:
    assert at(2020) == 0.0
    assert at(2020, 60.0) == 60.0
    assert at(2019) == -365.0


@pytest.mark.parametrize("year", [1970, 2031, 2060, 9999])
def test_a_day_halves_a_weight_in_whatever_year(year: int) -> None:
    fold = Sum()
    for day in range(3):
        fold.add(at(year, day))
    assert fold.share(at(year, 2)) == pytest.approx(1.75)


def test_what_is_sixty_years_old_is_forgotten_and_no_number_is_outgrown() -> None:
    fold = Sum()
    for year in range(1970, 2060):
        fold.add(at(year))
    assert fold.share(at(2059)) == 1.0
    assert 1.0 <= fold.total < 2.0 ** (STEP + 1)
    assert fold.share(at(9999)) < 1e-200


@given(st.lists(st.floats(-20_000.0, 20_000.0), max_size=8))
def test_the_order_does_not_matter(times: list[float]) -> None:
    one, other = Sum(), Sum()
    for each in times:
        one.add(each)
    for each in sorted(times):
        other.add(each)
    assert one.unit == other.unit
    assert one.total == pytest.approx(other.total)


def test_an_empty_fold_has_no_unit_of_its_own() -> None:
    old, empty, new = Sum(), Sum(), Sum()
    old.add(-3.0 * STEP)
    new.add(2.0 * STEP)
    assert in_one_unit(empty, empty) == (None, 1.0, 1.0)
    assert in_one_unit(old, empty) == (-3 * STEP, 1.0, 1.0)
    assert in_one_unit(empty, old) == (-3 * STEP, 1.0, 1.0)
    assert in_one_unit(old, new) == (2 * STEP, 0.0, 1.0)
