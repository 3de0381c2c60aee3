"""The reference says all that the code knows, and nothing that the code does not know."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import typer

from wager.collect import commerce, consent, formats
from wager.decide import candidates, eligibility, policies, restraint
from wager.decide.reasons import _GROUPS, _RECORD
from wager.domain import definitions, events
from wager.domain.content import Item
from wager.domain.decisions import Choice, DecideRequest
from wager.domain.profiles import Field, Profile
from wager.engine.bets import LOGGED_FEATURES
from wager.engine.engine import open as open_engine
from wager.engine.settings import Settings
from wager.server.app import operations
from wager.server.metrics import Metrics
from wager.server.shapes import Answer
from wager.server.shared import Shared
from wager.server.wire import STATUS
from wager.unify import gifts, leanings
from wager.unify.view import DERIVED

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "wager"
REFERENCE = ROOT / "docs" / "reference"
Rows = dict[str, list[str]]


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next of its own or a higher rank."""
    text = (REFERENCE / page).read_text()
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.M)
    assert found, f"{page} has no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def rows(text: str) -> Rows:
    """The other cells of every table row, by the name that its first cell has in backticks."""
    made: Rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and (name := re.fullmatch(r"`([^`]+)`", cells[0])):
            assert name[1] not in made, f"{name[1]!r} stands there twice"
            made[name[1]] = cells[1:]
    return made


def table(page: str, heading: str) -> Rows:
    return rows(section(page, heading))


def fields(struct: type[msgspec.Struct]) -> set[str]:
    return set(struct.__struct_encode_fields__)


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


@cache
def parsed(room: str = "") -> list[ast.AST]:
    """Every node of a room's source."""
    files = (SOURCE / room).rglob("*.py")
    return [node for file in sorted(files) for node in ast.walk(ast.parse(file.read_text()))]


def words(*rooms: str) -> Iterator[str]:
    """Every string that the code of these rooms spells out."""
    for room in rooms:
        for node in parsed(room):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def calls(name: str, *rooms: str) -> Iterator[ast.Call]:
    for room in rooms or ("",):
        for node in parsed(room):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                yield node


# ---- api.md


@pytest.fixture(scope="module")
def routes() -> Iterator[list[Any]]:
    engine = open_engine("memory://")
    yield list(operations(Shared(engine)))
    engine.close()


def test_every_route_with_its_key(routes: list[Any]) -> None:
    there = {f"{one.method} {one.path}": one.access.replace("open", "none") for one in routes}
    assert {name: cells[0] for name, cells in table("api.md", "Routes").items()} == there


def test_every_query_parameter(routes: list[Any]) -> None:
    there = {f"{one.method} {one.path}": fields(one.query) for one in routes if one.query}
    said = table("api.md", "Query parameters")
    assert {name: quoted(cells[0]) for name, cells in said.items()} == there


@pytest.mark.parametrize(
    ("heading", "struct"),
    [("What decide takes", DecideRequest), ("A choice", Choice)],
)
def test_every_field_of_a_decision(heading: str, struct: type[msgspec.Struct]) -> None:
    text = section("api.md", heading).partition("\n### ")[0]
    assert rows(text).keys() == fields(struct)


def test_every_field_of_an_answer() -> None:
    text = section("api.md", "What decide answers").partition("\n### ")[0]
    assert rows(text).keys() == fields(Answer)


def test_the_context_of_a_decision() -> None:
    read = set(keys_read("context", "engine", "render")) - {"userToken", "utcOffsetMinutes"}
    assert table("api.md", "Context of a decision").keys() | {"consent"} == read | {"consent"}


def test_every_metric() -> None:
    assert table("api.md", "Metrics").keys() == {one.name for one in Metrics().registry.collect()}


def test_every_figure_of_the_reports() -> None:
    said = {name: quoted(cells[0]) for name, cells in table("api.md", "Reports").items()}
    with open_engine("memory://") as engine:
        engine.publish(items=[{"itemId": "mug"}], placements=[{"name": "home", "default": "mug"}])
        decision = engine.decide(placement="home", user_id="ada")
        properties = {"decisionId": decision.decision_id, "itemId": "mug"}
        click = {"type": "track", "event": "Item Clicked", "userId": "ada"}
        engine.collect([click | {"properties": properties}])
        engine.learn()
        for name, figures in said.items():
            assert engine.measuring.report(name).keys() <= figures, name
    spelled = set(words("measure", "engine")) | decile_fields()
    assert set().union(*said.values()) <= spelled
    routed = re.findall(r"[a-z]+", next(one for one in words("server") if one.startswith("overvi")))
    assert said.keys() == set(routed)


def decile_fields() -> set[str]:
    from wager.domain.alarms import Alarm
    from wager.measure.calibration import Decile, Skill

    return fields(Decile) | fields(Skill) | fields(Alarm)


# ---- events.md


