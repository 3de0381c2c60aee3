"""Also bought: a world whose answer is known, and every weight against Dunning by hand."""

import importlib.util
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from wager.batch.counting import Counting
from wager.batch.tables import also_bought_in_child
from wager.errors import BatchFailed, MissingExtra

DAY = 86_400.0
Lines = list[tuple[str, str, float]]

needs_batch = pytest.mark.skipif(
    importlib.util.find_spec("ibis") is None or importlib.util.find_spec("duckdb") is None,
    reason="the also-bought table needs wager[batch]",
)


def bakery() -> Lines:
    """40 people buy bread with butter, 40 tea with lemon, all of them salt; nobody mixes."""
    lines: Lines = []
    for person in range(80):
        pair = ("bread", "butter") if person < 40 else ("tea", "lemon")
        for month in range(3):
            at = person * 0.1 * DAY + month * 30 * DAY
            lines += [(f"p{person}", item, at) for item in (*pair, "salt")]
    return lines


def by_hand(lines: Lines, how: Counting) -> dict[str, dict[str, float]]:
    """The same question, asked one unit at a time, with Dunning's ratio as in his paper."""
    people: dict[str, set[str]] = defaultdict(set)
    for profile, item, _ in lines:
        people[item].add(profile)
    units: dict[tuple[str, int], set[str]] = defaultdict(set)
    for profile, item, at in lines:
        if len(people[item]) >= how.least_profiles:
            units[profile, math.floor(at / how.window_days / DAY)].add(item)
    kept = [unit for unit in units.values() if len(unit) <= how.most_items]
    held = Counter(item for unit in kept for item in unit)
    both = Counter((a, b) for unit in kept for a in unit for b in unit if a != b)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for (a, b), k11 in both.items():
        if k11 >= how.least_together and k11 * len(kept) > held[a] * held[b]:
            rest = len(kept) - held[a] - held[b] + k11
            table = np.array([[k11, held[a] - k11], [held[b] - k11, rest]], dtype=float)
            expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
            parts = np.where(table > 0, table * np.log(np.maximum(table, 1e-300) / expected), 0.0)
            found[a][b] = math.sqrt(max(0.0, 2 * float(parts.sum())))
    return found


@needs_batch
def test_what_goes_together_is_found_and_what_everybody_buys_is_not() -> None:
    found = also_bought_in_child(bakery())
    assert found.keys() == {"bread", "butter", "tea", "lemon"}
    assert {item: {other for other, _ in others} for item, others in found.items()} == {
        "bread": {"butter"},
        "butter": {"bread"},
        "tea": {"lemon"},
        "lemon": {"tea"},
    }


@needs_batch
def test_every_weight_is_dunnings_ratio() -> None:
    rng = np.random.default_rng(20260105)
    lines: Lines = [
        (f"p{rng.integers(60)}", f"i-{min(int(rng.exponential(6)), 30)}", float(at))
        for at in rng.uniform(-40 * DAY, 200 * DAY, 4_000)
    ]
    lines += [("a robot", f"i-{n}", 5.0) for n in range(30)]
    how = Counting(
        window_days=12.0, least_profiles=8, least_together=2, most_items=25, most_neighbours=100
    )
    expected = by_hand(lines, how)
    found = also_bought_in_child(lines, counting=how)
    assert sum(len(others) for others in expected.values()) > 100
    assert {(a, b) for a, others in found.items() for b, _ in others} == {
        (a, b) for a, others in expected.items() for b in others
    }
    for item, others in found.items():
        weights = [weight for _, weight in others]
        assert weights == sorted(weights, reverse=True)
        for other, weight in others:
            assert weight == pytest.approx(expected[item][other], rel=1e-4, abs=1e-3)


@needs_batch
def test_only_the_strongest_neighbours_are_kept() -> None:
    how = Counting(least_profiles=1, least_together=1, most_neighbours=1)
    lines = [*bakery(), ("p0", "jam", 0.0), ("p1", "jam", 0.0)]
    assert all(len(others) == 1 for others in also_bought_in_child(lines, counting=how).values())


@needs_batch
def test_no_history_is_an_empty_table() -> None:
    assert also_bought_in_child([]) == {}
    assert also_bought_in_child([("p", "rare", 0.0)]) == {}


@needs_batch
def test_too_little_memory_says_the_way_out() -> None:
    with pytest.raises(BatchFailed, match=r"within 1 MB: .*; give it more memory"):
        also_bought_in_child(bakery() * 50, memory_limit_mb=1)


def test_without_the_extra_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'wager\[batch\]'"):
        also_bought_in_child(bakery())
