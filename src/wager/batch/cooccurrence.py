"""Which items are bought by the same people in the same weeks: one Ibis expression, any engine.

Run as a program it is the child process of `tables`: reads lines, asks DuckDB, writes neighbours.
"""

import json
import math
import sys
from pathlib import Path

import ibis
import ibis.expr.types as ir
import msgspec

from wager.batch.counting import Counting

PAIRS_AT_ONCE = 12_000_000  # what DuckDB groups in 512 MB without going to disk


def in_windows(lines: ir.Table, how: Counting) -> ir.Table:
    """(profile, item, at) -> (unit, item, windows, total): each item once in a unit.

    A unit is one profile in one window of `window_days`. Items of fewer than `least_profiles`
    are left out, and so is a unit with more than `most_items` (no person shops so).
    """
    frequent = (
        lines.group_by("item")
        .agg(profiles=lines.profile.nunique())
        .filter(lambda t: t.profiles >= how.least_profiles)
    )
    window = (lines.at / (how.window_days * 86_400.0)).floor().cast("int64")
    visits = (
        lines.mutate(window=window)
        .semi_join(frequent, "item")
        .select("profile", "window", "item")
        .distinct()
    )
    sizes = visits.group_by("profile", "window").agg(size=visits.count())
    sizes = sizes.filter(sizes.size <= how.most_items)
    units = sizes.mutate(unit=ibis.row_number().over(order_by=[sizes.profile, sizes.window]))
    return visits.inner_join(units, ["profile", "window"]).select("unit", "item", "size")


def pairs_together(visits: ir.Table, how: Counting, *, part: int = 0, parts: int = 1) -> ir.Table:
    """(item, other, k11): units that hold both, item < other, where there are enough of them.

    `part` of `parts` takes every so-manieth item, so that a big history needs little memory.
    """
    left = visits.filter(visits.item % parts == part).select("unit", "item")
    right = visits.select("unit", other="item")
    pairs = left.inner_join(right, "unit").filter(lambda t: t.item < t.other)
    both = pairs.group_by("item", "other").agg(k11=pairs.count().cast("float64"))
    return both.filter(both.k11 >= how.least_together)


def neighbours(pairs: ir.Table, counts: ir.Table, units: int, how: Counting) -> ir.Table:
    """The `most_neighbours` items most surely bought along with each: (item, other, weight).

    The weight is the root of Dunning's log-likelihood ratio; only pairs that occur more often
    than chance would have it are kept. With k11 units that hold both items, k12 and k21 that hold
    one of them, k22 that hold neither, N = k11 + k12 + k21 + k22 and h(x) = x log x:

        G2 = 2 [ h(k11) + h(k12) + h(k21) + h(k22) + h(N)
                 - h(k11 + k12) - h(k21 + k22) - h(k11 + k21) - h(k12 + k22) ]

    References: Dunning (1993), Accurate methods for the statistics of surprise and coincidence.
    """
    of_item = counts.select("item", row="held")
    of_other = counts.select(other="item", column="held")
    table = pairs.inner_join(of_item, "item").inner_join(of_other, "other")
    table = table.filter(table.k11 * units > table.row * table.column)
    k11, row, column = table.k11, table.row, table.column
    ratio = 2 * (
        _h(k11) + _h(row - k11) + _h(column - k11) + _h(units - row - column + k11) + _h(units)
        - _h(row) - _h(units - row) - _h(column) - _h(units - column)
    )  # fmt: skip
    scored = table.mutate(weight=ibis.greatest(ratio, 0.0).sqrt()).select("item", "other", "weight")
    both_ways = scored.union(scored.select(item="other", other="item", weight="weight"))
    rank = ibis.row_number().over(
        group_by="item", order_by=[ibis.desc("weight"), ibis.asc("other")]
    )
    ranked = both_ways.mutate(rank=rank)
    return ranked.filter(ranked.rank < how.most_neighbours).select("item", "other", "weight")


def _h(x: ir.FloatingValue | int) -> ir.FloatingValue | float:
    if isinstance(x, int):
        return x * math.log(x) if x > 0 else 0.0
    return (x > 0).ifelse(x * ibis.greatest(x, 1e-300).ln(), 0.0)


def write_neighbours(lines: Path, out: Path, how: Counting) -> None:
    """Read `profile,item,at` rows, write `item,other,weight` rows, strongest first."""
    connection = ibis.duckdb.connect(
        memory_limit=f"{how.memory_limit_mb}MB",
        temp_directory=str(out.parent),
        threads=how.threads,
        preserve_insertion_order=False,
    )
    read = connection.read_csv(
        lines, header=False, columns={"profile": "BIGINT", "item": "BIGINT", "at": "DOUBLE"}
    )
    visits = connection.create_table("visits", in_windows(read, how))
    counts = connection.create_table(
        "counts", visits.group_by("item").agg(held=visits.count().cast("float64"))
    )
    per_unit = visits.group_by("unit").agg(size=visits.size.max())
    units, pairs = connection.execute(
        per_unit.agg(units=per_unit.count(), pairs=(per_unit.size * (per_unit.size - 1)).sum())
    ).iloc[0]
    parts = max(1, math.ceil(float(pairs or 0) / 2 / PAIRS_AT_ONCE))
    together = connection.create_table("together", pairs_together(visits, how, parts=parts))
    for part in range(1, parts):
        connection.insert("together", pairs_together(visits, how, part=part, parts=parts))
    table = neighbours(together, counts, int(units), how)
    found = connection.to_pyarrow(table.order_by("item", ibis.desc("weight"), "other"))
    rows = zip(*(found[name].to_pylist() for name in ("item", "other", "weight")), strict=True)
    with out.open("w", encoding="ascii") as file:
        file.writelines(f"{item},{other},{weight:.6g}\n" for item, other, weight in rows)


if __name__ == "__main__":
    source, target, settings = sys.argv[1:]
    write_neighbours(
        Path(source), Path(target), msgspec.convert(json.loads(settings), type=Counting)
    )
