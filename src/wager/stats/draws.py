"""Chance that cannot be steered and can be replayed: a keyed hash turned into a number."""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import accumulate


def uniform(key: bytes, *parts: str | int) -> float:
    """A number in [0, 1) made of `key` and `parts`: 53 bits of BLAKE2b.

    >>> uniform(b"k", "decision", 0) == uniform(b"k", "decision", 0)
    True
    """
    text = "\x1f".join(map(str, parts)).encode()
    return _fraction(blake2b(text, digest_size=8, key=key).digest())


def uniforms(key: bytes, *parts: str | int) -> Callable[[int], float]:
    """For each number n what `uniform(key, *parts, n)` is: what is the same is hashed once.

    >>> uniforms(b"k", "decision")(3) == uniform(b"k", "decision", 3)
    True
    """
    begun = blake2b("".join(f"{part}\x1f" for part in parts).encode(), digest_size=8, key=key)

    def one(number: int) -> float:
        whole = begun.copy()
        whole.update(b"%d" % number)
        return _fraction(whole.digest())

    return one


def _fraction(digest: bytes) -> float:
    return (int.from_bytes(digest, "big") >> 11) / 9007199254740992.0


def pick(odds: Sequence[float], u: float) -> int:
    """The index that `u` in [0, 1) falls on; `odds` sum to 1, up to rounding.

    >>> pick([0.2, 0.5, 0.3], 0.65)
    1
    """
    last = 0
    for index, total in enumerate(accumulate(odds)):
        if odds[index] > 0:
            last = index
            if u < total:
                return index
    return last
