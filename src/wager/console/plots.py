"""What is drawn: reasons that add up, odds side by side, levels, hours, and said against won."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from wager.console.charts import (
    Option,
    Plot,
    Row,
    base,
    names_axis,
    narrow,
    tooltip,
    value_axis,
)
from wager.console.format import Unit, percent, whole
from wager.console.reported import Calibration, Hour, Journey, TenureStep
from wager.domain.decisions import Reason
from wager.domain.definitions import LEVELS
from wager.domain.estimates import Estimate

_KIND_LEVEL: Mapping[str, str] = {
    "everybody": "crowd",
    "popular": "crowd",
    "also-bought": "crowd",
    "item-record": "crowd",
    "segment": "segment",
    "segment-record": "segment",
    "template": "customization",
    "default": "neutral",
    "holdout": "neutral",
    "nothing": "neutral",
    "rest": "others",
}


class Step(NamedTuple):
    """One bar of the waterfall: from the sum before it to the sum with it."""

    text: str
    start: float
    end: float
    label: str
    colour: str


class Interval(NamedTuple):
    """A value with what it may as well be, in one colour."""

    text: str
    low: float
    value: float
    high: float
    colour: str


MOST_HOURS = 72
LABELLED = {"left": 4, "right": 44, "top": 4, "bottom": 4, "containLabel": True}
BETWEEN = {"left": 4, "right": 4, "top": 0, "bottom": 0, "containLabel": True}
UPRIGHT = {"left": 20, "right": 22, "top": 10, "bottom": 4, "containLabel": True}
PERCENT = "value => +(100 * value).toFixed(2) + ' %'"


def waterfall(reasons: Sequence[Reason], expected: float, unit: Unit) -> Plot:
    """Each reason adds to the sum so far; what they do not explain is said, and then the sum."""
    steps = _steps(reasons, expected, unit)
    axis = value_axis()
    if unit.is_share:
        axis["axisLabel"] = {**axis["axisLabel"], "formatter": "{value} %"}
    option = base(
        grid=LABELLED,
        xAxis=axis,
        yAxis=[names_axis([step.text for step in steps])],
        series=_stacked(steps, 100.0 if unit.is_share else 1.0),
        media=narrow([step.text for step in steps], LABELLED),
    )
    rows: list[Row] = [("reason", "adds"), *((step.text, step.end - step.start) for step in steps)]
    return Plot(option, rows, 34 + 40 * len(steps), "Why: each reason adds to what is expected")


def _steps(reasons: Sequence[Reason], expected: float, unit: Unit) -> list[Step]:
    adding = [(one.text, one.weight, _colour(one)) for one in reasons if one.weight != 0]
    rest = expected - sum(weight for _, weight, _ in adding)
    if abs(rest) > max(abs(expected), 1e-6) * 0.005:
        adding.append(("everything else", rest, "var(--others)"))
    steps: list[Step] = []
    reached = 0.0
    for text, weight, colour in adding:
        label = unit.plain(weight, expected)
        steps.append(Step(text, reached, reached + weight, label, colour))
        reached += weight
    label = unit.plain(expected, expected)
    return [*steps, Step("expected", 0.0, expected, label, "var(--ink)")]


def _colour(reason: Reason) -> str:
    return f"var(--{_KIND_LEVEL.get(reason.kind, 'context')})"


def _stacked(steps: Sequence[Step], scale: float) -> list[Option]:
    """Bars from start to end as stacked parts: an invisible offset, what is above 0, what below."""
    offsets, above, below = [], [], []
    for step in steps:
        low, high = sorted((step.start * scale, step.end * scale))
        offset = low if low > 0 else min(high, 0.0)
        offsets.append({"value": offset, "itemStyle": {"color": "transparent"}})
        above.append(_bar(max(high, 0.0) - max(low, 0.0), step, shown=high > 0))
        below.append(_bar(min(low, 0.0) - min(high, 0.0), step, shown=high <= 0))
    return [
        {
            "type": "bar",
            "stack": "sum",
            "barWidth": 13,
            "silent": True,
            "data": data,
            "emphasis": {"disabled": True},
        }
        for data in (offsets, above, below)
    ]


def _bar(length: float, step: Step, *, shown: bool) -> Option:
    label = {"position": "right", "formatter": step.label, "fontSize": 12, "color": "var(--ink)"}
    return {
        "value": length,
        "itemStyle": _fill(step) if length else {},
        "label": {"show": shown, "opacity": 1, **label},
    }


def _fill(step: Step) -> Option:
    """A full bar adds; a hollow one, in the same colour, takes away."""
    if step.end >= step.start:
        return {"color": step.colour, "borderRadius": 2}
    return {
        "color": "var(--card)", "borderRadius": 2, "borderColor": step.colour, "borderWidth": 2,
    }  # fmt: skip


def intervals(found: Sequence[Interval], unit: Unit, words: str) -> Plot:
    """Side by side: a dot for each value on a band of what it may as well be; 0 is a line."""
    scale = 100.0 if unit.is_share else 1.0
    steps = [
        Step(one.text, one.low, one.high, unit.plain(one.value, one.value), one.colour)
        for one in found
    ]
    bands = [
        {**one, "barWidth": 9, "itemStyle": {"opacity": 0.4}} for one in _stacked(steps, scale)
    ]
    dots = [
        {"value": [one.value * scale, place], "itemStyle": {"color": one.colour, "opacity": 1}}
        for place, one in enumerate(found)
    ]
    zero = {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"color": "var(--strong-line)", "type": "solid"},
        "data": [{"xAxis": 0}],
    }
    names = [one.text for one in found]
    option = base(
        grid=LABELLED,
        xAxis=value_axis(),
        yAxis=[names_axis(names)],
        series=[
            *bands,
            {"type": "scatter", "data": dots, "symbolSize": 9, "silent": True, "markLine": zero},
        ],
        media=narrow(names, LABELLED),
    )
    rows: list[Row] = [("what", "low", "value", "high")]
    rows += [(one.text, one.low, one.value, one.high) for one in found]
    return Plot(option, rows, 34 + 36 * len(found), words)


def odds(rows: Sequence[tuple[str, float, bool]]) -> Plot:
    """Who was in the draw and with which odds; what was drawn is in the accent."""
    most = max((chance for _, chance, _ in rows), default=1.0)
    names = [name for name, _, _ in rows]
    right = names_axis([percent(chance) for _, chance, _ in rows])
    right["axisLabel"] = {"color": "var(--ink)", "interval": 0, "fontSize": 12}
    data = [
        {"value": chance, "itemStyle": {"color": "var(--context)" if drawn else "var(--others)"}}
        for _, chance, drawn in rows
    ]
    bar = {
        "type": "bar",
        "data": data,
        "barWidth": 10,
        "silent": True,
        "showBackground": True,
        "backgroundStyle": {"color": "var(--track)"},
        "emphasis": {"disabled": True},
    }
    option = base(
        grid=BETWEEN,
        xAxis={"type": "value", "show": False, "min": 0, "max": 1.0 if most >= 0.2 else most * 1.2},
        yAxis=[names_axis(names), {**right, "position": "right"}],
        series=[bar],
        media=narrow(names, BETWEEN, axes=2),
    )
    table: list[Row] = [("item", "odds"), *((name, chance) for name, chance, _ in rows)]
    return Plot(option, table, 10 + 34 * len(rows), "The others and their odds")


def levels(counts: Mapping[str, int]) -> Plot:
    """One bar of all bets, a part for each level in its colour."""
    series = [
        {
            "type": "bar",
            "stack": "levels",
            "barWidth": 26,
            "name": level,
            "data": [counts.get(level, 0)],
            "itemStyle": {"color": f"var(--{level})"},
            "emphasis": {"disabled": True},
        }
        for level in LEVELS
    ]
    total = sum(counts.values())
    option = base(
        grid={"left": 0, "right": 0, "top": 0, "bottom": 0},
        xAxis={"type": "value", "show": False, "max": max(total, 1)},
        yAxis={"type": "category", "data": ["bets"], "show": False},
        tooltip=tooltip(),
        series=series,
    )
    rows: list[Row] = [("level", "bets"), *((level, counts.get(level, 0)) for level in LEVELS)]
    return Plot(option, rows, 34, "Bets by level")


def hours(found: Sequence[Hour]) -> Plot:
    """Bets hour by hour, or day by day where that is clearer, and how many of them were won."""
    daily = len(found) > MOST_HOURS
    if daily:
        found = _days(found)
    labels = [f"{one.at.day} {one.at:%b}{'' if daily else f' {one.at:%H:%M}'}" for one in found]
    won = {"name": "won", "color": "var(--context)", "data": [one.won for one in found]}
    rest = [one.bets - one.won for one in found]
    open_or_lost = {"name": "open or lost", "color": "var(--others)", "data": rest}
    bar = {"type": "bar", "stack": "bets", "barMaxWidth": 18, "emphasis": {"disabled": True}}
    option = base(
        grid=UPRIGHT,
        xAxis=_columns_axis(labels),
        yAxis=value_axis(minInterval=1),
        tooltip=tooltip(trigger="axis"),
        series=[{**bar, **won}, {**bar, **open_or_lost}],
    )
    counts = [(one.at.isoformat(), one.bets, one.won) for one in found]
    words = f"Bets and wins {'day by day' if daily else 'hour by hour'}"
    return Plot(option, [("day" if daily else "hour", "bets", "won"), *counts], 190, words)


def _columns_axis(labels: Sequence[str]) -> Option:
    return {
        "type": "category",
        "data": list(labels),
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": "var(--line)"}},
        "axisLabel": {"color": "var(--soft)", "hideOverlap": True},
    }


def _days(found: Sequence[Hour]) -> list[Hour]:
    days: dict[datetime, list[Hour]] = {}
    for one in found:
        days.setdefault(one.at.replace(hour=0), []).append(one)
    return [
        Hour(at=day, bets=sum(one.bets for one in parts), won=sum(one.won for one in parts))
        for day, parts in days.items()
    ]


def calibration(found: Calibration) -> Plot:
    """For each tenth of the bets, what was said of them and what came."""
    deciles = found.deciles
    option = _said_and_won([(percent(one.said), one.said, one.won) for one in deciles])
    rows: list[Row] = [("low", "high", "said", "won", "choices")]
    rows += [(one.low, one.high, one.said, one.won, one.count) for one in deciles]
    words = f"What was said and what was won, in tenths of {whole(found.count)} choices"
    return Plot(option, rows, 300, words)


def tenure(found: Journey) -> Plot:
    """By the weeks that people are known, what was said of their decisions and what came."""
    known = [
        (weeks(one), one.expected_rate, one.win_rate.value)
        for one in found.steps
        if one.expected_rate is not None and isinstance(one.win_rate, Estimate)
    ]
    rows: list[Row] = [("weeks known", "said", "won"), *known]
    words = f"What was said and what was won by the weeks that people are known, of {found.goal}"
    return Plot(_said_and_won(known), rows, 190, words)


def weeks(step: TenureStep) -> str:
    """
    >>> weeks(TenureStep(from_week=3, to_week=4)), weeks(TenureStep(from_week=1, to_week=1))
    ('weeks 3 to 4', 'week 1')
    """
    one, last = step.from_week, step.to_week
    return f"week {one}" if one == last else f"weeks {one} to {last}"


def _said_and_won(columns: Sequence[tuple[str, float, float]]) -> Option:
    """Two bars for each column: grey what was said, green what was won."""
    bar = {"type": "bar", "barMaxWidth": 20, "emphasis": {"disabled": True}}
    said = {"name": "said", "data": [said for _, said, _ in columns], "color": "var(--others)"}
    won = {"name": "won", "data": [won for _, _, won in columns], "color": "var(--context)"}
    axis = value_axis()
    axis["axisLabel"] = {**axis["axisLabel"], ":formatter": PERCENT}
    return base(
        grid=UPRIGHT,
        xAxis=_columns_axis([name for name, _, _ in columns]),
        yAxis=axis,
        tooltip={**tooltip(trigger="axis"), ":valueFormatter": PERCENT},
        series=[{**bar, **said}, {**bar, **won}],
    )
