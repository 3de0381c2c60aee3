"""The command line on a store of its own: every command, its help, and errors that help."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner, Result

import wager
from wager.cli import app
from wager.cli.asking import REPORTS
from wager.errors import BadInput, Conflict, MissingExtra, Unauthorized, UnknownName, WagerError

COMMANDS = (
    "demo", "up", "init", "import", "apply", "diff", "decide", "explain", "learn", "report",
    "doctor", "backup", "restore", "bench",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The starter folder, as `wager init` makes it."""
    run("init", str(tmp_path / "shop"))
    return tmp_path / "shop"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def run(*arguments: str) -> str:
    """What a command prints on stdout; an error fails the test."""
    result = invoke(*arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_command_teaches_by_example() -> None:
    listed = run("--help")
    for command in COMMANDS:
        assert f" {command} " in listed
        assert f"wager {command}" in run(command, "--help")


def test_the_starter_folder_is_accepted_as_it_is(shop: Path, store: str) -> None:
    said = run("apply", str(shop), "--store", store)
    assert "+ placements home" in said
    assert "items: 5 created or replaced" in said
    with wager.open(store) as engine:
        assert sorted(engine.live.placements) == ["banner", "home"]
        assert "big-basket" in engine.live.segments
        assert len(engine.live.items) == 5


def test_every_starter_file_is_commented(shop: Path) -> None:
    for file in shop.iterdir():
        assert file.read_text().startswith("# ")


def test_init_overwrites_nothing(shop: Path) -> None:
    (shop / "goals.yaml").write_text("goals: []\n")
    run("init", str(shop))
    assert (shop / "goals.yaml").read_text() == "goals: []\n"


def test_diff_says_what_apply_would_change(shop: Path, store: str) -> None:
    assert "+ goals click" in run("diff", str(shop), "--store", store)
    run("apply", str(shop), "--store", store)
    assert run("diff", str(shop), "--store", store) == ""
    goals = shop / "goals.yaml"
    goals.write_text(goals.read_text().replace("windowMinutes: 30 ", "windowMinutes: 45 "))
    (shop / "segments.yaml").write_text("segments: []\n")
    said = run("diff", str(shop), "--store", store)
    assert "~ goals click\n    windowMinutes: 30.0 -> 45.0" in said
    assert "- segments newcomer" in said
    assert "placements" not in said


def test_apply_writes_what_differs_and_deletes_only_when_told(shop: Path, store: str) -> None:
    run("apply", str(shop), "--store", store)
    (shop / "segments.yaml").unlink()
    assert "segments" not in run("apply", str(shop), "--store", store)
    with wager.open(store) as engine:
        assert len(engine.live.segments) == 3
        assert engine.publishing.get("goals", "click").version == 1
    assert "- segments newcomer" in run("apply", str(shop), "--store", store, "--delete")
    with wager.open(store) as engine:
        assert engine.live.segments == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("goals: [{name: a}]", "goals 'a': Object missing required field `event`"),
        ("goals: [{name: a, event: b, window: 3}]", "unknown field `window`"),
        ("gaols: []", "'gaols' is not known; known: ["),
        ("goals: {name: a}", "a file looks like"),
        ("goals: [{name: a, event: b}, {name: a, event: c}]", "goals 'a' is there twice"),
        ("goals: [", "cannot be read"),
        ("segments: [{name: a, condition: 'profile.trait.x > 1'}]", "profile"),
    ],
)
def test_a_bad_folder_names_the_file_and_the_place(
    tmp_path: Path, store: str, text: str, told: str
) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(WagerError) as error:
        run("apply", str(tmp_path), "--store", store)
    assert told in error.value.detail


def test_a_folder_that_is_not_there_says_how_to_make_one(tmp_path: Path, store: str) -> None:
    with pytest.raises(BadInput, match="make one with `wager init"):
        run("apply", str(tmp_path / "no"), "--store", store)
    with pytest.raises(BadInput, match=r"no \*\.yaml stands in"):
        run("diff", str(tmp_path), "--store", store)


