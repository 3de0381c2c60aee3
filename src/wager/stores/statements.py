"""The SQL of the stores, read from its files: each query under its name."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_ROW = re.compile(r"VALUES\s*(\([?, ]+\))")
_FOLDER = Path(__file__).parent / "sql"


def queries(name: str) -> dict[str, str]:
    """The queries of `sql/NAME`, in the order of the file."""
    parts = _NAME.split((_FOLDER / name).read_text(encoding="utf-8"))[1:]
    return {
        title: _without_comments(text).rstrip(";")
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()


READS = queries("reads.sql")
WRITES = queries("writes.sql")


def joined(*names: str) -> str:
    """A read put together from fixed fragments."""
    return " ".join(READS[name] for name in names)


@lru_cache(maxsize=200)
def with_rows(name: str, rows: int) -> str:
    """An INSERT of so many rows at once: one call into SQLite instead of many."""
    return _ROW.sub(lambda found: "VALUES " + ", ".join([found[1]] * rows), WRITES[name])


def is_insert(name: str) -> bool:
    return WRITES[name].startswith("INSERT")


_MARKS = (1, 8, 64, 500)


def in_chunks(name: str, values: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """A read with `IN (?)`, as few queries as it takes; padded so that few texts are prepared."""
    asked: list[tuple[str, Sequence[str]]] = []
    for start in range(0, len(values), _MARKS[-1]):
        part = values[start : start + _MARKS[-1]]
        size = next(mark for mark in _MARKS if mark >= len(part))
        padded = [*part, *[part[-1]] * (size - len(part))]
        asked.append((_marked(name, size), padded))
    return asked


@lru_cache(maxsize=100)
def _marked(name: str, size: int) -> str:
    return READS[name].replace("IN (?)", "IN (" + ",".join("?" * size) + ")")
