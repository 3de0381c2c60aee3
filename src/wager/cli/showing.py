"""What the command line prints: figures and tables to stdout, progress and remarks to stderr."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, *, style: str | None = None) -> None:
    """A remark beside the answer, so that the answer can be piped."""
    err.print(text, style=style, markup=False)


def as_json(value: object, *, indent: int = 2) -> None:
    """The answer as JSON, one line where `indent` is 0."""
    text = msgspec.json.encode(value)
    if indent:
        text = msgspec.json.format(text, indent=indent)
    out.print(text.decode(), markup=False)


def table(columns: Iterable[str], rows: Iterable[Iterable[object]], *, title: str = "") -> None:
    """Rows in columns; numbers stand to the right."""
    cells = [[_text(cell) for cell in row] for row in rows]
    made = Table(
        title=title or None, title_justify="left", box=None, pad_edge=False, padding=(0, 2)
    )
    for place, column in enumerate(columns):
        numbers = all(_is_number(row[place]) for row in cells) and bool(cells)
        made.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        made.add_row(*(cell.replace("[", "\\[") for cell in row))
    out.print(made)


def _text(cell: object) -> str:
    match cell:
        case None:
            return "-"
        case bool():
            return "yes" if cell else "no"
        case float():
            return f"{cell:.4g}" if abs(cell) < 1000 else f"{cell:,.0f}"
        case int():
            return f"{cell:,}"
        case _:
            return str(cell)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").replace("e-", "").isdigit() or (
        text == "-"
    )


def figure(value: Any) -> str:
    """An estimate with its interval, or what is still missing for one."""
    match value:
        case {"type": "Estimate", "value": float() | int() as mean, "low": low, "high": high}:
            return f"{mean:.4g} ({low:.4g} to {high:.4g})"
        case {"type": "NotEnough", "needed": needed, "seen": seen, "what": what}:
            return f"not enough: {seen:,} of {needed:,} {what}"
        case _:
            return _text(value)


@contextmanager
def progress() -> Iterator[Progress]:
    """Bars on stderr for what takes more than a second."""
    with Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
    ) as shown:
        yield shown
