"""Learning folds every stored event exactly once, from memory where it can, else from the log."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

import wager
from wager.domain.events import StoredEvent
from wager.engine.engine import Engine
from wager.engine.recent import Recent
from wager.errors import StoreFailed
from wager.stores.base import EventQuery
from wager.testing.samples import event


def _stored(first: int, last: int) -> list[StoredEvent]:
    return [
        StoredEvent(sequence=one, profile_id="p", event=event(f"m-{one}"))
        for one in range(first, last + 1)
    ]


def _done() -> "Future[None]":
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _numbers(found: Sequence[StoredEvent] | None) -> list[int] | None:
    return None if found is None else [one.sequence for one in found]


def test_transactions_come_in_their_order_and_go_when_folded() -> None:
    recent = Recent()
    assert recent.after(0) == ()
    recent.keep(_stored(1, 2), _done())
    recent.keep(_stored(3, 3), _done())
    assert _numbers(recent.after(0)) == [1, 2]
    assert _numbers(recent.after(0)) == [1, 2]  # asked again before they were folded
    assert _numbers(recent.after(1)) == [2]
    assert _numbers(recent.after(2)) == [3]
    assert _numbers(recent.after(3)) == []


def test_what_lies_before_is_left_to_the_log() -> None:
    recent = Recent()
    recent.keep(_stored(5, 6), _done())
    assert recent.after(3) is None
    assert _numbers(recent.after(4)) == [5, 6]
    recent.keep(_stored(9, 9), _done())  # a transaction undone left a gap
    assert recent.after(6) is None
    assert _numbers(recent.after(8)) == [9]


def test_of_too_many_the_oldest_are_left_to_the_log() -> None:
    recent = Recent(most=4)
    for first in (1, 3, 5):
        recent.keep(_stored(first, first + 1), _done())
    assert recent.after(0) is None
    assert _numbers(recent.after(2)) == [3, 4]
    recent.keep(_stored(7, 20), _done())  # more than it keeps, all in one transaction
    assert recent.after(4) is None
    assert _numbers(recent.after(6)) == list(range(7, 21))
    assert recent.after(20) == ()


def test_what_was_undone_never_happened() -> None:
    recent = Recent()
    undone: Future[None] = Future()
    undone.set_exception(StoreFailed("the transaction was undone"))
    recent.keep(_stored(1, 2), undone)
    recent.keep(_stored(3, 3), _done())
    assert recent.after(0) is None
    assert _numbers(recent.after(2)) == [3]


# ---- with an engine


def _view(number: int, name: str = "") -> dict[str, object]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"u-{number % 3}",
        "messageId": f"m-{number}",
        "properties": {"product_id": name or f"item-{number}"},
    }


def _refuse_to_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: EventQuery) -> list[StoredEvent]:
        raise AssertionError("the log was read")

    monkeypatch.setattr(engine.stores.events, "read", refuse)


@pytest.fixture(params=["memory://", "sqlite:///{folder}/shop.db"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(folder=tmp_path)


def test_once_it_has_caught_up_learning_does_not_read_the_log(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wager.open(url) as engine:
        engine.collect([_view(number) for number in range(5)])
        assert engine.learn()["events"] == 5
        _refuse_to_read(engine, monkeypatch)
        assert engine.learn()["events"] == 0
        engine.collect([_view(number) for number in range(3, 9)])  # two are repeats
        engine.collect([_view(9)])
        assert engine.learn()["events"] == 5
        assert engine.learn()["events"] == 0
        monkeypatch.undo()
        assert len(engine.stores.events.read(EventQuery())) == 10


def test_memory_and_log_teach_the_same(tmp_path: Path) -> None:
    taught = []
    for ticks in (range(0), range(0, 40, 7), range(40)):
        with wager.open(f"sqlite:///{tmp_path}/shop-{len(ticks)}.db") as engine:
            for number in range(40):
                engine.collect([_view(number, f"item-{number % 4}")])
                if number in ticks:
                    engine.learn()
            engine.learn()
            snapshot = engine.live.snapshot
            taught.append((engine.learning.status()["eventsFolded"], snapshot.popular))
    assert [one[0] for one in taught] == [40, 40, 40]
    assert all(
        dict(popular) == pytest.approx(dict(taught[0][1]), rel=1e-3) for _, popular in taught
    )


def test_after_an_overflow_a_failure_and_an_erasure_nothing_is_missed_or_doubled(url: str) -> None:
    with wager.open(url) as engine:
        engine.collect([_view(0)])
        engine.learn()
        engine.live.recent._most = 5
        for number in range(1, 13):
            engine.collect([_view(number)])
        assert engine.learn()["events"] == 12
        with pytest.raises(RuntimeError), engine.stores.transaction():
            engine.stores.events.append(event("lost"), "p")
            raise RuntimeError
        engine.collect([_view(13)])
        assert engine.learn()["events"] == 1
        engine.collect([_view(15)])  # of u-0
        engine.collect([_view(16)])  # of u-1
        engine.people.erase("user_id", "u-0")[1].result()
        assert engine.learn()["events"] == 1
        assert engine.learn()["events"] == 0


def test_a_restart_begins_where_the_checkpoint_ended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    with wager.open(url) as engine:
        engine.collect([_view(number) for number in range(4)])
        engine.learn()
        engine.learning.checkpoint()
        engine.collect([_view(number) for number in range(4, 6)])
        engine.learn()  # folded, and not in the checkpoint: as if the process were killed here
        engine.learning.checkpoint = lambda: None  # type: ignore[method-assign]
        engine.collect([_view(6)])
    with wager.open(url) as engine:
        engine.collect([_view(7)])
        assert engine.learn()["events"] == 4
        assert engine.learning.status()["eventsFolded"] == 8
