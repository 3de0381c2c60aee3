"""The book of bets: every fold that the reports are made of, kept in step with the log."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec

from wager.domain.decisions import BETTER_LEFT_ALONE, Decision, LoggedDecision
from wager.domain.settlement import Result, news
from wager.measure import overview
from wager.measure.calibration import Calibration
from wager.measure.metrics import NOTHING, Cell, Rewards
from wager.measure.offpolicy import OffPolicy, seen_of
from wager.measure.tactics import Days, Sums, Tactics, seen_in

DAY_HOURS = 24
WEEKS_APART = 13  # that are kept one by one; older ones by steps of the time that one is known
WEEKS_KEPT = 104  # after which somebody's weeks go, unless there was a bet again
ALL = ""  # in place of a placement: all of them together


def about(use_case: str, placement: str, side: Literal["inside", "elsewhere"]) -> str:
    """In place of a placement: its decisions for people whom a use case is for, or is not for.

    No placement has such a name.
    """
    return f"{placement}/{use_case}/{side}"


def worth_of(goal: str, placement: str) -> str:
    """In place of a placement: what its decisions brought of a further goal. No placement has
    such a name."""
    return f"{placement}/{goal}/worth"


def above(upper: str, lower: str, placement: str) -> str:
    """In place of a placement: its decisions on two levels drawn by chance, `upper` in the group
    of bets and `lower`, the next below it, in the other. No placement has such a name."""
    return f"{placement}/{upper}>{lower}/trial"


class Week(NamedTuple):
    """Decisions of one placement for one goal in one week: wins, and odds in place of rewards."""

    placement: str
    goal: str
    week: int  # since 1970 in UTC

    @property
    def name(self) -> str:
        """In place of a placement. No placement has such a name."""
        return f"{self.placement}/{self.goal}/{self.week}/week"


def week_in(name: str) -> Week | None:
    """The week that is named in place of a placement.

    >>> week_in(Week("home", "click", 2900).name)
    Week(placement='home', goal='click', week=2900)
    """
    if not name.endswith("/week"):
        return None
    placement, _, rest = name.removesuffix("/week").partition("/")
    goal, _, week = rest.rpartition("/")
    return Week(placement, goal, int(week))


def step_of(weeks: int) -> int:
    """How often the time that a person is known has doubled.

    >>> [step_of(weeks) for weeks in range(9)]
    [0, 1, 2, 2, 3, 3, 3, 3, 4]
    """
    return weeks.bit_length()


class Series(NamedTuple):
    """One group of settled decisions that can be compared with another."""

    placement: str
    group: Literal["bet", "holdout"]
    replayed: bool


class Book:
    """Feed it logged decisions whenever they changed; it counts each one once, as it stands.

    Lift is taken from people who allow learning and whose group was drawn. A profile merged of
    several is held out if any of them was, so its group was not drawn with the share of the
    others, and it leaves the lift. It leaves whatever its group: else the held-out would lack
    just those people, often the most loyal, that the others still have.
    """

    def __init__(self) -> None:
        self.tally = overview.Tally()
        self.calibration: dict[tuple[str, int], Calibration] = {}
        self.raw: dict[tuple[str, int], Calibration] = {}  # of what was not yet put right
        self.rewards: dict[Series, Rewards] = {}
        self.shadows: dict[tuple[str, str, float, tuple[str, ...]], OffPolicy] = {}
        self.tactics: dict[tuple[str, str, bool], Tactics] = {}  # placement, goal, replayed
        self.cursor = 0  # up to where the log has been read
        self.live = False  # whether any bet was not a replay
        self.latest: datetime | None = None
        self.open: set[str] = set()  # ids of bets that are not settled
        self.left: set[str] = set()  # profiles that left the lift
        self._week = 0  # up to which older ones were brought together

    def take(
        self, logged: LoggedDecision, *, since: int, worth: Mapping[str, float | None]
    ) -> bool:
        """Count what is new of a bet since the cursor; True if anything is.

        `worth` says for each goal what one win pays (None where each pays its own).
        """
        decision = logged.decision
        name = decision.decision_id
        found = news(logged, since=since, was_open=name in self.open)
        if found.placed:
            self.tally.add(overview.hour_of(decision), overview.placed(decision))
            self.live = self.live or not decision.replayed
            self.latest = max(self.latest or decision.at, decision.at)
        if logged.state == "open":
            self.open.add(name)
        else:
            self.open.discard(name)
        self._further(logged, since, placed=found.placed)
        if found.before == found.after:
            return found.placed
        pays = worth.get(decision.goal, 1.0) if decision.goal is not None else 1.0
        self._settle(decision, found.before, found.after, pays)
        return True

    def placements(self) -> set[str]:
        """Every placement that a bet was placed in."""
        return {where.placement for where in self.tally.hours}

    def people(self) -> set[str]:
        """Everybody whose decisions are in the lift."""
        return {
            profile_id
            for series, rewards in self.rewards.items()
            if series.placement == ALL
            for profile_id in rewards.cells
        }

    def leave(self, profile_id: str) -> None:
        """This profile was merged of several."""
        self.left.add(profile_id)
        for rewards in self.rewards.values():
            rewards.leave(profile_id)

    def become(self, profile_id: str, other: str) -> None:
        """A profile was merged into another: its decisions are the other's now."""
        for rewards in self.rewards.values():
            cell = rewards.leave(profile_id)
            if cell is not None and other not in self.left:
                rewards.join(other, cell)

    def first_weeks(self) -> dict[str, int]:
        """The week of each person's first settled decision, wherever it was."""
        first: dict[str, int] = {}
        for week, rewards in self._weeks():
            for who in rewards.cells:
                first[who] = min(first.get(who, week), week)
        return first

    def _weeks(self) -> list[tuple[int, Rewards]]:
        named = ((week_in(series.placement), fold) for series, fold in self.rewards.items())
        return [(where.week, rewards) for where, rewards in named if where is not None]

    def fold_weeks(self) -> None:
        """Bring a person's older weeks into the first of their step, so that the weeks kept of
        somebody grow by the logarithm of the time; once with each new week."""
        now = self._week if self.latest is None else int(self.latest.timestamp()) // overview.WEEK
        if now <= self._week:
            return
        self._week, first = now, self.first_weeks()
        self._let_go(now, first)
        for series, rewards in list(self.rewards.items()):
            where = week_in(series.placement)
            if where is None or where.week > now - WEEKS_APART:
                continue
            for who in list(rewards.cells):
                known = where.week - first[who]
                begin = first[who] + (1 << step_of(known) >> 1)
                if begin != where.week:
                    cell = rewards.leave(who)
                    name = where._replace(week=begin).name
                    into = self.rewards.setdefault(series._replace(placement=name), Rewards())
                    into.join(who, cell or NOTHING)
            if not rewards.cells:
                del self.rewards[series]

    def _let_go(self, now: int, first: Mapping[str, int]) -> None:
        """Whoever was not bet on for two years leaves the weeks (of those brought together the last
        one counts); the lift keeps what they brought."""
        kept = set[str]()
        for week, rewards in self._weeks():
            steps = {who: step_of(week - first[who]) for who in rewards.cells}
            kept.update(who for who in steps if now - first[who] < (1 << steps[who]) + WEEKS_KEPT)
        for _, rewards in self._weeks():
            for who in rewards.cells.keys() - kept:
                rewards.leave(who)

    def forget(self, profile_id: str) -> None:
        """A person was erased: nothing is kept under the profile id."""
        self.left.discard(profile_id)
        for rewards in self.rewards.values():
            rewards.leave(profile_id)

    def calibrated(
        self, *, placements: Iterable[str], since_hour: int | None, raw: Literal["raw", "told"]
    ) -> Calibration:
        """How honest some placements were from an hour's day on, as told or as first thought."""
        names, first = set(placements), None if since_hour is None else since_hour // DAY_HOURS
        both = Calibration()
        for (placement, day), part in (self.raw if raw == "raw" else self.calibration).items():
            if placement in names and (first is None or day >= first):
                both = both.merge(part)
        return both

    def _settle(
        self, decision: Decision, before: Result | None, after: Result | None, pays: float | None
    ) -> None:
        where = overview.hour_of(decision)
        for result, count in ((before, self.tally.remove), (after, self.tally.add)):
            if result is not None:
                count(where, overview.settled(decision, result, pays))
        if not decision.learns:
            return
        self._calibrate(decision, before, after, pays or 1.0)
        self._compare(decision, before, after)
        self._reward(decision, before, after, pays or 0.0)

    def _calibrate(
        self, decision: Decision, before: Result | None, after: Result | None, pays: float
    ) -> None:
        """What was said of each choice: odds of winning, where the goal pays always the same."""
        if decision.holdout or decision.silence is not None:
            return
        day = overview.hour_of(decision).number // DAY_HOURS
        calibration = self.calibration.setdefault((decision.placement, day), Calibration())
        raw = self.raw.setdefault((decision.placement, day), Calibration())
        for choice in decision.choices:
            if choice.item_id is None:
                continue
            said = choice.expected_reward / pays
            meant = said if choice.raw_reward is None else choice.raw_reward / pays
            won = after.rewards.get(choice.slot, 0.0) / pays if after is not None else 0.0
            if before is None:
                calibration.add(said, won)
                raw.add(meant, won)
            else:
                change = won - before.rewards.get(choice.slot, 0.0) / pays
                calibration.correct(said, change)
                raw.correct(meant, change)

    def _compare(self, decision: Decision, before: Result | None, after: Result | None) -> None:
        """What its tactics brought, and what a shadow would have made of it."""
        where = decision.placement, decision.goal or "", decision.replayed
        tactics = self.tactics.setdefault(where, Tactics())
        for result, way in ((before, -1), (after, 1)):
            for one in seen_in(decision, result) if result is not None else ():
                tactics.add(one, way)
        if decision.shadow is None or decision.holdout:
            return
        shadow = decision.shadow
        name = decision.placement, shadow.policy, shadow.risk_appetite, shadow.levels
        fold = self.shadows.setdefault(name, OffPolicy())
        for result, sign in ((before, -1.0), (after, 1.0)):
            if result is not None:
                seen = seen_of(decision, result)
                if seen is not None:
                    fold.add(seen, sign)

    def _further(self, logged: LoggedDecision, since: int, *, placed: bool) -> None:
        """What a bet brought of its further goals, as far as it is known: both groups alike."""
        decision = logged.decision
        who = decision.profile_id
        counted = decision.learns and decision.silence is None and decision.identity
        if not decision.goals or who in self.left or not counted:
            return
        group: Literal["bet", "holdout"] = "holdout" if decision.holdout else "bet"
        for goal in (one.goal for one in decision.goals if one.goal != decision.goal):
            gained = [(one.sequence, one.values.get(goal, 0.0)) for one in logged.outcomes]
            after = sum(value for _, value in gained)
            before = sum(value for sequence, value in gained if sequence <= since)
            if placed or before != after:
                series = Series(worth_of(goal, decision.placement), group, decision.replayed)
                rewards = self.rewards.setdefault(series, Rewards())
                if not placed:
                    rewards.remove(who, before, won=before != 0.0)
                rewards.add(who, after, won=after != 0.0)

    def _reward(
        self, decision: Decision, before: Result | None, after: Result | None, pays: float
    ) -> None:
        who = decision.profile_id
        if who in self.left or not decision.identity:  # nobody, who cannot come back
            return
        if decision.silence not in (None, BETTER_LEFT_ALONE):  # of both groups; counted by rule
            return
        for series in _trials(decision):
            self._count(series, who, before, after)
        group: Literal["bet", "holdout"] = "holdout" if decision.holdout else "bet"
        inside = [about(one.use_case, decision.placement, "inside") for one in decision.use_cases]
        outside = [about(name, decision.placement, "elsewhere") for name in decision.beside]
        for placement in (decision.placement, ALL, *inside, *outside):
            self._count(Series(placement, group, decision.replayed), who, before, after)
        week = int(decision.at.timestamp()) // overview.WEEK
        name = Week(decision.placement, decision.goal or "", week).name
        rewards = self.rewards.setdefault(Series(name, group, decision.replayed), Rewards())
        odds = 0.0 if decision.holdout or not pays else overview.odds(decision, pays)
        if before is not None:
            rewards.remove(who, odds, won=before.won)
        if after is not None:
            rewards.add(who, odds, won=after.won)

    def _count(
        self, series: Series, who: str, before: Result | None, after: Result | None
    ) -> None:  # fmt: skip
        rewards = self.rewards.setdefault(series, Rewards())
        if before is not None:
            rewards.remove(who, before.reward, won=before.won)
        if after is not None:
            rewards.add(who, after.reward, won=after.won)


