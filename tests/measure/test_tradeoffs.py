"""Closer to some, further from others: a world where a use case helps some and hurts the rest."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from wager.domain.decisions import Choice, Contender, Decision, LoggedDecision, Outcome
from wager.domain.estimates import Estimate, NotEnough
from wager.measure.book import Book, pack, unpack
from wager.measure.reports import Asked, lift_of, tradeoffs_of

AT = datetime(2026, 1, 5, 18, 3, tzinfo=UTC)
RUNNING = Contender(use_case="vip-offer", lever=2.0, context_value=1.0)
RATES = {("bet", True): 0.6, ("holdout", True): 0.3, ("bet", False): 0.2, ("holdout", False): 0.3}


def settled(number: int, *, vip: bool, holdout: bool, won: bool) -> LoggedDecision:
    choice = Choice(
        slot=0, item_id="p", level="crowd", propensity=1.0, expected_reward=0.3, standard_error=0.1
    )
    decision = Decision(
        decision_id=f"d-{number}",
        placement="home",
        profile_id=f"u-{number}",
        at=AT,
        level="crowd",
        policy="thompson",
        model_version="m",
        goal="click",
        holdout=holdout,
        choices=(choice,),
        identity=(f"user_id:u-{number}",),
        use_cases=(RUNNING,) if vip else (),
        beside=() if vip else ("vip-offer",),
    )
    outcome = Outcome(
        message_id=f"m-{number}", decision_id=f"d-{number}", slot=0, item_id="p",
        event="Item Clicked", at=AT, reward=1.0, kind="goal", sequence=1,
    )  # fmt: skip
    return LoggedDecision(
        decision=decision, outcomes=(outcome,) if won else (), state="won" if won else "lost",
        reward=float(won), sequence=1,
    )  # fmt: skip


def book(people: int) -> Book:
    rng, made = np.random.default_rng(5), Book()
    for number in range(people):
        vip, holdout = number % 4 == 0, number % 2 == 1 if number % 4 else number % 8 == 0
        rate = RATES["holdout" if holdout else "bet", vip]
        won = bool(rng.random() < rate)
        made.take(settled(number, vip=vip, holdout=holdout, won=won), since=0, worth={"click": 1.0})
    return made


def read(made: Book) -> Any:
    return tradeoffs_of(made, Asked())["useCases"]


def test_gain_inside_and_loss_elsewhere_are_told_apart() -> None:
    case = read(book(8000))["vip-offer"]
    inside, elsewhere, net = case["inside"], case["elsewhere"], case["net"]
    assert isinstance(inside, Estimate) and isinstance(elsewhere, Estimate)
    assert isinstance(net, Estimate)
    assert 0 < inside.low < 0.3 < inside.high
    assert elsewhere.low < -0.1 < elsewhere.high < 0
    assert elsewhere.value < net.value < inside.value
    assert case["placement"] == "home" and case["decisions"] == {"inside": 1000, "elsewhere": 2000}


def test_with_few_people_it_says_so() -> None:
    assert isinstance(read(book(40))["vip-offer"]["inside"], NotEnough)


def test_other_placements_are_asked_apart_and_the_lift_has_no_more_rows() -> None:
    made = book(400)
    assert tradeoffs_of(made, Asked(placement="offer"))["useCases"] == {}
    assert list(lift_of(made, Asked())["placements"]) == ["home"]  # type: ignore[call-overload]


def test_it_is_kept_and_a_person_can_be_forgotten() -> None:
    made = unpack(pack(book(400)))
    assert made is not None and read(made) == read(book(400))
    before = read(made)["vip-offer"]["decisions"]["inside"]
    made.forget("u-4")
    assert read(made)["vip-offer"]["decisions"]["inside"] == before - 1
