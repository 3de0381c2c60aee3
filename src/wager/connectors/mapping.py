"""Which column of somebody else's file becomes which field of ours, declared in YAML."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from wager.errors import BadInput

Row = Mapping[str, Any]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field comes from: a column, or a fixed value (also where the column is empty).

    `words` translates what stands in the column; a word that it lacks stays as it is. `timezone`
    is that of a time without an offset; `scale` multiplies a number (cents to euros: 0.01).
    """

    column: str | None = None
    value: Any = None
    words: dict[str, Any] = {}
    kind: Literal["text", "number", "json"] | None = msgspec.field(name="as", default=None)
    scale: float | None = None
    timezone: str | None = None


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping file: fields of items or events, a dotted path leading into an object.

    ```yaml
    fields:
      itemId: sku
      title: name
      price: {column: cents, scale: 0.01}
      currency: {value: EUR}
      availableFrom: {column: since, timezone: Europe/Berlin}
      attributes.colour: colour
    ```
    """

    fields: dict[str, str | Source]


def read_columns(path: Path) -> Columns:
    """The mapping that a YAML file declares."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Columns)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise BadInput(
            f"{path} is not a mapping file: {error}; see `wager import --help`"
        ) from None


def apply_columns(columns: Columns, row: Row) -> dict[str, Any]:
    """One row of theirs as one object of ours; what is empty there is absent here."""
    made: dict[str, Any] = {}
    for target, source in columns.fields.items():
        value = _value(source, row)
        if value is None or value == "":
            continue
        *parents, last = target.split(".")
        place = made
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise BadInput(f"{target!r} leads into {parent!r}, which has a column of its own")
        place[last] = value
    return made


def _value(source: str | Source, row: Row) -> Any:
    if isinstance(source, str):
        return _column(source, row)
    value = None if source.column is None else _column(source.column, row)
    if value is None or value == "":
        return source.value
    if source.words:
        value = source.words.get(str(value), value)
    try:
        return _read_as(source, value)
    except (TypeError, ValueError, InvalidOperation, msgspec.DecodeError):
        wanted = "an ISO 8601 time" if source.timezone else f"a {source.kind or 'number'}"
        raise BadInput(f"column {source.column!r} holds {value!r}, which is not {wanted}") from None


def _column(name: str, row: Row) -> Any:
    try:
        return row[name]
    except KeyError:
        raise BadInput(f"there is no column {name!r}; the columns are {sorted(row)[:40]}") from None


def _read_as(source: Source, value: Any) -> Any:
    if source.timezone:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return at if at.tzinfo else at.replace(tzinfo=_zone(source.timezone))
    if source.scale is not None:
        return float(Decimal(str(value)) * Decimal(str(source.scale)))  # 2990 cents are 29.9
    match source.kind:
        case "number":
            return float(value)
        case "text":
            return str(value)
        case "json":
            return msgspec.json.decode(str(value))
        case None:
            return value


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"no time zone is named {name!r}; name one as Europe/Berlin") from None
