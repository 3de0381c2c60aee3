"""The libraries that wager is measured against: each in an environment of its own, made once."""

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PEERS = Path(__file__).parent / ".peers"


def environment(name: str, packages: Sequence[str]) -> Path:
    """The Python of the environment `.peers/NAME` with these packages; made where it is missing."""
    folder = PEERS / name
    python = folder / "bin" / "python"
    wanted, mark = "\n".join(sorted(packages)), folder / "packages.txt"
    if mark.exists() and mark.read_text() == wanted:
        return python
    print(f"  making the environment of {name}: {', '.join(packages)}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *packages], check=True)
    mark.write_text(wanted)
    return python


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
