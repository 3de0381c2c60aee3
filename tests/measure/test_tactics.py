"""Whether tactics work: a world whose odds favour who buys anyway, and its twin with false odds."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec import structs

from wager.domain.decisions import Candidate, Choice, Decision, LoggedDecision, Outcome
from wager.domain.estimates import Estimate, NotEnough
from wager.measure.book import Book, pack, unpack
from wager.measure.proof import tactics_of
from wager.measure.reports import Asked

AT = datetime(2026, 1, 5, 18, tzinfo=UTC)
EFFECT = 0.1  # what showing an item that is due adds to the odds of winning


def _bet(number: int, odds: float, *, due: bool, won: bool) -> LoggedDecision:
    """Two candidates, of which one is due, drawn with these odds."""
    candidates = tuple(
        Candidate(name, chance, 0.3, 0.1, level, np.array(row, "<f4").tobytes())
        for name, chance, level, row in (
            ("milk", odds, "context", (1.0, 0.5)), ("jam", 1.0 - odds, "crowd", (1.0, 0.0))
        )
    )  # fmt: skip
    drawn = candidates[0 if due else 1]
    choice = Choice(
        slot=0,
        item_id=drawn.item_id,
        level=drawn.level,
        propensity=drawn.propensity,
        expected_reward=0.3,
        standard_error=0.1,
    )
    decision = Decision(
        decision_id=f"d-{number}",
        placement="home",
        profile_id=f"p-{number % 500}",
        at=AT + timedelta(days=number % 3),
        level="context",
        policy="thompson",
        model_version="m",
        goal="click",
        choices=(choice,),
        candidates=candidates,
        feature_names=("everybody", "due"),
        identity=("user_id:u",),
    )
    return LoggedDecision(decision=decision, sequence=1, state="won" if won else "lost")


def _world(*, effect: float = EFFECT, said: float | None = None, bets: int = 6000) -> Book:
    """Half of the people buy anyway, and it is they who are mostly shown what is due. `said` are
    odds that are logged in place of the true ones."""
    book, chance = Book(), np.random.default_rng(77)
    for number in range(bets):
        keen = number % 2 == 0
        odds = 0.9 if keen else 0.2
        due = bool(chance.random() < odds)
        won = bool(chance.random() < (0.5 if keen else 0.1) + effect * due)
        logged = _bet(number, odds if said is None else said, due=due, won=won)
        book.take(_paid(logged, won=won), since=0, worth={"click": 1.0})
    return book


def _paid(logged: LoggedDecision, *, won: bool) -> LoggedDecision:
    outcome = Outcome(
        message_id="m", decision_id=logged.decision.decision_id, slot=0, item_id=None,
        event="Item Clicked", at=AT, reward=1.0, kind="goal", sequence=2,
    )  # fmt: skip
    return structs.replace(logged, outcomes=(outcome,)) if won else logged


def _due(book: Book) -> dict[str, object]:
    found = tactics_of(book, Asked(), {})["tactics"]
    assert isinstance(found, list)
    (one,) = (one for one in found if one["tactic"] == "due")
    assert isinstance(one, dict)
    return one


def test_the_lift_of_a_tactic() -> None:
    """Shown against not shown would say 0.38; what it causes is 0.1."""
    one = _due(_world())
    lift = one["lift"]
    assert isinstance(lift, Estimate)
    assert 0.0 < lift.low < EFFECT < lift.high < 0.2
    assert one["bets"] == 6000
    assert one["kind"] == "feature"
    assert one["since"] == AT.replace(hour=0)
    assert one["until"] == AT.replace(hour=0) + timedelta(days=2)


def test_a_tactic_that_does_nothing() -> None:
    lift = _due(_world(effect=0.0))["lift"]
    assert isinstance(lift, Estimate)
    assert lift.low < 0.0 < lift.high


def test_false_odds_would_be_seen() -> None:
    """The sabotaged twin: with odds that were not those of the draw the same test fails."""
    lift = _due(_world(effect=0.0, said=0.55))["lift"]
    assert isinstance(lift, Estimate)
    assert lift.low > 0.0


def test_levels_are_tactics_and_what_all_have_is_none() -> None:
    found = tactics_of(_world(bets=300), Asked(), {})["tactics"]
    assert isinstance(found, list)
    assert [(one["kind"], one["tactic"]) for one in found] == [
        ("feature", "due"), ("level", "context"), ("level", "crowd")
    ]  # fmt: skip
    assert tactics_of(_world(bets=300), Asked(placement="cart"), {})["tactics"] == []


def test_too_little_is_said() -> None:
    assert isinstance(_due(_world(bets=100))["lift"], NotEnough)


def test_a_draw_that_a_term_has_made_is_left_out() -> None:
    """Odds of candidates that do not sum to 1 are not those of the first slot alone."""
    logged = _bet(0, 0.5, due=True, won=False)
    jam = structs.replace(logged.decision.candidates[1], propensity=0.9)
    torn = structs.replace(logged.decision, candidates=(logged.decision.candidates[0], jam))
    book = Book()
    book.take(structs.replace(logged, decision=torn), since=0, worth={"click": 1.0})
    assert tactics_of(book, Asked(), {})["tactics"] == []


def test_corrections_and_checkpoint() -> None:
    """A bet that was lost and is won after all counts as if it had been won at once."""
    late, once = Book(), Book()
    lost = _bet(0, 0.25, due=True, won=False)
    won = _paid(_bet(0, 0.25, due=True, won=True), won=True)
    late.take(lost, since=0, worth={"click": 1.0})
    late.take(won, since=1, worth={"click": 1.0})
    once.take(won, since=0, worth={"click": 1.0})
    where = "home", "click", False
    for name, sums in once.tactics[where].sums.items():
        again = late.tactics[where].sums[name]
        assert structs.astuple(again) == pytest.approx(structs.astuple(sums))
    kept = unpack(pack(once))
    assert kept is not None
    assert tactics_of(kept, Asked(), {}) == tactics_of(once, Asked(), {})
