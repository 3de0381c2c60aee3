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

    Below the context level nothing of the person's own history is read; below the segment level
    nothing of the segment's.
    """
    x = np.zeros((len(candidates), WIDTH))
    get = ask.snapshot.rates.get
    rate = np.array([get(name, 0.0) for name, _ in candidates])
    x[:, 0] = 1.0
    x[:, 1] = np.log1p(1000.0 * rate) / 6.9
    x[:, 2] = np.minimum(rate * 5.0, 1.0)
    x[:, _COLUMN["alsoBought"]] = _strengths(candidates, "also-bought")
    if ask.level in ("segment", "context"):
        x[:, 3] = _segment_lift(ask, candidates, rate)
    if ask.level == "context":
        _history(ask, who, candidates, x)
        _leaning(ask, who, candidates, x)
    return x


def _history(ask: Ask, who: Standing, candidates: Sequence[tuple[str, Origin]], x: Floats) -> None:
    """How often and how lately the person bought each, and whether it fits the hour."""
    kept = who.history
    if not kept:
        return
    bought = np.array([kept.get(name, _NEVER) for name, _ in candidates]).reshape(-1, 5)
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


def _leaning(ask: Ask, who: Standing, candidates: Sequence[tuple[str, Origin]], x: Floats) -> None:
    """The cart, categories that the person leans to, what was liked, clicked or passed over."""
    if ask.cart:
        x[:, _COLUMN["cart"]] = _strengths(candidates, "cart")
    if who.leanings:
        x[:, _COLUMN["affinity"]] = [_affinity(ask, who, name) for name, _ in candidates]
    liked, exposures = ask.profile.liked, ask.profile.exposures
    if not liked and not exposures:
        return
    for row, (name, _) in enumerate(candidates):
        if name in liked:
            x[row, _COLUMN["liked"]] = 1.0
        exposure = exposures.get(name)
        if exposure is not None:
            clicked = exposure.ignored == 0 and exposure.seen > 0
            x[row, _COLUMN["clicked"]] = 1.0 if clicked else 0.0
            x[row, _COLUMN["ignored"]] = math.log1p(exposure.ignored) / 3.0


def _known_days(ask: Ask) -> float:
    return max((ask.now - ask.profile.created_at).total_seconds() / DAY, 1.0)


def _segment_lift(ask: Ask, candidates: Sequence[tuple[str, Origin]], rate: Floats) -> Floats:
    """The largest log ratio of a segment's rate over everybody's, smoothed, about -1 to 1."""
    best = np.zeros(len(candidates))
    for segment in ask.segments[:6]:
        inside = ask.snapshot.rates_in.get(segment)
        if inside:
            own = np.array([inside.get(name, 0.0) for name, _ in candidates])
            lift = np.log((own + 1e-3) / (rate + 1e-3))
            best = np.where(np.abs(lift) > np.abs(best), lift, best)
    lifted: Floats = np.clip(best / 2.0, -1.0, 1.0) * np.minimum(rate * 50.0 + 0.2, 1.0)
    return lifted


def _affinity(ask: Ask, who: Standing, item_id: str) -> float:
    item = ask.shelf.items.get(item_id)
    if item is None:
        return 0.0
    leanings = who.leanings
    best = 0.0
    for name in item.categories:
        weight = leanings.get(name, 0.0)
        if weight > best:
            best = weight
    return best


def _strengths(candidates: Sequence[tuple[str, Origin]], source: str) -> Floats:
    """Log-likelihood ratios brought to about 0 to 1."""
    weights = np.array([origin.sources.get(source, 0.0) for _, origin in candidates])
    strengths: Floats = np.log1p(np.maximum(weights, 0.0)) / 8.0
    return strengths