def test_import_items_and_events_twice_changes_nothing(
    tmp_path: Path, shop: Path, store: str
) -> None:
    items = tmp_path / "items.csv"
    items.write_text("sku,name,cents\np-1,Lamp,1990\np-2,Shade,x\n")
    columns = tmp_path / "columns.yaml"
    columns.write_text(
        "fields:\n  itemId: sku\n  title: name\n  price: {column: cents, scale: 0.01}\n"
        "  currency: {value: EUR}\n"
    )
    result = invoke("import", "items", str(items), "--columns", str(columns), "--store", store)
    assert result.exit_code == 1
    assert "1 items created or replaced, 1 lines could not be used" in result.stdout
    assert "items.csv, line 3: column 'cents' holds 'x', which is not a number" in result.stderr
    events = tmp_path / "events.jsonl"
    events.write_text(
        "".join(
            json.dumps(
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{number}",
                    "timestamp": "2026-01-05T18:03:00+01:00",
                    "properties": {"products": [{"product_id": "p-1", "price": 19.9}]},
                }
            )
            + "\n"
            for number in range(700)
        )
        + '{"type": "track", "event": "Nobody"}\n'
    )
    result = invoke("import", "events", str(events), "--store", store)
    assert result.stdout.startswith(
        "700 events taken in, 0 known already, 1 in quarantine, 0 lines"
    )
    assert "events.jsonl, line 701: in quarantine: it names nobody" in result.stderr
    assert result.exit_code == 1
    result = invoke("import", "events", str(events), "--store", store)
    assert result.stdout.startswith("0 events taken in, 700 known already, 1 in quarantine")


def test_an_item_that_is_refused_leaves_the_others(tmp_path: Path, store: str) -> None:
    file = tmp_path / "items.jsonl"
    rows = [{"itemId": f"p-{number}"} for number in range(50)]
    rows[7]["itemId"] = "p\n7"
    file.write_text("\n".join(map(json.dumps, rows)))
    result = invoke("import", "items", str(file), "--store", store)
    assert "49 items created or replaced, 1 lines could not be used" in result.stdout
    assert "items.jsonl, line 8: item 'p\\n7': an id is printable" in result.stderr
    with wager.open(store) as engine:
        assert len(engine.live.items) == 49


def test_a_columns_file_that_is_not_there_is_said(tmp_path: Path, store: str) -> None:
    (tmp_path / "a.csv").write_text("itemId\np-1\n")
    with pytest.raises(BadInput, match="is not a mapping file"):
        run(
            "import", "items", str(tmp_path / "a.csv"), "--store", store,
            "--columns", str(tmp_path / "no.yaml"),
        )  # fmt: skip


def test_a_bet_is_asked_shown_and_explained(shop: Path, store: str) -> None:
    run("apply", str(shop), "--store", store)
    said = run("decide", "home", "--user", "u-1", "--store", store)
    assert "the safe choice" in said
    asked = ("decide", "home", "--user", "u-1", "--store", store, "--json")
    preview: dict[str, Any] = json.loads(run(*asked, "--context", "channel=web"))
    with pytest.raises(WagerError, match="no decision has the id"):
        run("explain", preview["decisionId"], "--store", store)
    bet = json.loads(run(*asked, "--no-preview", "--context", 'cart=["kettle"]', "--explain"))
    assert "kettle" not in [choice["itemId"] for choice in bet["choices"]]
    said = run("explain", bet["decisionId"], "--store", store)
    assert "what came of it: open" in said
    assert bet["choices"][0]["itemId"] in said
    assert "what came of it" in run("explain", bet["decisionId"], "--store", store)
    with pytest.raises(BadInput, match="is not NAME=VALUE"):
        run(*asked, "--context", "channel")


def test_a_store_that_is_only_asked_is_not_made(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/typo.db"
    for asked in (
        ("decide", "home"), ("explain", "d-1"), ("report",), ("learn",),
    ):  # fmt: skip
        with pytest.raises(WagerError, match="there is no store at"):
            run(*asked, "--store", store)
    assert invoke("import", "items", str(tmp_path / "no.csv"), "--store", store).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_init_says_where_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("a file")
    with pytest.raises(BadInput, match="choose another place"):
        run("init", str(tmp_path / "shop"))


def test_examples_of_help_stand_on_lines_of_their_own() -> None:
    for command in COMMANDS:
        lines = run(command, "--help").splitlines()
        assert all(line.count(f"wager {command} ") <= 1 for line in lines), command


def test_what_is_said_in_brackets_is_shown(
    shop: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> int:
        raise MissingExtra("the also-bought table", "batch")

    monkeypatch.setattr("wager.engine.learning.Learning.rebuild", absent)
    run("apply", str(shop), "--store", store)
    assert "pip install 'wager[batch]'" in invoke("learn", "--store", store).stderr


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(WagerError, match="name another: --port"):
            run("demo", "--store", str(tmp_path / "demo.db"), "--port", port)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "asked",
    [("up", "--port", "99999"), ("demo", "--households", "0"), ("demo", "--speed", "-1")],
)
def test_numbers_that_mean_nothing_are_refused(asked: tuple[str, ...]) -> None:
    assert invoke(*asked).exit_code == 2


def test_learn_and_every_report(shop: Path, store: str) -> None:
    run("apply", str(shop), "--store", store)
    assert "items have neighbours" in run("learn", "--store", store)
    for name in get_args(REPORTS):
        run("report", name, "--store", store)
        json.loads(run("report", name, "--store", store, "--json"))


def test_the_reports_are_those_of_the_api() -> None:
    with wager.open("memory://") as engine, pytest.raises(UnknownName) as unknown:
        engine.measuring.report("none")
    assert str(sorted(get_args(REPORTS))) in unknown.value.detail


def test_a_server_that_is_not_there_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAGER_SECRET_KEY", raising=False)
    with pytest.raises(Unauthorized, match="set WAGER_SECRET_KEY or give --key"):
        run("report")
    with pytest.raises(WagerError, match="start one with `wager up`"):
        run("report", "--url", "http://127.0.0.1:9", "--key", "k")
    with pytest.raises(BadInput, match="name one of them"):
        run("report", "--url", "http://127.0.0.1:9", "--store", "memory://")
    with pytest.raises(BadInput, match="is not the address of a server"):
        run("report", "--url", "shop", "--key", "k")


def wager_command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "wager", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | environment,
    )


