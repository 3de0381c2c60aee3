"""Liquid kept within bounds: nulls stay null until a `default`, work and output are counted."""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, wraps
from math import isfinite
from typing import TextIO

from liquid import BoundTemplate, Environment, RenderContext, Token, Undefined, escape
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.exceptions import FilterArgumentError, LoopIterationLimitError, ResourceLimitError

from wager.domain.stages import OF_THE_PERSON

STEP_LIMIT = 10_000  # loop turns, values read and filters applied, all together
OUTPUT_LIMIT = 65_536  # bytes written
SIZE_LIMIT = 65_536  # characters in one value
LIST_LIMIT = 1_000
NUMBER_LIMIT = 10**18

_LEFT_OUT_TAGS = ("include", "render", "cycle", "increment", "decrement", "ifchanged", "tablerow")
_LEFT_OUT_FILTERS = ("safe",)
_LIST_FILTERS = frozenset(
    ("join", "first", "last", "concat", "map", "reverse", "sort", "sort_natural", "sum", "where",
     "reject", "find", "find_index", "has", "uniq", "compact", "size", "default", "slice")
)  # fmt: skip
_ROOTS = frozenset(("profile", "context", "item", "bet", "now"))
_RAW = frozenset(("", "null", "None", "nil", "undefined", "NaN", "nan"))
_DATE_FORMAT = re.compile(r"(?:[^%]|%[-_^#]?[A-Za-z%]){0,100}")

Filter = Callable[..., object]


class Absent(Undefined):
    """A value that is not there; `name` is its path. It stays absent through every filter."""

    __slots__ = ()

    def __init__(
        self, name: str, *, token: Token | None = None, obj: object = None, hint: str | None = None
    ) -> None:
        super().__init__(name, token=token, obj=obj, hint=hint)

    def __str__(self) -> str:
        raise FilterArgumentError(f"{self.name} is absent", token=self.token)


class MergeContext(RenderContext):
    """One rendering: counts its steps, and notes which paths were used and which were missing."""

    __slots__ = ("missing", "steps", "used")

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object]) -> None:
        super().__init__(template, globals=globals)
        self.steps = 0
        self.used: list[str] = []
        self.missing: list[str] = []

    def step(self, count: int = 1) -> None:
        """Count work; too much of it ends the rendering."""
        self.steps += count
        if self.steps > STEP_LIMIT:
            raise LoopIterationLimitError("it takes too many steps", token=None)

    def get(self, path: list[object], *, token: Token | None, default: object = None) -> object:
        """The value at a path, or `Absent`; null is absent, too."""
        self.step()
        value = super().get(path, token=token)
        if value is None or isinstance(value, Undefined):
            return value if isinstance(value, Absent) and len(path) == 1 else Absent(_dotted(path))
        if path[0] == "profile" or (path[0] == "context" and path[1:] and path[1] in OF_THE_PERSON):
            self.used.append(_dotted(path))
        return value

    def filter(self, name: str, token: Token | None) -> Filter:
        """The filter of that name; each application is a step."""
        self.step()
        return super().filter(name, token)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Called on entering a loop with the number of its turns."""
        self.step(length)

    def get_size_of_locals(self) -> int:
        """Characters held in assigned and captured names."""
        return sum(_weight(value) for value in self.locals.values())


class MergeTemplate(BoundTemplate):
    """A template that is rendered in a `MergeContext`."""

    context_class = MergeContext


class _OutputNode(OutputNode):
    """`{{ ... }}`: writes plain values, and notes what is missing instead of writing nothing."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, MergeContext)
        value = self.expression.evaluate(context)
        text = _text(value)
        if text is None or (text.strip() in _RAW and self._is_plain()):
            name = value.name if isinstance(value, Absent) else str(self.expression)
            context.missing.append(name)
            return 0
        return buffer.write(escape(text) if context.autoescape else text)

    def _is_plain(self) -> bool:
        """Whether this is one of the handed-in values with no `default` to speak for a blank."""
        expression = self.expression
        return (
            isinstance(expression, FilteredExpression)
            and isinstance(expression.left, Path)
            and expression.left.head() in _ROOTS
            and not any(one.name == "default" for one in expression.filters or ())
        )


class _Output(Output):
    node_class = _OutputNode


class _Echo(EchoTag):
    node_class = _OutputNode  # type: ignore[assignment]  # the parent names its own subclass


