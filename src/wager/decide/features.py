"""What the payoff of a candidate is read from: one row of numbers for each, logged with the bet."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wager.decide.candidates import PURCHASE_HALF_LIFE_DAYS, Origin, Standing
from wager.domain.asking import DAY, Ask
from wager.domain.events import ORDERED

Floats = NDArray[np.float64]

FEATURES: tuple[str, ...] = (
    "everybody",
    "popular",
    "popularRate",
    "segment",
    "bought",
    "boughtOften",
    "boughtLately",
    "boughtOftenLately",
    "due",
    "partOfDay",
    "alsoBought",
    "cart",
    "affinity",
    "liked",
    "clicked",
    "ignored",
    "boughtShare",
)
WIDTH = len(FEATURES)
CONTEXT = frozenset(
    ("bought", "boughtOften", "boughtLately", "boughtOftenLately", "due", "partOfDay", "cart",
     "affinity", "liked", "clicked", "ignored", "boughtShare")
)  # fmt: skip

# What is believed before anything was seen: a share of 2 %, more for what speaks for an item.
PRIOR_MEAN: Floats = np.array(
    [0.01, 0.01, 0.2, 0.01, 0.02, 0.02, 0.01, 0.02, 0.01, 0.005, 0.01, 0.01, 0.01, 0.05, 0.02,
     -0.005, 0.3]
)  # fmt: skip
PRIOR_STRENGTH: Floats = np.full(WIDTH, 25.0)


_COLUMN = {name: column for column, name in enumerate(FEATURES)}
_NEVER = (-60.0, 0.0, 0.0, 0.0, 0.0)  # not bought: log2 of the decayed count, day, times, hour


def rows(ask: Ask, who: Standing, candidates: Sequence[tuple[str, Origin]]) -> Floats:
    """Features (candidates, WIDTH) of each candidate, in the order of `FEATURES`.

    They are rounded to the float32 that is logged: what was decided on is what is learnt from.
    Below the context level nothing of the person's own history is read; below the segment level
    nothing of the segment's.
    """
    x = np.zeros((len(candidates), WIDTH))
    names = [name for name, _ in candidates]
    rate = ask.snapshot.rates.each(names)
    x[:, 0] = 1.0
    x[:, 1] = np.log1p(1000.0 * rate) / 6.9
    x[:, 2] = np.minimum(rate * 5.0, 1.0)
    _strengths(candidates, "also-bought", x)
    if ask.level in ("segment", "context"):
        x[:, 3] = _segment_lift(ask, names, rate)
    if ask.level == "context":
        _history(ask, who, names, x)
        _strengths(candidates, "cart", x)
        _leaning(ask, who, names, x)
    return x.astype(np.float32).astype(np.float64)


def _strengths(candidates: Sequence[tuple[str, Origin]], source: str, x: Floats) -> None:
    """Log-likelihood ratios brought to about 0 to 1."""
    column = _COLUMN["alsoBought" if source == "also-bought" else source]
    for row, (_, origin) in enumerate(candidates):
        weight = origin.sources.get(source)
        if weight is not None and weight > 0:
            x[row, column] = math.log1p(weight) / 8.0


def _history(ask: Ask, who: Standing, names: Sequence[str], x: Floats) -> None:
    """How often and how lately the person bought each, and whether it fits the hour."""
    kept = who.history
    if not kept:
        return
    bought = np.array([kept.get(name, _NEVER) for name in names]).reshape(-1, 5)
    log_recent, day, times, cosine, sine = bought.T
    today = ask.timestamp / DAY
    days = np.maximum(today - day, 0.0)
    often = np.log1p(np.exp2(np.minimum(log_recent - today / PURCHASE_HALF_LIFE_DAYS, 10.0)))
    lately = np.exp(-days / 21.0)
    has = times > 0
    x[:, 4] = has
    x[:, 5] = often / 2.0 * has
    x[:, 6] = lately * has
    x[:, 7] = often * lately / 2.0 * has
    orders = ask.profile.counts.get(ORDERED)
    if orders is not None and orders.total > 0:
        share = np.minimum(times / orders.total, 1.0)
        interval = np.maximum(_known_days(ask) / np.maximum(times, 1.0), 0.5)
        x[:, 8] = np.where(times > 1, share * np.minimum(days / interval, 2.0) / 2.0, 0.0)
        x[:, 16] = share
    angle = ask.hour / 24.0 * 2.0 * math.pi
    fit = cosine * math.cos(angle) + sine * math.sin(angle)
    x[:, 9] = np.where(times > 1, fit * np.minimum(times / 5.0, 1.0), 0.0)


def _leaning(ask: Ask, who: Standing, names: Sequence[str], x: Floats) -> None:
    """Categories that the person leans to; what was liked, clicked or passed over."""
    leanings, items = who.leanings, ask.shelf.items
    if leanings:
        column = _COLUMN["affinity"]
        for row, name in enumerate(names):
            item = items.get(name)
            for category in item.categories if item is not None else ():
                weight = leanings.get(category)
                if weight is not None and weight > x[row, column]:
                    x[row, column] = weight
    liked, exposures = ask.profile.liked, ask.profile.exposures
    if not liked and not exposures:
        return
    for row, name in enumerate(names):
        if name in liked:
            x[row, _COLUMN["liked"]] = 1.0
        exposure = exposures.get(name)
        if exposure is not None:
            clicked = exposure.ignored == 0 and exposure.seen > 0
            x[row, _COLUMN["clicked"]] = 1.0 if clicked else 0.0
            x[row, _COLUMN["ignored"]] = math.log1p(exposure.ignored) / 3.0


def _known_days(ask: Ask) -> float:
    return max((ask.now - ask.profile.created_at).total_seconds() / DAY, 1.0)


def _segment_lift(ask: Ask, names: Sequence[str], rate: Floats) -> Floats:
    """The largest log ratio of a segment's rate over everybody's, smoothed, about -1 to 1."""
    best = np.zeros(len(names))
    for segment in ask.segments[:6]:
        inside = ask.snapshot.rates_in.get(segment)
        if inside is not None:
            lift = np.log((inside.each(names) + 1e-3) / (rate + 1e-3))
            best = np.where(np.abs(lift) > np.abs(best), lift, best)
    lifted: Floats = np.clip(best / 2.0, -1.0, 1.0) * np.minimum(rate * 50.0 + 0.2, 1.0)
    return lifted
