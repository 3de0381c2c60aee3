"""What items bring by moment: exact against the joint regression, and as strongly as it helps."""

import numpy as np
import pytest

from wager.decide.features import WIDTH
from wager.domain.moments import LIKENESS, SPARE
from wager.learn import moments
from wager.learn.moments import COLUMNS, PEOPLE, TOLD, USUAL, VALUES, Moments
from wager.stats.nested import ROOT, SHARED

NOISE, BASE = 0.1, 0.1


def test_it_is_the_joint_ridge_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "STRONGEST", 0.0)  # no leans but those a priori
    rng = np.random.default_rng(3)
    fold = Moments(WIDTH)
    fold.columns["evening"], fold.since["evening"] = 1, 0
    rows, design, rewards = 3_000, [], []
    for _ in range(rows):
        item, evening = int(rng.integers(2)), float(rng.random() < 0.5)
        reward = float(rng.random() < 0.1 + 0.2 * evening * item)
        at = fold.row(f"i{item}", [(f"category:{item}", 1.0)])
        c = fold.moment({"evening": 1.0} if evening else {}, 1)
        fold.add(c, at, np.zeros(WIDTH), 1.0, 1.0)
        fold.gain(at, c, reward, 1.0, 1.0)
        now = np.array([1.0, evening])
        blocks = np.zeros((5, 2))
        blocks[0] = blocks[1 + item] = blocks[3 + item] = now
        design.append(blocks.ravel())
        rewards.append(reward)
    x, y = np.array(design), np.array(rewards)
    mine = moments.DOUBT / (rows + moments.DOUBT)
    noise = mine * NOISE + (1.0 - mine) * float(y.var())
    usual = noise / (USUAL * BASE) ** 2
    lean = np.tile(np.array([0.14, 1.0]) * usual, 5)
    lean[:2] *= ROOT
    lean[0] = noise / BASE**2
    lean[2:6] *= SHARED
    joint = np.linalg.solve(x.T @ x + np.diag(lean), x.T @ y).reshape(5, 2)
    fit = fold.fit(np.zeros(WIDTH), NOISE, BASE)
    for evening in (0.0, 1.0):
        c = np.array([1.0, evening])
        mine = fit.expect(["i0", "i1"], lambda name: (), c)[:, :2].sum(axis=1)
        theirs = [joint[0] @ c + joint[1 + at] @ c + joint[3 + at] @ c for at in (0, 1)]
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def moved(differ: float) -> float:
    """How far evenings move what is expected of items, where they truly move it by `differ`."""
    rng = np.random.default_rng(4)
    fold = Moments(WIDTH)
    for _ in range(3_000):
        item, evening = int(rng.integers(8)), rng.random() < 0.5
        likes = differ if evening == (item % 2 == 0) else 0.0
        said = {"evening": 1.0} if evening else {}
        row = fold.row(f"i{item}", ())
        heard = said | {f"luck={rng.integers(8)}": 1.0}
        fold.admit(heard, str(rng.integers(40)), 1)
        c = fold.moment(heard, 2)
        fold.add(c, row, np.zeros(WIDTH), 1.0, 1.0)
        fold.gain(row, c, float(rng.random() < 0.1 + likes), 1.0, 1.0)
    fit = fold.fit(np.zeros(WIDTH), 0.1 + 0.3 * differ, 0.1 + differ / 2)
    names = [f"i{item}" for item in range(8)]
    late, early = (
        fit.expect(names, lambda name: (), fold.moment(said, 2)[: len(fold.columns)])[:, :2].sum(
            axis=1
        )
        for said in ({"evening": 1.0}, {})
    )
    return float(np.abs(late - early).mean())


def test_how_strongly_items_lean_on_others_is_learnt() -> None:
    """400 showings of each: by luck alone the means of evenings would differ by .02."""
    assert moved(0.0) < 0.012
    assert moved(0.3) > 0.2


