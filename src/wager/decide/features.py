"""What the payoff of a candidate is read from: one row of numbers for each, logged with the bet."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wager.decide.candidates import PURCHASE_HALF_LIFE_DAYS, Origin, Standing
from wager.domain.asking import DAY, Ask

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
     -0.005, 0.1]
)  # fmt: skip
PRIOR_STRENGTH: Floats = np.full(WIDTH, 25.0)


def rows(ask: Ask, who: Standing, candidates: Sequence[tuple[str, Origin]]) -> Floats:
    """Features (candidates, WIDTH) of each candidate, in the order of `FEATURES`."""
    table = [_row(ask, who, name, origin) for name, origin in candidates]
    return np.array(table, dtype=np.float64).reshape(len(table), WIDTH)


def _row(ask: Ask, who: Standing, item_id: str, origin: Origin) -> list[float]:
    rate = ask.snapshot.rates.get(item_id, 0.0)
    row = [0.0] * WIDTH
    row[0] = 1.0
    row[1] = math.log1p(1000.0 * rate) / 6.9
    row[2] = min(rate * 5.0, 1.0)
    if ask.level == "segment" or ask.level == "context":
        row[3] = _segment_lift(ask, item_id, rate)
    row[10] = _strength(origin.sources.get("also-bought", 0.0))
    if ask.level == "context":
        if item_id in who.log_recent:
            _history(ask, who, item_id, row)
        row[11] = _strength(origin.sources.get("cart", 0.0))
        row[12] = _affinity(ask, who, item_id)
        row[13] = 1.0 if item_id in ask.profile.liked else 0.0
        exposure = ask.profile.exposures.get(item_id)
        if exposure is not None:
            row[14] = 1.0 if exposure.ignored == 0 and exposure.seen > 0 else 0.0
            row[15] = math.log1p(exposure.ignored) / 3.0
    return row


def _history(ask: Ask, who: Standing, item_id: str, row: list[float]) -> None:
    """How often and how lately the person bought it, and whether it fits the hour."""
    purchase = ask.profile.purchases[item_id]
    days = max(ask.timestamp - purchase.last_at.timestamp(), 0.0) / DAY
    recent = purchase.recent * 2.0 ** (-days / PURCHASE_HALF_LIFE_DAYS)
    often = math.log1p(recent)
    lately = math.exp(-days / 21.0)
    row[4] = 1.0
    row[5] = often / 2.0
    row[6] = lately
    row[7] = often * lately / 2.0
    orders = ask.profile.counts.get("orders")
    if orders is not None and orders.total > 0:
        share = min(purchase.times / orders.total, 1.0)
        row[16] = share
        if purchase.times > 1:
            interval = max(_known_days(ask) / purchase.times, 0.5)
            row[8] = share * min(days / interval, 2.0) / 2.0
    strength = math.hypot(purchase.cosine, purchase.sine)
    if strength > 0 and purchase.times > 1:
        angle = ask.hour / 24.0 * 2.0 * math.pi
        fit = purchase.cosine * math.cos(angle) + purchase.sine * math.sin(angle)
        row[9] = fit / purchase.times * min(purchase.times / 5.0, 1.0)


def _known_days(ask: Ask) -> float:
    return max((ask.now - ask.profile.created_at).total_seconds() / DAY, 1.0)


def _segment_lift(ask: Ask, item_id: str, rate: float) -> float:
    """The largest log ratio of a segment's rate over everybody's, smoothed, about -1 to 1."""
    best = 0.0
    for segment in ask.segments[:6]:
        inside = ask.snapshot.rates_in.get(segment)
        if inside:
            lift = math.log((inside.get(item_id, 0.0) + 1e-3) / (rate + 1e-3))
            if abs(lift) > abs(best):
                best = lift
    return max(min(best / 2.0, 1.0), -1.0) * min(rate * 50.0 + 0.2, 1.0)


def _affinity(ask: Ask, who: Standing, item_id: str) -> float:
    item = ask.shelf.items.get(item_id)
    if item is None or not who.leanings:
        return 0.0
    return max((who.leanings.get(name, 0.0) for name in item.categories), default=0.0)


def _strength(weight: float) -> float:
    """A log-likelihood ratio brought to about 0 to 1."""
    return math.log1p(max(weight, 0.0)) / 8.0
