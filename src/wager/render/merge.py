"""Liquid templates filled with what is known of a person; a gap is reported, never printed."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import msgspec
from liquid.exceptions import LiquidError, ResourceLimitError

from wager.errors import BadDefinition
from wager.render.liquid import OUTPUT_LIMIT, STEP_LIMIT, MergeContext, MergeTemplate, environment

Form = Literal["html", "text"]
Values = Mapping[str, object]

TEMPLATE_LIMIT = 16_384
PROFILE_PARTS = ("traits", "affinities", "counts")
ITEM_PARTS = (
    "itemId",
    "kind",
    "title",
    "description",
    "tags",
    "categories",
    "creator",
    "price",
    "currency",
    "stock",
    "stockAt",
    "limit",
    "availableFrom",
    "availableUntil",
    "parentId",
    "fragment",
    "attributes",
)
PARTS: Mapping[str, tuple[str, ...] | None] = {
    "profile": PROFILE_PARTS,
    "item": ITEM_PARTS,
    "context": None,
    "bet": ("level", "certainty"),
    "now": (),
}
# What the library would answer from the server's own clock is absent unless it is handed in.
_NO_CLOCK: Mapping[str, object] = {"now": None, "today": None}


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """A merged text, or None with the paths that are `missing`; `used` are the person's fields."""

    text: str | None
    used: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def merge(template: str, values: Values, *, form: Form = "html") -> Merged:
    """Fill a template; what is absent, null or blank and has no `default` makes it incomplete.

    In `html` what is merged in is escaped, the template's own markup is not. A template that takes
    too many steps or writes too much stops with `BadDefinition`.

    >>> merge("Hello {{ profile.traits.name }}", {"profile": {"traits": {}}})
    Merged(text=None, used=(), missing=('profile.traits.name',))
    >>> merge("Hello {{ profile.traits.name | default: 'you' }}", {"profile": {"traits": {}}}).text
    'Hello you'
    """
    if not has_tags(template):
        return Merged(text=template)
    compiled = _compiled(template, form)
    context = MergeContext(compiled, globals=compiled.make_globals({**_NO_CLOCK, **values}))
    buffer = context.get_buffer()
    try:
        compiled.render_with_context(context, buffer)
    except ResourceLimitError as error:
        raise BadDefinition(
            f"the template {_shown(template)} was stopped: {error.args[0]}; at most {STEP_LIMIT} "
            f"steps and {OUTPUT_LIMIT} bytes are allowed: shorten its loops"
        ) from error
    except (
        LiquidError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise BadDefinition(f"the template {_shown(template)} failed: {error.args[0]}") from error
    used = tuple(dict.fromkeys(context.used))
    missing = tuple(dict.fromkeys(context.missing))
    return Merged(text=None if missing else buffer.getvalue(), used=used, missing=missing)


def check(template: str) -> list[str]:
    """What keeps a template from working, in words; empty if nothing does."""
    if not has_tags(template):
        return []
    try:
        compiled = _compiled(template, "text")
    except BadDefinition as error:
        return [error.detail]
    analysis = compiled.analyze(include_partials=False)
    known = compiled.env.filters
    problems = [
        f"no filter is named {name!r}; known filters: {sorted(known)}"
        for name in analysis.filters
        if name not in known
    ]
    for variables in analysis.globals.values():
        problems += [found for one in variables if (found := _unknown(one.segments)) is not None]
    return list(dict.fromkeys(problems))


def has_tags(template: str) -> bool:
    """Whether there is anything to fill in at all."""
    return "{{" in template or "{%" in template


def _unknown(segments: object) -> str | None:
    """What is wrong with the first and second name of a path such as `profile.traits.name`."""
    path = segments if isinstance(segments, list) else [segments]
    root = str(path[0])
    if root not in PARTS:
        return f"{root!r} is not known here; known are {sorted(PARTS)}"
    parts = PARTS[root]
    if parts and len(path) > 1 and isinstance(path[1], str) and path[1] not in parts:
        return f"'{root}.{path[1]}' is not known here; known are {[f'{root}.{p}' for p in parts]}"
    return None


@lru_cache(maxsize=4096)
def _compiled(template: str, form: Form) -> MergeTemplate:
    if len(template) > TEMPLATE_LIMIT:
        raise BadDefinition(
            f"a template has {len(template)} characters; at most {TEMPLATE_LIMIT} are allowed"
        )
    try:
        compiled = environment(form).from_string(template)
    except LiquidError as error:
        reason = (error.__cause__ or error).args[0]
        raise BadDefinition(f"the template {_shown(template)} cannot be read: {reason}") from error
    assert isinstance(compiled, MergeTemplate)
    return compiled


def _shown(template: str) -> str:
    return repr(template if len(template) <= 80 else template[:77] + "...")


def merged_or_why(template: str, values: Values) -> tuple[str | None, tuple[str, ...], str]:
    """The placement's words for this person, the fields they used, and what stood against it."""
    try:
        merged = merge(template, values)
    except BadDefinition as error:
        return None, (), error.detail
    return merged.text, merged.used, f"{', '.join(merged.missing)} is not known"
