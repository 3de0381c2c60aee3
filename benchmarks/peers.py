"""The libraries that wager is measured against: each in an environment of its own, made once."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent / ".peers"


def environment(name: str, packages: Sequence[str], maker: str = sys.executable) -> Path:
    """The Python of the environment `.peers/NAME` with these packages; made, by the Python
    `maker`, where it is missing."""
    folder = PEERS / name
    python = folder / "bin" / "python"
    wanted, mark = "\n".join(sorted(packages)), folder / "packages.txt"
    if mark.exists() and mark.read_text() == wanted:
        return python
    print(f"  making the environment of {name}: {', '.join(packages)}", file=sys.stderr)
    subprocess.run([maker, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *packages], check=True)
    mark.write_text(wanted)
    return python


def newer_python(version: str) -> str | None:
    """A Python of that version ("3.12") that runs: this one, one on the path, or one of pyenv's."""
    if sys.version.startswith(f"{version}."):
        return sys.executable
    places = [shutil.which(f"python{version}") or ""]
    places += map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for place in filter(None, places):
        said = subprocess.run([place, "-V"], check=False, capture_output=True, text=True).stdout
        if said.startswith(f"Python {version}."):
            return place
    return None


class Peer:
    """A script that runs in such an environment and answers each line of JSON with another."""

    def __init__(self, python: Path, script: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [str(python), str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, message: object) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with code {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def run(python: Path, script: Path, *arguments: str) -> None:
    """Run a script in such an environment to its end; what it says is seen where it fails."""
    subprocess.run([str(python), str(script), *arguments], check=True)
