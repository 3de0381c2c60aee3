"""How much of what bets are said to gain is real: what evidence counts, and how early."""

import numpy as np
import pytest

from wager.learn.hedge import Hedge, share, trust


def fold(bets: int, *, said: float, brings: float, safe: int = 0, seed: int = 3) -> Hedge:
    """Bets that were said to gain `said` over a safe choice of 0.2, and bring `brings` instead."""
    rng, made = np.random.default_rng(seed), Hedge()
    for _ in range(bets):
        made.add(said, float(rng.random() < 0.2 + brings) - 0.2)
    for _ in range(safe or bets):
        made.add(None, float(rng.random() < 0.2) - 0.2)
    return made


def test_strong_evidence_is_heard_early_and_weak_evidence_is_not() -> None:
    assert share(fold(150, said=0.2, brings=-0.19).real()) < 0.5
    assert share(fold(15, said=0.2, brings=-0.19).real()) > 0.7
    assert share(fold(800, said=0.2, brings=-0.19).real()) == 0.05


def test_the_safe_choice_has_odds_until_it_is_known_what_bets_are_worth() -> None:
    assert share(Hedge().real()) == pytest.approx(0.83, abs=0.01)
    assert share(fold(400, said=0.2, brings=0.2, safe=2).real()) < 0.95
    assert share(fold(400, said=0.2, brings=0.2, safe=200).real()) == 1.0


def test_what_is_real_is_found_within_its_error() -> None:
    mean, error = fold(20_000, said=0.2, brings=0.1).real()
    assert mean == pytest.approx(0.5, abs=5.0 * error)
    assert error < 0.05


def test_what_promised_nothing_says_nothing_of_promises() -> None:
    made, other = (fold(500, said=0.1, brings=-0.1) for _ in range(2))
    for _ in range(2000):  # known to be bad, and as bad as was said: shown to learn
        other.add(-0.2, -0.2)
        other.correct(-0.2, -0.2, -0.2)
    assert other.real() == made.real()
    assert share(made.real()) < 0.2


def test_a_segment_leans_on_the_others_and_not_on_itself() -> None:
    bad, good = fold(2000, said=0.2, brings=-0.1), fold(2000, said=0.2, brings=0.2, seed=4)
    found = trust(bad.merge(good), {"bad": bad, "good": good, "new": Hedge()})
    assert found.segments["bad"].share < 0.1
    assert found.segments["good"].share == 1.0
    assert found.segments["new"].share == found.share
    alone = trust(bad, {"all": bad})  # nobody else: what was thought before holds
    assert alone.segments["all"][:4] == pytest.approx(alone[:4])
