"""The child learns what the function learns; without enough of a history it knows nothing."""

import numpy as np
import pytest

from wager.batch import taste as batch
from wager.batch.taste import taste_in_child
from wager.errors import BatchFailed
from wager.learn.factors import History, Shape, learn_taste

DAY = 86_400.0


def lines() -> list[tuple[str, str, float]]:
    """120 people buy three of ten items each, again and again over a hundred days."""
    rng = np.random.default_rng(5)
    return [
        (f"p{person}", f"i-{(person + rng.integers(3)) % 10}", float(at))
        for person in range(120)
        for at in rng.uniform(0, 100 * DAY, 20)
    ]


def test_the_child_learns_the_same() -> None:
    known = lines()
    names = list(dict.fromkeys(item for _, item, _ in known))
    history = History(
        np.array([int(person[1:]) for person, _, _ in known]),
        np.array([names.index(item) for _, item, _ in known]),
        np.array([at / DAY for _, _, at in known]),
        tuple(names),
    )
    shape = Shape(least_people=1)
    expected, found = learn_taste(history, shape), taste_in_child(known)
    assert found.items == expected.items
    np.testing.assert_allclose(found.again, expected.again, atol=1e-3)
    np.testing.assert_allclose(found.appeal, expected.appeal, atol=1e-3)
    had = found.had([("i-0", 3.0, 1.5, 4.0), ("i-1", 1.0, 0.5, 9.0)])
    near, _ = zip(*found.similar(had, 2), strict=True)
    assert set(near) <= {"i-8", "i-9", "i-2", "i-3"}


def test_no_history_is_no_taste() -> None:
    assert taste_in_child([]).items == ()
    assert taste_in_child([("p", "rare", 0.0)]).items == ()


def test_a_failing_child_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch.sys, "executable", "/bin/false")
    with pytest.raises(BatchFailed, match="within 512 MB: exit code 1"):
        taste_in_child([])
