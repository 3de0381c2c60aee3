"""What was taken of one limited quantity: sums over a window, quickly, in any order of times."""

import math
from bisect import bisect_right, insort
from datetime import datetime

import msgspec

from wager.errors import BadInput
from wager.stores.moments import micros

_SLACK = 1e-9  # of the limit: ten times 0.1 is not more than 1


class Taken(msgspec.Struct, frozen=True):
    """One change: `amount` taken by a reservation at a time, or given back where it is negative."""

    reservation: str
    at: int
    amount: float


class Account:
    """Reservations of one key, with running sums: the sum of a window is one subtraction.

    >>> account = Account([Taken("a", 10, 1.0), Taken("b", 20, 2.0)])
    >>> account.spent(20, None), account.spent(20, 10), account.spent(19, 10)
    (3.0, 2.0, 1.0)
    """

    def __init__(self, entries: list[Taken]) -> None:
        self.entries = {entry.reservation: entry for entry in entries}
        self._times = sorted((entry.at, entry.reservation) for entry in entries)
        self._sums: list[float] = []
        self._sum_from(0)

    def __len__(self) -> int:
        return len(self.entries)

    def apply(self, change: Taken) -> None:
        """Take, or give back what the reservation took."""
        if change.amount >= 0:
            self.entries[change.reservation] = change
            entry = (change.at, change.reservation)
            insort(self._times, entry)
            self._sum_from(bisect_right(self._times, entry) - 1)
            return
        taken = self.entries.pop(change.reservation, None)
        if taken is not None:
            place = bisect_right(self._times, (taken.at, taken.reservation)) - 1
            del self._times[place]
            self._sum_from(place)

    def spent(self, at: int, window: int | None) -> float:
        """What was taken in the window that ends at `at` (without its first instant), or ever."""
        if window is None:
            return self._sums[-1] if self._sums else 0.0
        return self._until(at) - self._until(at - window)

    def _until(self, at: int) -> float:
        place = bisect_right(self._times, at, key=_time)
        return self._sums[place - 1] if place else 0.0

    def _sum_from(self, place: int) -> None:
        """Running sums from one place on; the end is where reservations come in."""
        del self._sums[place:]
        total = self._sums[-1] if self._sums else 0.0
        for _, reservation in self._times[place:]:
            total += self.entries[reservation].amount
            self._sums.append(total)


def _time(entry: tuple[int, str]) -> int:
    return entry[0]


def checked(amount: float) -> float:
    """An amount that can be taken."""
    if not 0 < amount < math.inf:
        raise BadInput(f"{amount} cannot be reserved; an amount is a number above 0")
    return amount


def in_window(change: Taken, at: int, window: int | None) -> bool:
    return window is None or at - window < change.at <= at


def fits(spent: float, amount: float, limit: float) -> bool:
    """Whether that much more may be taken."""
    return spent + amount <= limit + _SLACK * max(1.0, abs(limit))


def window_of(window_seconds: float | None) -> int | None:
    return None if window_seconds is None else round(window_seconds * 1_000_000)


def until(at: datetime, window_seconds: float | None) -> int | None:
    """From when on a reservation counts in no window; None for ever."""
    window = window_of(window_seconds)
    return None if window is None else micros(at) + window
