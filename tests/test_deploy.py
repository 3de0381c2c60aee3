"""What the container and the service ask of the program is what it understands."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from wager.cli import app

ROOT = Path(__file__).parents[1]
ANALYZE = shutil.which("systemd-analyze")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> dict[str, list[str]]:
    """The Containerfile's arguments by instruction, lines that go on joined."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        found.setdefault(name, []).append(rest)
    return found


def service() -> ConfigParser:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(ROOT / "wager.service")
    return unit


def options_of(command: list[str]) -> dict[str, object]:
    """What `wager up` makes of the command's arguments; an error if it does not know one."""
    program, name, *arguments = command
    assert (Path(program).name, name) == ("wager", "up")
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(group.commands["up"].make_context("up", arguments).params)


def test_the_container_is_built_from_what_is_there() -> None:
    said = instructions()
    wanted, least = said["FROM"][0].rsplit(":", 1)[1], PROJECT["requires-python"]
    assert wanted.removesuffix("-slim") == least.removeprefix(">=")
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = {name for copy in said["COPY"] for name in copy.split()[:-1]}
    assert copied == kept, "what is copied and what is sent to the builder are the same"
    assert all((ROOT / name).exists() for name in copied)
    extras = re.findall(r"/src\[([a-z,]+)\]", said["RUN"][0])
    assert set(extras[0].split(",")) <= PROJECT["optional-dependencies"].keys()


def test_the_container_serves_as_somebody_who_may_write_its_volume() -> None:
    said = instructions()
    (volume,), (port,), (user,) = said["VOLUME"], said["EXPOSE"], said["USER"]
    options = options_of(shlex.split(said["CMD"][0].translate(str.maketrans("[],", "   "))))
    assert str(options["store"]).startswith(f"sqlite:///{volume}/")
    assert options["host"] == "0.0.0.0", "within a container nobody else would reach it"
    assert str(options["port"]) == port
    assert f"install -d -o {user} {volume}" in said["RUN"][0]
    assert list(said).index("USER") > list(said).index("RUN")


def test_the_service_writes_its_own_folder_alone() -> None:
    unit = service()["Service"]
    options = options_of(shlex.split(unit["ExecStart"]))
    folder = f"/var/lib/{unit['StateDirectory']}"
    assert str(options["store"]).startswith(f"sqlite:///{folder}/")
    assert unit["WorkingDirectory"] == folder
    assert unit["DynamicUser"] == "yes"
    assert (unit["StateDirectoryMode"], unit["UMask"]) == ("0700", "0077")
    assert unit["EnvironmentFile"] == "-/etc/wager.env"


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here: the unit is not verified")
def test_systemd_finds_nothing_wrong_with_the_service(tmp_path: Path) -> None:
    assert ANALYZE is not None
    text = (ROOT / "wager.service").read_text().replace("/opt/wager/bin/wager", sys.executable)
    (tmp_path / "wager.service").write_text(text)
    command = [ANALYZE, "verify", "--man=no", str(tmp_path / "wager.service")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    about = [line for line in said.stderr.splitlines() if "wager.service" in line]
    assert about == []
    wrong = text.replace("RestrictRealtime=yes", "RestrictRealtimes=yes")
    (tmp_path / "wager.service").write_text(wrong)
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "RestrictRealtimes" in said.stderr, "what is wrong is found"