def keys_read(holder: str, *rooms: str) -> Iterator[str]:
    """What the code asks of `properties` or `context`: `.get("name")`, `["name"]`, `"name" in`."""
    for room in rooms:
        for node in parsed(room):
            match node:
                case ast.Call(func=ast.Attribute(value=of, attr="get"), args=[key, *_]):
                    pass
                case ast.Subscript(value=of, slice=key):
                    pass
                case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[of]):
                    pass
                case _:
                    continue
            named = getattr(of, "id", None) or getattr(of, "attr", None)
            if named == holder and isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def test_every_field_of_a_call() -> None:
    assert table("events.md", "Fields of a call").keys() == fields(formats.Payload)


def test_every_name_of_the_context() -> None:
    read = set(keys_read("context", "collect", "unify")) - {"utcOffsetMinutes"}
    said = table("events.md", "Context").keys()
    assert read <= said
    assert said <= set(words("collect", "unify"))


def test_every_consent_category() -> None:
    said = {name: quoted(cells[0]) for name, cells in table("events.md", "Consent").items()}
    assert said == {name: set(listed) for name, listed in consent.CATEGORIES.items()}


def test_every_event_that_means_something() -> None:
    shape = re.compile(r"(Item|Product|Cart|Order|Gift) [A-Z][a-z]+( to Wishlist)?")
    known = {one for one in words("domain", "collect", "unify", "learn") if shape.fullmatch(one)}
    assert table("events.md", "Names that mean something").keys() == known
    assert known > events.FEEDBACK


def test_every_property() -> None:
    said = section("events.md", "Properties")
    read = set(keys_read("properties", "collect", "unify", "learn"))
    assert read <= quoted(said) | {"groupId", "name", "ordered"}
    assert rows(said).keys() <= set(words("collect", "unify", "learn"))


# ---- definitions.md


@pytest.mark.parametrize("kind", [*definitions.DEFINITIONS, "items"])
def test_every_field_of_a_definition(kind: str) -> None:
    structs: dict[str, Any] = {**dict(definitions.DEFINITIONS.items()), "items": Item}
    known = {field.encode_name: field.required for field in msgspec.structs.fields(structs[kind])}
    said = {name: cells[1] == "needed" for name, cells in table("definitions.md", kind).items()}
    assert said == known


def test_every_setting_of_a_placement_says_what_it_means() -> None:
    kind = definitions.DEFINITIONS["placements"]
    schema = msgspec.json.schema(kind)["$defs"]["Placement"]["properties"]
    silent = [name for name, one in schema.items() if "description" not in one]
    assert silent == ["name", "description"], "say it with `_says`: the console shows it"


def test_every_sign_of_a_gift_with_its_weight() -> None:
    text = (ROOT / "docs" / "why" / "bought.md").read_text()
    assert {name: float(cells[0]) for name, cells in rows(text).items()} == dict(gifts.SIGNS)


def test_every_attribute_that_is_read() -> None:
    said = table("definitions.md", "Attributes that are read")
    assert set(keys_read("attributes", "decide")) <= said.keys() | {"repurchase"}
    assert said.keys() <= set(words("decide", "domain"))


def test_every_field_of_a_cap() -> None:
    known = {one.encode_name: one.required for one in msgspec.structs.fields(definitions.Cap)}
    said = {name: cells[1] == "needed" for name, cells in table("definitions.md", "caps").items()}
    assert said == known


# ---- settings.md


def test_every_setting_with_its_default() -> None:
    said = table("settings.md", "Engine and server")
    default = Settings()
    known = {f"WAGER_{one.upper()}": getattr(default, one) for one in Settings.__struct_fields__}
    assert said.keys() == known.keys()
    for name, value in known.items():
        assert said[name][0] == (f"{value:g}" if not isinstance(value, str) else value), name


def test_every_other_variable() -> None:
    text = (REFERENCE / "settings.md").read_text()
    read = {found for one in words("") for found in re.findall(r"WAGER_[A-Z_]*[A-Z]", one)}
    roles = {"WAGER_SECRET_KEY", "WAGER_PUBLIC_KEY"}  # made of the role's name
    settings = {f"WAGER_{one.upper()}" for one in Settings.__struct_fields__}
    assert rows(text).keys() == read | roles | settings


# ---- cli.md


def test_every_command_and_option() -> None:
    from wager.cli import app

    known: dict[str, set[str]] = {}
    for name, command in typer.main.get_group(app).commands.items():
        options = [param for param in command.params if param.name != "help"]
        known[f"wager {name}"] = {
            max(one.opts, key=len) if one.param_type_name == "option" else str(one.name).upper()
            for one in options
        }
    text = (REFERENCE / "cli.md").read_text()
    headings = re.findall(r"^## (wager \w+)$", text, re.M)
    assert {name: set(table("cli.md", name)) for name in headings} == known


# ---- python.md


