"""What is true now, as numbers: the time of day and week, and what the caller said of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from math import cos, isfinite, pi, sin

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NUMBERS, WORDS = 16, 40  # columns that the caller's numbers and words share
INPUTS = 4 + NUMBERS + WORDS
LARGEST = 1e12
MOST_WORDS = 100  # of one context; what comes after them is not looked at


def circumstances(context: Mapping[str, object], local: datetime) -> Floats:
    """The vector (INPUTS,) of a context at the person's local time; the same after a restart.

    Hour and weekday go round: each is a cosine and a sine. A number goes to the column that its
    name is hashed to, a word (and a yes or no) to that of its name and itself, with a hashed sign,
    so that words which share a column do not add up. Lists are so many words, and what is nested
    has the names of the way to it. That a number is there at all is a word, too.

    >>> noon = datetime(2026, 1, 5, 12)
    >>> x = circumstances({"device": "phone", "cart": {"total": 12.5}}, noon)
    >>> x[:2].round(3).tolist(), float(x.max()), int((x[4 + NUMBERS:] != 0).sum())
    ([-1.0, 0.0], 12.5, 2)

    References: Weinberger et al. (2009), Feature Hashing for Large Scale Multitask Learning.
    """
    x = np.zeros(INPUTS)
    day = 2.0 * pi * (local.hour + local.minute / 60.0) / 24.0
    week = 2.0 * pi * local.weekday() / 7.0
    x[0], x[1], x[2], x[3] = cos(day), sin(day), cos(week), sin(week)
    for count, (name, value) in enumerate(_leaves(context, "")):
        if count == MOST_WORDS:
            break
        if isinstance(value, float):
            column, _ = _column(name, NUMBERS)
            x[4 + column] += value
        column, sign = _column(name if isinstance(value, float) else f"{name}={value}", WORDS)
        x[4 + NUMBERS + column] += sign
    return x


def _leaves(value: object, name: str) -> Iterator[tuple[str, float | str]]:
    match value:
        case bool():
            yield name, str(value)
        case int() | float():
            if isfinite(number := _float(value)):
                yield name, min(max(number, -LARGEST), LARGEST)
        case str():
            if value:
                yield name, value
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, f"{name}.{key}" if name else str(key))
        case list() | tuple() | set() | frozenset():
            for inner in value:
                yield from _leaves(inner, name)
        case _:
            return  # nothing that can be learnt from: absent, or of another kind


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


@lru_cache(maxsize=65_536)
def _column(word: str, columns: int) -> tuple[int, float]:
    """Where a word goes, and its sign."""
    number = int.from_bytes(
        blake2b(word.encode(errors="surrogatepass"), digest_size=8).digest(), "big"
    )
    return (number >> 1) % columns, 1.0 if number & 1 else -1.0
