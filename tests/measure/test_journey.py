"""Closer each time: worlds whose trend is known, and twins in which nothing but the mix changes."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from wager.domain.decisions import Choice, Decision, LoggedDecision
from wager.domain.estimates import Estimate, NotEnough
from wager.measure.book import WEEKS_APART, WEEKS_KEPT, Book, Series, Week, pack, unpack, week_in
from wager.measure.journey import journey_of, trend
from wager.measure.metrics import Rewards
from wager.measure.overview import WEEK
from wager.measure.reports import Asked

THURSDAY = datetime(2026, 1, 1, tzinfo=UTC)  # on which weeks since 1970 begin


def _settle(book: Book, who: str, week: int, *, won: bool, holdout: bool = False) -> None:
    """One decision that is settled at once."""
    choice = Choice(
        slot=0,
        item_id="milk",
        level="crowd",
        propensity=1.0,
        expected_reward=0.25,
        standard_error=0.1,
    )
    decision = Decision(
        decision_id=f"{who}-{week}-{won}",
        placement="home",
        profile_id=who,
        at=THURSDAY + timedelta(weeks=week),
        level="crowd",
        policy="thompson",
        model_version="m",
        goal="click",
        choices=(choice,),
        holdout=holdout,
        identity=(f"user_id:{who}",),
    )
    logged = LoggedDecision(decision=decision, sequence=1, state="won" if won else "lost")
    book.take(logged, since=0, worth={"click": 1.0})


def _world(*, bet: tuple[float, ...], holdout: tuple[float, ...], people: int = 2000) -> Book:
    """Everybody comes once a week; the odds of winning by week, half of the people held out."""
    book, chance = Book(), np.random.default_rng(75)
    for number in range(people):
        odds = holdout if number % 2 else bet
        for week, one in enumerate(odds):
            won = bool(chance.random() < one)
            _settle(book, f"p-{number}", week + number % 3, won=won, holdout=bool(number % 2))
    return book


def _one(book: Book) -> dict[str, object]:
    (found,) = journey_of(book, Asked())["journeys"]  # type: ignore[misc, attr-defined]
    assert isinstance(found, dict)
    return found


def test_closer_each_time() -> None:
    """Weeks 1, 2, 4: log2 is 0, 1, 2, and the odds grow by a tenth with each."""
    found = _one(_world(bet=(0.2, 0.3, 0.36, 0.4), holdout=(0.2, 0.2, 0.2, 0.2)))
    slope, ahead = found["trend"], found["beyondHoldout"]
    assert isinstance(slope, Estimate)
    assert isinstance(ahead, Estimate)
    assert slope.low < 0.1 < slope.high
    assert ahead.low < 0.1 < ahead.high
    assert found["standing"] == "closer"
    assert found["alarm"] is False


def test_steps() -> None:
    """Tenure counts from each person's own first week, in steps that double."""
    found = _one(_world(bet=(0.2, 0.3, 0.4, 0.4), holdout=(0.2, 0.2, 0.2, 0.2)))
    steps = found["steps"]
    assert isinstance(steps, list)
    assert [(one["fromWeek"], one["toWeek"]) for one in steps] == [(1, 1), (2, 2), (3, 4)]
    assert [one["decisions"] for one in steps] == [1000, 1000, 2000]
    assert [one["expectedRate"] for one in steps] == pytest.approx([0.25] * 3)
    lifts = [one["lift"] for one in steps]
    for lift, truth in zip(lifts, (0.0, 0.1, 0.2), strict=True):
        assert lift.low < truth < lift.high


def test_a_season_is_no_closeness() -> None:
    """What grows for the held-out just as much is not what the bets did."""
    grows = (0.2, 0.3, 0.36, 0.4)
    found = _one(_world(bet=grows, holdout=grows))
    slope, ahead = found["trend"], found["beyondHoldout"]
    assert isinstance(slope, Estimate)
    assert isinstance(ahead, Estimate)
    assert slope.low > 0.0
    assert ahead.low < 0.0 < ahead.high
    assert found["standing"] != "closer"


def test_further() -> None:
    found = _one(_world(bet=(0.4, 0.3, 0.24, 0.2), holdout=(0.2, 0.2, 0.2, 0.2)))
    assert found["standing"] == "further"
    assert found["alarm"] is True


def test_who_stays_is_no_trend() -> None:
    """Those who win much come longer. Over all decisions the share won grows; nobody's does."""
    book, chance = Book(), np.random.default_rng(76)
    for number in range(1500):
        odds, weeks = (0.6, 8) if number % 3 == 0 else (0.1, 2)
        for week in range(weeks):
            _settle(book, f"p-{number}", week, won=bool(chance.random() < odds))
    found = _one(book)
    slope, steps = found["trend"], found["steps"]
    assert isinstance(slope, Estimate)
    assert isinstance(steps, list)
    assert slope.low < 0.0 < slope.high
    assert steps[-1]["winRate"].low > steps[0]["winRate"].high  # the naive trend
    assert found["standing"] == "not-closer"  # no held-out: their own trend decides
    assert found["alarm"] is True


