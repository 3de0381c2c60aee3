"""What learning hands to deciding: one snapshot of everything learnt so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wager.domain.alarms import Alarm
from wager.domain.moments import Cell, Curve, Fit
from wager.domain.taste import Taste

Floats = NDArray[np.float64]
Ranked = Sequence[tuple[str, float]]  # item id and its rate (share of baskets) or weight


Cycle = Literal["durable", "consumable", "seasonal", "subscription", "collectible"]


@dataclass(frozen=True, slots=True)
class Cycles:
    """How things are bought again, as it was learnt: by item id or `category:` and its name, the
    cycle, the days until it may be offered again, and those until half who buy again have done so;
    `one_of_a_kind` are the categories of which hardly anybody buys a second thing. `half_lives`
    (days) say by category how fast what was bought stops to tell what is bought next; "" for all
    others."""

    of: Mapping[str, tuple[Cycle, float, float]] = field(default_factory=dict)
    one_of_a_kind: frozenset[str] = frozenset()
    half_lives: Mapping[str, float] = field(default_factory=dict)


class Rates:
    """The share of baskets that hold each item, worked out when asked for; unknown items have 0."""

    __slots__ = ("_total", "_weights")

    def __init__(self, weights: Mapping[str, float] | None = None, total: float = 1.0) -> None:
        self._weights = weights or {}
        self._total = total

    def of(self, name: str) -> float:
        """One item's share."""
        return self._weights.get(name, 0.0) / self._total

    def __len__(self) -> int:
        return len(self._weights)


@dataclass(frozen=True, slots=True)
class Payoffs:
    """What was learnt for one placement: a regression over features, and cells that correct it.

    `mean` (d,) and `covariance` (d, d) are the posterior of the weights; `noise` is the variance
    of one reward; `fit` says what items bring by moment and group beyond that, `curve` what they
    do by the numbers that are told, where rewards are likelier with it; cells are keyed by profile
    and item. `looked` is how often each slot is looked at, the first being 1. Where bets
    may be `costly`, less than nothing can be expected of them.
    """

    mean: Floats
    covariance: Floats
    noise: float
    base: float
    usual: float = 0.05  # what a choice brings on the average, as far as that is known
    costly: bool = False
    honest: tuple[Floats, Floats] | None = None  # (points,) said, (points,) to be said instead
    people: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    fit: Fit | None = None
    curve: Curve | None = None
    looked: tuple[float, ...] = ()
    # new items that were hardly ever shown here, with their categories
    untried: Sequence[tuple[str, Sequence[str]]] = ()


class Trust(NamedTuple):
    """The share of the odds that a placement's bets get; how much of what they are said to gain is
    real (1 is all of it), its standard error, and from how many settled choices that is known; the
    same for people of each segment."""

    share: float
    real: float
    error: float
    choices: float
    segments: Mapping[str, "Trust"] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of all that was learnt; what a decision reads, and names in its answer.

    `crowd_rows` keeps features that follow from this version, by segments and item, `popular_of`
    what is popular of some kinds of items, with the shelf that it was looked up on; `harmed` names
    for each placement the segments that are better left alone.
    """

    version: str
    baskets: float = 0.0
    popular: Ranked = ()
    rates: Rates = field(default_factory=Rates)
    popular_in: Mapping[str, Ranked] = field(default_factory=dict)
    rates_in: Mapping[str, Rates] = field(default_factory=dict)
    also_bought: Mapping[str, Ranked] = field(default_factory=dict)
    taste: Taste = field(default_factory=Taste)
    payoffs: Mapping[str, Payoffs] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()
    cautious: frozenset[str] = frozenset()  # placements that fall back to the safe choice
    hedges: Mapping[str, Trust] = field(default_factory=dict)
    harmed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    crowd_rows: dict[tuple[str, ...], dict[str, bytes]] = field(default_factory=dict)
    popular_of: dict[tuple[str, ...], tuple[object, Sequence[tuple[str, float, str]]]] = field(
        default_factory=dict
    )
