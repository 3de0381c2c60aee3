"""What the payoff of a candidate is read from: one row of numbers for each, logged with the bet."""

import math
from collections.abc import Sequence
from struct import Struct
from typing import cast

import numpy as np
from numpy.typing import NDArray

from wager.decide.candidates import Origin, Standing
from wager.domain.asking import DAY, Ask
from wager.domain.events import ORDERED

Floats = NDArray[np.float64]
Rounded = NDArray[np.float32]

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
    "similar",
)
WIDTH = len(FEATURES)
CONTEXT = frozenset(
    ("bought", "boughtOften", "boughtLately", "boughtOftenLately", "due", "partOfDay", "cart",
     "affinity", "liked", "clicked", "ignored", "boughtShare", "similar")
)  # fmt: skip

# What is believed before anything was seen: a share of 2 %, more for what speaks for an item.
PRIOR_MEAN: Floats = np.array(
    [0.01, 0.01, 0.2, 0.01, 0.02, 0.02, 0.01, 0.02, 0.01, 0.005, 0.01, 0.01, 0.01, 0.05, 0.02,
     -0.005, 0.3, 0.05]
)  # fmt: skip
PRIOR_STRENGTH: Floats = np.full(WIDTH, 25.0)


_EVERYBODY = np.array([1.0, *[0.0] * (WIDTH - 1)], np.float32)
_COLUMN = {name: column for column, name in enumerate(FEATURES)}
_CROWD = Struct("<3d")  # popular, popularRate, segment
_OWN = Struct("<13d")  # see _own_row
_NEVER = (0.0, 0.0, 0, 0.0, 0.0, 0.0)  # decayed count (log1p), day, times, hour, share
_SEGMENTS = 6
_CROWD_KEPT = 20_000


def rows(ask: Ask, who: Standing, candidates: Sequence[tuple[str, Origin]]) -> Floats:
    """Features (candidates, WIDTH) of each candidate, in the order of `FEATURES`.

    They are rounded to the float32 that is logged: what was decided on is what is learnt from.
    Below the context level nothing of the person's own history is read; below the segment level
    nothing of the segment's. What does not depend on the moment is worked out once for each
    version of the profile, and once for each version of what the crowd does.
    """
    names = [name for name, _ in candidates]
    x = np.empty((len(names), WIDTH), np.float32)
    x[:] = _EVERYBODY
    x[:, 1:4] = _crowd(ask, names)
    if ask.level == "context":
        x[:, 4:17] = _own(ask, who, names)
        if ask.cart:
            _strengths(candidates, "cart", x)
        _likely(candidates, x)
    _strengths(candidates, "also-bought", x)
    return x.astype(np.float64)


def _strengths(candidates: Sequence[tuple[str, Origin]], source: str, x: Rounded) -> None:
    """Log-likelihood ratios brought to about 0 to 1."""
    column = _COLUMN["alsoBought" if source == "also-bought" else source]
    for row, (_, origin) in enumerate(candidates):
        if source in origin.sources:
            x[row, column] = math.log1p(max(origin.sources[source][0], 0.0)) / 8.0


def _likely(candidates: Sequence[tuple[str, Origin]], x: Rounded) -> None:
    """The root of the probability that people of the same taste go on to buy it."""
    column = _COLUMN["similar"]
    for row, (_, origin) in enumerate(candidates):
        if "similar" in origin.sources:
            x[row, column] = math.sqrt(origin.sources["similar"][0])


def _crowd(ask: Ask, names: Sequence[str]) -> Floats:
    """How popular each is (names, 3): with everybody twice, and in the person's segments."""
    inside = ask.segments[:_SEGMENTS] if ask.level in ("segment", "context") else ()
    kept = ask.snapshot.crowd_rows.setdefault(inside, {})
    if len(kept) > _CROWD_KEPT:
        kept.clear()
    packed = list(map(kept.get, names))
    for place, row in enumerate(packed) if None in packed else ():
        if row is None:
            name = names[place]
            packed[place] = kept[name] = _crowd_row(ask, inside, name)
    return np.frombuffer(b"".join(cast(list[bytes], packed))).reshape(-1, 3)


def _crowd_row(ask: Ask, inside: Sequence[str], name: str) -> bytes:
    """The share of baskets, and the largest log ratio of a segment's over it, smoothed, to 1."""
    rate = ask.snapshot.rates.of(name)
    most = 0.0
    for segment in inside:
        rates = ask.snapshot.rates_in.get(segment)
        if rates is not None:
            lift = math.log((rates.of(name) + 1e-3) / (rate + 1e-3))
            most = lift if abs(lift) > abs(most) else most
    lifted = min(max(most / 2.0, -1.0), 1.0) * min(rate * 50.0 + 0.2, 1.0)
    return _CROWD.pack(math.log1p(1000.0 * rate) / 6.9, min(rate * 5.0, 1.0), lifted)


def _own(ask: Ask, who: Standing, names: Sequence[str]) -> Floats:
    """What the person did with each (names, 13): how often and lately, whether it fits the hour."""
    kept = who.rows
    packed = list(map(kept.get, names))
    for place, row in enumerate(packed) if None in packed else ():
        if row is None:
            name = names[place]
            packed[place] = kept[name] = _own_row(ask, who, name)
    table = np.frombuffer(bytearray().join(cast(list[bytes], packed))).reshape(-1, 13)
    if not who.own:
        table[:, 1:6] = 0.0
    else:
        has, _, day, again, cosine, sine = table[:, :6].T
        today, angle = ask.timestamp / DAY, ask.hour / 24.0 * 2.0 * math.pi
        days = np.maximum(today - day, 0.0)
        lately = has * np.exp(days / -21.0)
        fit = cosine * math.cos(angle) + sine * math.sin(angle)
        table[:, 4] = again
        table[:, 1] /= 2.0
        table[:, 2] = lately
        table[:, 3] = table[:, 1] * lately
        table[:, 5] = fit
    return table


def _own_row(ask: Ask, who: Standing, name: str) -> bytes:
    """What does not depend on the moment, in the columns from "bought" on; where one does, what it
    is made of: the day, how likely it is bought again, and the hour as
    cosine and sine."""
    profile = ask.profile
    bought = profile.purchases.get(name)
    faded, day, times, cosine, sine, share = _NEVER
    if bought is not None and bought.recent > 0 and bought.times > 0 and not bought.gift:
        day, times = bought.last_at.timestamp() / DAY, bought.times
        faded = who.faded.get(name, 0.0)
        fit = min(times / 5.0, 1.0) / times if times > 1 else 0.0
        cosine, sine = bought.cosine * fit, bought.sine * fit
        orders = profile.counts.get(ORDERED)
        share = min(times / orders.total, 1.0) if orders is not None and orders.total > 0 else 0.0
    item, leaning = ask.shelf.items.get(name), 0.0
    if who.leanings and item is not None:
        leaning = max((who.leanings.get(each, 0.0) for each in item.categories), default=0.0)
    exposure = profile.exposures.get(name)
    clicked = exposure is not None and exposure.ignored == 0 and exposure.seen > 0
    ignored = math.log1p(exposure.ignored) / 3.0 if exposure is not None else 0.0
    return _OWN.pack(
        times > 0, faded, day, who.again.get(name, 0.0), cosine, sine,
        0.0, 0.0, leaning, name in profile.liked, clicked, ignored, share,
    )  # fmt: skip
