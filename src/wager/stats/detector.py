"""When did it change: a sequential test whose false alarms are rare however long one looks."""

from collections.abc import Sequence
from math import exp, inf
from typing import NamedTuple


class Episode(NamedTuple):
    """A change: the steps where it began, was noticed, and was over (None: it still holds)."""

    began: int
    noticed: int
    over: int | None


def episodes(
    change: Sequence[Sequence[float]], back: Sequence[Sequence[float]], *,
    rarely: float, surely: float,
) -> list[Episode]:  # fmt: skip
    """Changes in a sequence of steps, each seen in the light of several log e-values.

    `change` (steps, bets) holds for each step the logarithm of e-values against "nothing changed"
    (of mean 1 at most, as long as that is so), `back` against "it is still changed". An alarm is
    raised when the Shiryaev-Roberts sum M = (M + 1) e, the mean over the bets, reaches `rarely`:
    without a change that takes at least `rarely` steps on average. It is lifted when the same sum
    over `back` reaches `surely`. A change began where the evidence last rose from nothing.

    >>> up = [[-0.1]] * 5 + [[3.0]] * 5
    >>> episodes(up, [[0.0]] * 10, rarely=1000.0, surely=100.0)
    [Episode(began=5, noticed=6, over=None)]

    References: Shin, Ramdas, Rinaldo (2023), E-detectors; Roberts (1966); Page (1954).
    """
    found: list[Episode] = []
    start = 0
    while start < len(change):
        raised = _reached(change, start, rarely)
        if raised is None:
            break
        began, noticed = raised
        lifted = _reached(back, noticed + 1, surely)
        found.append(Episode(began, noticed, None if lifted is None else lifted[1]))
        start = len(change) if lifted is None else lifted[1] + 1
    return found


def _reached(
    evidence: Sequence[Sequence[float]], start: int, threshold: float
) -> tuple[int, int] | None:
    """(where the strongest evidence last rose from nothing, where the sum reached the threshold)"""
    width = len(evidence[0]) if evidence else 0
    sums, rise, began = [0.0] * width, [0.0] * width, [start] * width
    for step in range(start, len(evidence)):
        for bet, log_e in enumerate(evidence[step]):
            sums[bet] = (sums[bet] + 1.0) * exp(min(log_e, 500.0)) if sums[bet] < inf else inf
            rise[bet] += log_e
            if rise[bet] <= 0.0:
                rise[bet], began[bet] = 0.0, step + 1
        if sum(sums) / width >= threshold:
            strongest = max(range(width), key=rise.__getitem__)
            return min(began[strongest], step), step
    return None
