"""Quick sums of limited quantities equal the plain ones; times are exact."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from wager.stores.accounts import Account, Taken, in_window
from wager.stores.moments import micros, moment

TAKEN = st.tuples(st.integers(0, 50), st.integers(1, 8), st.booleans())


@given(st.lists(TAKEN, max_size=60), st.integers(-5, 60), st.integers(1, 60) | st.none())
def test_the_sum_of_a_window_is_the_sum_of_what_is_in_it(
    steps: list[tuple[int, int, bool]], at: int, window: int | None
) -> None:
    account, held = Account([]), dict[str, Taken]()
    for number, (when, amount, back) in enumerate(steps):
        change = Taken(f"r-{number}", when, float(amount))
        account.apply(change)
        held[change.reservation] = change
        if back:
            gone = sorted(held)[number % len(held)]
            account.apply(Taken(gone, held[gone].at, -held.pop(gone).amount))
    expected = sum(one.amount for one in held.values() if in_window(one, at, window))
    assert account.spent(at, window) == expected
    assert Account(list(held.values())).spent(at, window) == expected
    assert len(account) == len(held)


def test_giving_back_what_was_never_taken_changes_nothing() -> None:
    account = Account([Taken("a", 1, 2.0)])
    account.apply(Taken("b", 1, -2.0))
    assert account.spent(1, None) == 2.0


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_to_the_microsecond(at: datetime) -> None:
    assert moment(micros(at)) == at