def public(thing: object) -> set[str]:
    return {name for name in vars(type(thing)) if not name.startswith("_")}


def test_every_method_of_the_engine_and_its_parts() -> None:
    said = table("python.md", "Python")
    with open_engine("memory://") as engine:
        parts = [name for name in said if name in vars(engine)]
        assert {name for name in said if name not in parts} == public(engine)
        assert {*parts, "stores", "settings", "live"} == vars(engine).keys()
        for name in parts:
            assert quoted(said[name][0]) <= public(vars(engine)[name]), name


def test_the_example_in_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(.*?)```", (REFERENCE / "python.md").read_text(), re.S)
    assert found
    monkeypatch.chdir(tmp_path)
    exec(compile(found[1], "python.md", "exec"), {})


# ---- profile.md


@pytest.mark.parametrize(
    ("heading", "struct"), [("Fields of a profile", Profile), ("Fields of a trait", Field)]
)
def test_every_field_of_a_profile(heading: str, struct: type[msgspec.Struct]) -> None:
    assert table("profile.md", heading).keys() == fields(struct)


def test_every_derived_trait_in_the_words_of_the_code() -> None:
    said = {name: cells[0] for name, cells in table("profile.md", "Derived traits").items()}
    assert said == {name: one.doc for name, one in DERIVED.items()}


def test_what_moves_an_affinity() -> None:
    said = table("profile.md", "Counts and affinities")
    numbers = {name: float(cells[0].split()[0]) for name, cells in said.items()}
    from wager.unify.orders import ORDERED_WEIGHT

    assert numbers == {**leanings.WEIGHTS, events.ORDERED: ORDERED_WEIGHT}


# ---- reasons.md


def test_every_level_source_policy_and_feature() -> None:
    assert list(table("reasons.md", "Levels")) == list(definitions.LEVELS)
    sources = {name: cells[0] for name, cells in table("reasons.md", "Sources").items()}
    assert sources == candidates.SOURCE_LEVEL
    assert table("reasons.md", "Policies").keys() == policies.POLICIES.keys()
    assert set(get_args(definitions.PolicyName)) == policies.POLICIES.keys()
    assert list(table("reasons.md", "Features")) == list(LOGGED_FEATURES)


def test_every_rule_in_the_words_of_the_code() -> None:
    said = {name: cells[0] for name, cells in table("reasons.md", "Rules").items()}
    assert said == eligibility.RULES


def test_every_rule_of_silence_in_the_words_of_the_code() -> None:
    said = {name: cells[0] for name, cells in table("reasons.md", "Whom not to talk to").items()}
    assert said == restraint.SILENCES


def test_every_kind_of_reason() -> None:
    known = {kind for kind, _ in _GROUPS} | set(_RECORD)
    for call in calls("Reason", "decide", "engine"):
        kind = next(one.value for one in call.keywords if one.arg == "kind")
        if isinstance(kind, ast.Constant):
            known.add(str(kind.value))
    known -= restraint.SILENCES.keys()
    said = [table("reasons.md", one) for one in ("Reasons of a choice", "Reasons for the level")]
    assert set().union(*said) == known


# ---- errors.md


def error_classes() -> dict[str, tuple[str, str]]:
    """Every error of the code with a code of its own: its class, and its status over HTTP."""
    known = {kind.__name__: str(status) for kind, status in STATUS.items()}
    found = {"error": ("WagerError", "500")}
    for folder in ("", "server", "cli", "console"):
        files = (SOURCE / folder).glob("*.py")
        for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
            if isinstance(node, ast.ClassDef) and (code := _own_code(node)):
                base = getattr(node.bases[0], "id", "")
                local = "-" if folder in ("cli", "console") else known.get(base, "500")
                found[code] = node.name, known.setdefault(node.name, local)
    return found


def _own_code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        match line:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                return code
    return None


def test_every_error_with_its_status() -> None:
    said = {
        code: (cells[1].strip("`"), cells[0]) for code, cells in table("errors.md", "Codes").items()
    }
    assert said.pop("internal") == ("-", "500")
    assert said == error_classes()


def test_every_unknown_name() -> None:
    named = (call.args[0] for call in calls("UnknownName"))
    kinds = [str(kind.value) for kind in named if isinstance(kind, ast.Constant)]
    known = {f"unknown-{kind.replace(' ', '-')}" for kind in kinds}
    assert table("errors.md", "Unknown names").keys() == known


def test_every_quarantine_code() -> None:
    known = {code for code, _ in formats._FIELDS.values()}
    for call in (*calls("Unreadable"), *calls("Rejection")):
        match call.args[:1]:
            case [ast.Constant(value=str(code))]:
                known.add(code)
            case [ast.JoinedStr()]:
                known |= {f"missing-{scope}" for scope in commerce.SCOPES if scope != "item"}
    assert table("errors.md", "Quarantine").keys() == known
