"""Items and events from other people's files: JSONL, CSV and Parquet, in batches, line by line."""

import codecs
import csv
import gzip
import hashlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from math import isfinite
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
    """Some lines of a file: what they held (and on which line it stood), what could not be used,
    the share read so far."""

    made: list[Made]
    lines: list[int]
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
            made["itemId"] = str(made["itemId"]).strip()
        found = msgspec.convert(made, Item, strict=False)
        for name, value in (("price", found.price), ("margin", found.margin)):
            if value is not None and not isfinite(value):
                raise BadInput(f"{name} is {value}; write a number or nothing")
        return found

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
    lines: list[int] = []
    bad: list[BadLine] = []
    for line, share, row in _rows(path):
        try:
            if isinstance(row, BadInput):
                raise row
            made.append(make(row, line))
            lines.append(line)
        except BadInput as error:
            bad.append(BadLine(line, error.detail))
        except msgspec.ValidationError as error:
            bad.append(BadLine(line, _with_way_out(str(error))))
        if len(made) + len(bad) >= size:
            yield Batch(made, lines, bad, share)
            made, lines, bad = [], [], []
    yield Batch(made, lines, bad, 1.0)


def _with_way_out(detail: str) -> str:
    if "timezone component" in detail or "RFC3339" in detail:
        return f"{detail}; write 2026-01-05T18:03:00+01:00, or name its `timezone` in a mapping"
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
    return dict(map(_tag, words))


def _tag(cell: str) -> tuple[str, float]:
    """A tag and its weight: `cotton:0.5`; what follows a colon and is no number is of the tag."""
    word, _, weight = cell.rpartition(":")
    if word and weight.removeprefix("-").replace(".", "", 1).isdecimal():
        return word, float(weight)
    return cell, 1.0


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
        if line == 1:
            text = text.removeprefix(codecs.BOM_UTF8)
        if not text.strip():
            continue
        try:
            yield line, msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield line, BadInput(f"not a JSON object: {error}")


def _csv(file: BinaryIO) -> Iterator[tuple[int, Row | BadInput]]:
    """Comma, semicolon or tab, whichever the header has most of; UTF-8, with or without a mark."""
    lines = _texts(file)
    first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    if twice := [name for name, times in Counter(header).items() if times > 1]:
        raise BadInput(f"line 1: the column {twice[0]!r} stands twice; which of them counts?")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, BadInput(f"not a line of a table: {error}")
            continue
        if len(cells) > len(header):
            told = f"{len(cells)} cells, but the header has {len(header)}"
            yield reader.line_num + 1, BadInput(told)
        elif cells:
            yield reader.line_num + 1, dict(zip(header, cells, strict=False))


def _texts(file: BinaryIO) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        try:
            yield line.decode("utf-8" if number > 1 else "utf-8-sig")
        except UnicodeDecodeError as error:
            told = f"line {number}: not UTF-8 ({error.reason}); save the file as UTF-8"
            raise BadInput(told) from None


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
