"""A process of its own for what needs much memory for a while; it ends when the server does."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator

from wager.errors import BatchFailed

LOOKS_SECONDS = 0.2  # between two looks at whether it is still wanted
Purchase = tuple[str, str, float]  # profile id, item id, seconds since 1970


def never() -> bool:
    """Nobody tells it to stop."""
    return False


def run(module: str, arguments: Iterable[str], stopping: Callable[[], bool]) -> str | None:
    """Run the module with these arguments; what went wrong, in its last words. BatchFailed, and
    the process is gone, once `stopping` says so."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as child:
        while True:
            try:
                _, said = child.communicate(timeout=LOOKS_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if stopping():
                    child.kill()
            except BaseException:
                child.kill()
                raise
    check(stopping)
    if child.returncode == 0:
        return None
    return (said.strip().splitlines() or [f"exit code {child.returncode}"])[-1]


def until(stopping: Callable[[], bool], lines: Iterable[Purchase]) -> Iterator[Purchase]:
    """The lines, as long as they are wanted."""
    for line in lines:
        check(stopping)
        yield line


def check(stopping: Callable[[], bool]) -> None:
    """BatchFailed once it says so."""
    if stopping():
        raise BatchFailed("it was stopped; what was learnt before stays in force")
