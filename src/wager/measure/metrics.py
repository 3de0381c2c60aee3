"""Rewards summed for each profile, because a profile and not a decision is what chance deals in."""

from collections.abc import Iterable

import msgspec


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """All that an interval needs to know of one group of profiles.

    With n_i decisions and the reward s_i of profile i: `total` is sum s_i, `squares` the sum of
    squared rewards of single decisions, `totals_squared` sum s_i^2, `products` sum n_i s_i,
    `decisions_squared` sum n_i^2. `rewarded` counts the decisions that brought anything.
    """

    profiles: int = 0
    decisions: int = 0
    rewarded: int = 0
    total: float = 0.0
    squares: float = 0.0
    totals_squared: float = 0.0
    products: float = 0.0
    decisions_squared: int = 0


Cell = tuple[int, int, float, float]  # one profile's decisions, wins, reward, squared rewards
NOTHING: Cell = (0, 0, 0.0, 0.0)


class Rewards:
    """The fold over one group of settled decisions: cells by profile, and their sums.

    >>> rewards = Rewards()
    >>> rewards.add("ada", 2.0, won=True)
    >>> rewards.add("ada", 0.0, won=False)
    >>> rewards.rewards().total, rewards.wins().total, rewards.wins().profiles
    (2.0, 1, 1)
    """

    __slots__ = (
        "_decisions_squared",
        "_products",
        "_totals_squared",
        "_win_products",
        "_wins_squared",
        "cells",
        "sums",
    )

    def __init__(self, cells: Iterable[tuple[str, Cell]] = ()) -> None:
        self.cells: dict[str, Cell] = {}
        self.sums: Cell = NOTHING
        self._decisions_squared = self._wins_squared = self._win_products = 0
        self._totals_squared = self._products = 0.0
        for profile_id, cell in cells:
            self._change(profile_id, cell)

    def add(self, profile_id: str, reward: float, *, won: bool) -> None:
        """One settled decision."""
        self._change(profile_id, (1, int(won), reward, reward * reward))

    def remove(self, profile_id: str, reward: float, *, won: bool) -> None:
        """Take back what `add` counted, because what came of the decision has changed."""
        self._change(profile_id, (-1, -int(won), -reward, -reward * reward))

    def leave(self, profile_id: str) -> Cell | None:
        """Take a profile out with all its decisions."""
        cell = self.cells.get(profile_id)
        if cell is not None:
            self._change(profile_id, (-cell[0], -cell[1], -cell[2], -cell[3]))
            self.cells.pop(profile_id, None)
        return cell

    def join(self, profile_id: str, cell: Cell) -> None:
        """Add a cell that was another's: two profiles have become one."""
        self._change(profile_id, cell)

    def merge(self, other: "Rewards") -> "Rewards":
        """Both sides together, as if one had seen all decisions."""
        return Rewards([*self.cells.items(), *other.cells.items()])

    def rewards(self) -> Group:
        """The group, each decision counting what it brought."""
        decisions, won, reward, squares = self.sums
        return Group(
            profiles=len(self.cells),
            decisions=decisions,
            rewarded=won,
            total=reward,
            squares=squares,
            totals_squared=self._totals_squared,
            products=self._products,
            decisions_squared=self._decisions_squared,
        )

    def wins(self) -> Group:
        """The group, each decision counting 1 if it was won and 0 if not."""
        decisions, won, _, _ = self.sums
        return Group(
            profiles=len(self.cells),
            decisions=decisions,
            rewarded=won,
            total=won,
            squares=won,
            totals_squared=self._wins_squared,
            products=self._win_products,
            decisions_squared=self._decisions_squared,
        )

    def _change(self, profile_id: str, by: Cell) -> None:
        n, w, s, q = before = self.cells.get(profile_id, NOTHING)
        after = (n + by[0], w + by[1], s + by[2], q + by[3])
        if after[0] or after[1]:
            self.cells[profile_id] = after
        elif before is not NOTHING:
            del self.cells[profile_id]
        n1, w1, s1, _ = after
        sums = self.sums
        self.sums = (sums[0] + by[0], sums[1] + by[1], sums[2] + by[2], sums[3] + by[3])
        self._decisions_squared += n1 * n1 - n * n
        self._wins_squared += w1 * w1 - w * w
        self._win_products += n1 * w1 - n * w
        self._totals_squared += s1 * s1 - s * s
        self._products += n1 * s1 - n * s
