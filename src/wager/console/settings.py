"""The settings of a placement, each with what it means: whatever the definition has is shown."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from wager.console.format import number, percent, plural, span
from wager.console.markup import Markup, tag
from wager.console.verdicts import table
from wager.domain.definitions import Placement

ON_OTHER_CARDS = frozenset({"name", "description", "caps", "goals", "floors"})
HEADS = ("Setting", "Value", "What it means")
_SCHEMA: Mapping[str, dict[str, Any]] = msgspec.json.schema(Placement)["$defs"]["Placement"][
    "properties"
]


def settings(declared: Placement) -> Markup:
    """First what was set, then, folded away, what is as it is unless one says otherwise."""
    values = _values(declared)
    untouched = _values(Placement(name=declared.name))
    written = [name for name in values if values[name] != untouched[name]]
    others = [name for name in values if name not in written]
    folded = tag(
        "details",
        tag("summary", f"{plural(len(others), 'setting')} left as they come"),
        table(HEADS, _rows(others, values)),
        class_="small gap",
    )
    return tag(
        "section",
        tag("h2", "Settings"),
        table(HEADS, _rows(written, values)) if written else None,
        folded if others else None,
        class_="card",
        id="settings",
    )


def _values(declared: Placement) -> dict[str, object]:
    """By their names on the wire."""
    return {
        one.encode_name: getattr(declared, one.name)
        for one in msgspec.structs.fields(Placement)
        if one.encode_name not in ON_OTHER_CARDS
    }


def _rows(names: Iterable[str], values: Mapping[str, object]) -> list[list[str | Markup]]:
    return [
        [
            tag("code", name),
            value_text(name, values[name]),
            tag("span", meaning(name), class_="soft"),
        ]
        for name in names
    ]


def meaning(name: str) -> str:
    """What a setting is for, in a sentence; empty where its definition does not say.

    >>> meaning("slots")
    'How many openings it has.'
    """
    return str(_SCHEMA[name].get("description", ""))


def value_text(name: str, value: object) -> str:
    """A value in words: shares in percent, minutes as a span, what is empty as such.

    >>> value_text("riskAppetite", 0.05), value_text("coolDownMinutes", 90), value_text("kinds", [])
    ('5.0 %', '90 minutes', 'none')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float() if name.lower().endswith("minutes"):
            return span(timedelta(minutes=value)) if value else "none"
        case float() if name == "share" or _SCHEMA.get(name, {}).get("maximum", 2) <= 1:
            return percent(value)
        case int() | float():
            return number(value)
        case msgspec.Struct():
            fields = msgspec.structs.fields(value)
            return _pairs((one.encode_name, getattr(value, one.name)) for one in fields)
        case Mapping():
            return _pairs(value.items())
        case list():
            return ", ".join(value_text("", one) for one in value) or "none"
        case None:
            return "none"
        case _:
            return str(value)


def _pairs(found: Iterable[tuple[str, object]]) -> str:
    said = (f"{name} {value_text(name, value)}" for name, value in found if value)
    return ", ".join(said) or "none"
