"""Bets are settled, teach, and survive a restart."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.stores.base import DecisionQuery

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORLD: dict[str, Any] = {
    "items": [{"itemId": f"p-{n}"} for n in range(6)],
    "goals": [
        {"name": "click", "event": "Item Clicked", "windowMinutes": 30},
        {"name": "buy", "event": "Order Completed", "windowMinutes": 60},
    ],
    "placements": [
        {"name": "home", "goal": "click", "default": "p-0"},
        {"name": "shelf", "slots": 2, "goal": "buy", "default": ["p-1", "p-2"]},
    ],
}


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def opened(url: str = "memory://") -> tuple[Engine, Clock]:
    clock = Clock()
    engine = wager.open(url, now=clock)
    engine.publish(**WORLD)
    return engine, clock


number = iter(range(10**9))


def track(engine: Engine, clock: Clock, event: str, user: str = "u-1", **properties: Any) -> None:
    engine.collect(
        [
            {
                "type": "track", "event": event, "userId": user, "properties": properties,
                "messageId": f"m-{next(number)}", "timestamp": clock().isoformat(),
            }
        ]
    )  # fmt: skip


def state(engine: Engine, decision: Decision) -> tuple[str, float]:
    logged = engine.deciding.get(decision.decision_id)
    return logged.state, logged.reward


def test_a_click_that_names_its_decision_wins_it_at_once() -> None:
    engine, clock = opened()
    decision = engine.decide(placement="home", user_id="u-1")
    clock.at += timedelta(minutes=5)
    item = decision.choices[0].item_id
    track(engine, clock, "Item Clicked", decisionId=decision.decision_id, itemId=item)
    assert state(engine, decision) == ("won", 1.0)
    engine.close()


def test_a_click_by_somebody_else_settles_nothing() -> None:
    engine, clock = opened()
    decision = engine.decide(placement="home", user_id="u-1")
    item = decision.choices[0].item_id
    track(engine, clock, "Item Clicked", "u-2", decisionId=decision.decision_id, itemId=item)
    assert state(engine, decision) == ("open", 0.0)
    engine.close()


def test_a_bet_is_lost_when_its_window_has_passed_and_not_before() -> None:
    engine, clock = opened()
    decision = engine.decide(placement="home", user_id="u-1")
    clock.at += timedelta(minutes=29)
    engine.learn()
    assert state(engine, decision)[0] == "open"
    clock.at += timedelta(minutes=2)
    assert engine.learn()["lost"] == 1
    assert state(engine, decision) == ("lost", 0.0)
    engine.close()


def test_an_order_wins_by_the_window_and_each_line_once() -> None:
    engine, clock = opened()
    first = engine.decide(placement="shelf", user_id="u-1")
    clock.at += timedelta(minutes=1)
    second = engine.decide(placement="shelf", user_id="u-1")
    assert {one.item_id for one in first.choices} == {one.item_id for one in second.choices}
    item = second.choices[0].item_id
    track(engine, clock, "Order Completed", products=[{"product_id": item}])
    assert state(engine, second) == ("won", 1.0)
    assert state(engine, first) == ("open", 0.0)
    engine.close()


def test_an_order_that_names_its_decision_settles_that_one_and_says_so() -> None:
    engine, clock = opened()
    first = engine.decide(placement="shelf", user_id="u-1")
    clock.at += timedelta(minutes=1)
    later = engine.decide(placement="shelf", user_id="u-1")
    item = first.choices[0].item_id
    lines = [{"product_id": item}]
    track(engine, clock, "Order Completed", decisionId=first.decision_id, products=lines)
    (outcome,) = engine.deciding.get(first.decision_id).outcomes
    assert (outcome.item_id, outcome.attributed) == (item, "named")
    assert state(engine, later) == ("open", 0.0)
    engine.close()


def test_an_order_settles_a_bet_of_long_ago_however_much_was_shown_since() -> None:
    engine, clock = opened()
    first = engine.decide(placement="shelf", user_id="u-1", candidates=["p-4"])
    for _ in range(250):
        clock.at += timedelta(seconds=10)
        engine.decide(placement="shelf", user_id="u-1", candidates=["p-1", "p-2"])
    track(engine, clock, "Order Completed", products=[{"product_id": "p-4"}])
    assert state(engine, first) == ("won", 1.0)
    engine.close()


def test_a_replay_is_settled_by_the_time_of_its_events() -> None:
    engine, clock = opened()
    then = datetime(2020, 1, 1, 12, tzinfo=UTC)
    early = engine.decide(placement="shelf", user_id="u-1", at=then)
    late = engine.decide(placement="shelf", user_id="u-2", at=then + timedelta(hours=2))
    engine.learn()
    assert state(engine, early)[0] == "open"
    clock.at = then + timedelta(hours=2)
    track(engine, clock, "Order Completed", "u-3", products=[{"product_id": "x"}])
    clock.at = START
    engine.learn()
    assert state(engine, early)[0] == "lost"
    assert state(engine, late)[0] == "open"
    engine.close()


def clicks(engine: Engine, clock: Clock, rounds: int, loved: str = "p-3") -> None:
    """People click one item whenever they see it, and nothing else."""
    for turn in range(rounds):
        user = f"u-{turn % 40}"
        decision = engine.decide(
            placement="home", user_id=user, candidates=[f"p-{n}" for n in range(6)]
        )
        if decision.choices[0].item_id == loved:
            track(
                engine, clock, "Item Clicked", user, decisionId=decision.decision_id, itemId=loved
            )
        clock.at += timedelta(minutes=1)
        if turn % 25 == 0:
            engine.learn()
    engine.learn()


def odds(engine: Engine, item: str, user: str = "somebody new") -> float:
    decision = engine.decide(
        placement="home", user_id=user, candidates=[f"p-{n}" for n in range(6)], preview=True
    )
    return next(one.propensity for one in decision.candidates if one.item_id == item)


def test_what_is_clicked_is_shown_more_to_everybody() -> None:
    engine, clock = opened()
    track(
        engine, clock, "Order Completed", "x", products=[{"product_id": f"p-{n}"} for n in range(6)]
    )
    for _ in range(6):
        track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-1"}])
    engine.learn()
    before = odds(engine, "p-3")
    clicks(engine, clock, 400)
    assert odds(engine, "p-3") > max(0.5, before)
    engine.close()


def test_what_was_learnt_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine, clock = opened(url)
    for _ in range(6):
        track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-1"}])
    engine.learn()
    clicks(engine, clock, 60)
    said, status = odds(engine, "p-3"), engine.learning.status()
    engine.close()
    again = wager.open(url, now=clock)
    assert again.learning.status()["placements"] == status["placements"]
    assert odds(again, "p-3") == pytest.approx(said, abs=1e-6)
    again.close()


def test_a_restart_without_a_checkpoint_learns_from_the_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine, clock = opened(url)
    for _ in range(6):
        track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-1"}])
    engine.learn()
    clicks(engine, clock, 60)
    said = odds(engine, "p-3")
    engine.stores.close()
    again = wager.open(url, now=clock)
    again.learn()
    assert odds(again, "p-3") == pytest.approx(said, abs=0.2)  # moments are told apart later
    again.close()


def test_every_bet_is_settled_in_the_end() -> None:
    engine, clock = opened()
    clicks(engine, clock, 50)
    clock.at += timedelta(days=1)
    engine.learn()
    states = {one.state for one in engine.deciding.list(DecisionQuery(limit=1000)).decisions}
    assert states <= {"won", "lost"}
    engine.close()


def test_a_bet_that_changes_while_a_backlog_is_read_is_learnt_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, clock = opened()
    bets = [engine.decide(placement="home", user_id=f"u-{n}") for n in range(7)]
    track(
        engine, clock, "Item Clicked", "u-0",
        decisionId=bets[0].decision_id, itemId=bets[0].choices[0].item_id,
    )  # fmt: skip
    monkeypatch.setattr("wager.engine.learning.PAGE", 3)
    engine.learn()
    fold = engine.learning.status()["placements"]
    assert isinstance(fold, dict)
    assert fold["home"]["observations"] == 7
    engine.learn()
    assert engine.learning.status()["placements"] == fold
    payoffs = engine.live.snapshot.payoffs["home"]
    assert payoffs.base == pytest.approx(1 / 7)
    engine.close()


def test_a_rehearsal_teaches_what_history_knows() -> None:
    engine, clock = opened()
    for _ in range(6):
        track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-1"}])
        track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-2"}])
    engine.learn()
    profile = engine.people.stored("user_id", "x")
    before = engine.live.snapshot.payoffs.get("shelf")
    assert before is None
    for _ in range(40):
        learnt = engine.learning.rehearse(
            profile, "shelf", at=clock(), zone="Europe/Berlin", bought={"p-1", "p-2"}
        )
        assert learnt >= 2
    engine.learning.publish()
    after = engine.live.snapshot.payoffs["shelf"]
    assert after.base > 0.3
    decision = engine.decide(placement="shelf", user_id="x", preview=True)
    assert max(one.expected_reward for one in decision.candidates) > 0.7
    engine.close()


def test_a_new_segment_is_in_force_for_those_who_were_there_before() -> None:
    engine, clock = opened()
    track(engine, clock, "Order Completed", "x", products=[{"product_id": "p-1"}])
    engine.publish(segments=[{"name": "buyers", "condition": "profile.traits.orders >= 1"}])
    assert engine.people.get("user_id", "x").segments == ()
    engine.learn()
    assert engine.people.get("user_id", "x").segments == ("buyers",)
    engine.close()


def test_an_erased_person_leaves_the_models() -> None:
    engine, _ = opened()
    decision = engine.decide(placement="home", user_id="u-1")
    engine.learn()
    assert decision.profile_id in engine.live.snapshot.payoffs["home"].people
    engine.people.erase("user_id", "u-1")[1].result()
    assert decision.profile_id not in engine.live.snapshot.payoffs["home"].people
    engine.close()


def test_an_erased_person_is_in_no_checkpoint_that_is_kept(tmp_path: Path) -> None:
    engine, _ = opened(f"sqlite:///{tmp_path}/shop.db")
    decision = engine.decide(placement="home", user_id="u-1")
    for _ in range(2):
        engine.learn()
        engine.learning.checkpoint()
        engine.decide(placement="home", user_id="u-2")
    assert all(decision.profile_id.encode() in body for body in checkpoints(tmp_path))
    engine.people.erase("user_id", "u-1")[1].result()
    engine.close()
    kept = checkpoints(tmp_path)
    assert len(kept) == 2 and not any(decision.profile_id.encode() in body for body in kept)


def checkpoints(folder: Path) -> list[bytes]:
    with closing(sqlite3.connect(folder / "shop.db")) as disk:
        rows = disk.execute("SELECT body FROM models WHERE name = 'learnt'").fetchall()
    return [body for (body,) in rows]


def test_also_bought_is_outgrown_by_a_tenth_more_orders() -> None:
    engine, clock = opened()
    for count in range(60):
        track(engine, clock, "Order Completed", f"u-{count}", products=[{"product_id": "p-1"}])
    assert not engine.learning.outgrown
    engine.learn()
    assert engine.learning.outgrown
    engine.learning.rebuild(lambda lines: {"p-1": [("p-2", float(len(list(lines))))]})
    assert not engine.learning.outgrown
    assert engine.live.snapshot.also_bought["p-1"] == [("p-2", 60.0)]
    engine.close()


def test_what_is_said_is_put_right_by_what_came_of_it(tmp_path: Path) -> None:
    """Nothing is ever clicked but p-3; a restart says the same, and reasons still add up."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine, clock = opened(url)
    products = [{"product_id": f"p-{n}"} for n in range(6)]
    for _ in range(6):
        track(engine, clock, "Order Completed", "x", products=products)
    engine.learn()
    clicks(engine, clock, 200)
    clock.at += timedelta(hours=1)
    engine.learn()
    clicks(engine, clock, 1)
    engine.learn()
    engine.learning.publish()
    honest = engine.live.snapshot.payoffs["home"].honest
    assert honest is not None
    said = engine.decide(placement="home", user_id="u-1", candidates=["p-3", "p-4"])
    choice = said.choices[0]
    raw = choice.expected_reward if choice.raw_reward is None else choice.raw_reward
    assert sum(one.weight for one in choice.reasons) == pytest.approx(choice.expected_reward)
    assert choice.expected_reward == pytest.approx(float(np.interp(raw, *honest)))
    engine.close()
    again = wager.open(url, now=clock)
    kept = again.live.snapshot.payoffs["home"].honest
    assert kept is not None
    assert kept[1].tolist() == honest[1].tolist()
    report = again.measuring.report("calibration")
    assert report["error"] != report["rawError"]
    again.close()
