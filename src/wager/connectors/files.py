"""Items and events from other people's files: JSONL, CSV and Parquet, in batches, line by line."""

import csv
import gzip
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar, cast

import msgspec

from wager.connectors.mapping import Columns, Row, apply_columns
from wager.domain.content import Item
from wager.errors import BadInput, MissingExtra

Made = TypeVar("Made")
Payload = dict[str, Any]
Numbered = tuple[int, float, Row | BadInput]  # line from 1, share of the file read, what it holds
FORMATS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
LISTS = ("tags", "categories")
OBJECTS = ("fragment", "renditions", "attributes")


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be used, and why."""

    line: int
    detail: str


class Batch(msgspec.Struct, Generic[Made], frozen=True):
    """Some lines of a file: what they held, what could not be used, the share read so far."""

    made: list[Made]
    bad: list[BadLine]
    share: float


def read_items(
    path: Path, columns: Columns | None = None, *, size: int = 1000
) -> Iterator[Batch[Item]]:
    """Items of a file. Without a mapping the columns have the fields' own names (`itemId`, ...).

    In a table, tags and categories are JSON or `red|cotton:0.5`; objects are JSON.
    """

    def item(row: Row, _: int) -> Item:
        made = cast(Payload, _plain(_unfold(row, columns)))
        for name in (*LISTS, *OBJECTS):
            if isinstance(cell := made.get(name), str):
                made[name] = _cell(name, cell)
        if isinstance(tags := made.get("tags"), list):
            made["tags"] = dict.fromkeys(tags, 1.0)
        if made.get("itemId") is not None:
            made["itemId"] = str(made["itemId"])
        return msgspec.convert(made, Item, strict=False)

    return _batches(path, item, size)


def read_events(
    path: Path, columns: Columns | None = None, *, size: int = 500
) -> Iterator[Batch[Payload]]:
    """Payloads of the events API. One without a `messageId` gets one made of what it says, so
    that the same file read twice changes nothing (of its line, too, where it says no time)."""

    def event(row: Row, line: int) -> Payload:
        payload = cast(Payload, _plain(_unfold(row, columns)))
        for name in ("userId", "anonymousId"):
            if isinstance(payload.get(name), int):
                payload[name] = str(payload[name])
        if not payload.get("messageId"):
            said = msgspec.json.encode(payload, order="deterministic")
            place = b"" if payload.get("timestamp") else f"{path.name}:{line}".encode()
            payload["messageId"] = "file-" + hashlib.sha256(said + place).hexdigest()[:40]
        return payload

    return _batches(path, event, size)


def _batches(path: Path, make: Callable[[Row, int], Made], size: int) -> Iterator[Batch[Made]]:
    made: list[Made] = []
    bad: list[BadLine] = []
    for line, share, row in _rows(path):
        try:
            if isinstance(row, BadInput):
                raise row
            made.append(make(row, line))
        except BadInput as error:
            bad.append(BadLine(line, error.detail))
        except msgspec.ValidationError as error:
            bad.append(BadLine(line, _with_way_out(str(error))))
        if len(made) + len(bad) >= size:
            yield Batch(made, bad, share)
            made, bad = [], []
    yield Batch(made, bad, 1.0)


def _with_way_out(detail: str) -> str:
    if "timezone component" in detail:
        return f"{detail}; write an offset, or name its `timezone` in a mapping"
    if "unknown field" in detail:
        return f"{detail}; name it `attributes.NAME`, or use a mapping: only what it names is taken"
    return detail


def _unfold(row: Row, columns: Columns | None) -> Payload:
    """The row by its mapping; without one each dotted column is a path, what is empty is absent."""
    if columns is None:
        columns = Columns(fields={name: name for name in row})
    return apply_columns(columns, row)


def _cell(name: str, cell: str) -> Any:
    if name in OBJECTS or cell.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(cell)
        except msgspec.DecodeError as error:
            raise BadInput(f"column {name!r} is not JSON: {error}") from None
    words = [word.strip() for word in cell.split("|") if word.strip()]
    if name == "categories":
        return words
    parts = (word.rpartition(":") for word in words)
    return {(word or weight): float(weight) if word and _is_number(weight) else 1.0
            for word, _, weight in parts}  # fmt: skip


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _plain(value: Any) -> Any:
    """What JSON can hold: times as ISO 8601, decimals as numbers."""
    match value:
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value


def _rows(path: Path) -> Iterator[Numbered]:
    if not path.is_file():
        raise BadInput(f"there is no file {str(path)!r}")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = (suffixes[:-1] or [""])[-1] if suffixes[-1:] == [".gz"] else (suffixes or [""])[-1]
    if kind not in FORMATS:
        raise BadInput(f"{path.name!r} ends in {kind!r}; files that can be read end in {FORMATS}")
    if kind == ".parquet":
        yield from _parquet(path)
        return
    whole = max(1, path.stat().st_size)
    with path.open("rb") as raw:
        unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if suffixes[-1] == ".gz" else raw
        read = _jsonl if kind in (".jsonl", ".ndjson") else _csv
        try:
            for line, row in read(unpacked):
                yield line, raw.tell() / whole, row
        except (EOFError, gzip.BadGzipFile) as error:
            raise BadInput(f"{path.name} cannot be unpacked: {error}") from None


def _jsonl(file: BinaryIO) -> Iterator[tuple[int, Row | BadInput]]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            yield line, msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield line, BadInput(f"not a JSON object: {error}")


def _csv(file: BinaryIO) -> Iterator[tuple[int, Row | BadInput]]:
    """Comma, semicolon or tab, whichever the header has most of; UTF-8, with or without a mark."""
    lines = (line.decode("utf-8" if number else "utf-8-sig") for number, line in enumerate(file))
    reader = csv.reader(lines)
    try:
        first = next(lines, "")
        delimiter = max(",;\t", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
        reader = csv.reader(lines, delimiter=delimiter)
        for cells in reader:
            if len(cells) > len(header):
                told = f"{len(cells)} cells, but the header has {len(header)}"
                yield reader.line_num + 1, BadInput(told)
            elif cells:
                yield reader.line_num + 1, dict(zip(header, cells, strict=False))
    except UnicodeDecodeError as error:
        raise BadInput(f"line {reader.line_num + 2}: not UTF-8 ({error.reason})") from None
    except csv.Error as error:
        raise BadInput(f"line {reader.line_num + 1}: {error}") from None


def _parquet(path: Path) -> Iterator[Numbered]:
    if importlib.util.find_spec("duckdb") is None:
        raise MissingExtra("reading Parquet", "batch")
    import duckdb

    with duckdb.connect() as connection:
        try:
            [(rows,)] = connection.execute(
                "select count(*) from read_parquet($1)", [str(path)]
            ).fetchall()
            found = connection.execute("select * from read_parquet($1)", [str(path)])
        except duckdb.Error as error:
            raise BadInput(f"{path.name} is not Parquet: {str(error).splitlines()[0]}") from None
        names = [column[0] for column in found.description]
        lines = count(1)
        while page := found.fetchmany(1000):
            for cells in page:
                line = next(lines)
                yield line, line / rows, dict(zip(names, cells, strict=True))
