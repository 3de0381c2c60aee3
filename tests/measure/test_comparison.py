"""Comparison: right where truth is known, silent where little is known, sound at any look."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure import comparison
from wager.measure.comparison import lift, mean, relative, share, together
from wager.measure.metrics import Group, Rewards

Floats = NDArray[np.float64]


def _group(decisions: Floats, rewards: Floats) -> Group:
    """A group from each profile's number of decisions and of wins (a win pays 1)."""
    seen = decisions > 0
    n, s = decisions[seen], rewards[seen]
    return Group(
        profiles=int(seen.sum()),
        decisions=int(n.sum()),
        rewarded=int(s.sum()),
        total=float(s.sum()),
        squares=float(s.sum()),
        totals_squared=float((s * s).sum()),
        products=float((n * s).sum()),
        decisions_squared=int((n * n).sum()),
    )


def _once(profiles: int, won: int) -> Group:
    """Profiles with one decision each."""
    rewards = np.zeros(profiles)
    rewards[:won] = 1.0
    return _group(np.ones(profiles), rewards)


def _estimate(verdict: Verdict) -> Estimate:
    assert isinstance(verdict, Estimate)
    return verdict


def test_thehalf_width_is_the_papers() -> None:
    """Theorem 2.2 by hand: one mean of 5,000 independent decisions, half of them won."""
    found = _estimate(mean(_once(5000, 2500)))
    alpha, t, sigma = 0.05, 4999.0, 0.5  # P / (P - 1) makes it one decision less
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / 2000
    by_hand = sigma * math.sqrt(
        2 * (t * rho2 + 1) / (t**2 * rho2) * math.log(math.sqrt(t * rho2 + 1) / alpha)
    )
    assert found.value == 0.5
    assert found.high - 0.5 == pytest.approx(by_hand, rel=1e-9)
    assert (found.count, found.confidence) == (5000, 0.95)


def test_a_known_lift_is_found() -> None:
    found = _estimate(lift(_once(20_000, 2400), _once(20_000, 2000)))
    assert found.value == pytest.approx(0.02)
    assert found.low > 0.0


def test_a_known_relative_lift_is_found() -> None:
    found = _estimate(relative(_once(20_000, 2400), _once(20_000, 2000)))
    assert found.value == pytest.approx(0.2)
    assert 0.0 < found.low < 0.2 < found.high < 0.5


def test_relative_and_absolute_agree_on_the_sign() -> None:
    for won in range(1500, 2600, 50):
        absolute = _estimate(lift(_once(20_000, won), _once(20_000, 2000)))
        ratio = _estimate(relative(_once(20_000, won), _once(20_000, 2000)))
        assert (absolute.low > 0) == (ratio.low > 0)
        assert (absolute.high < 0) == (ratio.high < 0)


def test_the_variance_of_a_ratio_is_that_of_the_textbook() -> None:
    """Against a direct computation over profiles."""
    rng = np.random.default_rng(5)
    n = rng.integers(1, 9, 400).astype(float)
    s = rng.binomial(n.astype(int), 0.3).astype(float)
    m = s.sum() / n.sum()
    direct = ((s - m * n) ** 2).sum() / n.sum() ** 2 * 400 / 399
    assert comparison.variance(_group(n, s)) == pytest.approx(direct, rel=1e-12)


def test_a_profile_that_comes_back_is_not_new_evidence() -> None:
    """The same people with ten equal decisions each know no more than with one."""
    once = _estimate(mean(_once(400, 100)))
    won = np.zeros(400)
    won[:100] = 10.0
    ten = _estimate(mean(_group(np.full(400, 10.0), won)))
    assert ten.value == once.value
    assert ten.high - ten.low == pytest.approx(once.high - once.low, rel=0.01)


@pytest.mark.parametrize(
    ("bet", "holdout", "verdict"),
    [
        (Group(), Group(), (30, 0, "profiles in each group")),
        (_once(1000, 500), _once(29, 15), (30, 29, "profiles in each group")),
        (_once(1000, 500), _once(1000, 9), (10, 9, "won in each group")),
        (_once(1000, 1000), _once(1000, 1000), (2, 1, "different results in each group")),
    ],
)
def test_too_little_is_said(bet: Group, holdout: Group, verdict: tuple[int, int, str]) -> None:
    for compare in (lift, relative):
        found = compare(bet, holdout)
        assert isinstance(found, NotEnough)
        assert (found.needed, found.seen, found.what) == verdict


def test_no_ratio_to_what_may_be_nothing() -> None:
    found = relative(_once(500, 100), _once(500, 10))
    assert isinstance(found, NotEnough)


