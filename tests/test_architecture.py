"""The laws of the house, read off the source: who may import whom, what pure means, how large."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "wager"

STEPS = frozenset(
    ("collect", "unify", "understand", "decide", "render", "learn", "measure", "plan")
)
PURE = STEPS | {"domain", "stats"}
FLOORS = (
    {"errors": 0, "domain": 1, "stats": 1, "stores": 2, "connectors": 2}
    | dict.fromkeys(STEPS, 2)
    | {"engine": 3, "batch": 3, "testing": 3, "": 3, "server": 4, "console": 4, "demo": 5, "cli": 6}
)
# Beyond going down: the console's pages are mounted in the server, and know only the nouns; the
# package's face is the engine's; persofail plays its stories on a whole engine.
ALSO = {("server", "console"), ("", "engine"), ("testing", "engine")}
CONSOLE_KNOWS = frozenset(("domain", "stats", "errors", "console"))
JOINS = frozenset(("engine", "batch", "testing", "demo", "cli"))

FILE_LINES, FUNCTION_LINES, PARAMETERS, DOOR_METHODS, STEP_FILES = 400, 40, 6, 6, 12
MANY_PARAMETERS = ("engine/engine.py", "cli")
IMPURE_MODULES = frozenset(
    ("random", "secrets", "time", "os", "pathlib", "socket", "subprocess", "sqlite3", "tempfile",
     "shutil", "http", "urllib.request", "uuid", "threading", "asyncio", "logging")
)  # fmt: skip
IMPURE_CALLS = frozenset(("open", "print", "input", "now", "utcnow", "today", "seed", "urandom"))
GENERATORS = frozenset(("Generator", "default_rng", "SeedSequence", "PCG64"))
FILE_NAMES = frozenset(("utils", "helpers", "common", "manager", "service", "misc", "base_classes"))
# From the vocabulary's column of words that are not used, those that mean nothing else here.
WORDS = frozenset(
    ("arm", "arms", "audience", "conversion", "customer", "customers", "impression", "impressions",
     "kpi", "probs", "pscore", "recommendation", "recommendations", "tier", "visitor", "visitors",
     "widget")
)  # fmt: skip
TRANSLATES = ("collect/formats.py", "server/wire.py")


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its path under `src/wager`, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder, or the name of a file that is a room by itself ("" for the package)."""
        first = self.path.split("/")[0].removesuffix(".py")
        return {"__init__": "", "__main__": "cli"}.get(first, first)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1].removesuffix(".py")


def _module(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text))