def test_too_little_is_said() -> None:
    found = _one(_world(bet=(0.5, 0.5), holdout=(0.5, 0.5), people=40))
    assert isinstance(found["trend"], NotEnough)
    assert found["standing"] == "not-enough"
    assert found["alarm"] is False
    assert isinstance(trend({}), NotEnough)


def _long_world(book: Book, *, fold: bool) -> dict[str, object]:
    """Sixty people through three years, coming back by chance; some bets settle weeks later."""
    chance = np.random.default_rng(77)
    for week in range(156):
        for number in range(60):
            if chance.random() < 0.5:
                late = week - 20 if chance.random() < 0.02 and week > 40 else week
                odds = 0.2 + 0.05 * np.log2(1 + late)
                won = bool(chance.random() < odds)
                _settle(book, f"p-{number}", late, won=won, holdout=bool(number % 2))
        if fold:
            book.fold_weeks()
    return _one(book)


def _cells(book: Book) -> dict[str, int]:
    """How many weeks are kept of each."""
    found: dict[str, int] = {}
    for series, rewards in book.rewards.items():
        if week_in(series.placement) is not None:
            for who in rewards.cells:
                found[who] = found.get(who, 0) + 1
    return found


def test_old_weeks_are_brought_together_and_the_report_stays_the_same() -> None:
    whole, folded = Book(), Book()
    meant, found = _long_world(whole, fold=False), _long_world(folded, fold=True)
    assert rounded(found) == rounded(meant)
    assert max(_cells(whole).values()) > 80
    assert max(_cells(folded).values()) <= WEEKS_APART + 8
    before = _cells(folded)
    folded.fold_weeks()
    assert _cells(folded) == before, "once for each week"


def test_folded_weeks_can_still_be_corrected_and_left() -> None:
    whole, folded = Book(), Book()
    for book in (whole, folded):
        for week in range(40):
            _settle(book, "ada", week, won=week % 3 == 0)
            _settle(book, "bob", week, won=week % 2 == 0)
    folded.fold_weeks()
    for book in (whole, folded):
        name = Week("home", "click", _since_1970(5)).name
        rewards = book.rewards.setdefault(Series(name, "bet", replayed=False), Rewards())
        rewards.remove("ada", 0.25, won=False)
        rewards.add("ada", 0.25, won=True)
        book.leave("bob")
        _settle(book, "ada", 60, won=True)
    folded.fold_weeks()
    assert rounded(_one(folded)) == rounded(_one(whole))
    assert _cells(folded).keys() == {"ada"}


def test_who_does_not_come_back_is_let_go_and_begins_anew() -> None:
    book = Book()
    for week in range(300):
        for who in ("gone", "back"):
            if week <= 20 or (who == "back" and week >= 290):
                _settle(book, who, week, won=True)
        _settle(book, "ada", week, won=week % 2 == 0)
        book.fold_weeks()
        begun = book.first_weeks()
        assert begun["ada"] == _since_1970(0)
        assert ("gone" in begun) == (week < 32 + WEEKS_KEPT), "20 is in the step that ends at 31"
    assert begun["back"] == _since_1970(290)
    assert _cells(book).keys() == {"ada", "back"}
    assert book.rewards[Series("home", "bet", replayed=False)].cells["gone"][0] == 21


def _since_1970(week: int) -> int:
    return int((THURSDAY + timedelta(weeks=week)).timestamp()) // WEEK


def rounded(found: object) -> object:
    """But for the order of sums."""
    told = msgspec.to_builtins(found)
    if isinstance(told, dict):
        return {key: rounded(value) for key, value in told.items()}
    if isinstance(told, list):
        return [rounded(one) for one in told]
    return round(told, 9) if isinstance(told, float) else told


def test_filters_and_checkpoint() -> None:
    book = _world(bet=(0.2, 0.3, 0.4, 0.4), holdout=(0.2, 0.2, 0.2, 0.2), people=100)
    assert journey_of(book, Asked(placement="cart"))["journeys"] == []
    later = journey_of(book, Asked(since=THURSDAY + timedelta(weeks=2)))
    (narrowed,) = later["journeys"]  # type: ignore[misc, attr-defined]
    assert sum(one["decisions"] for one in narrowed["steps"]) == 50 * 4 - 17 * 2 - 16
    kept = unpack(pack(book))
    assert kept is not None
    assert journey_of(kept, Asked()) == journey_of(book, Asked())
