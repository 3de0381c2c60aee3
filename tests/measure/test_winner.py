"""Which item beats the default: a world whose odds favour who buys anyway, and its twins."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import wager
from wager.domain.decisions import Candidate, Choice, Decision, LoggedDecision, Outcome, SafeChoice
from wager.measure.book import Book, pack, unpack
from wager.measure.proof import Winner, tactics_of, winner
from wager.measure.reports import Asked

AT = datetime(2026, 1, 5, 18, tzinfo=UTC)
NAMES = ("p-9", "p-1", "p-2", "p-3")  # the first is the default
KEEN, OTHERS = (0.1, 0.5, 0.3, 0.1), (0.7, 0.1, 0.1, 0.1)  # the odds, by who it is
CHEATED = (0.4, 0.3, 0.2, 0.1)  # what a sabotaged log says that they were


def bet(number: int, odds: tuple[float, ...], drawn: int, *, won: bool) -> LoggedDecision:
    candidates = tuple(
        Candidate(name, chance, 0.3, 0.1, "context", np.array([1.0], "<f4").tobytes())
        for name, chance in zip(NAMES, odds, strict=True)
    )
    choice = Choice(
        slot=0, item_id=NAMES[drawn], level="context", propensity=odds[drawn],
        expected_reward=0.3, standard_error=0.1,
    )  # fmt: skip
    decision = Decision(
        decision_id=f"d-{number}", placement="home", profile_id=f"p-{number % 500}",
        at=AT + timedelta(minutes=number), level="context", policy="thompson", model_version="m",
        goal="click", choices=(choice,), default=SafeChoice(item_id="p-9", expected_reward=0.3),
        candidates=candidates, feature_names=("everybody",), identity=("user_id:u",),
    )  # fmt: skip
    outcome = Outcome(
        message_id="m", decision_id=decision.decision_id, slot=0, item_id=None,
        event="Item Clicked", at=AT, reward=1.0, kind="goal", sequence=2,
    )  # fmt: skip
    outcomes = (outcome,) if won else ()
    state = "won" if won else "lost"
    return LoggedDecision(decision=decision, sequence=1, state=state, outcomes=outcomes)  # type: ignore[arg-type]


def world(*, gain: float, said: tuple[float, ...] | None = None, bets: int = 8000) -> Book:
    """Half of the people buy anyway, and it is they who are mostly shown others than the default;
    p-1 brings `gain` more than it."""
    book, chance = Book(), np.random.default_rng(11)
    for number in range(bets):
        keen = number % 2 == 0
        odds = KEEN if keen else OTHERS
        drawn = int(chance.choice(4, p=odds))
        won = bool(chance.random() < (0.5 if keen else 0.1) + gain * (drawn == 1))
        logged = bet(number, said or odds, drawn, won=won)
        book.take(logged, since=0, worth={"click": 1.0})
    return book


def found(book: Book, default: str = "p-9") -> Winner | None:
    return winner(book.tactics[("home", "click", False)], default)


def test_what_surely_brings_more_is_found_with_what_it_brings() -> None:
    best = found(world(gain=0.15))
    assert best is not None
    assert (best.item_id, best.default, best.compared) == ("p-1", "p-9", 3)
    assert 0.0 < best.gain.low < 0.15 < best.gain.high
    assert found(world(gain=0.15), "p-2") is None  # nobody was compared with that


@pytest.mark.parametrize("gain", [0.0, -0.08])
def test_what_is_shown_to_those_who_buy_anyway_is_no_winner(gain: float) -> None:
    assert found(world(gain=gain)) is None


def test_odds_that_are_not_those_of_the_draw_are_found_out() -> None:
    assert found(world(gain=0.0, said=CHEATED)) is not None


def test_it_is_kept_and_is_no_tactic() -> None:
    book = world(gain=0.15, bets=3000)
    again = unpack(pack(book))
    assert again is not None
    assert found(again) == found(book)
    tactics = tactics_of(book, Asked(), {})["tactics"]
    assert isinstance(tactics, list)
    assert {one["kind"] for one in tactics} <= {"feature", "level"}


def test_the_team_is_told_and_the_default_stays_theirs() -> None:
    with wager.open("memory://") as engine:
        home = {"name": "home", "default": "p-0", "riskAppetite": 0.3}
        engine.publish(items=[{"itemId": f"p-{n}"} for n in range(3)], placements=[home])
        for number in range(900):
            who = f"u-{number % 50}"
            made = engine.decide(placement="home", user_id=who, candidates=["p-0", "p-1", "p-2"])
            what = {"decisionId": made.decision_id, "itemId": made.choices[0].item_id}
            if number % 10 < {"p-1": 6, "p-0": 2}.get(str(what["itemId"]), 1):
                click = {"type": "track", "event": "Item Clicked", "userId": who}
                engine.collect([click | {"messageId": f"c-{number}", "properties": what}])
            if number % 100 == 0:
                engine.learn()
        engine.live.now = lambda: made.at + timedelta(hours=1)  # type: ignore[method-assign]
        engine.learn()
        report = engine.measuring.report("hedge")["placements"]
        assert isinstance(report, dict)
        best = report["home"]["winner"]
        assert (best["itemId"], best["instead"]) == ("p-1", "p-0")
        placement = engine.live.placements["home"]
        assert placement.default == "p-0"
        (said,) = (one for one in engine.publishing.warnings(placement) if "p-1" in one)
        assert "`default: p-1`" in said
        engine.publish(placements=[home | {"default": "p-1"}])
        renamed = engine.live.placements["home"]
        assert not any("brings more" in one for one in engine.publishing.warnings(renamed))
        report = engine.measuring.report("hedge")["placements"]
        assert isinstance(report, dict)
        assert "winner" not in report.get("home", {})
