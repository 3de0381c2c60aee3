"""Closer each time: whether people's hit rate grows the longer one has known them."""

from collections.abc import Mapping
from typing import NamedTuple

from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure import comparison
from wager.measure.book import Book, step_of, week_in
from wager.measure.metrics import Cell, Rewards
from wager.measure.overview import WEEK
from wager.measure.reports import Asked, Report

WORTHWHILE = 0.1  # of the hit rate, for each doubling of the time that a person is known
METHOD = f"slope within each person, {comparison.METHOD}"
NOTE = (
    "By the weeks since a person's first decision, in steps that double. `trend` compares each "
    "person with themselves earlier: by how much the share of decisions won changes for each "
    "doubling of that time. `beyondHoldout` takes off what changes for the held-out too (season, "
    "range, habit). `standing` is read off it, off `trend` where that is not enough. Weeks more "
    "than 13 back are kept by step only: a time that begins before them takes in whole steps. "
    "Whoever was not bet on for two years is left out, and is new when back."
)

Known = tuple[int, Cell]  # weeks since the first decision, and what that week brought
Group = Mapping[str, list[Known]]


class _Slope(NamedTuple):
    value: float
    spread: float  # the variance of the value
    noise: float  # of one decision
    people: int


def journey_of(book: Book, asked: Asked) -> Report:
    """For each placement and goal: hit rate, what was said and lift by tenure, and the trend."""
    first = book.first_weeks()
    since = None if asked.since is None else int(asked.since.timestamp()) // WEEK
    groups: dict[tuple[str, str, bool], dict[str, dict[str, list[Known]]]] = {}
    for series, rewards in book.rewards.items():
        where = week_in(series.placement)
        if where is None or asked.placement not in (None, where.placement):
            continue
        if since is not None and where.week < since:
            continue
        both = groups.setdefault((where.placement, where.goal, series.replayed), {})
        for who, cell in rewards.cells.items():
            one = both.setdefault(series.group, {}).setdefault(who, [])
            one.append((where.week - first[who], cell))
    journeys = [
        {"placement": placement, "goal": goal, "replayed": replayed}
        | _journey(both.get("bet", {}), both.get("holdout", {}))
        for (placement, goal, replayed), both in sorted(groups.items())
    ]
    return {"journeys": journeys, "note": NOTE}


def trend(group: Group) -> Verdict:
    """How much the share of decisions won changes for each doubling of the weeks that one has
    known a person, each compared with themselves.

    With x the step (how often that time has doubled) and y won or lost, the slope is
    sum S_xy,i / sum S_xx,i over people i, each sum about the person's own means: who stays long and
    wins much moves it not at all.

    References: Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 2nd ed.,
    10.5 (within estimator, its errors robust to clusters).
    """
    return _said(_slope(group))


def beyond(bet: Group, holdout: Group) -> Verdict:
    """The trend of people who are bet on, less that of the held-out."""
    ours, theirs = _slope(bet), _slope(holdout)
    if isinstance(ours, NotEnough) or isinstance(theirs, NotEnough):
        return ours if isinstance(ours, NotEnough) else _said(theirs)
    return _said(
        _Slope(
            ours.value - theirs.value,
            ours.spread + theirs.spread,
            (ours.noise + theirs.noise) / 2.0,
            ours.people + theirs.people,
        )
    )


def standing(verdict: Verdict, rate: float) -> str:
    """Closer, further, or not closer (a tenth more for each doubling can be ruled out).

    >>> standing(Estimate(value=0.0, low=-0.01, high=0.01, count=99, method=""), 0.2)
    'not-closer'
    """
    if isinstance(verdict, NotEnough):
        return "not-enough"
    if verdict.low > 0.0:
        return "closer"
    if verdict.high < 0.0:
        return "further"
    return "not-closer" if verdict.high < WORTHWHILE * rate else "open"


def _journey(bet: Group, holdout: Group) -> Report:
    ours, ahead = trend(bet), beyond(bet, holdout)
    cells = [cell for weeks in bet.values() for _, cell in weeks]
    rate = sum(cell[1] for cell in cells) / max(sum(cell[0] for cell in cells), 1)
    found = standing(ours if isinstance(ahead, NotEnough) else ahead, rate)
    steps = sorted({step_of(week) for weeks in bet.values() for week, _ in weeks})
    return {
        "steps": [_at(step, bet, holdout) for step in steps],
        "trend": ours,
        "beyondHoldout": ahead,
        "standing": found,
        "alarm": found in ("further", "not-closer"),
    }


def _at(step: int, bet: Group, holdout: Group) -> Report:
    ours, theirs = (_instep_of(group, step) for group in (bet, holdout))
    won, said = ours.wins(), ours.rewards()
    report: Report = {
        "fromWeek": 2**step // 2 + 1,
        "toWeek": 2**step,
        "people": won.profiles,
        "decisions": won.decisions,
        "winRate": comparison.mean(won),
        "lift": comparison.lift(won, theirs.wins()),
    }
    if said.total > 0.0 and said.decisions:
        report["expectedRate"] = said.total / said.decisions
    return report


def _instep_of(group: Group, step: int) -> Rewards:
    return Rewards(
        (who, cell) for who, weeks in group.items() for week, cell in weeks if step_of(week) == step
    )


def _slope(group: Group) -> _Slope | NotEnough:
    sums = [one for weeks in group.values() if (one := _within(weeks))[1] > 0.0]
    people = len(sums)
    if people < comparison.NEEDED_PROFILES:
        return NotEnough(
            needed=comparison.NEEDED_PROFILES, seen=people, what="profiles over several weeks"
        )
    across = sum(one[1] for one in sums)
    value = sum(one[0] for one in sums) / across
    spread = sum((one[0] - value * one[1]) ** 2 for one in sums) / across**2
    decisions, won = sum(one[2] for one in sums), sum(one[3] for one in sums)
    if won < comparison.NEEDED_REWARDED:
        return NotEnough(needed=comparison.NEEDED_REWARDED, seen=won, what="won")
    rate = won / decisions
    noise = rate * (1.0 - rate) * decisions / across
    if spread <= 0.0 or noise <= 0.0:
        return NotEnough(needed=2, seen=1, what="different results")
    return _Slope(value, spread * people / (people - 1.0), noise, people)


def _within(weeks: list[Known]) -> tuple[float, float, int, int]:
    """One person's S_xy and S_xx about their own means, decisions and wins."""
    decisions, won = sum(cell[0] for _, cell in weeks), sum(cell[1] for _, cell in weeks)
    if decisions <= 0:  # a win that came after the person's decisions had become another's
        return 0.0, 0.0, 0, won
    points = [(step_of(week), cell[0], cell[1]) for week, cell in weeks]
    center = sum(x * count for x, count, _ in points) / decisions
    return (
        sum(((x - center) * wins for x, _, wins in points), 0.0),
        sum(((x - center) ** 2 * count for x, count, _ in points), 0.0),
        decisions,
        won,
    )


def _said(slope: _Slope | NotEnough) -> Verdict:
    if isinstance(slope, NotEnough):
        return slope
    half = comparison.half_width(slope.spread, slope.noise)
    return Estimate(
        value=slope.value,
        low=slope.value - half,
        high=slope.value + half,
        count=slope.people,
        method=METHOD,
        confidence=1.0 - comparison.ALPHA,
    )
