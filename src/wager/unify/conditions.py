"""What a condition (CEL) asks about, read from its text, and what it may not contain.

The language's own parser does not show its tree, so the text is cut into tokens here: enough to see
every name that is used, and every comprehension.
"""

import ast
import re
from collections.abc import Iterator

import msgspec

from wager.errors import BadDefinition

FIRST_NAMES = ("profile", "context", "now")
SECOND_NAMES = ("traits", "affinities", "counts")
COMPREHENSIONS = frozenset(("all", "exists", "exists_one", "map", "filter"))
FUNCTIONS = frozenset(
    (
        *("has", "size", "int", "uint", "double", "string", "bytes", "timestamp", "duration"),
        *("contains", "startsWith", "endsWith", "matches"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    )
)
_KEYWORDS = frozenset(("true", "false", "null", "in"))
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<raw>(?:[rR][bB]?|[bB][rR])(?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n]*"|'[^'\n]*'))
    |(?P<text>[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<float>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<odd>0[xX][0-9a-fA-F]+[uU]?|[0-9]+[uU])
    |(?P<int>[0-9]+)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:,.()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)


class Token(msgspec.Struct, frozen=True):
    kind: str
    text: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The names that a condition uses; `whole` are the tables that it uses as such."""

    traits: tuple[str, ...] = ()
    affinities: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()
    now: bool = False
    in_floats: str | None = None


def asked(condition: str) -> Asked:
    """Read the names; refuse unknown ones, and a comprehension inside another."""
    tokens = list(_tokens(condition))
    names: dict[str, dict[str, None]] = {
        "traits": {},
        "affinities": {},
        "counts": {},
        "context": {},
    }
    whole: set[str] = set()
    now = False
    for place, scope in _free_names(tokens):
        name = tokens[place].text
        if name in scope or name in _KEYWORDS:
            continue
        if name == "now":
            now = True
            continue
        table, place = ("context", place) if name == "context" else _second(tokens, place)
        field = _field(tokens, place + 1)
        if field is None:
            whole.add(table)
        else:
            names[table][field] = None
    return Asked(
        traits=tuple(names["traits"]),
        affinities=tuple(names["affinities"]),
        counts=tuple(names["counts"]),
        context=tuple(names["context"]),
        whole=frozenset(whole),
        now=now,
        in_floats=_in_floats(tokens),
    )


def _tokens(condition: str) -> Iterator[Token]:
    place = 0
    while place < len(condition):
        match = _TOKEN.match(condition, place)
        if match is None:
            raise BadDefinition(
                f"{condition[place : place + 20]!r} at character {place} is not CEL"
            )
        place = match.end()
        if match.lastgroup and match.lastgroup != "space":
            yield Token(match.lastgroup, match.group())


def _free_names(tokens: list[Token]) -> Iterator[tuple[int, frozenset[str]]]:
    """Names that stand alone (no field, no function), with what comprehensions bind around them."""
    open_scopes: list[
        frozenset[str]
    ] = []  # one for each open bracket; empty outside of `map(x, ...`
    for place, token in enumerate(tokens):
        if token.text in ("(", "[", "{"):
            open_scopes.append(_bound(tokens, place, open_scopes))
        elif token.text in (")", "]", "}") and open_scopes:
            open_scopes.pop()
        if token.kind != "name":
            continue
        before, after = _text(tokens, place - 1), _text(tokens, place + 1)
        if before == "." and not _ends_value(tokens, place - 2):
            raise BadDefinition(f"there is nothing before the dot of .{token.text}")
        if after == "(":
            _check_function(token.text, method=before == ".")
        elif before != ".":
            scope = frozenset[str]().union(*open_scopes)
            if token.text not in (*FIRST_NAMES, *_KEYWORDS) and token.text not in scope:
                raise BadDefinition(
                    f"unknown name {token.text!r}; a condition knows {', '.join(FIRST_NAMES)}"
                )
            yield place, scope


def _bound(tokens: list[Token], place: int, open_scopes: list[frozenset[str]]) -> frozenset[str]:
    """The name that the comprehension opening here binds; nothing if it is no comprehension."""
    if not (
        _text(tokens, place) == "("
        and _text(tokens, place - 1) in COMPREHENSIONS
        and _text(tokens, place - 2) == "."
    ):
        return frozenset()
    if any(open_scopes):
        raise BadDefinition(
            f"{_text(tokens, place - 1)!r} stands inside another comprehension, which can run for"
            " ever; write them one after the other, or as two segments"
        )
    name = _text(tokens, place + 1)
    if _text(tokens, place + 2) != "," or name in (*FIRST_NAMES, *_KEYWORDS):
        raise BadDefinition(
            f"{_text(tokens, place - 1)!r} names its element first, such as x in"
            f" list.exists(x, x > 1); not {name!r}"
        )
    return frozenset((name,))


def _check_function(name: str, *, method: bool) -> None:
    if name in FUNCTIONS or (method and name in COMPREHENSIONS):
        return
    raise BadDefinition(f"unknown function {name!r}; known functions: {sorted(FUNCTIONS)}")


def _second(tokens: list[Token], place: int) -> tuple[str, int]:
    """Which table of the profile is used, and the place of its name."""
    name = _text(tokens, place + 2)
    if _text(tokens, place + 1) != "." or name not in SECOND_NAMES:
        found = f"profile.{name}" if _text(tokens, place + 1) == "." else "profile by itself"
        raise BadDefinition(
            f"unknown: {found}; a profile has {', '.join(f'profile.{n}' for n in SECOND_NAMES)}"
        )
    return name, place + 2


def _field(tokens: list[Token], place: int) -> str | None:
    """The field that is selected at this place, by `.name` or `['name']`; None if none is."""
    if _text(tokens, place) == "." and _text(tokens, place + 2) != "(":
        return _text(tokens, place + 1)
    if _text(tokens, place) == "[" and _text(tokens, place + 2) == "]":
        token = tokens[place + 1]
        if token.kind == "text" and token.text[0] in "\"'":
            return str(ast.literal_eval(token.text))
    return None


def _in_floats(tokens: list[Token]) -> str | None:
    """The same condition with whole numbers as floats; None where it has no whole number.

    Every number of a profile is a float, and CEL adds no float to a whole number: 1 becomes 1.0. A
    place in a list (`list[0]`) stays whole.
    """
    if not any(token.kind == "int" for token in tokens):
        return None
    parts = []
    for place, token in enumerate(tokens):
        index = _text(tokens, place - 1) == "[" and _ends_value(tokens, place - 2)
        whole = token.kind == "int" and not index
        parts.append(f"{token.text}.0" if whole else token.text)
    return " ".join(parts)


def _ends_value(tokens: list[Token], place: int) -> bool:
    """Whether what stands here can have a field or a place in it: a name, a text, a bracket."""
    if not 0 <= place < len(tokens):
        return False
    token = tokens[place]
    return token.kind in ("text", "raw") or (
        (token.kind == "name" and token.text != "in") or token.text in (")", "]", "}")
    )


def _text(tokens: list[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""
