"""What was acknowledged survives `kill -9` at any moment, once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from wager.domain.identity import Identity
from wager.stores.base import EventQuery
from wager.stores.open import open_store

CHILD = """
import os, sys
from wager.stores.open import open_store
from wager.testing.samples import event, profile
from wager.domain.identity import Identity

stores, run = open_store(sys.argv[1]), sys.argv[2]
waiting = []
for group in range(10**9):
    ids = [f"{run}-{group}-{number}" for number in range(7)]
    with stores.transaction() as commit:
        for message_id in ids:
            stores.events.append(event(message_id), run)
        stores.profiles.put(profile(ids[0]), [Identity("user_id", ids[0])])
    waiting.append((ids, commit.durable))
    while waiting and (waiting[0][1].done() or len(waiting) > 50):
        ids, durable = waiting.pop(0)
        durable.result()
        os.write(1, (" ".join(ids) + "\\n").encode())
"""


def _killed_after(url: str, run: int, seconds: float) -> list[list[str]]:
    """The groups that a child had acknowledged when it was killed."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, url, str(run)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    first = child.stdout.readline()  # it has begun
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read()
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    whole = (first + rest).decode().rsplit("\n", 1)[0]
    return [line.split() for line in whole.splitlines()]


def test_what_was_acknowledged_is_there_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    rng = np.random.default_rng(7)
    acknowledged: list[list[str]] = []
    for run in range(5):
        acknowledged += _killed_after(url, run, float(rng.uniform(0.0, 0.4)))
    stores = open_store(url)
    log = stores.events.read(EventQuery(limit=10**9))
    counted = Counter(stored.event.message_id for stored in log)
    assert set(counted.values()) == {1}
    assert {message_id for ids in acknowledged for message_id in ids} <= counted.keys()
    firsts = [ids[0] for ids in acknowledged]
    assert all(stores.profiles.find([Identity("user_id", first)]) for first in firsts)
    groups = Counter(message_id.rsplit("-", 1)[0] for message_id in counted)
    assert set(groups.values()) == {7}  # a transaction is there whole, or not at all
    stores.close()
