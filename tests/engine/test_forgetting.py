"""Whoever is erased is in no model, whenever the process dies."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.engine.test_learning import opened, track

import wager
from wager.engine.forgetting import TO_DO
from wager.engine.learning import Learning
from wager.engine.measuring import MODEL
from wager.errors import NotFound

CHILD = """
import os, signal, sys
import wager
from wager.engine.deciding import Deciding
from wager.engine.forgetting import Forgetting
from wager.engine.learning import Learning
from wager.engine.measuring import Measuring

def die(self, *_):
    with self.live.stores.transaction() as commit:
        pass
    commit.durable.result()  # the erasure, which was before, is on the disk
    os.kill(os.getpid(), signal.SIGKILL)

where, step = sys.argv[3].split(".")
setattr(globals()[where], step, die)
if sys.argv[2] == "sabotaged":
    Forgetting.promise = lambda self, profile_ids: setattr(self, "_waiting", True)
    Forgetting._listed = lambda self: ["somebody"]
wager.open(sys.argv[1]).people.erase("user_id", "u-1")
"""


def learnt_of(folder: Path) -> str:
    """A store that knows something of u-1, in every model and every version that is kept."""
    engine, clock = opened(f"sqlite:///{folder}/shop.db")
    decision = engine.decide(placement="home", user_id="u-1")
    told = {"decisionId": decision.decision_id, "itemId": decision.choices[0].item_id}
    track(engine, clock, "Item Clicked", **told)
    for _ in range(2):
        engine.learn()
        engine.learning.checkpoint()
        engine.measuring.refresh()
        engine.measuring.checkpoint()
        engine.decide(placement="home", user_id="u-2")
    engine.close()
    with closing(sqlite3.connect(folder / "shop.db")) as disk:  # as an older release left it
        disk.execute(
            "INSERT INTO models (name, version, number, body)"
            " SELECT name, 'older', number - 1000, body FROM models WHERE name = ?",
            [MODEL],
        )
        disk.commit()
    assert [len(bodies(folder, name)) for name in ("learnt", MODEL)] == [2, 2]
    for name in ("learnt", MODEL):
        assert all(decision.profile_id.encode() in body for body in bodies(folder, name))
    return decision.profile_id


def bodies(folder: Path, name: str = "%") -> list[bytes]:
    with closing(sqlite3.connect(folder / "shop.db")) as disk:
        rows = disk.execute("SELECT body FROM models WHERE name LIKE ?", [name]).fetchall()
    return [body for (body,) in rows]


def killed_between(folder: Path, how: str = "as it is", where: str = "Learning.forget") -> None:
    url = f"sqlite:///{folder}/shop.db"
    child = subprocess.run([sys.executable, "-c", CHILD, url, how, where], check=False)
    assert child.returncode == -signal.SIGKILL


def test_who_is_erased_leaves_every_model_at_once(tmp_path: Path) -> None:
    profile_id = learnt_of(tmp_path)
    with wager.open(f"sqlite:///{tmp_path}/shop.db") as engine:
        engine.people.erase("user_id", "u-1")[1].result()
    assert not any(profile_id.encode() in body for body in bodies(tmp_path))


def test_who_was_erased_before_a_crash_leaves_the_models_at_the_next_start(tmp_path: Path) -> None:
    profile_id = learnt_of(tmp_path)
    killed_between(tmp_path)
    assert profile_id.encode() in b"".join(bodies(tmp_path, "learnt")), "the crash came between"
    assert bodies(tmp_path, TO_DO) == [f'["{profile_id}"]'.encode()]
    with wager.open(f"sqlite:///{tmp_path}/shop.db") as engine:
        assert not any(profile_id.encode() in body for body in bodies(tmp_path, "measured"))
        with pytest.raises(NotFound):
            engine.people.stored("user_id", "u-1")
    assert not any(profile_id.encode() in body for body in bodies(tmp_path))


@pytest.mark.parametrize("where", ["Measuring.forget", "Measuring._save", "Deciding.forget"])
def test_wherever_the_process_dies_the_next_start_ends_it(tmp_path: Path, where: str) -> None:
    profile_id = learnt_of(tmp_path)
    killed_between(tmp_path, where=where)
    assert bodies(tmp_path, TO_DO) == [f'["{profile_id}"]'.encode()]
    wager.open(f"sqlite:///{tmp_path}/shop.db").close()
    assert not any(profile_id.encode() in body for body in bodies(tmp_path))
    assert json.loads(bodies(tmp_path, TO_DO)[-1]) == []


def test_without_the_list_the_models_would_still_hold_them(tmp_path: Path) -> None:
    """The sabotaged twin."""
    profile_id = learnt_of(tmp_path)
    killed_between(tmp_path, "sabotaged")
    wager.open(f"sqlite:///{tmp_path}/shop.db").close()
    assert any(profile_id.encode() in body for body in bodies(tmp_path))


def test_what_failed_is_done_at_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = opened()
    decision = engine.decide(placement="home", user_id="u-1")
    engine.learn()

    def fail(self: Learning) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="full"):
        broken.setattr(Learning, "checkpoint", fail)
        engine.people.erase("user_id", "u-1")
    kept = engine.stores.models.latest(TO_DO)
    assert kept is not None
    assert decision.profile_id.encode() in kept[1]
    engine.learn()
    assert engine.stores.models.latest(TO_DO) == ("1", b"[]")
    assert decision.profile_id not in engine.live.snapshot.payoffs["home"].people
    engine.close()
