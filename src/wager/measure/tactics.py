"""Which tactics work: what showing an item for a reason brings beyond showing one without it."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np

from wager.domain.decisions import Decision
from wager.domain.definitions import LEVELS
from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.domain.settlement import Result
from wager.measure.comparison import ALPHA, half_width
from wager.measure.overview import HOUR

DAY = 24 * HOUR
LEAST_OVERLAP = 1e-9
NEEDED_EFFECTIVE = 200  # bets that could as well have gone the other way, by their weights
NEEDED_WON = 10
INSTEAD, LEAST_ODDS = "instead", 0.01  # of an item, and of the safe choice, to compare them
NOT_TACTICS = ("everybody", "said")
METHOD = "overlap weights of the logged odds, asymptotic confidence sequence"


class Seen(NamedTuple):
    """One tactic in the first slot of a settled bet: the odds that an item with it was drawn,
    whether one was, and the reward less what was expected of the slot."""

    tactic: str
    odds: float
    drawn: bool
    surplus: float
    won: bool
    day: int  # since 1970 in UTC


class Sums(msgspec.Struct, array_like=True):
    """With z = (drawn - odds) surplus and h = odds (1 - odds), sums over bets."""

    bets: int = 0
    drawn: int = 0
    won: int = 0
    z: float = 0.0
    h: float = 0.0
    zz: float = 0.0
    zh: float = 0.0
    hh: float = 0.0

    def add(self, other: "Sums", sign: int = 1) -> None:
        """Both together, or with sign -1 one without the other."""
        self.bets += sign * other.bets
        self.drawn += sign * other.drawn
        self.won += sign * other.won
        self.z += sign * other.z
        self.h += sign * other.h
        self.zz += sign * other.zz
        self.zh += sign * other.zh
        self.hh += sign * other.hh


class Days(NamedTuple):
    """The first and the last day of a tactic, since 1970 in UTC."""

    first: int
    last: int


class Tactics:
    """The fold over settled bets of one placement and goal: sums and days by tactic.

    The lift of a tactic is sum z / sum h. Given the past z - h lift is 0 on average in every bet,
    because the draw was by the logged odds: so it is what the tactic caused, over the bets that
    could have gone either way, each weighted by how evenly.

    References: Li, Morgan, Zaslavsky (2018), Balancing covariates via propensity score weighting,
    JASA 113(521); the interval as in `comparison.lift`.
    """

    __slots__ = ("days", "sums")

    def __init__(self) -> None:
        self.sums: dict[str, Sums] = {}
        self.days: dict[str, Days] = {}

    def add(self, seen: Seen, sign: int = 1) -> None:
        """Count one tactic of a bet, or with sign -1 take it back."""
        z, h = (seen.drawn - seen.odds) * seen.surplus, seen.odds * (1.0 - seen.odds)
        new = Sums(1, int(seen.drawn), int(seen.won), z, h, z * z, z * h, h * h)
        self._join(seen.tactic, new, seen.day, seen.day, sign)

    def merge(self, other: "Tactics") -> "Tactics":
        """Both sides together."""
        both = Tactics()
        for side in (self, other):
            for tactic, sums in side.sums.items():
                both._join(tactic, sums, *side.days[tactic])
        return both

    def _join(self, tactic: str, more: Sums, first: int, last: int, sign: int = 1) -> None:
        self.sums.setdefault(tactic, Sums()).add(more, sign)
        known = self.days.get(tactic)
        if known is None or first < known.first or last > known.last:
            before = known or Days(first, last)
            self.days[tactic] = Days(min(first, before.first), max(last, before.last))


def seen_in(decision: Decision, result: Result) -> list[Seen]:
    """The tactics of a settled bet: the levels of its candidates, and each feature above 0.

    Only of the first slot, and only where the logged odds are those of its draw: where a term of
    the placement has chosen, nothing is.
    """
    if decision.holdout or decision.silence is not None or not decision.choices:
        return []
    choice, candidates = decision.choices[0], decision.candidates
    row = next((n for n, one in enumerate(candidates) if one.item_id == choice.item_id), None)
    if row is None or candidates[row].propensity != choice.propensity:
        return []
    odds = np.array([one.propensity for one in candidates])
    if abs(odds.sum() - 1.0) > 1e-6:
        return []
    reward = result.rewards.get(choice.slot, 0.0)
    said = float(odds @ np.array([one.expected_reward for one in candidates]))
    names, has = _flags(decision)
    chances = np.clip(odds @ has, 0.0, 1.0)
    day, surplus = int(decision.at.timestamp()) // DAY, reward - said
    tactics = [
        Seen(names[at], chance, bool(has[row, at]), surplus, reward > 0, day)
        for at, chance in enumerate(chances.tolist())
        if chance * (1.0 - chance) > LEAST_OVERLAP
    ]
    for name, chance, drawn in _instead(decision, row, odds.tolist()):
        tactics.append(Seen(name, chance, drawn, surplus, reward > 0, day))
    return tactics


def instead_of(item_id: str, default: str) -> str:
    """In place of a tactic: an item shown instead of the first of the safe choice."""
    return f"{INSTEAD}/{default}\n{item_id}"


def pair_in(name: str) -> tuple[str, str] | None:
    """The item and the safe choice that are named in place of a tactic.

    >>> pair_in(instead_of("p-4", "p-9")), pair_in("feature/due")
    (('p-4', 'p-9'), None)
    """
    kind, _, pair = name.partition("/")
    default, _, item_id = pair.partition("\n")
    return (item_id, default) if kind == INSTEAD else None


def _instead(
    decision: Decision, row: int, odds: Sequence[float]
) -> Iterator[tuple[str, float, bool]]:
    """Where it was an item or the safe choice that was drawn: the odds that, of these two, it was
    the item, and whether it was."""
    names = [one.item_id for one in decision.candidates]
    safe = None if decision.default is None else decision.default.item_id
    at = names.index(safe) if safe is not None and safe in names else -1
    if safe is None or at < 0 or odds[at] < LEAST_ODDS:
        return
    for other in range(len(odds)) if row == at else (row,):
        name = names[other]
        if other != at and name is not None and odds[other] >= LEAST_ODDS:
            yield instead_of(name, safe), odds[other] / (odds[other] + odds[at]), row == other


def lift_of(sums: Sums, among: int = 1) -> Verdict:
    """What a showing with the tactic brings beyond one without it, in the goal's unit; the interval
    holds for all `among` so many at once (Bonferroni).

    >>> lift_of(Sums())
    NotEnough(needed=200, seen=0, what='bets that could have gone either way')
    """
    effective = sums.h**2 / sums.hh if sums.hh > 0.0 else 0.0
    if effective < NEEDED_EFFECTIVE:
        what = "bets that could have gone either way"
        return NotEnough(needed=NEEDED_EFFECTIVE, seen=int(effective), what=what)
    if sums.won < NEEDED_WON:
        return NotEnough(needed=NEEDED_WON, seen=sums.won, what="won")
    value = sums.z / sums.h
    spread = (sums.zz - 2.0 * value * sums.zh + value * value * sums.hh) / sums.h**2
    if not spread > 0.0 or not math.isfinite(spread):
        return NotEnough(needed=2, seen=1, what="different results")
    half = half_width(spread, spread * effective, ALPHA / among)
    return Estimate(
        value=value, low=value - half, high=value + half, count=sums.bets, method=METHOD
    )


def _flags(
    decision: Decision,
) -> tuple[tuple[str, ...], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """The names of tactics, and for each candidate (row) whether each is true of it (column)."""
    levels, width = [LEVELS.index(one.level) for one in decision.candidates], len(LEVELS)
    names = _names(decision.feature_names)
    has = np.zeros((len(levels), len(names)))
    has[range(len(levels)), levels] = 1.0
    none = bytes(4 * len(decision.feature_names))  # "nothing" has no features
    rows = [one.features if len(one.features) == len(none) else none for one in decision.candidates]
    table = np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), len(names) - width)
    has[:, width:] = table > 0.0
    has[:, [at for at, name in enumerate(names) if not name]] = 0.0
    return names, has


@cache
def _names(features: tuple[str, ...]) -> tuple[str, ...]:
    """Of the columns; empty for what is no tactic."""
    of_features = ("" if one in NOT_TACTICS else f"feature/{one}" for one in features)
    return (*(f"level/{one}" for one in LEVELS), *of_features)
