"""Bets teach what came of them, whenever that is known, and each part of them once."""

from datetime import UTC, datetime

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wager.domain.decisions import Candidate, Choice, Decision, LoggedDecision, Outcome
from wager.learn.rewards import Rewards, pack, unpack

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WIDTH = 2


def logged(number: int, item: str, x: float, sequence: int) -> LoggedDecision:
    row = np.array([1.0, x, 0.1 * x], dtype="<f4").tobytes()
    choice = Choice(
        slot=0, item_id=item, level="crowd", propensity=0.5, expected_reward=0.1,
        standard_error=0.1,
    )  # fmt: skip
    decision = Decision(
        decision_id=str(number), placement="home", profile_id=f"p{number % 3}", at=NOON,
        level="crowd", policy="greedy", model_version="m0", choices=(choice,), segments=("s",),
        candidates=(Candidate(item, 0.5, 0.1, 0.1, "crowd", row),),
    )  # fmt: skip
    return LoggedDecision(decision=decision, sequence=sequence)


def rewarded(bet: LoggedDecision, reward: float, sequence: int) -> LoggedDecision:
    outcome = Outcome(
        message_id="m", decision_id=bet.decision.decision_id, slot=0,
        item_id=bet.decision.choices[0].item_id, event="Item Clicked", at=NOON, reward=reward,
        kind="goal", sequence=sequence,
    )  # fmt: skip
    return msgspec.structs.replace(bet, outcomes=(*bet.outcomes, outcome), state="won")


def same(one: Rewards, other: Rewards) -> None:
    np.testing.assert_allclose(one.regression.precision, other.regression.precision)
    np.testing.assert_allclose(one.regression.moment, other.regression.moment, atol=1e-9)
    np.testing.assert_allclose(one.regression.squares, other.regression.squares, atol=1e-9)
    assert one.regression.count == other.regression.count
    assert one.cells.people.keys() == other.cells.people.keys()
    for profile_id, cells in one.cells.people.items():
        for name, cell in cells.items():
            np.testing.assert_allclose(cell, other.cells.people[profile_id][name], atol=1e-9)
    assert one.moments.rows == other.moments.rows
    assert one.moments.columns == other.moments.columns
    count, d = len(one.moments.rows), len(one.moments.columns)
    for fold in (one.moments, other.moments):
        fold.kept()
    zero = np.zeros(WIDTH)
    for mine, theirs in zip(one.moments.paces, other.moments.paces, strict=True):
        for ours, yours in zip(mine.left(count, d, zero), theirs.left(count, d, zero), strict=True):
            np.testing.assert_allclose(ours, yours, atol=1e-9)
        np.testing.assert_allclose(mine.squares, theirs.squares)


bets = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(-2, 2), st.sampled_from([0.0, 1.0, 3.5])),
    max_size=12,
)


@given(bets)
def test_late_rewards_end_where_early_ones_do(world: list[tuple[str, float, float]]) -> None:
    early, late = Rewards(WIDTH), Rewards(WIDTH)
    for number, (item, x, reward) in enumerate(world):
        bet = logged(number, item, x, sequence=2 * number + 1)
        early.add(rewarded(bet, reward, 2 * number + 1) if reward else bet)
        late.add(bet, after=2 * number)
        if reward:
            late.add(rewarded(bet, reward, 2 * number + 2), after=2 * number + 1)
    same(early, late)


@given(bets)
def test_what_is_before_the_cursor_is_not_learnt_again(
    world: list[tuple[str, float, float]],
) -> None:
    fold, again = Rewards(WIDTH), Rewards(WIDTH)
    for number, (item, x, reward) in enumerate(world):
        bet = rewarded(logged(number, item, x, sequence=number + 1), reward, number + 1)
        for one in (fold, again):
            one.add(bet)
        assert not again.add(bet, after=number + 1)
    same(fold, again)


@given(bets)
def test_a_kept_fold_is_the_same_fold(world: list[tuple[str, float, float]]) -> None:
    fold = Rewards(WIDTH)
    for number, (item, x, reward) in enumerate(world):
        fold.add(rewarded(logged(number, item, x, sequence=number + 1), reward, number + 1))
    same(fold, unpack(pack(fold), WIDTH))


def test_a_refusal_teaches_nothing() -> None:
    fold = Rewards(WIDTH)
    bet = logged(1, "a", 1.0, sequence=1)
    quiet = msgspec.structs.replace(
        bet, decision=msgspec.structs.replace(bet.decision, learns=False)
    )
    assert not fold.add(quiet)
    assert fold.regression.count == 0


def test_other_features_begin_anew() -> None:
    fold = Rewards(WIDTH)
    fold.add(logged(1, "a", 1.0, sequence=1))
    assert unpack(pack(fold), WIDTH + 1).regression.count == 0


def test_what_was_kept_before_items_were_learnt_by_moment_is_read() -> None:
    fold = Rewards(WIDTH)
    fold.observe(np.eye(WIDTH), np.ones(WIDTH))
    older = msgspec.msgpack.encode(msgspec.msgpack.decode(pack(fold))[:6])
    read = unpack(older, WIDTH)
    assert read.regression.count == WIDTH
    assert not read.moments.rows