def test_each_key_leans_as_strongly_as_helps() -> None:
    """Segments truly like other items, by .2, and hours do not."""
    rng, fold = np.random.default_rng(5), Moments(WIDTH)
    for number in range(6_000):
        item, segment, hour = rng.integers(8), rng.integers(4), rng.integers(4)
        heard = {f"segment={segment}": 1.0, f"hour={hour}": 1.0}
        fold.admit(heard, str(rng.integers(40)), number)
        c = fold.moment(heard, number + 1)
        row = fold.row(f"i{item}", ())
        fold.add(c, row, np.zeros(WIDTH), 1.0, 1.0)
        fold.gain(row, c, float(rng.random() < 0.1 + 0.2 * ((item + segment) % 3 == 0)), 1.0, 1.0)
    fold.fit(np.zeros(WIDTH), NOISE, BASE)
    assert fold.leans["hour"] > 100.0 * fold.leans["segment"]


def found(days: int, turns: int, seed: int = 6) -> tuple[Moments, float]:
    """Six items, a hundred showings of each a day; one is liked, and from the day `turns` on it is
    another one. How much better the last favourite is thought to be than the first, in the end."""
    rng, fold = np.random.default_rng(seed), Moments(WIDTH)
    names = [f"i{item}" for item in range(6)]
    for day in range(days):
        for item in np.repeat(range(6), 100).tolist():
            liked = item == (0 if day < turns else 5)
            row, at = fold.row(names[item], ()), 86400.0 * (20_000 + day)
            c = fold.moment({}, 1)
            fold.add(c, row, np.zeros(WIDTH), 1.0, at)
            if rng.random() < (0.3 if liked else 0.1):
                fold.gain(row, c, 1.0, 1.0, at)
        fit = fold.fit(np.zeros(WIDTH), NOISE, BASE)
    mean = fit.expect(names, lambda name: (), np.ones(1))[:, 0]
    return fold, float(mean[5] - mean[0])


def pace(fold: Moments) -> float:
    """The half-life that foretold best."""
    return min(fold.paces, key=lambda sums: sums.loss).half_life


def test_the_pace_is_the_one_that_foretells_best(monkeypatch: pytest.MonkeyPatch) -> None:
    fold, better = found(days=44, turns=34)
    assert better > 0.07
    assert pace(fold) < 60.0
    monkeypatch.setattr(moments, "HALF_LIVES", (60.0,))
    assert found(days=44, turns=34)[1] < 0.0, "a twin that cannot forget prefers the old favourite"


def test_where_nothing_changes_nothing_is_forgotten() -> None:
    assert pace(found(days=40, turns=99)[0]) == 60.0


def tell(fold: Moments, *words: str) -> None:
    for word in words:
        for who in range(PEOPLE):
            fold.admit({word: 1.0}, str(who), 1)


def test_one_key_with_many_values_leaves_room_for_others() -> None:
    fold = Moments(WIDTH)
    tell(fold, *(f"session={number}" for number in range(200)), "part=night")
    assert len(fold.columns) == 1 + VALUES + 1
    assert fold.moment({"part=night": 1.0}, 2)[-1 + len(fold.columns)] == 1.0
    tell(fold, *map(str, range(200)))
    assert len(fold.columns) == 1 + TOLD
    tell(fold, *(f"segment={number}" for number in range(200)))
    assert len(fold.columns) == 1 + TOLD + VALUES < COLUMNS


def test_what_is_told_of_few_people_alone_has_no_column() -> None:
    fold = Moments(WIDTH)
    for _ in range(100):
        for who in range(PEOPLE - 1):
            fold.admit({f"email={who}@example.com": 1.0, "device=phone": 1.0}, str(who), 1)
    assert list(fold.columns) == [""]
    tell(fold, "device=phone")
    assert list(fold.columns) == ["", "device=phone"]


def test_there_is_room_for_as_many_new_items_as_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"new-{number}" for number in range(5 * SPARE)]
    fit = Moments(WIDTH).fit(np.zeros(WIDTH), NOISE, BASE)
    first = fit.expect(names, lambda name: [(f"tag:{name}", 1.0)], np.ones(1))
    assert first.shape == (5 * SPARE, 5 + LIKENESS)
    monkeypatch.setattr("wager.domain.moments.ROOM", SPARE)
    again = fit.expect(names, lambda name: [(f"tag:{name}", 1.0)], np.zeros(1))
    np.testing.assert_array_equal(again[:, 5:], first[:, 5:])
