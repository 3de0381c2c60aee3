"""How two pieces of what is known of one person become one, whichever came first.

Each join is associative and commutative (floats to rounding), and an event's own part is a piece
like any other: so a profile does not depend on the order in which its events arrived, nor on how
they were split into batches or into profiles that were merged later.
"""

from collections.abc import Callable
from datetime import datetime
from math import exp2
from typing import TypeVar

import msgspec

from wager.domain.profiles import Affinity, Block, Count, Exposure, Field, Purchase

PURCHASE_HALF_LIFE_DAYS = 60.0
MOST_IGNORED = 8
VISIT_BITS = (1 << 63) - 1
_DAY = 86400.0
T = TypeVar("T")


def decayed(weight: float, since: datetime, until: datetime, half_life_days: float) -> float:
    """What is left of a weight: w * 2^(-(until - since) / half-life); a later `since` grows it."""
    return weight * exp2((since - until).total_seconds() / (_DAY * half_life_days))


def affinity(one: Affinity, other: Affinity) -> Affinity:
    return leaned(one, other.weight, other.at, other.half_life_days, other.source)


def leaned(
    known: Affinity, weight: float, at: datetime, half_life_days: float, source: str
) -> Affinity:
    """A leaning with one more piece of it: the older of the two has faded until the newer."""
    days = (at - known.at).total_seconds() / _DAY
    if days > 0 or (days == 0 and source > known.source):
        return Affinity(
            weight + known.weight * exp2(-days / half_life_days), at, half_life_days, source
        )
    faded = weight * exp2(days / known.half_life_days)
    return Affinity(known.weight + faded, known.at, known.half_life_days, known.source)


def count(one: Count, other: Count) -> Count:
    return Count(one.total + other.total, max(one.last_at, other.last_at))


def purchase(one: Purchase, other: Purchase) -> Purchase:
    old, new = (one, other) if one.last_at <= other.last_at else (other, one)
    return Purchase(
        old.times + new.times,
        new.recent + decayed(old.recent, old.last_at, new.last_at, PURCHASE_HALF_LIFE_DAYS),
        new.last_at,
        old.quantity + new.quantity,
        old.cosine + new.cosine,
        old.sine + new.sine,
        old.gift and new.gift,
    )


def exposure(one: Exposure, other: Exposure) -> Exposure:
    """A click makes good every earlier showing; of the later ones the newest 8 are remembered."""
    clicked_at = max(one.clicked_at, other.clicked_at)
    showings = sorted(at for at in one.ignored_at + other.ignored_at if at > clicked_at)
    ignored_at = tuple(showings[-MOST_IGNORED:])
    return Exposure(
        one.seen + other.seen,
        len(ignored_at),
        max(one.last_at, other.last_at),
        clicked_at,
        ignored_at,
    )


def field(one: Field, other: Field) -> Field:
    """Stated beats derived, later beats earlier; at the very same moment the greater text wins."""
    first = (one.provenance == "stated", one.at)
    second = (other.provenance == "stated", other.at)
    if first == second:
        return one if one == other else max(one, other, key=_text)
    return one if first > second else other


def consent(one: Field, other: Field) -> Field:
    """The later word counts; at the very same moment a refusal does."""
    if one.at == other.at:
        return min(one, other, key=lambda word: (word.value, word.source))
    return one if one.at > other.at else other


def block(one: Block, other: Block) -> Block:
    return max(one, other, key=lambda word: (word.at, word.message_id))


def later(one: datetime, other: datetime) -> datetime:
    return max(one, other)


def visits(day: int, days: int, other_day: int, other_days: int) -> tuple[int, int]:
    """The newest day, and one bit for each active day up to it, 63 days back."""
    if day < other_day:
        day, days, other_day, other_days = other_day, other_days, day, days
    return day, days | (other_days << (day - other_day) & VISIT_BITS if other_days else 0)


def into(target: dict[str, T], key: str, piece: T, join: Callable[[T, T], T]) -> None:
    """Add a piece to what a table has under that key."""
    known = target.get(key)
    target[key] = piece if known is None else join(known, piece)


def _text(value: Field) -> bytes:
    return msgspec.json.encode(value)
