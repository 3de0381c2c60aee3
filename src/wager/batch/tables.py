"""Tables over the whole history, computed in a child process so that the server stays small."""

import importlib.util
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from wager.batch.child import never, run, until
from wager.batch.counting import Counting
from wager.errors import BatchFailed, MissingExtra

Neighbours = dict[str, list[tuple[str, float]]]


def also_bought_in_child(
    lines: Iterable[tuple[str, str, float]],
    *,
    memory_limit_mb: int = 512,
    counting: Counting | None = None,
    stopping: Callable[[], bool] = never,
) -> Neighbours:
    """What else was bought by those who bought an item: `{item_id: [(other, weight), ...]}`.

    `lines` are purchases: profile id, item id, seconds since 1970. The weight is the root of the
    log-likelihood ratio (about a z-score: 3 is beyond chance), strongest first, at most 30 each.
    BatchFailed where it did not come through, or as soon as `stopping` says so.
    """
    if not all(importlib.util.find_spec(name) for name in ("ibis", "duckdb")):
        raise MissingExtra("the also-bought table", "batch")
    how = msgspec.structs.replace(counting or Counting(), memory_limit_mb=memory_limit_mb)
    with tempfile.TemporaryDirectory(prefix="wager-batch-") as folder:
        source, target = Path(folder, "lines.csv"), Path(folder, "neighbours.csv")
        items = _write(until(stopping, lines), source)
        _run(source, target, how, stopping)
        return _read(target, items)


def _write(lines: Iterable[tuple[str, str, float]], target: Path) -> list[str]:
    """Write ids as small numbers: no quoting, and a join over integers; the items by number."""
    profiles: dict[str, int] = {}
    items: dict[str, int] = {}
    with target.open("w", encoding="ascii") as file:
        for profile_id, item_id, at in lines:
            profile = profiles.setdefault(profile_id, len(profiles))
            item = items.setdefault(item_id, len(items))
            file.write(f"{profile},{item},{at}\n")
    return list(items)


def _run(source: Path, target: Path, how: Counting, stopping: Callable[[], bool]) -> None:
    if source.stat().st_size == 0:
        target.touch()
        return
    arguments = (str(source), str(target), msgspec.json.encode(how).decode())
    wrong = run("wager.batch.cooccurrence", arguments, stopping)
    if wrong is not None:
        raise BatchFailed(
            f"the also-bought table could not be computed within {how.memory_limit_mb} MB: "
            f"{wrong}; give it more memory, or count fewer items (least_profiles)"
        )


def _read(source: Path, items: list[str]) -> Neighbours:
    found: Neighbours = {}
    with source.open(encoding="ascii") as file:
        for row in file:
            item, other, weight = row.split(",")
            found.setdefault(items[int(item)], []).append((items[int(other)], float(weight)))
    return found
