"""The moment as numbers: hours go round, names decide the column, restarts change nothing."""

import subprocess
import sys
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.learn.circumstances import INPUTS, circumstances
from wager.learn.contextual import Contextual

MONDAY = datetime(2026, 1, 5)


def test_time_goes_round() -> None:
    late, early = MONDAY + timedelta(hours=23, minutes=59), MONDAY + timedelta(days=1)
    noon = MONDAY + timedelta(hours=12)
    assert np.linalg.norm(circumstances({}, late)[:2] - circumstances({}, early)[:2]) < 0.01
    assert np.linalg.norm(circumstances({}, late)[:2] - circumstances({}, noon)[:2]) > 1.9
    sunday, monday, thursday = (
        circumstances({}, MONDAY + timedelta(days=n))[2:4] for n in (6, 7, 3)
    )
    assert np.linalg.norm(sunday - monday) < np.linalg.norm(thursday - monday)


def test_words_numbers_lists_and_what_is_nested() -> None:
    def of(**context: object) -> list[float]:
        return circumstances(context, MONDAY).tolist()

    assert of(device="phone") != of(device="desk") != of()
    assert of(cart={"total": 3}) == of(cart={"total": 3.0}) != of(cart={"total": 4.0})
    assert of(tags=["a", "b"]) == of(tags=["b", "a"]) != of(tags=["a"])
    assert of(member=True) != of(member=False)
    assert of(nothing=None, empty="", far=float("inf"), huge=10**400) == of()


def test_the_same_in_every_process() -> None:
    code = (
        "from datetime import datetime; from wager.learn.circumstances import circumstances;"
        "print(circumstances({'device': 'phone', 'n': 2}, datetime(2026, 1, 5)).tolist())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert told == {f"{circumstances({'device': 'phone', 'n': 2}, MONDAY).tolist()}\n"}


words = st.text() | st.just("\ud800")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), values))
def test_whatever_is_said_is_finite(context: dict[str, object]) -> None:
    x = circumstances(context, MONDAY)
    assert x.shape == (INPUTS,)
    assert np.isfinite(x).all()


@pytest.mark.parametrize(("word", "best"), [("rain", "umbrella"), ("sun", "hat")])
def test_a_learner_hears_the_word(word: str, best: str) -> None:
    learner, rng = Contextual(INPUTS), np.random.default_rng(1)
    for number in range(300):
        weather = "rain" if rng.random() < 0.5 else "sun"
        name = ("umbrella", "hat")[number % 2]
        at = MONDAY + timedelta(hours=number)
        x = circumstances({"weather": weather, "cart": float(rng.random())}, at)
        learner.add(x, name, float((weather == "rain") == (name == "umbrella")))
    mean, _ = learner.expect(circumstances({"weather": word}, MONDAY), ["umbrella", "hat"])
    assert ["umbrella", "hat"][int(mean.argmax())] == best
    assert abs(mean[0] - mean[1]) > 0.5