def test_errors_have_an_exit_code_and_no_traceback(tmp_path: Path) -> None:
    asked_wrongly = wager_command("diff", str(tmp_path / "no"), "--store", "memory://")
    assert asked_wrongly.returncode == 2
    assert asked_wrongly.stderr.startswith("wager: there is no folder")
    went_wrong = wager_command("report", "--url", "http://127.0.0.1:9", "--key", "k")
    assert went_wrong.returncode == 1
    assert went_wrong.stderr.startswith("wager: no wager answers at")
    unknown = wager_command("reprot")
    assert unknown.returncode == 2
    for said in (asked_wrongly, went_wrong, unknown):
        assert "Traceback" not in said.stderr
        assert said.stdout == ""


def test_a_store_is_looked_over_copied_and_put_back(tmp_path: Path, shop: Path, store: str) -> None:
    run("apply", str(shop), "--store", store)
    assert "nothing is wrong with it" in run("doctor", "--store", store)
    assert json.loads(run("doctor", "--store", store, "--json")) == []
    copy = tmp_path / "copies" / "monday.db"
    assert "found whole" in run("backup", str(copy), "--store", store)
    with pytest.raises(Conflict, match="overwrites nothing"):
        run("backup", str(copy), "--store", store)
    (shop / "segments.yaml").unlink()
    run("apply", str(shop), "--store", store, "--delete")
    with pytest.raises(Conflict, match="--force"):
        run("restore", str(copy), "--store", store)
    assert "restored" in run("restore", str(copy), "--store", store, "--force")
    with wager.open(store) as engine:
        assert len(engine.live.segments) == 3


def test_doctor_finds_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + b"no" * 600)
    result = invoke("doctor", "--store", f"sqlite:///{tmp_path}/bad.db")
    assert result.exit_code == 1
    assert result.stdout.startswith("error ")
    assert "    do: " in result.stdout


class Running:
    """A server as an operator starts it, in a process of its own."""

    def __init__(self, store: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wager", "up", "--store", store, "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if "WAGER" not in name},
        )
        self.said: list[str] = []
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if "answers at" in line:
                break
        else:
            raise AssertionError("".join(self.said))
        self.url = line.partition("answers at ")[2].split(",")[0]
        keys = dict(one.strip().split("=", 1) for one in self.said if one.startswith("WAGER_"))
        self.key = keys.get("WAGER_SECRET_KEY", "")

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def running(store: str) -> Iterator[Running]:
    server = Running(store)
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.communicate(timeout=60)


def test_a_running_server_is_asked_over_http(running: Running, shop: Path, store: str) -> None:
    there = ("--url", running.url, "--key", running.key)
    assert "+ placements home" in run("apply", str(shop), *there)
    assert "the safe choice" in run("decide", "home", "--user", "u-1", *there)
    with pytest.raises(WagerError, match="that key is not known here"):
        run("report", "--url", running.url, "--key", "wrong-wrong")
    with pytest.raises(WagerError, match="is in use by process"):
        run("report", "--store", store)
    assert running.stop() == 0
    again = Running(store)
    assert not any(line.startswith("WAGER_") for line in again.said)
    assert again.stop() == 0
    with wager.open(store) as engine:
        assert "home" in engine.live.placements


def test_bench_measures_on_a_store_of_its_own() -> None:
    said = run("bench", "--items", "200", "--people", "20", "--decisions", "100", "--json")
    found = json.loads(said)
    assert found["items"] == 200
    assert found["eventsPerSecond"] > 0
    assert 0 < found["decideMsMedian"] <= found["decideMsP99"]
