"""An item in the form that one channel needs, with the person's words merged in."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wager.domain.content import Item
from wager.errors import BadDefinition
from wager.render.merge import Form, Values, has_tags, merge

PLAIN_TEXT_CHANNELS = frozenset(("sms", "push", "app", "voice", "chat", "print", "text"))


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of an item. With `missing` paths or a `problem` it must not be shown."""

    content: dict[str, Any]
    used: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problem: str | None = None


def content(item: Item, channel: str | None, values: Values) -> Rendered:
    """The item's own words, overlaid by its rendition for the channel, with templates filled.

    Only the title, the description and renditions are templates; attributes go out as they are.
    What is merged in is HTML-escaped but for the channels of plain text.

    >>> tea = Item(item_id="t", title="Tea for {{ profile.traits.name }}")
    >>> content(tea, "web", {"profile": {"traits": {"name": "O'Neil"}}}).content["title"]
    'Tea for O&#39;Neil'
    """
    shown = _own(item)
    if channel is not None and (rendition := item.renditions.get(channel)) is not None:
        shown.update(rendition)
    if not any(_any_tags(part) for name, part in shown.items() if name != "attributes"):
        return Rendered(content=shown)
    form: Form = "text" if channel in PLAIN_TEXT_CHANNELS else "html"
    return _fill(shown, {**values, "item": _described(item)}, form)


def _own(item: Item) -> dict[str, Any]:
    own: dict[str, Any] = {"kind": item.kind, "title": item.title}
    if item.description:
        own["description"] = item.description
    if item.price is not None:
        own["price"] = item.price
        if item.currency is not None:
            own["currency"] = item.currency
    if item.attributes:
        own["attributes"] = item.attributes
    return own


def _described(item: Item) -> Mapping[str, object]:
    """The item as a template sees it, with the names of the wire."""
    described = msgspec.to_builtins(item)
    assert isinstance(described, dict)
    return described


def _any_tags(value: object) -> bool:
    if isinstance(value, str):
        return has_tags(value)
    if isinstance(value, dict):
        return any(map(_any_tags, value.values()))
    return isinstance(value, list) and any(map(_any_tags, value))


def _fill(shown: dict[str, Any], values: Values, form: Form) -> Rendered:
    used: dict[str, None] = {}
    missing: dict[str, None] = {}

    def filled(value: object) -> object:
        if isinstance(value, str):
            merged = merge(value, values, form=form)
            used.update(dict.fromkeys(merged.used))
            missing.update(dict.fromkeys(merged.missing))
            return merged.text
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        return [filled(part) for part in value] if isinstance(value, list) else value

    try:
        content = {
            name: part if name == "attributes" else filled(part) for name, part in shown.items()
        }
    except BadDefinition as error:
        return Rendered(content={}, problem=error.detail)
    if missing:
        return Rendered(content={}, used=tuple(used), missing=tuple(missing))
    return Rendered(content=content, used=tuple(used))
