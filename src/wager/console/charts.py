"""Charts that can be taken along: each one downloads as data (CSV) and as a picture (PNG)."""

import csv
import io
import itertools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from wager.console.format import sentence
from wager.console.theme import box

Option = dict[str, Any]
Row = Sequence[str | float | int]
_names = itertools.count(1)
_TEXT = {"fontFamily": "system-ui, sans-serif", "fontSize": 12, "color": "var(--ink)"}
_NARROW = 460
LINE = 32  # characters of a name before it is broken


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn and the rows behind it, the first of them the heads of the columns."""

    option: Option
    rows: Sequence[Row]
    height: int
    words: str


class Chart:
    """A chart on the page with its two downloads; `draw` shows other figures in it."""

    def __init__(self, name: str, plot: Plot) -> None:
        self.name, self.plot = name, plot
        marked = f"chart-{next(_names)}"
        self.element = ui.echart(plot.option, renderer="svg").classes("chart")
        self.element.props(f"id={marked} role=img").style(f"height: {plot.height}px")
        self.element.props["aria-label"] = plot.words
        with box("taken"):
            data = ui.element("button").classes("quiet").props("type=button")
            picture = ui.element("button").classes("quiet").props("type=button")
        with data:
            ui.html("data", sanitize=False, tag="span")
        with picture:
            ui.html("picture", sanitize=False, tag="span")
        data.props["aria-label"] = f"Download the data of: {plot.words}"
        picture.props["aria-label"] = f"Download a picture of: {plot.words}"
        data.on("click", self._download)
        picture.on("click", js_handler=f"() => takePicture('{marked}', 'wager-{name}.png')")

    def draw(self, plot: Plot) -> None:
        """The same chart with newer figures; nothing is sent where nothing changed."""
        if plot == self.plot:
            return
        self.plot = plot
        self.element.options.clear()
        self.element.options.update(plot.option)
        self.element.style(f"height: {plot.height}px")
        self.element.update()

    def _download(self) -> None:
        ui.download.content(as_csv(self.plot.rows), f"wager-{self.name}.csv", "text/csv")


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV; a text that a spreadsheet would run as a formula is led by an apostrophe.

    >>> as_csv([("item", "odds"), ("=1+1", 0.5)])
    "item,odds\\r\\n'=1+1,0.5\\r\\n"
    """
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_tame(cell) for cell in row])
    return out.getvalue()


def _tame(cell: str | float | int) -> str | float | int:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell


def base(**more: Any) -> Option:
    """What all charts share: no animation, no shadows, the fonts and colours of the page."""
    return {"animation": False, "textStyle": _TEXT, "grid": GRID, **more}


GRID = {"left": 4, "right": 12, "top": 8, "bottom": 4, "containLabel": True}


def names_axis(names: Sequence[str]) -> Option:
    """A vertical axis of words, the first on top, over two lines at most where they are long."""
    return {
        "type": "category",
        "data": [_broken(name) for name in names],
        "inverse": True,
        "axisLine": {"show": False, "onZero": False},
        "axisTick": {"show": False},
        "axisLabel": {
            "color": "var(--ink)",
            "lineHeight": 15,
            "interval": 0,
            "fontSize": 12,
        },
    }


def _broken(name: str) -> str:
    return "\n".join(textwrap.wrap(sentence(name), LINE, max_lines=2, placeholder=" …"))


def value_axis(**more: Any) -> Option:
    """An axis of values with hairlines."""
    return {
        "type": "value",
        "splitLine": {"lineStyle": {"color": "var(--line)"}},
        "axisLabel": {"color": "var(--soft)", "fontSize": 12, "hideOverlap": True},
        **more,
    }


def narrow(names: Sequence[str], grid: Option, axes: int = 1) -> list[Option]:
    """Where the chart itself is narrow, as on a phone, the words stand above their bars; the second
    entry, without a query, takes that back where it is wide again."""
    words = {
        "inside": True,
        "margin": 0,
        "width": 270,
        "align": "left",
        "verticalAlign": "bottom",
        "overflow": "truncate",
        "padding": [0, 0, 7, 0],
    }
    beside = {
        "inside": False,
        "margin": 8,
        "width": None,
        "align": "right",
        "verticalAlign": "middle",
        "overflow": "none",
        "padding": [0, 0, 0, 0],
    }
    others: list[Option] = [{} for _ in range(axes - 1)]
    above = [{"axisLabel": words, "data": [sentence(name) for name in names]}, *others]
    wide = [{"axisLabel": beside, "data": [_broken(name) for name in names]}, *others]
    return [
        {
            "query": {"maxWidth": _NARROW},
            "option": {"yAxis": above, "grid": {"left": 14, "top": 16}},
        },
        {"option": {"yAxis": wide, "grid": grid}},
    ]


def tooltip(**more: Any) -> Option:
    """A hairline box for the figures under the pointer."""
    return {
        "backgroundColor": "var(--card)",
        "borderColor": "var(--line)",
        "textStyle": {"color": "var(--ink)", "fontSize": 12},
        "extraCssText": "box-shadow:none",
        **more,
    }
