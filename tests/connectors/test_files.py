"""Other people's files: every format gives the same items, and a bad line says where and why."""

import gzip
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wager.connectors.files import BadLine, read_events, read_items
from wager.connectors.mapping import Columns, Source, read_columns
from wager.domain.content import Item
from wager.errors import BadInput, MissingExtra

needs_duckdb = pytest.mark.skipif(
    importlib.util.find_spec("duckdb") is None, reason="Parquet needs wager[batch]"
)

KETTLE = Item(
    item_id="007",
    title="Kettle, 1.7 L",
    price=29.9,
    currency="EUR",
    stock=4,
    tags={"steel": 1.0, "quiet": 0.5},
    categories=["kitchen", "kettles"],
    available_from=datetime(2026, 1, 5, 8, tzinfo=UTC),
    attributes={"colour": "red"},
)
ROW: dict[str, Any] = {
    "itemId": "007",
    "title": "Kettle, 1.7 L",
    "price": "29.9",
    "currency": "EUR",
    "stock": "4",
    "tags": "steel|quiet:0.5",
    "categories": "kitchen|kettles",
    "availableFrom": "2026-01-05T09:00:00+01:00",
    "attributes.colour": "red",
}


def items(path: Path, columns: Columns | None = None) -> tuple[list[Item], list[BadLine]]:
    batches = list(read_items(path, columns, size=2))
    return [one for b in batches for one in b.made], [one for b in batches for one in b.bad]


def events(path: Path, columns: Columns | None = None) -> list[dict[str, Any]]:
    batches = list(read_events(path, columns))
    assert [bad for batch in batches for bad in batch.bad] == []
    return [one for batch in batches for one in batch.made]


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def table(*rows: dict[str, Any], delimiter: str = ",") -> list[str]:
    def cell(value: Any) -> str:
        return '"' + str(value).replace('"', '""') + '"'

    return [delimiter.join(rows[0]), *(delimiter.join(map(cell, row.values())) for row in rows)]


def same(item: Item) -> None:
    assert item.available_from == KETTLE.available_from
    assert item == KETTLE


def test_an_open_quote_swallows_no_lines_in_silence(tmp_path: Path) -> None:
    found, bad = items(write(tmp_path / "a.csv", "itemId,title", "a,1", 'b,"x', "c,3", 'd,"y"z'))
    assert [one.item_id for one in found] == ["a"]
    assert bad[0].detail.startswith("not a line of a table")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'title' stands twice"):
        items(write(tmp_path / "a.csv", "itemId,title,title", "a,1,2"))


def test_lines_that_begin_with_a_mark_or_lead_into_a_column_are_read_or_named(
    tmp_path: Path,
) -> None:
    marked = write(tmp_path / "a.jsonl", '{"itemId":"a"}', encoding="utf-8-sig")
    assert [one.item_id for one in items(marked)[0]] == ["a"]
    nested = write(tmp_path / "b.csv", "itemId,attributes,attributes.x", 'a,"{}",1')
    assert "has a column of its own" in items(nested)[1][0].detail
    dated = write(tmp_path / "c.csv", "itemId,availableFrom", "a,2026-01-05")
    assert "name its `timezone`" in items(dated)[1][0].detail


def test_numbers_that_are_none_are_no_prices_and_weights_may_be_below_0(tmp_path: Path) -> None:
    rows = ("itemId,price,tags", "a,inf,", " b ,1,x:-1|colour:red|y:0.5")
    found, bad = items(write(tmp_path / "a.csv", *rows))
    assert bad == [BadLine(2, "price is inf; write a number or nothing")]
    assert found[0].item_id == "b"
    assert found[0].tags == {"x": -1.0, "colour:red": 1.0, "y": 0.5}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    lines = table(ROW, delimiter=delimiter)
    found, bad = items(write(tmp_path / "a.csv", *lines, encoding="utf-8-sig"))
    assert bad == []
    same(found[0])