def _trials(decision: Decision) -> list[Series]:
    """A level drawn by chance is compared with the next below and the next above it."""
    trial, found = decision.level_trial, []
    if trial is not None:
        for lower, upper in pairwise(trial.among):
            pair = above(upper, lower, decision.placement)
            if trial.drawn == upper:
                found.append(Series(pair, "bet", decision.replayed))
            elif trial.drawn == lower:
                found.append(Series(pair, "holdout", decision.replayed))
    return found


FORMAT = 10  # grows when what is kept changes: an older checkpoint is then read from the log again


class _Kept(msgspec.Struct, kw_only=True):
    format: int = FORMAT
    cursor: int
    live: bool
    latest: datetime | None
    tally: dict[overview.Hour, overview.Facts]
    calibration: list[tuple[str, int, dict[int | None, tuple[int, float, float]]]]
    raw: list[tuple[str, int, dict[int | None, tuple[int, float, float]]]]
    rewards: list[tuple[Series, dict[str, Cell]]]
    shadows: list[tuple[tuple[str, str, float, tuple[str, ...]], OffPolicy]]
    tactics: list[tuple[tuple[str, str, bool], dict[str, Sums], dict[str, Days]]]
    open: set[str]
    left: set[str]


def pack(book: Book) -> bytes:
    """The book as bytes, to be kept as a checkpoint."""
    kept = _Kept(
        cursor=book.cursor,
        live=book.live,
        latest=book.latest,
        tally=book.tally.hours,
        calibration=[(*where, fold.bins) for where, fold in book.calibration.items()],
        raw=[(*where, fold.bins) for where, fold in book.raw.items()],
        rewards=[(series, fold.cells) for series, fold in book.rewards.items()],
        shadows=list(book.shadows.items()),
        tactics=[(where, fold.sums, fold.days) for where, fold in book.tactics.items()],
        open=book.open,
        left=book.left,
    )
    return msgspec.msgpack.encode(kept)


def unpack(body: bytes) -> Book | None:
    """The book that `pack` wrote; None if it was written in another format."""
    try:
        kept = msgspec.msgpack.decode(body, type=_Kept)
    except msgspec.ValidationError:
        return None
    if kept.format != FORMAT:
        return None
    book = Book()
    book.cursor, book.live, book.latest = kept.cursor, kept.live, kept.latest
    book.tally.hours = kept.tally
    for kind, folds in ((book.calibration, kept.calibration), (book.raw, kept.raw)):
        for placement, day, bins in folds:
            kind.setdefault((placement, day), Calibration()).bins = bins
    book.rewards = {series: Rewards(cells.items()) for series, cells in kept.rewards}
    book.shadows = dict(kept.shadows)
    for where, sums, days in kept.tactics:
        tactics = book.tactics.setdefault(where, Tactics())
        tactics.sums, tactics.days = sums, days
    book.open, book.left = kept.open, kept.left
    return book
