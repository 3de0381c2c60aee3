"""The description is true: schemathesis asks what it allows and what it forbids, and checks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SECRET = "the-secret-key-of-the-journeys"


def test_the_api_is_as_described(server: Any, tmp_path: Path) -> None:
    """Every route with a few dozen requests, good and bad.

    One check is left out: that whatever the schema allows is accepted. A placement that nobody
    defined, or a track call without an event, is well-formed, and a 422 by the contract.
    """
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {SECRET}",
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", "5",
        "--exclude-checks", "positive_data_acceptance",
        "--generation-database", "none",
        "--exclude-path-regex", "^/v1/.$",  # the short names are the same handlers
        "--seed", "1",
        "--no-color",
    ]  # fmt: skip
    run = subprocess.run(
        command,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "CI"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
