"""Assignment: uniform, steady, unforeseeable; who was held out stays so when the share grows."""

import time
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from scipy.stats import binom

from wager.measure.assignment import held_out, variant

N = 20_000
PEOPLE = [f"{number:032x}" for number in range(N)]
LIMIT = 1e-6


def _held(share: float, secret: bytes = b"s", placement: str = "home") -> set[str]:
    return {one for one in PEOPLE if held_out(secret, one, placement, share)}


def _plausible(count: int, n: int, share: float) -> bool:
    """Whether an exact two-sided binomial test at 1e-6 lets the count pass."""
    low, high = binom.ppf([LIMIT / 2, 1 - LIMIT / 2], n, share)
    return bool(low <= count <= high)


def _independent(first: set[str], second: set[str]) -> bool:
    return _plausible(len(first & second), N, len(first) / N * len(second) / N)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.9])
def test_the_share_is_held_out(share: float) -> None:
    assert _plausible(len(_held(share)), N, share)


def test_the_edges() -> None:
    assert _held(0.0) == set()
    assert _held(1.0) == set(PEOPLE)


def test_raising_the_share_keeps_those_who_were_held_out() -> None:
    shares = [0.01, 0.05, 0.051, 0.3, 0.9]
    groups = [_held(share) for share in shares]
    assert all(small <= large for small, large in pairwise(groups))


def test_the_same_answer_every_time() -> None:
    assert _held(0.1) == _held(0.1)


def test_secrets_and_placements_are_independent_of_each_other() -> None:
    assert _independent(_held(0.1), _held(0.1, secret=b"other"))
    assert _independent(_held(0.1), _held(0.1, placement="offer"))


def _unkeyed(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    return zlib.crc32(profile_id.encode()) / 2**32 < share


def _modulo(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    return int(profile_id, 16) % 128 < 128 * share


def _by_the_clock(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    return hash((profile_id, time.perf_counter_ns())) % 1000 < 1000 * share


def _redrawn(secret: bytes, profile_id: str, placement: str, share: float) -> bool:
    return held_out(secret, f"{profile_id}{share}", placement, share)


def _passes(assign: Callable[[bytes, str, str, float], bool]) -> bool:
    """All that is claimed above, of any rule of assignment."""

    def held(share: float, secret: bytes = b"s", placement: str = "home") -> set[str]:
        return {one for one in PEOPLE if assign(secret, one, placement, share)}

    small, large = held(0.05), held(0.1)
    return (
        _plausible(len(small), N, 0.05)
        and small == held(0.05)
        and small <= large
        and _independent(large, held(0.1, secret=b"other"))
        and _independent(large, held(0.1, placement="offer"))
    )


def test_what_is_claimed_holds() -> None:
    assert _passes(held_out)


@pytest.mark.parametrize("sabotaged", [_unkeyed, _modulo, _by_the_clock, _redrawn])
def test_a_sabotaged_rule_fails(sabotaged: Callable[[bytes, str, str, float], bool]) -> None:
    assert not _passes(sabotaged)


def test_variants_get_their_shares() -> None:
    shares = {"red": 0.5, "blue": 0.2}
    got = [variant(b"s", one, "colours", shares) for one in PEOPLE]
    assert _plausible(got.count("red"), N, 0.5)
    assert _plausible(got.count("blue"), N, 0.2)
    assert _plausible(got.count(None), N, 0.3)


def test_the_order_of_variants_does_not_matter() -> None:
    for one in PEOPLE[:200]:
        forth = variant(b"s", one, "colours", {"red": 0.5, "blue": 0.5})
        assert forth == variant(b"s", one, "colours", {"blue": 0.5, "red": 0.5})
