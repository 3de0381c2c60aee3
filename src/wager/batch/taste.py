"""Taste over the whole history, learnt in a child process so that the server stays small.

Run as a program it is that child: reads arrays, learns, writes the taste.
"""

import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from wager.batch.child import never, run, until
from wager.domain.taste import Taste
from wager.errors import BatchFailed
from wager.learn.factors import History, Shape, learn_taste, pack, supported, unpack

DAY = 86_400.0
TABLES = 4  # of items by items, in single precision, that are held at once


def taste_in_child(
    lines: Iterable[tuple[str, str, float]],
    *,
    memory_limit_mb: int = 512,
    stopping: Callable[[], bool] = never,
) -> Taste:
    """What people of the same taste go on to buy, from purchases: profile id, item id, seconds
    since 1970. The items of the widest support are known, as many as the memory allows.
    BatchFailed where it did not come through, or as soon as `stopping` says so."""
    with tempfile.TemporaryDirectory(prefix="wager-batch-") as folder:
        source, target = Path(folder, "history.npz"), Path(folder, "taste.npz")
        _write(until(stopping, lines), source)
        arguments = (str(source), str(target), str(memory_limit_mb))
        wrong = run("wager.batch.taste", arguments, stopping)
        if wrong is not None:
            raise BatchFailed(f"taste could not be learnt within {memory_limit_mb} MB: {wrong}")
        return unpack(target.read_bytes())


def _write(lines: Iterable[tuple[str, str, float]], target: Path) -> None:
    people: dict[str, int] = {}
    items: dict[str, int] = {}
    rows = [
        (people.setdefault(person, len(people)), items.setdefault(item, len(items)), at / DAY)
        for person, item, at in lines
    ]
    person, item, day = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    np.savez(target, person=person, item=item, day=day, names=np.array(list(items), dtype=np.str_))


def _learn(source: Path, target: Path, memory_limit_mb: int) -> None:
    with np.load(source, allow_pickle=False) as read:
        person, item = read["person"].astype(np.int64), read["item"].astype(np.int64)
        history = History(person, item, read["day"], tuple(read["names"].tolist()))
    most = int(math.sqrt(memory_limit_mb * 1e6 / (4 * TABLES)))
    shape = Shape(most_items=min(most, Shape().most_items))
    kept = supported(history, shape)
    target.write_bytes(pack(learn_taste(kept, shape) if kept.items else Taste()))


if __name__ == "__main__":
    _learn(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