class _ForNode(ForNode):
    """A loop over something absent is a gap, too, unless it has an `else`."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        assert isinstance(context, MergeContext)
        if self.default is None:
            value = self.expression.iterable.evaluate(context)
            if isinstance(value, Absent):
                context.missing.append(value.name)
                return 0
        return super().render_to_output(context, buffer)


class _For(ForTag):
    node_class = _ForNode


@lru_cache(maxsize=2)
def environment(form: str) -> Environment:
    """The one environment for HTML (which escapes) and the one for plain text."""
    return _Environment(undefined=Absent, autoescape=form == "html")


class _Environment(Environment):
    template_class = MergeTemplate
    loop_iteration_limit = STEP_LIMIT
    local_namespace_limit = SIZE_LIMIT
    output_stream_limit = OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Liquid's own tags and filters, but those that load, count or mark as safe."""
        super().setup_tags_and_filters(extra=extra)
        for tag in _LEFT_OUT_TAGS:
            del self.tags[tag]
        for tag_class in (_Output, _Echo, _For):
            self.add_tag(tag_class)
        self.filters["date"] = _date
        for name in _LEFT_OUT_FILTERS:
            del self.filters[name]
        for name, function in self.filters.items():
            self.filters[name] = _bounded(name, function)


def _bounded(name: str, function: Filter) -> Filter:
    """The filter, but null in is null out (not for `default`), and sizes are limited."""

    @wraps(function)
    def apply(left: object, *arguments: object, **named: object) -> object:
        everything = (left, *arguments, *named.values())
        if sum(map(_weight, everything)) > SIZE_LIMIT:
            raise ResourceLimitError(f"{name} was given too much", token=None)
        if name == "default":
            left = None if isinstance(left, str) and left.strip() in _RAW else left
        else:
            for one in everything:
                if one is None or isinstance(one, Undefined):
                    return one
            _refuse(name, everything)
        if name == "replace" and _replaced_size(*everything) > SIZE_LIMIT:
            raise ResourceLimitError(f"{name} would make too much", token=None)
        result = function(left, *arguments, **named)
        if _weight(result) > SIZE_LIMIT:
            raise ResourceLimitError(f"{name} made too much", token=None)
        return result

    return apply


def _refuse(name: str, everything: tuple[object, ...]) -> None:
    """A list or a mapping is never turned into words by accident."""
    left = everything[0]
    if name == "join" and isinstance(left, list | tuple):
        if any(_text(item) is None or isinstance(item, list | tuple) for item in left):
            raise FilterArgumentError("join needs plain values: one is null or a list", token=None)
        if len(left) * _weight(everything[-1]) > SIZE_LIMIT:
            raise ResourceLimitError("join would make too much", token=None)
    elif name in ("join", "slice") and isinstance(left, dict):
        raise FilterArgumentError(f"{name} needs a list or a text", token=None)
    elif name not in _LIST_FILTERS and any(isinstance(x, list | tuple | dict) for x in everything):
        raise FilterArgumentError(f"{name} needs one plain value, not a list", token=None)


def _replaced_size(left: object, old: object = "", new: object = "", *rest: object) -> int:
    text = str(left)
    return len(text) + text.count(str(old)) * len(str(new))


def _weight(value: object) -> int:
    """Characters in a value, counted through lists; over every limit for one too long or large."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, bool | float | None | Undefined):
        return 1
    if isinstance(value, int):
        return 1 if abs(value) <= NUMBER_LIMIT else sys.maxsize
    if isinstance(value, range):
        return 1 if abs(value.stop - value.start) <= LIST_LIMIT else sys.maxsize
    if isinstance(value, Mapping):
        return _weight([*value.keys(), *value.values()])
    if isinstance(value, list | tuple):
        return sum(map(_weight, value)) + 1 if len(value) <= LIST_LIMIT else sys.maxsize
    return 1


def _text(value: object) -> str | None:
    """The value as words, or None if it is absent or has no plain form."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return (str(int(value)) if value.is_integer() else str(value)) if isfinite(value) else None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        texts = [_text(item) for item in value]
        plain = [text for text in texts if text is not None]
        return "".join(plain) if len(plain) == len(texts) else None
    return None


def _date(value: object, form: object = "%Y-%m-%d") -> str:
    """A time written by a format of Python's `strftime`; text is read as ISO 8601, a number as
    seconds since 1970 in UTC."""
    if not isinstance(form, str) or not _DATE_FORMAT.fullmatch(form):
        raise FilterArgumentError(f"date cannot write the format {form!r}", token=None)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise FilterArgumentError(f"date cannot read {str(value)!r}", token=None) from error
    if not isinstance(value, datetime | date):
        raise FilterArgumentError(f"date cannot read {str(value)!r}", token=None)
    return value.strftime(form)


def _dotted(path: list[object]) -> str:
    return ".".join(str(part) for part in path)