def test_json_in_cells_and_empty_cells(tmp_path: Path) -> None:
    row = {
        **ROW,
        "tags": '{"steel": 1, "quiet": 0.5}',
        "categories": '["kitchen", "kettles"]',
        "margin": "",
        "renditions": '{"push": {"title": "{{ title }}"}}',
    }
    [found], bad = items(write(tmp_path / "a.csv", *table(row)))
    assert bad == []
    assert found.margin is None
    assert found.tags == KETTLE.tags
    assert found.categories == KETTLE.categories
    assert found.renditions == {"push": {"title": "{{ title }}"}}


def test_jsonl_packed_or_not(tmp_path: Path) -> None:
    line = json.dumps(
        {
            "itemId": "007",
            "title": "Kettle, 1.7 L",
            "price": 29.9,
            "currency": "EUR",
            "stock": 4,
            "tags": {"steel": 1, "quiet": 0.5},
            "categories": ["kitchen", "kettles"],
            "availableFrom": "2026-01-05T08:00:00Z",
            "attributes": {"colour": "red"},
        }
    )
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(line.encode()))
    for path in (write(tmp_path / "a.jsonl", line, ""), packed):
        [found], bad = items(path)
        assert bad == []
        same(found)


@needs_duckdb
def test_parquet_with_a_mapping(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "create view kettle as "
            "select 7 as sku, 'Kettle, 1.7 L' as name, 2990 as cents, 4 as stock, "
            "timestamp '2026-01-05 09:00:00' as since, ['kitchen', 'kettles'] as shelf, "
            "'red' as colour from range(3)"
        )
        connection.table("kettle").write_parquet(str(path))
    mapping = write(
        tmp_path / "columns.yaml",
        "fields:",
        "  itemId: {column: sku, as: text}",
        "  title: name",
        "  price: {column: cents, scale: 0.01}",
        "  currency: {value: EUR}",
        "  stock: stock",
        "  tags: {value: 'steel|quiet:0.5'}",
        "  categories: shelf",
        "  availableFrom: {column: since, timezone: Europe/Berlin}",
        "  attributes.colour: colour",
    )
    found, bad = items(path, read_columns(mapping))
    assert bad == []
    assert [item.item_id for item in found] == ["7", "7", "7"]
    same(msgspec.structs.replace(found[0], item_id="007"))


def test_bad_lines_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "price": "-1"}, {**ROW, "availableFrom": "2026-01-05T09:00:00"}, ROW]
    lines = [*table(*rows), "7,too,many,cells,in,this,line,of,the,file", '{"']
    found, bad = items(write(tmp_path / "a.csv", *lines[:6]))
    assert len(found) == 2
    assert [one.line for one in bad] == [3, 4, 6]
    assert "$.price" in bad[0].detail
    assert "write 2026-01-05T18:03:00+01:00, or name its `timezone` in a mapping" in bad[1].detail
    assert bad[2].detail == "10 cells, but the header has 9"


