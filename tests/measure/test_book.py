"""The book: each bet counted once as it stands, however often and in whatever state it is read."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest

from wager.domain.decisions import Choice, Decision, LoggedDecision, Outcome, Reason
from wager.domain.estimates import NotEnough
from wager.measure.book import ALL, Book, Series, pack, unpack
from wager.measure.reports import (
    REPLAY_NOTE,
    Asked,
    calibration_of,
    levels_of,
    lift_of,
    overview_of,
)

AT = datetime(2026, 1, 5, 18, 3, tzinfo=UTC)
WORTH: dict[str, float | None] = {"click": 1.0, "double": 2.0, "revenue": None}


def _bet(
    name: str,
    *,
    who: str = "ada",
    placement: str = "home",
    goal: str = "click",
    said: tuple[float, ...] = (0.25, 0.5),
    **fields: object,
) -> LoggedDecision:
    """A bet just placed."""
    decision = Decision(
        decision_id=name,
        placement=placement,
        profile_id=who,
        at=AT,
        level="crowd",
        policy="thompson",
        model_version="m1",
        goal=goal,
        choices=tuple(
            Choice(
                slot=slot,
                item_id=f"item-{slot}",
                level="crowd",
                propensity=0.5,
                expected_reward=expected,
                standard_error=0.1,
            )
            for slot, expected in enumerate(said)
        ),
        dropped={"never-again": 2},
        stepped_down=(Reason(kind="evidence", text="not context: no orders known"),),
        stake=0.125,
        identity=(f"user_id:{who}",),
    )
    return LoggedDecision(decision=msgspec.structs.replace(decision, **fields), sequence=1)


def _win(
    logged: LoggedDecision, *, slot: int = 0, reward: float = 1.0, sequence: int = 2
) -> LoggedDecision:
    outcome = Outcome(
        message_id=f"m{sequence}",
        decision_id=logged.decision.decision_id,
        slot=slot,
        item_id=f"item-{slot}",
        event="Item Clicked",
        at=AT,
        reward=reward,
        kind="goal",
        sequence=sequence,
    )
    return msgspec.structs.replace(
        logged,
        outcomes=(*logged.outcomes, outcome),
        state="won",
        reward=logged.reward + reward,
        settled_at=AT,
    )


def _seen(logged: LoggedDecision, *, sequence: int) -> LoggedDecision:
    outcome = Outcome(
        message_id=f"v{sequence}",
        decision_id=logged.decision.decision_id,
        slot=0,
        item_id="item-0",
        event="Item Viewed",
        at=AT,
        kind="exposure",
        sequence=sequence,
    )
    return msgspec.structs.replace(logged, outcomes=(*logged.outcomes, outcome))


def _lost(logged: LoggedDecision) -> LoggedDecision:
    return msgspec.structs.replace(logged, state="lost", settled_at=AT)


def _read(*states: tuple[LoggedDecision, int]) -> Book:
    """A book that was handed each state of the log with the cursor of its last reading."""
    book = Book()
    for logged, since in states:
        book.take(logged, since=since, worth=WORTH)
    return book


def _figures(book: Book) -> tuple[object, ...]:
    """Everything that the reports say."""
    asked = Asked()
    return (
        overview_of(book, asked),
        lift_of(book, asked),
        calibration_of(book, asked, {"home": True}),
        levels_of(book, asked),
    )


PLACED = _bet("d1")
WON = _win(PLACED)
TWICE = _win(_seen(WON, sequence=3), slot=1, sequence=4)
LOST = _lost(PLACED)
LATE = _win(_seen(LOST, sequence=3), sequence=4)


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ([(PLACED, 0), (PLACED, 1)], PLACED),
        ([(PLACED, 0), (WON, 1)], WON),
        ([(PLACED, 0), (WON, 1), (WON, 2)], WON),
        ([(PLACED, 0), (WON, 1), (_seen(WON, sequence=3), 2), (TWICE, 3)], TWICE),
        ([(WON, 0), (TWICE, 2)], TWICE),
        ([(PLACED, 0), (TWICE, 1), (TWICE, 4)], TWICE),
        ([(PLACED, 0), (_seen(PLACED, sequence=2), 1), (LOST, 2)], LOST),
        ([(PLACED, 0), (LOST, 1), (_seen(LOST, sequence=3), 2)], LOST),
        ([(PLACED, 0), (LOST, 1), (_seen(LOST, sequence=3), 2), (LATE, 3)], LATE),
        ([(LOST, 0), (LATE, 1)], LATE),
    ],
)
def test_read_bit_by_bit_is_the_same_as_read_at_once(
    steps: list[tuple[LoggedDecision, int]], end: LoggedDecision
) -> None:
    assert _figures(_read(*steps)) == _figures(_read((end, 0)))


def test_the_overview_of_a_few_bets() -> None:
    book = _read(
        (WON, 0),
        (_lost(_bet("d2", level="context")), 0),
        (_bet("d3", placement="offer", at=AT + timedelta(hours=2)), 0),
        (_lost(_bet("d4", holdout=True, level="neutral")), 0),
    )
    report = overview_of(book, Asked())
    assert {name: report[name] for name in ("bets", "open", "won", "lost", "holdout")} == {
        "bets": 3, "open": 1, "won": 1, "lost": 1, "holdout": 1,
    }  # fmt: skip
    assert report["byLevel"] == {"crowd": 2, "context": 1}
    assert report["since"] == datetime(2026, 1, 5, 18, tzinfo=UTC)
    assert report["until"] == datetime(2026, 1, 5, 21, tzinfo=UTC)
    assert report["byHour"] == [
        {"at": datetime(2026, 1, 5, 18, tzinfo=UTC), "bets": 2, "won": 1},
        {"at": datetime(2026, 1, 5, 20, tzinfo=UTC), "bets": 1, "won": 0},
    ]
    assert report["expectedRate"] == 1 - 0.75 * 0.5
    assert report["winRate"] == NotEnough(needed=30, seen=1, what="profiles")
    assert report["stepDowns"] == {"not context: no orders known": 3}
    assert report["dropped"] == {"never-again": 8}
    assert report["stake"] == 0.375
    assert "note" not in report
    narrow = overview_of(book, Asked(placement="offer", since=AT + timedelta(hours=1)))
    assert (narrow["bets"], narrow["holdout"]) == (1, 0)


def test_a_goal_of_another_worth_is_compared_as_odds() -> None:
    double = _win(_bet("d1", goal="double", said=(1.0,)), reward=2.0)
    report = overview_of(_read((double, 0)), Asked())
    assert report["expectedRate"] == 0.5
    (decile,) = (
        _read((double, 0)).calibrated(placements=["home"], since_hour=None, raw="told").deciles()
    )
    assert (decile.said, decile.won) == (0.5, 1.0)


def test_a_goal_that_pays_as_it_comes_has_no_odds() -> None:
    revenue = _win(_bet("d1", goal="revenue", said=(7.5,)), reward=12.0)
    book = _read((revenue, 0))
    assert "expectedRate" not in overview_of(book, Asked())
    assert calibration_of(book, Asked(), {"home": False})["count"] == 0
    alone = calibration_of(book, Asked(placement="home"), {"home": False})
    assert alone["count"] == 1


def test_the_held_out_are_in_the_lift_and_not_among_the_bets() -> None:
    book = _read((_win(_bet("d1", holdout=True, who="bob")), 0), (_lost(_bet("d2")), 0))
    report = lift_of(book, Asked())["placements"]
    assert isinstance(report, dict)
    too_few = NotEnough(needed=30, seen=1, what="profiles")
    one = {"profiles": 1, "decisions": 1, "mean": too_few}
    assert report["home"]["bet"] == {**one, "reward": 0.0}
    assert report["home"]["holdout"] == {**one, "reward": 1.0}
    assert report["home"]["lift"] == NotEnough(needed=30, seen=1, what="profiles in each group")
    assert overview_of(book, Asked())["won"] == 0


def test_who_refuses_learning_is_counted_and_not_learnt_from() -> None:
    book = _read((_win(_bet("d1", learns=False)), 0))
    assert overview_of(book, Asked())["won"] == 1
    assert lift_of(book, Asked()) == {"placements": {}}
    assert calibration_of(book, Asked(), {"home": True})["count"] == 0


def test_who_has_no_name_is_counted_and_not_compared() -> None:
    book = _read((_win(_bet("d1", identity=())), 0))
    assert overview_of(book, Asked())["won"] == 1
    assert lift_of(book, Asked()) == {"placements": {}}


def test_a_replay_stands_apart_and_says_so() -> None:
    replayed = _win(_bet("d1", replayed=True))
    live = _lost(_bet("d2"))
    report = overview_of(_read((replayed, 0), (live, 0)), Asked())
    assert (report["bets"], report["replayed"], report["note"]) == (2, 1, REPLAY_NOTE)
    alone = lift_of(_read((replayed, 0)), Asked())["placements"]
    both = lift_of(_read((replayed, 0), (live, 0)), Asked())["placements"]
    assert isinstance(alone, dict)
    assert isinstance(both, dict)
    assert alone["home"]["replayed"] is True
    assert alone["home"]["note"] == REPLAY_NOTE
    assert both["home"]["replayed"] is False
    assert both["home"]["bet"]["reward"] == 0.0
    assert both["home"]["replay"]["bet"]["reward"] == 1.0


def _cells(book: Book, group: Literal["bet", "holdout"], placement: str = "home") -> set[str]:
    return set(book.rewards[Series(placement, group, False)].cells)


def test_who_was_merged_leaves_the_lift_and_stays_in_the_counts() -> None:
    ada, bob, other = _lost(_bet("d1")), _lost(_bet("d2", who="bob")), _win(_bet("d3"))
    book = _read((ada, 0), (bob, 0))
    book.leave("ada")
    book.take(other, since=0, worth=WORTH)
    assert _cells(book, "bet") == _cells(book, "bet", ALL) == {"bob"}
    assert overview_of(book, Asked())["won"] == 1
    assert lift_of(book, Asked())["leftOut"] == 1


def test_a_merged_profile_takes_its_decisions_along() -> None:
    book = _read((_win(_bet("d1")), 0), (_lost(_bet("d2", who="bob")), 0))
    book.become("ada", "bob")
    assert _cells(book, "bet") == {"bob"}
    assert book.people() == {"bob"}
    group = book.rewards[Series("home", "bet", False)].rewards()
    assert (group.profiles, group.decisions, group.total) == (1, 2, 1.0)


def test_a_merged_profile_does_not_come_back_into_a_lift_that_was_left() -> None:
    book = _read((_win(_bet("d1")), 0), (_lost(_bet("d2", who="bob")), 0))
    book.leave("bob")
    book.become("ada", "bob")
    assert book.people() == set()


def test_nothing_is_kept_of_an_erased_person() -> None:
    book = _read((_win(_bet("d1")), 0))
    book.forget("ada")
    assert book.people() == set()
    assert overview_of(book, Asked())["won"] == 1


def test_levels_side_by_side() -> None:
    book = Book()
    for number in range(40):
        bet = _bet(f"d{number}", who=f"p{number}", said=(0.25,))
        book.take(_win(bet) if number % 4 == 0 else _lost(bet), since=0, worth=WORTH)
    levels = levels_of(book, Asked())["levels"]
    assert isinstance(levels, dict)
    crowd = levels["crowd"]
    assert (crowd["bets"], crowd["settled"], crowd["won"]) == (40, 40, 10)
    assert (crowd["expectedRate"], crowd["expectedReward"], crowd["reward"]) == (0.25, 0.25, 0.25)
    assert crowd["winRate"].value == 0.25
    assert levels["context"]["winRate"] == NotEnough(needed=30, seen=0, what="settled bets")


def test_a_book_is_kept_and_goes_on_where_it_ended() -> None:
    book = _read((PLACED, 0), (_lost(_bet("d2", who="bob", said=(0.0, 0.5))), 0))
    book.take(_bet("d3", replayed=True), since=0, worth=WORTH)
    book.leave("cyd")
    again = unpack(pack(book))
    assert again is not None
    assert _figures(again) == _figures(book)
    for one in (book, again):
        one.take(TWICE, since=1, worth=WORTH)
    assert _figures(again) == _figures(book)
    assert (again.live, again.latest, again.left) == (True, AT, {"cyd"})


def test_what_was_kept_in_another_format_is_not_guessed_at() -> None:
    assert unpack(msgspec.msgpack.encode({"format": 0})) is None
    other = msgspec.msgpack.decode(pack(Book()))
    assert unpack(msgspec.msgpack.encode({**other, "format": 99})) is None