def test_the_share_of_a_part_weighs_decisions_like_the_whole() -> None:
    alone = _once(1000, 300)
    assert _estimate(share(300, 1000, like=alone)).low == pytest.approx(
        _estimate(mean(alone)).low, rel=1e-3
    )
    won = np.zeros(100)
    won[:30] = 10.0
    clustered = _group(np.full(100, 10.0), won)
    assert _estimate(share(300, 1000, like=clustered)).low == pytest.approx(
        _estimate(mean(clustered)).low, rel=1e-3
    )
    assert share(9, 20, like=alone) == NotEnough(needed=30, seen=20, what="settled bets")
    assert share(9, 200, like=alone) == NotEnough(needed=10, seen=9, what="won")


def test_groups_of_different_people_add_up() -> None:
    halves = together(_once(500, 100), _once(500, 200))
    whole = Rewards()
    for number in range(1000):
        won = number < 100 or number >= 800
        whole.add(f"p{number}", float(won), won=won)
    assert halves == whole.rewards() == whole.wins()


# ---- however often one looks

WORLDS = 500
LOOKS = 40
# profiles, share held out, chance to win, spread of the chance over profiles, decisions a profile
REGIMES = [(2000, 0.5, 0.1, 0.0, 1), (400, 0.2, 0.2, 0.1, 15), (1500, 0.1, 0.05, 0.1, 10)]


def _looks(
    rng: np.random.Generator, regime: tuple[int, float, float, float, int]
) -> list[tuple[Group, Group]]:
    """A world where the bet does nothing: what is known at each look as decisions come in."""
    profiles, held, chance, spread, decisions = regime
    holdout = rng.random(profiles) < held
    chances = np.full(profiles, chance)
    if spread:
        chances = rng.beta(chance / spread, (1 - chance) / spread, profiles)
    who = rng.integers(0, profiles, profiles * decisions)
    won = (rng.random(len(who)) < chances[who]).astype(float)
    n, s, before = np.zeros(profiles), np.zeros(profiles), 0
    groups = []
    for until in np.geomspace(len(who) // 50, len(who), LOOKS).astype(int):
        np.add.at(n, who[before:until], 1.0)
        np.add.at(s, who[before:until], won[before:until])
        before = until
        groups.append((_group(n * ~holdout, s * ~holdout), _group(n * holdout, s * holdout)))
    return groups


def _false_alarms(
    compare: Callable[[Group, Group], Verdict], regime: tuple[int, float, float, float, int]
) -> int:
    rng = np.random.default_rng(20210311)
    count = 0
    for _ in range(WORLDS):
        verdicts = [compare(*groups) for groups in _looks(rng, regime)]
        estimates = [one for one in verdicts if isinstance(one, Estimate)]
        assert estimates, "a world in which nothing is ever said proves nothing"
        count += any(one.low > 0.0 or one.high < 0.0 for one in estimates)
    return count


def _fixed(bet: Group, holdout: Group) -> Verdict:
    """The sabotaged twin: the textbook interval, sound for one look, taken at every look."""
    found = lift(bet, holdout)
    if not isinstance(found, Estimate):
        return found
    total = comparison.variance(bet) + comparison.variance(holdout)
    half = float(norm.ppf(0.975)) * math.sqrt(total)
    return Estimate(
        value=found.value,
        low=found.value - half,
        high=found.value + half,
        count=found.count,
        method="fixed",
    )


def _unclustered(bet: Group, holdout: Group) -> Verdict:
    """Another: every decision taken for a profile of its own."""

    def alone(group: Group) -> Group:
        return Group(
            profiles=group.decisions,
            decisions=group.decisions,
            rewarded=group.rewarded,
            total=group.total,
            squares=group.squares,
            totals_squared=group.squares,
            products=group.total,
            decisions_squared=group.decisions,
        )

    return lift(alone(bet), alone(holdout))


MOST = int(binom.ppf(1 - 1e-6, WORLDS, 0.05))  # more would be a 1e-6 event if 5 % were true


@pytest.mark.parametrize("regime", REGIMES)
def test_false_alarms_stay_below_five_percent_at_any_number_of_looks(
    regime: tuple[int, float, float, float, int],
) -> None:
    assert _false_alarms(lift, regime) <= MOST


@pytest.mark.parametrize("regime", REGIMES[:2])
def test_an_interval_for_one_look_gives_false_alarms(
    regime: tuple[int, float, float, float, int],
) -> None:
    assert _false_alarms(_fixed, regime) > MOST


def test_decisions_taken_for_profiles_give_false_alarms() -> None:
    assert _false_alarms(_unclustered, (200, 0.5, 0.3, 0.5, 40)) > MOST
    assert _false_alarms(lift, (200, 0.5, 0.3, 0.5, 40)) <= MOST
