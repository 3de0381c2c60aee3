"""Tutorial, README and how-tos do what they say: their commands run as they stand."""

import base64
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
TUTORIAL = ROOT / "docs" / "tutorial" / "your-own-shop.md"
HOWTO = ROOT / "docs" / "howto"
BLOCK = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```$", re.M | re.S)
PATIENCE = 60.0


class Shell:
    """Runs blocks one after the other; what one exports the next one has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8000": free_port(), "8080": free_port()}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.said: list[str] = []
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if "WAGER" not in name}
        self.environment = kept | {"PATH": path, "TERM": "dumb", "COLUMNS": "200"}
        (folder / "exported").touch()
        (folder / "docs").symlink_to(ROOT / "docs")

    def at_our_ports(self, text: str) -> str:
        for theirs, ours in self.ports.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, block: str) -> str:
        script = f". ./exported\n{self.at_our_ports(block)}\nexport -p > exported\n"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        self.said.append(done.stdout)
        return done.stdout

    def serve(self, block: str) -> None:
        with (self.folder / f"server-{len(self.servers)}.log").open("wb") as log:
            server = subprocess.Popen(
                [
                    "bash",
                    "-euo",
                    "pipefail",
                    "-c",
                    f". ./exported\nexec {self.at_our_ports(block)}",
                ],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.servers.append(server)
        port = next(ours for theirs, ours in self.ports.items() if theirs in block)
        wait_for(lambda: server.poll() is not None or answers(port))
        assert server.poll() is None, Path(log.name).read_text()

    def stop(self) -> list[int]:
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
        return [server.wait(PATIENCE) for server in self.servers]

    def exported(self, name: str) -> str:
        text = (self.folder / "exported").read_text()
        found = re.search(rf'{name}="([^"]*)"', text)
        assert found, f"the tutorial does not export {name}"
        return found[1]

    def get(self, path: str) -> Any:
        """What the server says to the secret key."""
        key = base64.b64encode(f"{self.exported('WAGER_SECRET_KEY')}:".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['8000']}{path}",
            headers={"Authorization": f"Basic {key}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def answers(port: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(port))) == 0


def wait_for(done: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def blocks(page: Path, language: str) -> list[str]:
    return [block for found, _, block in BLOCK.findall(page.read_text()) if found == language]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The tutorial, done from its first command to its last."""
    running = Shell(tmp_path_factory.mktemp("tutorial"))
    try:
        for language, how, block in BLOCK.findall(TUTORIAL.read_text()):
            if language == "sh" and how != "install":
                (running.serve if how == "server" else running.run)(block)
        page = running.folder / "page" / "index.html"
        page.write_text(running.at_our_ports(page.read_text()))
        yield running
    finally:
        running.stop()


def test_the_commands_do_what_the_text_says(shell: Shell) -> None:
    decision = next(json.loads(one) for one in shell.said if one.startswith('{"decisionId"'))
    assert len(decision["choices"]) == 4
    assert decision["level"] == "neutral"
    assert any('"accepted":2' in one for one in shell.said)
    ada = shell.get("/v1/profiles/user_id/ada")
    assert ada["blocked"].keys() == {"item:lamp"}
    assert ada["liked"].keys() == {"teapot"}


def test_what_was_disliked_is_gone(shell: Shell) -> None:
    answer = next(one for one in shell.said if one.startswith("home at "))
    shown, _, rest = answer.partition("the safe choice: ")
    assert "lamp" not in shown
    if "held out" not in answer:  # one person in twenty
        assert "level context" in shown
        assert "never-again" in rest


def test_the_page_has_twenty_lines() -> None:
    page = (TUTORIAL.parent / "shop.html").read_text()
    assert len(page.splitlines()) <= 20


@pytest.mark.browser
def test_the_page_asks_and_reports_a_click(shell: Shell) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        assert os.environ.get("CI") != "true", "Chromium is needed here, and there is none"
        pytest.skip("there is no Chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{shell.ports['8080']}")
        with page.expect_response(lambda one: one.url.endswith("/v1/track") and one.ok):
            page.locator("#home button").first.click()
        title = page.locator("#home button").first.text_content()
        anonymous_id = page.evaluate("localStorage.anonymousId")
        browser.close()
    profile = shell.get(f"/v1/profiles/anonymous_id/{anonymous_id}")
    assert profile["counts"]["Item Clicked"]["total"] == 1
    bets = shell.get(f"/v1/decisions?profileId={profile['profileId']}")["decisions"]
    assert [bet["state"] for bet in bets] == ["won"]
    assert bets[0]["choices"][0]["content"]["title"] == title
    assert bets[0]["outcomes"][0]["event"] == "Item Clicked"
    logged = shell.get(f"/v1/events?profile={profile['profileId']}")["events"]
    assert len(logged) == 1
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{shell.ports['8000']}/v1/events")


def test_the_readme_begins_with_five_lines_of_python(tmp_path: Path) -> None:
    (block,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in block.splitlines() if line]) == 5
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "propensity=" in done.stdout


def test_the_readme_asks_with_one_curl(shell: Shell) -> None:
    block = next(one for one in blocks(ROOT / "README.md", "sh") if one.startswith("curl"))
    decision = json.loads(shell.run(block))
    assert decision["placement"] == "home"
    assert decision["candidates"]


def test_a_catalogue_and_a_history_are_imported(shell: Shell) -> None:
    page = HOWTO / "import-your-data.md"
    (table,), (columns,), (event,) = (blocks(page, one) for one in ("csv", "yaml", "json"))
    (shell.folder / "catalogue.csv").write_text(table)
    (shell.folder / "columns.yaml").write_text(columns)
    (shell.folder / "export.csv").write_text(
        "sku,name,cents,since,colour\np-1,Pan,2990,2026-01-05,red\n"
    )
    with gzip.open(shell.folder / "history.jsonl.gz", "wt") as file:
        file.write(event)
    said = [shell.run(one.replace("shop.db", "import.db")) for one in blocks(page, "sh")]
    assert said[0] == said[1] == "1 items created or replaced, 0 lines could not be used\n"
    assert said[2].startswith("1 events taken in, 0 known already, 0 in quarantine")
    assert "items have neighbours" in said[3]


def test_a_person_is_handed_over_and_erased(shell: Shell) -> None:
    (send,) = blocks(HOWTO / "send-segment-events.md", "sh")
    identify = send.replace("/v1/track", "/v1/identify")
    traits = '{"userId": "u-9", "traits": {"email": "ada@example.com"}}'
    shell.run(re.sub(r"-d '.*'", f"-d '{traits}'", identify))
    (both,) = blocks(HOWTO / "erase-a-person.md", "sh")
    erased = json.loads(shell.run(both))
    held = json.loads((shell.folder / "ada.json").read_text())
    assert held["profile"]["traits"]["email"]["value"] == "ada@example.com"
    assert erased["erased"]["events"] == len(held["events"]) == 1


def test_a_store_is_copied_while_it_is_used_and_put_back(shell: Shell) -> None:
    found = BLOCK.findall((HOWTO / "run-in-production.md").read_text())
    backup, restore = [block for language, how, block in found if how == "backup"]
    assert "found whole" in shell.run(backup)
    said = shell.run(restore.replace("sqlite:///shop.db", "sqlite:///restored.db"))
    assert "nothing is wrong with it" in said
