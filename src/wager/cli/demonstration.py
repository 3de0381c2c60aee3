"""The demonstration on the command line: its store, its bars, and the replay beside the server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.progress import Progress, TaskID

from wager.cli.showing import as_json, progress, say
from wager.demo.completejourney import REPLAY_FROM
from wager.demo.reading import check_data
from wager.demo.replay import SERVER_GONE, Standing
from wager.demo.setting_up import replayed_to, set_up
from wager.engine.engine import Engine
from wager.errors import WagerError
from wager.stores.lock import holder, lock_path
from wager.stores.open import open_store

PLAIN_WORDS = "A replay: it shows calibration and hit rate, not cause; nobody saw these bets."
CHECKED_BASKETS = 300


class Demonstration:
    """One run of `wager demo`: sets the store up, then replays December through the server."""

    def __init__(
        self, store: Path, *, hours_per_second: float, check: bool, households: int | None
    ) -> None:
        self._store = store
        self._hours_per_second = 0.0 if check else hours_per_second
        self._check = check
        self._households = households
        self._since = REPLAY_FROM
        self._child: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._failure: WagerError | None = None

    @property
    def url(self) -> str:
        return f"sqlite:///{self._store}"

    def make_room(self) -> None:
        self._store.parent.mkdir(parents=True, exist_ok=True)

    def start_over(self) -> None:
        """Delete the store, unless a process holds it."""
        if holder(self._store) is not None:
            open_store(self.url)  # says who holds it
        for file in self._store.parent.glob(f"{self._store.name}*"):
            if file != lock_path(self._store):
                file.unlink()

    def set_up(self, engine: Engine) -> None:
        """Take in what is not there yet, with a bar for each step."""
        check_data()
        with _Bars() as bars:
            set_up(engine, bars, households=self._households)
        self._since = replayed_to(engine)

    def begin(self, address: str, key: str) -> None:
        """The server answers: replay beside it (and, for a check, ask once and end)."""
        say(f"answers at {address}, the console at {address}/console (sign in with the secret key)")
        say(PLAIN_WORDS)
        self._thread = threading.Thread(target=self._run, args=(address, key), name="replay")
        self._thread.start()

    def end(self) -> None:
        """Stop the replay, and tell what went wrong in it."""
        if self._child is not None:
            self._child.terminate()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self, address: str, key: str) -> None:
        try:
            last = self._replay(address, key)
            if self._check:
                as_json(last.next_bet, indent=0)
        except WagerError as error:
            self._failure = error
        if self._check or self._failure is not None:
            os.kill(os.getpid(), signal.SIGTERM)

    def _replay(self, address: str, key: str) -> Standing:
        """Watch the client that replays; how it stood in the end."""
        command = [sys.executable, "-m", "wager.demo.replay", address]
        command += ["--since", self._since.isoformat()]
        command += ["--hours-per-second", str(self._hours_per_second)]
        if self._households is not None:
            command += ["--households", str(self._households)]
        if self._check:
            command += ["--baskets", str(CHECKED_BASKETS)]
        self._child = subprocess.Popen(
            command,
            env=os.environ | {"WAGER_SECRET_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with self._child as child, progress() as shown:
            task = shown.add_task("December 2017, replayed", total=None)
            standing = Standing()
            for standing in _standings(child):
                done, ahead = standing.baskets, standing.ahead
                shown.update(task, completed=done, total=ahead, description=_in_words(standing))
            said = child.stderr.read() if child.stderr is not None else ""
        if child.returncode not in (0, SERVER_GONE, -signal.SIGTERM):
            raise WagerError(f"the replay stopped: {(said.strip().splitlines() or ['?'])[-1]}")
        if child.returncode == 0 and not self._check:
            say("December is over. The server goes on answering; Ctrl-C stops it.")
        return standing


class _Bars:
    """One bar after the other; the one before is full when the next begins. None, nothing shown."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._shown: Progress | None = None
        self._task = TaskID(0)
        self._what = ""

    def start(self, what: str, total: int | None) -> None:
        if self._shown is None:
            self._shown = self._stack.enter_context(progress())
        if what == self._what:
            self._shown.update(self._task, total=total)
            return
        self._fill()
        self._what, self._task = what, self._shown.add_task(what, total=total)

    def advance(self, count: int) -> None:
        if self._shown is not None:
            self._shown.advance(self._task, count)

    def _fill(self) -> None:
        if self._shown is not None and self._what:
            whole = self._shown.tasks[-1].total or 1
            self._shown.update(self._task, total=whole, completed=whole)

    def __enter__(self) -> "_Bars":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._fill()
        self._stack.close()


def _standings(child: "subprocess.Popen[str]") -> Iterator[Standing]:
    for line in child.stdout or ():
        yield msgspec.json.decode(line, type=Standing)


def _in_words(standing: Standing) -> str:
    shown = max(1, standing.shown)
    return (
        f"{standing.at:%b %d %Hh}: {standing.bought / shown:.1%} of what was shown was bought, "
        f"{standing.expected / shown:.1%} expected"
    )
