"""Is a placement still what it was: wins against what was said, draws against odds, and inputs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import exp, log, sqrt

import msgspec
import numpy as np
from scipy.special import stdtr

from wager.domain.alarms import Alarm, Drifted
from wager.stats.detector import Episode, episodes

HOUR, DAY_HOURS = 3600, 24
KEPT_DAYS = 35  # of inputs
KEPT_HOURS = 24 * 14
WARM_CHOICES = 1000.0  # settled choices before anybody is surprised
TOLERANCE = 0.25  # as much more or less than was said is no drift yet
RARELY = 87_600.0  # hours with bets between false alarms, on average: ten years
SURELY = 100.0
FACTORS = (1.15, 1.4, 2.0)  # how much more than tolerated is bet on; and as much less
BETS = (0.05, 0.15, 0.4)  # exponents of the bets on draws
DRAWN_TOLERANCE = 0.01
REFERENCE_DAYS = (7, 28)
RARELY_DAYS = 3650.0

SETTLED, SAID, REWARD, PLACED, LIKELY, DRAWN, SPREAD = range(7)
WIDTH = 7


class Watch(msgspec.Struct):
    """The fold of one placement: sums by hour of the bet, and inputs by day.

    An hour holds: settled choices, what was said of them, what they brought; bets placed, the odds
    of each bet's likeliest candidate, how often that was drawn, the variance of that. A day holds
    the number of candidates and the sums of their features.
    """

    hours: dict[int, list[float]] = {}
    days: dict[int, list[float]] = {}
    largest: float = 0.0  # of all rewards

    def settled(self, hour: int, said: float, reward: float) -> None:
        """One settled choice."""
        cell = self._hour(hour)
        cell[SETTLED] += 1.0
        cell[SAID] += max(said, 0.0)
        cell[REWARD] += max(reward, 0.0)
        self.largest = max(self.largest, reward)

    def correct(self, hour: int, before: float, after: float) -> None:
        """A settled choice brought `after` in the end, and not `before`."""
        self._hour(hour)[REWARD] += max(after, 0.0) - max(before, 0.0)
        self.largest = max(self.largest, after)

    def placed(self, hour: int, odds: list[float], drawn: int) -> None:
        """One bet: the odds of its first slot, and which candidate was drawn."""
        if len(odds) < 2:
            return
        likely = max(odds)
        favourite = odds.index(likely) == drawn
        cell = self._hour(hour)
        cell[PLACED] += 1.0
        cell[LIKELY] += likely
        cell[DRAWN] += favourite
        cell[SPREAD] += likely * (1.0 - likely)

    def inputs(self, day: int, count: int, sums: Sequence[float]) -> None:
        """What the policy saw of so many candidates, summed by feature."""
        _add(self.days, day, [float(count), *sums])

    def merge(self, other: "Watch") -> "Watch":
        """Both sides together."""
        both = Watch(largest=max(self.largest, other.largest))
        for side in (self, other):
            for mine, cells in ((both.hours, side.hours), (both.days, side.days)):
                for moment, cell in cells.items():
                    _add(mine, moment, cell)
        return both

    def forget_old(self) -> None:
        """Drop what is older than 14 days of hours, and than 35 days of inputs."""
        newest = max(self.hours, default=0)
        for old in [one for one in self.hours if one < newest - KEPT_HOURS]:
            del self.hours[old]
        for old in [one for one in self.days if one < newest // DAY_HOURS - KEPT_DAYS]:
            del self.days[old]

    def _hour(self, hour: int) -> list[float]:
        cell = self.hours.get(hour)
        if cell is None:
            cell = self.hours[hour] = [0.0] * WIDTH
        return cell


def _add(cells: dict[int, list[float]], moment: int, more: Sequence[float]) -> None:
    mine = cells.setdefault(moment, [0.0] * len(more))
    for column, value in enumerate(more):
        mine[column] += value


def alarms(watch: Watch, placement: str, features: Sequence[str]) -> list[Alarm]:
    """Every drift that was noticed, the latest last; `over_at` None where it holds."""
    hours = sorted(watch.hours)
    table = [watch.hours[hour] for hour in hours]
    found: list[Alarm] = []
    for kind, episode in (*_outcomes(table, watch.largest), *_draws(table)):
        found.append(
            Alarm(
                placement=placement,
                kind=kind,
                text=_said(kind, table, episode),
                began_at=_at(hours[episode.began]),
                noticed_at=_at(hours[episode.noticed]),
                over_at=None if episode.over is None else _at(hours[episode.over]),
                fallback=kind == "fewer-wins" and episode.over is None,
            )
        )
    found.extend(_inputs(watch, placement, features))
    return sorted(found, key=lambda one: (one.noticed_at, one.kind))


def _outcomes(table: Sequence[Sequence[float]], largest: float) -> list[tuple[Drifted, Episode]]:
    """For rewards in [0, u] of mean m, theta^(r/u) has mean exp((theta - 1) m / u) at most: an
    e-value R/u log theta - (theta - 1) m/u against every mean below m (theta > 1) or above (< 1).

    References: Waudby-Smith, Ramdas (2024), Estimating means of bounded random variables.
    """
    if largest <= 0.0:
        return []
    seen, warm = 0.0, []
    for cell in table:
        seen += cell[SETTLED]
        warm.append(
            (cell[SAID] / largest, cell[REWARD] / largest) if seen > WARM_CHOICES else (0.0, 0.0)
        )

    def bets(share: float, factors: Sequence[float]) -> list[list[float]]:
        return [
            [reward * log(one) - (one - 1.0) * share * said for one in factors]
            for said, reward in warm
        ]

    less = [1.0 / one for one in FACTORS]
    fewer = episodes(
        bets(1 - TOLERANCE, less), bets(1 - TOLERANCE, FACTORS), rarely=RARELY, surely=SURELY
    )
    more = episodes(
        bets(1 + TOLERANCE, FACTORS), bets(1 + TOLERANCE, less), rarely=RARELY, surely=SURELY
    )
    return [("fewer-wins", one) for one in fewer] + [("more-wins", one) for one in more]


def _draws(table: Sequence[Sequence[float]]) -> list[tuple[Drifted, Episode]]:
    """The likeliest candidate must be drawn as often as its odds say: with D the surplus and V its
    variance, l |D| - V (e^l - l - 1) is a log e-value (Bennett).

    References: Freedman (1975), On tail probabilities for martingales.
    """
    change, back = [], []
    for cell in table:
        surplus, slack = cell[DRAWN] - cell[LIKELY], DRAWN_TOLERANCE * cell[PLACED]
        costs = [cell[SPREAD] * (exp(one) - one - 1.0) for one in BETS]
        change.append([
            one * (sign * surplus - slack) - cost
            for sign in (1.0, -1.0) for one, cost in zip(BETS, costs, strict=True)
        ])  # fmt: skip
        near = 3.0 * slack - abs(surplus)
        back.append([one * near - cost for one, cost in zip(BETS, costs, strict=True)])
    return [("propensities", one) for one in episodes(change, back, rarely=RARELY, surely=SURELY)]


def _inputs(watch: Watch, placement: str, features: Sequence[str]) -> list[Alarm]:
    """Each full day's mean of each feature against those of the 7 to 28 days before it, by the
    t distribution with a day as the unit; the chance of a false alarm is 1 in 3,650 each day.

    After an alarm the days from its beginning are the new reference.
    """
    days = sorted(watch.days)[:-1]  # the last one is not over
    means = np.array([np.array(watch.days[day][1:]) / watch.days[day][0] for day in days])
    found: list[Alarm] = []
    first = 0
    for today in range(len(days)):
        before = means[max(first, today - REFERENCE_DAYS[1]) : today]
        if len(before) < REFERENCE_DAYS[0]:
            continue
        spread = before.std(axis=0, ddof=1) * sqrt(1.0 + 1.0 / len(before))
        spread = np.maximum(spread, 1e-9 + 1e-3 * np.abs(before.mean(axis=0)))
        away = np.abs(means[today] - before.mean(axis=0)) / spread
        chance = 2.0 * stdtr(len(before) - 1, -away) * len(away)
        column = int(chance.argmin())
        if chance[column] < 1.0 / RARELY_DAYS:
            now, then = means[today, column], before[:, column].mean()
            text = f"{features[column]} is {now:.3g} on average, and was {then:.3g}"
            first = today
            over = (
                days[today + REFERENCE_DAYS[0]] if today + REFERENCE_DAYS[0] < len(days) else None
            )
            found.append(_day_alarm(placement, text, days[today], over))
    return found


def _day_alarm(placement: str, text: str, day: int, over: int | None) -> Alarm:
    return Alarm(
        placement=placement,
        kind="inputs",
        text=text,
        began_at=_at(day * DAY_HOURS),
        noticed_at=_at((day + 1) * DAY_HOURS),
        over_at=None if over is None else _at(over * DAY_HOURS),
    )


def _said(kind: Drifted, table: Sequence[Sequence[float]], episode: Episode) -> str:
    cells = table[episode.began : episode.noticed + 1]
    if kind == "propensities":
        bets, likely, drawn = (
            sum(one[column] for one in cells) for column in (PLACED, LIKELY, DRAWN)
        )
        return f"the likeliest was drawn in {drawn:.0f} of {bets:.0f} bets; {likely:.0f} were said"
    said, reward = (sum(one[column] for one in cells) for column in (SAID, REWARD))
    return f"brought {reward:.4g} where {said:.4g} was said"


def _at(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR, UTC)