MODULES = [
    _module(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
]


class Import(NamedTuple):
    line: int
    module: str

    @property
    def room(self) -> str | None:
        """The room of wager that is imported, None for other packages."""
        parts = self.module.split(".")
        if parts[0] != "wager":
            return None
        return parts[1] if len(parts) > 1 else ""


def _imports(module: Module) -> Iterator[Import]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "wager" and not node.level:
                for alias in node.names:
                    known = alias.name in FLOORS
                    yield Import(node.lineno, f"wager.{alias.name}" if known else "wager")
            else:
                yield Import(node.lineno, "." * node.level + (node.module or ""))


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _docstring(node: ast.AST) -> ast.expr | None:
    body = getattr(node, "body", [])
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[0].value if isinstance(body[0].value.value, str) else None
    return None


# ---- the laws: each yields what breaks it, as "line: what"


def imports_go_down(module: Module) -> Iterator[str]:
    """Imports go down, never sideways between rooms."""
    here = module.room
    if here not in FLOORS:
        yield f"1: the room {here!r} has no floor; give it one in FLOORS"
        return
    for line, name in _imports(module):
        if name.startswith("."):
            yield f"{line}: relative import {name!r}"
        room = Import(line, name).room
        if room is None or room == here or (here, room) in ALSO:
            continue
        if room not in FLOORS or FLOORS[room] >= FLOORS[here]:
            yield f"{line}: {here or 'wager'}/ imports {name}, which is not below it"
        elif here == "console" and room not in CONSOLE_KNOWS:
            yield f"{line}: the console imports {name}; it asks the HTTP API"


def only_the_engine_joins(module: Module) -> Iterator[str]:
    """A file that imports a step and a store belongs to the engine, or to what stands above it."""
    if module.room in JOINS:
        return
    rooms = {Import(line, name).room for line, name in _imports(module)}
    if rooms & STEPS and "stores" in rooms:
        yield f"1: joins {sorted(str(one) for one in rooms & STEPS)} to stores; that is engine/'s"


def no_global_chance(module: Module) -> Iterator[str]:
    """Chance comes as `uniform(key, ...)` or as an `rng` argument."""
    for line, name in _imports(module):
        if name.split(".")[0] == "random":
            yield f"{line}: imports random"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr not in GENERATORS:
            name = ast.unparse(node)
            if name.startswith(("np.random.", "numpy.random.")):
                yield f"{node.lineno}: the global {name}"


def pure_rooms_are_pure(module: Module) -> Iterator[str]:
    """No disk, clock or chance in the steps, the nouns and the mathematics."""
    if module.room not in PURE:
        return
    for line, name in _imports(module):
        if name in IMPURE_MODULES or name.split(".")[0] in IMPURE_MODULES:
            yield f"{line}: imports {name} in a pure room"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = node.func.id if isinstance(node.func, ast.Name) else called
            if called in IMPURE_CALLS or (called == "default_rng" and not node.args):
                yield f"{node.lineno}: calls {ast.unparse(node.func)} in a pure room"


def async_stays_in_the_server(module: Module) -> Iterator[str]:
    """Everything is synchronous below. NiceGUI awaits its pages' handlers, so the console may."""
    if module.room in ("server", "console"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await):
            yield f"{node.lineno}: async outside server/ and console/"


def files_are_short(module: Module) -> Iterator[str]:
    """At most 400 lines."""
    lines = module.text.count("\n")
    if lines > FILE_LINES:
        yield f"1: {lines} lines; at most {FILE_LINES}"


def functions_are_short(module: Module) -> Iterator[str]:
    """At most 40 lines, the docstring apart (a formula and its references take their room)."""
    for node in _functions(module):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        text = _docstring(node)
        if text is not None:
            lines -= (text.end_lineno or text.lineno) - text.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{node.lineno}: {node.name} has {lines} lines; at most {FUNCTION_LINES}"


def parameters_are_few(module: Module) -> Iterator[str]:
    """At most six, then a struct; the engine's public class and the command line apart."""
    if module.path == MANY_PARAMETERS[0] or module.room == MANY_PARAMETERS[1]:
        return
    for node in _functions(module):
        names = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = sum(one.arg not in ("self", "cls") for one in names)
        if count > PARAMETERS:
            yield f"{node.lineno}: {node.name} has {count} parameters; at most {PARAMETERS}"


def doors_are_small(module: Module) -> Iterator[str]:
    """A Protocol has at most six methods."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        if any(ast.unparse(base).split("[")[0].endswith("Protocol") for base in node.bases):
            methods = sum(isinstance(one, ast.FunctionDef) for one in node.body)
            if methods > DOOR_METHODS:
                yield f"{node.lineno}: {node.name} has {methods} methods; at most {DOOR_METHODS}"


def the_first_line_says_what_it_is(module: Module) -> Iterator[str]:
    """Every file begins with one sentence."""
    text = _docstring(module.tree)
    if text is None or text.lineno != 1:
        yield "1: the file does not begin with a docstring"
        return
    first = module.text.split("\n", 1)[0].removeprefix('"""').removesuffix('"""').strip()
    if len(first) < 10 or first[-1] not in ".?!:;,":
        yield f"1: the first line is no sentence: {first!r}"


def faces_have_no_code(module: Module) -> Iterator[str]:
    """`__init__.py` is a face: imports and `__all__`."""
    if module.name != "__init__":
        return
    for node in module.tree.body:
        is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        if node is module.tree.body[0] and _docstring(module.tree) is not None:
            continue
        if not (isinstance(node, ast.Import | ast.ImportFrom) or is_all):
            yield f"{node.lineno}: {type(node).__name__} in an __init__.py"


def names_say_what_not_how(module: Module) -> Iterator[str]:
    """No utils, helpers, common, manager or service."""
    for part in module.path.removesuffix(".py").split("/"):
        if part in FILE_NAMES:
            yield f"1: {part!r} is the name of a drawer; name it by the question it answers"


def no_type_checking(module: Module) -> Iterator[str]:
    """If it is needed, the arrow is wrong."""
    for node in ast.walk(module.tree):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        if name == "TYPE_CHECKING":
            yield f"{getattr(node, 'lineno', 1)}: TYPE_CHECKING"


def one_word_for_one_thing(module: Module) -> Iterator[str]:
    """Public names use the vocabulary; foreign words are translated at two places only."""
    if module.path in TRANSLATES:
        return
    for line, name in _public_names(module):
        found = WORDS & set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower()))
        if found:
            yield f"{line}: {name!r} uses {sorted(found)}; see the vocabulary"


def _public_names(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [node.name, *(one.arg for one in [*node.args.args, *node.args.kwonlyargs])]
        elif isinstance(node, ast.ClassDef):
            fields = [one.target for one in node.body if isinstance(one, ast.AnnAssign)]
            names = [node.name, *(ast.unparse(one) for one in fields)]
        for name in names:
            if not name.startswith("_"):
                yield getattr(node, "lineno", 1), name


Law = Callable[[Module], Iterator[str]]
LAWS: list[Law] = [
    imports_go_down,
    only_the_engine_joins,
    no_global_chance,
    pure_rooms_are_pure,
    async_stays_in_the_server,
    files_are_short,
    functions_are_short,
    parameters_are_few,
    doors_are_small,
    the_first_line_says_what_it_is,
    faces_have_no_code,
    names_say_what_not_how,
    no_type_checking,
    one_word_for_one_thing,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_law_holds(law: Law) -> None:
    broken = [f"src/wager/{module.path}:{what}" for module in MODULES for what in law(module)]
    assert not broken, "\n".join([str(law.__doc__), *broken])


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_is_few_files(step: str) -> None:
    files = [module.path for module in MODULES if module.room == step and module.name != "__init__"]
    assert len(files) <= STEP_FILES, files


def test_there_is_something_to_judge() -> None:
    assert len(MODULES) > 20
    assert {module.room for module in MODULES} >= {"domain", "decide", "stores", "engine"}


# ---- each law can fail

DOCUMENTED = '"""A file that breaks a law."""\n'
LONG = "def f():\n" + "    x = 1\n" * 40
WIDE = "class D(Protocol):\n" + "".join(f"    def m{i}(self): ...\n" for i in range(7))
JOINING = "from wager.unify import golden\nfrom wager.stores.base import Stores"
SABOTAGE: list[tuple[Law, str, str]] = [
    (imports_go_down, "decide/x.py", "import wager.learn.rewards"),
    (imports_go_down, "decide/x.py", "from wager import learn"),
    (imports_go_down, "decide/x.py", "from wager.stores.base import Stores"),
    (imports_go_down, "decide/x.py", "def f():\n    from wager.engine import engine"),
    (imports_go_down, "stores/x.py", "from wager.unify import golden"),
    (imports_go_down, "connectors/x.py", "from wager.stores import base"),
    (imports_go_down, "domain/x.py", "from wager.stats import draws"),
    (imports_go_down, "engine/x.py", "from wager.batch import tables"),
    (imports_go_down, "console/x.py", "from wager.engine.engine import Engine"),
    (imports_go_down, "console/x.py", "from wager.stores.base import Stores"),
    (imports_go_down, "console/x.py", "from wager.measure import lift"),
    (imports_go_down, "measure/x.py", "from .metrics import Group"),
    (imports_go_down, "attic/x.py", "x = 1"),
    (only_the_engine_joins, "server/x.py", JOINING),
    (no_global_chance, "server/x.py", "import random"),
    (no_global_chance, "server/x.py", "from random import choice"),
    (no_global_chance, "batch/x.py", "import numpy as np\nnp.random.seed(1)"),
    (no_global_chance, "batch/x.py", "import numpy as np\nx = np.random.normal()"),
    (pure_rooms_are_pure, "learn/x.py", "from datetime import datetime\nx = datetime.now()"),
    (pure_rooms_are_pure, "learn/x.py", "import time"),
    (pure_rooms_are_pure, "stats/x.py", "import numpy as np\nx = np.random.default_rng()"),
    (pure_rooms_are_pure, "unify/x.py", "from uuid import uuid4"),
    (pure_rooms_are_pure, "unify/x.py", "x = open('f')"),
    (pure_rooms_are_pure, "render/x.py", "from pathlib import Path"),
    (pure_rooms_are_pure, "domain/x.py", "import os"),
    (async_stays_in_the_server, "engine/x.py", "async def f(): ..."),
    (async_stays_in_the_server, "stores/x.py", "async def f():\n    await g()"),
    (files_are_short, "decide/x.py", "x = 1\n" * 400),
    (functions_are_short, "decide/x.py", LONG),
    (parameters_are_few, "decide/x.py", "def f(a, b, c, d, *, e, f, g): ..."),
    (doors_are_small, "stores/x.py", WIDE),
    (faces_have_no_code, "decide/__init__.py", "def f(): ..."),
    (faces_have_no_code, "decide/__init__.py", "VERSION = 1"),
    (names_say_what_not_how, "decide/utils.py", "x = 1"),
    (names_say_what_not_how, "common/x.py", "x = 1"),
    (no_type_checking, "decide/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING: ..."),
    (no_type_checking, "decide/x.py", "import typing\nif typing.TYPE_CHECKING: ..."),
    (one_word_for_one_thing, "decide/x.py", "def recommendations(): ..."),
    (one_word_for_one_thing, "decide/x.py", "class CustomerTier: ..."),
    (one_word_for_one_thing, "decide/x.py", "class A:\n    conversion_rate: float"),
    (one_word_for_one_thing, "decide/x.py", "def f(*, arm): ..."),
]


@pytest.mark.parametrize(
    ("law", "path", "text"),
    SABOTAGE,
    ids=[f"{law.__name__}-{number}" for number, (law, _, _) in enumerate(SABOTAGE)],
)
def test_the_law_catches(law: Law, path: str, text: str) -> None:
    assert list(law(_module(path, DOCUMENTED + text + "\n")))


@pytest.mark.parametrize(
    "text", ["x = 1\n", '\n"""Late words."""\n', '"""utils"""\n', '"""No sentence here"""\n']
)
def test_a_file_without_a_first_sentence_is_caught(text: str) -> None:
    assert list(the_first_line_says_what_it_is(_module("decide/x.py", text)))


def test_every_law_has_a_sabotage() -> None:
    assert {law for law, _, _ in SABOTAGE} | {the_first_line_says_what_it_is} == set(LAWS)


def test_what_is_right_passes_every_law() -> None:
    right = _module(
        "decide/odds.py",
        '"""How likely each candidate is to be drawn."""\n\n'
        "import numpy as np\n\nfrom wager.domain.content import Item\n"
        "from wager.stats.draws import uniform\n\n\n"
        "def odds(items: list[Item], rng: np.random.Generator) -> list[float]:\n"
        "    return [uniform(b'', one.item_id) for one in items]\n",
    )
    assert [what for law in LAWS for what in law(right)] == []