def test_bad_json_lines_are_named(tmp_path: Path) -> None:
    deep = '{"attributes": ' + '{"a":' * 20_000 + "1" + "}" * 20_001
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"itemId": "a"}\n[1]\n{"itemId"\n{"itemId": "\xff"}\n{"item": "b"}\n' + deep.encode()
    )
    found, bad = items(path)
    assert [one.item_id for one in found] == ["a"]
    assert [one.line for one in bad] == [2, 3, 4, 5, 6]
    assert "name it `attributes.NAME`" in bad[3].detail


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.xlsx", b"", r"ends in '\.xlsx'; files that can be read end in"),
        ("a.csv", b"itemId,title\na,b\xff\n", r"line 2: not UTF-8"),
        ("a.jsonl.gz", gzip.compress(b'{"itemId": "a"}\n' * 9, mtime=0)[:-9], "cannot be unpacked"),
        ("a.jsonl.gz", b"plain", "cannot be unpacked"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=told):
        items(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file"):
        items(tmp_path / "a.csv")


def test_parquet_without_the_extra_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(MissingExtra, match=r"wager\[batch\]"):
        items(tmp_path / "a.parquet")


@needs_duckdb
def test_what_only_says_it_is_parquet(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not Parquet"):
        items(write(tmp_path / "a.parquet", "no"))


def test_events_of_a_table_by_mapping(tmp_path: Path) -> None:
    columns = Columns(
        fields={
            "type": Source(value="track"),
            "event": Source(column="what", words={"buy": "Order Completed"}),
            "userId": "who",
            "timestamp": Source(column="when", timezone="Europe/Berlin"),
            "properties.revenue": Source(column="cents", scale=0.01),
            "properties.products": Source(column="lines", kind="json"),
        }
    )
    lines = table(
        {
            "what": "buy",
            "who": "u-1",
            "when": "2026-07-01 18:03:00",
            "cents": "1250",
            "lines": '[{"product_id": "p-7", "quantity": 2}]',
        }
    )
    [event] = events(write(tmp_path / "a.csv", *lines), columns)
    assert event.pop("messageId").startswith("file-")
    assert event == {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "timestamp": "2026-07-01T18:03:00+02:00",
        "properties": {"revenue": 12.5, "products": [{"product_id": "p-7", "quantity": 2}]},
    }


def test_the_same_file_gives_the_same_message_ids(tmp_path: Path) -> None:
    timed = '{"type": "track", "event": "A", "userId": 7, "timestamp": "2026-01-05T18:03:00Z"}'
    untimed = '{"type": "track", "event": "A", "userId": "7"}'
    own = '{"type": "track", "event": "A", "userId": "7", "messageId": "m"}'
    first = events(write(tmp_path / "a.jsonl", timed, timed, untimed, untimed, own))
    again = events(write(tmp_path / "a.jsonl", timed, timed, untimed, untimed, own))
    assert first == again
    ids = [event["messageId"] for event in first]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert ids[4] == "m"
    assert first[0]["userId"] == "7"


def test_a_mapping_that_does_not_fit_says_so(tmp_path: Path) -> None:
    lines = table({"sku": "a", "n": "x", "t": "soon"})
    path = write(tmp_path / "a.csv", *lines)
    cases: list[tuple[str | Source, str]] = [
        ("price", "there is no column 'price'; the columns are ['n', 'sku', 't']"),
        (Source(column="n", kind="number"), "column 'n' holds 'x', which is not a number"),
        (Source(column="n", scale=2.0), "column 'n' holds 'x', which is not a number"),
        (Source(column="n", kind="json"), "column 'n' holds 'x', which is not a json"),
        (Source(column="t", timezone="UTC"), "column 't' holds 'soon', which is not an ISO 8601"),
    ]
    for source, told in cases:
        _, [bad] = items(path, Columns(fields={"itemId": "sku", "price": source}))
        assert told in bad.detail
    source = Source(column="t", timezone="Mars/Base")
    _, [bad] = items(
        write(tmp_path / "b.csv", "t", "2026-01-05"), Columns(fields={"availableFrom": source})
    )
    assert "no time zone is named 'Mars/Base'" in bad.detail


def test_a_mapping_file_that_is_none(tmp_path: Path) -> None:
    for text in ("fields: [a]", "columns: {a: b}", "fields: {a: {colum: b}}", "\t:"):
        with pytest.raises(BadInput, match="is not a mapping file"):
            read_columns(write(tmp_path / "c.yaml", text))


def test_the_share_read_grows_to_one(tmp_path: Path) -> None:
    lines = [json.dumps({"itemId": f"i-{n}"}) for n in range(20_000)]
    shares = [batch.share for batch in read_items(write(tmp_path / "a.jsonl", *lines))]
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] == 1.0
