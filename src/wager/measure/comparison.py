"""Was it worth it: means, differences and ratios whose intervals hold however often one looks."""

from collections.abc import Callable
from math import log, sqrt

from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure.metrics import Group

ALPHA = 0.05
TIGHTEST_AT = 2_000.0  # effective decisions at which the interval is at its best
NEEDED_PROFILES = 30
NEEDED_REWARDED = 10
METHOD = "asymptotic confidence sequence, profiles as clusters"


def mean(group: Group) -> Verdict:
    """The mean per decision of one group.

    >>> mean(Group(profiles=3, decisions=3))
    NotEnough(needed=30, seen=3, what='profiles')
    """
    too_little = _too_little(group, what="")
    if too_little is not None:
        return too_little
    half = half_width(variance(group), _noise(group))
    center = group.total / group.decisions
    return _estimate(center, half, group.profiles)


def share(won: float, count: float, *, like: Group) -> Verdict:
    """The share of decisions won of those counted, on a level or a day, say.

    Their own clusters are not kept: one decision is taken to weigh as much as in the group that
    they are `like` (its design effect: the cluster variance over that of independent decisions).
    """
    if like.profiles < NEEDED_PROFILES:
        return NotEnough(needed=NEEDED_PROFILES, seen=like.profiles, what="profiles")
    if count < NEEDED_PROFILES:
        return NotEnough(needed=NEEDED_PROFILES, seen=int(count), what="settled bets")
    if won < NEEDED_REWARDED:
        return NotEnough(needed=NEEDED_REWARDED, seen=int(won), what="won")
    center = won / count
    noise = center * (1.0 - center)
    whole = _noise(like)
    if noise <= 0.0 or whole <= 0.0:
        return NotEnough(needed=2, seen=1, what="different results")
    design = max(variance(like) * like.decisions / whole, 1.0)
    return _estimate(center, half_width(design * noise / count, noise), like.profiles)


def together(*groups: Group) -> Group:
    """Groups of different people as one."""
    names = Group.__struct_fields__
    return Group(**{name: sum(getattr(one, name) for one in groups) for name in names})


def lift(bet: Group, holdout: Group) -> Verdict:
    """The difference in the mean per decision, bet minus holdout, in the goal's unit.

    The half-width at effective sample size t, with rho set for t = TIGHTEST_AT, is

        sqrt(V) * sqrt((t rho^2 + 1) / (t rho^2) * log((t rho^2 + 1) / alpha^2))

    where V is the variance of the difference with profiles as clusters, and t = s^2 / V with s^2
    the mean of the two groups' variances of one decision: t counts decisions as if they were
    independent, so the sequence runs on information, also when the same profiles come back.

    References: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2021), Time-uniform central limit
    theory and asymptotic confidence sequences, arXiv:2103.06476, theorem 2.2; the variance of a
    ratio of sums: Cochran (1977), Sampling Techniques, 3rd ed., chapter 6; independent increments
    in information time: Scharfstein, Tsiatis, Robins (1997), JASA 92(440).
    """
    too_little = _too_little_of_two(bet, holdout)
    if too_little is not None:
        return too_little
    half = half_width(variance(bet) + variance(holdout), (_noise(bet) + _noise(holdout)) / 2.0)
    center = bet.total / bet.decisions - holdout.total / holdout.decisions
    return _estimate(center, half, bet.profiles + holdout.profiles)


def relative(bet: Group, holdout: Group) -> Verdict:
    """The lift as a share of the holdout's mean: 0.1 is ten percent more.

    The interval is the set of d for which 0 lies in the interval of m1 - (1 + d) m0. That stays
    right where m0 is uncertain; where m0 may be zero there is no such set, and none is given.

    References: Fieller (1954), JRSS B 16(2), with the confidence sequence of `lift`.
    """
    too_little = _too_little_of_two(bet, holdout)
    if too_little is not None:
        return too_little
    m1, m0 = bet.total / bet.decisions, holdout.total / holdout.decisions
    v1, v0 = variance(bet), variance(holdout)

    def outside(k: float) -> bool:
        half = half_width(v1 + k * k * v0, (_noise(bet) + k * k * _noise(holdout)) / 2.0)
        return abs(m1 - k * m0) > half

    if m0 <= half_width(v0, _noise(holdout)) or m1 < 0:
        return NotEnough(
            needed=4 * holdout.rewarded, seen=holdout.rewarded, what="won in the holdout, about"
        )
    center = m1 / m0
    low, high = _edge(outside, center, -1.0), _edge(outside, center, 1.0)
    return Estimate(
        value=center - 1.0,
        low=low - 1.0,
        high=high - 1.0,
        count=bet.profiles + holdout.profiles,
        method=f"ratio set of an {METHOD}",
        confidence=1.0 - ALPHA,
    )


def _estimate(center: float, half: float, count: int) -> Estimate:
    return Estimate(
        value=center,
        low=center - half,
        high=center + half,
        count=count,
        method=METHOD,
        confidence=1.0 - ALPHA,
    )


def half_width(spread: float, noise: float, alpha: float = ALPHA) -> float:
    """`spread` is the variance of the estimate, `noise` that of one decision; the interval misses
    the truth with the probability `alpha`."""
    t = noise / spread
    rho2 = _rho_squared(TIGHTEST_AT)
    return sqrt(spread * (t * rho2 + 1.0) / (t * rho2) * log((t * rho2 + 1.0) / alpha**2))


def _rho_squared(t: float) -> float:
    """The rho^2 that makes the interval about as tight as it can be at t (the same paper)."""
    return (-2.0 * log(ALPHA) + log(-2.0 * log(ALPHA) + 1.0)) / t


def variance(group: Group) -> float:
    """The variance of sum(s) / sum(n) with profiles as clusters:
    sum (s_i - m n_i)^2 / (sum n_i)^2 * P / (P - 1)."""
    m = group.total / group.decisions
    spread = group.totals_squared - 2.0 * m * group.products + m * m * group.decisions_squared
    correction = group.profiles / (group.profiles - 1.0)
    return max(spread, 0.0) / group.decisions**2 * correction


def _noise(group: Group) -> float:
    """The variance of one decision's reward."""
    m = group.total / group.decisions
    return max(group.squares / group.decisions - m * m, 0.0)


def _too_little(group: Group, *, what: str) -> NotEnough | None:
    if group.profiles < NEEDED_PROFILES:
        return NotEnough(needed=NEEDED_PROFILES, seen=group.profiles, what=f"profiles{what}")
    if group.rewarded < NEEDED_REWARDED:
        return NotEnough(needed=NEEDED_REWARDED, seen=group.rewarded, what=f"won{what}")
    if variance(group) <= 0.0 or _noise(group) <= 0.0:
        return NotEnough(needed=2, seen=1, what=f"different results{what}")
    return None


def _too_little_of_two(bet: Group, holdout: Group) -> NotEnough | None:
    fewer = min(bet, holdout, key=lambda group: group.profiles)
    rarer = min(bet, holdout, key=lambda group: group.rewarded)
    return _too_little(fewer, what=" in each group") or _too_little(rarer, what=" in each group")


def _edge(outside: Callable[[float], bool], inside: float, direction: float) -> float:
    """Where the set ends on one side of a point inside it: doubling steps, then bisection."""
    step = max(abs(inside), 1e-6) * 0.1
    far = inside + direction * step
    while not outside(far) and step < 1e9:
        step *= 2.0
        far = inside + direction * step
    near = inside
    for _ in range(60):
        middle = (near + far) / 2.0
        near, far = (near, middle) if outside(middle) else (middle, far)
    return near
