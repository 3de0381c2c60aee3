"""Servers to measure: a real `wager up`, and a bare one beside it as the yardstick."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "wsk_only-for-benchmarks-0123456789abcdef"
CLIENT_CPU = 1

YARDSTICK = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = b"x" * int(sys.argv[1])
async def answer(request):
    await request.body()
    return Response(body, media_type="application/json")
app = Starlette(routes=[Route("/answer", answer, methods=["POST"])])
config = uvicorn.Config(app, port=0, access_log=False, log_level="info")
uvicorn.Server(config).run()
"""


@dataclass(frozen=True)
class Server:
    """A running server: its port and its process."""

    port: int
    process: "subprocess.Popen[str]"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request, decoded; for setting up, not for measuring."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        payload = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{method} {path} answered {response.status}: {answer}")
        return answer

    def memory_mb(self) -> float:
        """The largest resident memory of the server's process so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found.group(1)) / 1024.0 if found else float("nan")


@contextlib.contextmanager
def wager_up(store: Path) -> Iterator[Server]:
    """`wager up` on a store."""
    command = ["-m", "wager", "up", "--store", f"sqlite:///{store}", "--port", "0"]
    with _started(command, r"answers at http://127\.0\.0\.1:(\d+)") as server:
        yield server


@contextlib.contextmanager
def yardstick(size: int) -> Iterator[Server]:
    """A bare Starlette application that answers `size` bytes: what HTTP alone costs here."""
    with _started(["-c", YARDSTICK, str(size)], r"running on http://127\.0\.0\.1:(\d+)") as server:
        yield server


@contextlib.contextmanager
def _started(arguments: list[str], says: str) -> Iterator[Server]:
    environment = os.environ | {"WAGER_SECRET_KEY": KEY, "WAGER_REQUESTS_PER_SECOND": "1000000",
                                "PYTHONUNBUFFERED": "1", "COLUMNS": "400"}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=unpinned,
    )  # fmt: skip
    try:
        yield Server(_port(process, says), process)
    finally:
        process.terminate()
        process.wait(timeout=120)


def _port(process: "subprocess.Popen[str]", says: str) -> int:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if (found := re.search(says, line)) is not None:
            return int(found.group(1))
    raise RuntimeError(f"the server did not start: {seen}")


def pin(cpu: int) -> None:
    """Stay on one core, where there are several."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[cpu]})


def unpinned() -> None:
    """A server may use every core, whatever its parent was pinned to."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
