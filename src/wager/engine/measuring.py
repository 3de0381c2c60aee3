"""The reports: what changed in the log of bets is folded, then the figures are read off."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from wager.decide.diversity import diversity
from wager.domain.alarms import Alarm
from wager.domain.definitions import Goal, Placement, UseCase
from wager.domain.models import Trust
from wager.domain.restraints import RegretBudget, SegmentRisk
from wager.engine import budgets, winning
from wager.engine.curbing import curbs_of
from wager.engine.inventory import stock_of
from wager.engine.live import Live
from wager.engine.segmenting import segments_of
from wager.engine.winning import winners_of
from wager.errors import BadInput, UnknownName, WagerError
from wager.learn.attribution import CLICK
from wager.measure import overview
from wager.measure.book import FORMAT, Book, pack, unpack
from wager.measure.journey import journey_of
from wager.measure.proof import tactics_of
from wager.measure.reports import (
    Asked,
    Report,
    calibration_of,
    levels_of,
    lift_of,
    most,
    overview_of,
    shadow_of,
    stakeholders_of,
    tradeoffs_of,
)
from wager.measure.variety import variety
from wager.stores.base import EventQuery, ProfileQuery

MODEL = "measured"
PAGE = 2000
SAVED_AFTER = 10_000  # bets with news
CHECKED_AT_ONCE = 50  # profiles looked up for merges and erasures with each report
QUARANTINE_SHOWN = 1000
SAMPLED, SAMPLE_PAGE = 1000, 250  # profiles that the diversity is read of
LOOKED_AFTER = timedelta(minutes=1)
HOURS_LIMIT = 24 * 3660.0
LEDGER_NOTE = (
    "A bet is a slot in which something else than the safe choice was shown. `staked` is what the "
    "safe choice was expected to bring there, `profit` what settled bets brought beyond that: what "
    "they caused is in the lift over the held-out."
)
HEDGE_NOTE = (
    "A regret budget is spent in hundredths: `spent` may be that much more than bets have cost. A "
    "`winner` surely brings more than the default in the first slot, whoever it is shown to; it "
    "becomes the default where the team says so."
)


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """How the process does that serves the engine; a server hands them in."""

    queue: int = 0
    latency_ms: Mapping[str, float] = {}


class Measuring:
    """Answers `report(name)`; reads only what changed in the log of bets since the last time.

    What was folded is kept as the model "measured" after every 10,000 bets with news and when the
    engine closes, so that a restart reads the rest of the log only.
    """

    def __init__(self, live: Live, vitals: Callable[[], Vitals] = Vitals) -> None:
        self.live = live
        self.vitals = vitals
        self._mutex = threading.Lock()
        self._book = self._load()
        self._unsaved = 0
        self._unchecked: list[str] = []
        self._curbed_at: datetime | None = None
        self._curb()
        self._reports: Mapping[str, Callable[[Asked], Report]] = {
            "overview": self._overview,
            "lift": lambda asked: lift_of(self._book, asked),
            "calibration": self._calibration,
            "stakeholders": self._stakeholders,
            "tradeoffs": lambda asked: tradeoffs_of(self._book, asked),
            "levels": lambda asked: levels_of(self._book, asked),
            "health": self._health,
            "shadow": lambda asked: shadow_of(self._book, asked),
            "diversity": self._diversity,
            "tactics": self._tactics,
            "journey": lambda asked: journey_of(self._book, asked),
            "hedge": self._hedge,
            "stock": lambda asked: stock_of(self.live, self.live.now()),
            "segments": lambda asked: segments_of(self.live),
            "ledger": self._ledger,
            "tags": lambda asked: self.live.tagging.report(asked.placement),
        }

    def report(self, name: str, **filters: object) -> Report:
        """One report; `placement` and `hours` (back from now) narrow it where that makes sense."""
        if name not in self._reports:
            raise UnknownName("report", name, self._reports)
        with self._mutex:
            self._refresh()
            self._check_people()
            return self._reports[name](self._asked(filters))

    def refresh(self) -> int:
        """Fold what changed in the log of bets; how many bets brought news."""
        with self._mutex:
            return self._refresh()

    def keep_up(self) -> None:
        """Look again, once a minute at most, at which tactics are to be held down, where a
        placement asks for it (`tacticCap`); the first look reads the whole log of bets."""
        now, asked = self.live.now(), (one.tactic_cap for one in self.live.placements.values())
        if any(one is not None for one in asked) and (
            self._curbed_at is None or now - self._curbed_at >= LOOKED_AFTER
        ):
            self.refresh()
            self._curbed_at = now

    def forget(self, profile_ids: Iterable[str]) -> None:
        """People were erased: nothing stays under their ids, not in the checkpoint either."""
        with self._mutex:
            self._refresh()
            for one in profile_ids:
                self._book.forget(one)
            self._save(f"{FORMAT} before")  # a store keeps two: the other may be of another format
            self._save()

    def checkpoint(self) -> None:
        """Keep what was folded, so that a restart goes on from here."""
        with self._mutex:
            if self._unsaved:
                self._save()

    def _load(self) -> Book:
        kept = self.live.stores.models.latest(MODEL)
        return (unpack(kept[1]) if kept is not None else None) or Book()

    def _save(self, version: str = str(FORMAT)) -> None:
        with self.live.stores.transaction():
            self.live.stores.models.put(MODEL, version, pack(self._book))
        self._unsaved = 0

    def _asked(self, filters: Mapping[str, object]) -> Asked:
        for name in filters:
            if name not in ("placement", "hours"):
                raise BadInput(f"reports have no filter {name!r}; they have: placement, hours")
        placement, hours = filters.get("placement") or None, filters.get("hours")
        known = {*self.live.placements, *self._book.placements()}
        if placement is not None and placement not in known:
            raise UnknownName("placement", str(placement), known)
        since = None
        if hours not in (None, ""):
            since = self._now() - timedelta(hours=_hours(hours))
        return Asked(placement=None if placement is None else str(placement), since=since)

    def _now(self) -> datetime:
        """The clock's moment; where there are only replayed bets, that of the newest one."""
        return self.live.now() if self._book.live else self._book.latest or self.live.now()

    def _refresh(self) -> int:
        """Read the log to its end. What fails half-way is begun again from what was kept."""
        try:
            changed = self._drain()
        except WagerError:
            self._book = self._load()
            raise
        self._curb()
        self._unsaved += changed
        if self._unsaved >= SAVED_AFTER:
            self._save()
        return changed

    def _curb(self) -> None:
        placements, tactics = self.live.placements, self._book.tactics
        self.live.curbs = curbs_of(placements, tactics, self.live.now())
        self.live.winners = winners_of(placements, tactics)

    def _drain(self) -> int:
        """A bet that changes meanwhile may come twice: `read_at` says up to where it was read
        before; for all others that is the cursor at the beginning."""
        worth = {name: _worth(goal) for name, goal in self.live.goals.items()}
        beginning, changed = self._book.cursor, 0
        read_at: dict[str, int] = {}
        while True:
            page, cursor = self.live.stores.decisions.rewarded(self._book.cursor, PAGE)
            for logged in page:
                name = logged.decision.decision_id
                since = read_at.get(name, beginning)
                changed += self._book.take(logged, since=since, worth=worth)
                read_at[name] = cursor
            self._book.cursor = cursor
            if len(page) < PAGE:
                self._book.fold_weeks()
                return changed

    def _check_people(self) -> None:
        """Follow merges and erasures, some profiles at a time, everybody in turn."""
        if not self._unchecked:
            self._unchecked = sorted(self._book.people())
        for _ in range(min(CHECKED_AT_ONCE, len(self._unchecked))):
            self._check(self._unchecked.pop())

    def _check(self, profile_id: str) -> None:
        profile = self.live.stores.profiles.get(profile_id)
        if profile is None:
            self._book.forget(profile_id)
        elif profile.merged_into is not None:
            self._book.become(profile_id, profile.merged_into)
            self._check(profile.merged_into)
        elif profile.merged_from:
            self._book.leave(profile_id)

    def _overview(self, asked: Asked) -> Report:
        newest = self.live.stores.events.read(EventQuery(newest_first=True, limit=1))
        return {
            **overview_of(self._book, asked),
            "people": self.live.stores.profiles.count().get("", 0),
            "items": len(self.live.items),
            "events": newest[0].sequence if newest else 0,
            "alarms": [one for one in self._alarms(asked) if one.over_at is None],
        }

    def _alarms(self, asked: Asked) -> list[Alarm]:
        """Drifts, of one placement or all; the latest last."""
        found = self.live.snapshot.alarms
        return [one for one in found if asked.placement in (None, one.placement)]

    def _calibration(self, asked: Asked) -> Report:
        comparable = {
            name: _worth(self.live.goals.get(placement.goal or CLICK.name, CLICK)) is not None
            for name, placement in self.live.placements.items()
        }
        return calibration_of(self._book, asked, comparable)

    def _tactics(self, asked: Asked) -> Report:
        placements = self.live.placements
        capped = {
            (name, placements[name].goal or CLICK.name): curb.ages
            for name, curb in self.live.curbs.items()
        }
        return tactics_of(self._book, asked, capped)

    def _stakeholders(self, asked: Asked) -> Report:
        owners = {name: goal.owner for name, goal in self.live.goals.items()}
        return stakeholders_of(self._book, asked, owners)

    def _diversity(self, asked: Asked) -> Report:
        """Of the first thousand people by profile id, which is drawn by chance."""
        now, found, sampled, after = self._now(), [], 0, ""
        while sampled < SAMPLED:
            page = self.live.stores.profiles.list(ProfileQuery(after=after, limit=SAMPLE_PAGE))
            for profile in page:
                shown = diversity(profile.exposures, self.live.shelf, now)
                if shown is not None:
                    found.append((shown.entropy, shown.repetition, shown.novelty))
            sampled += len(page)
            if len(page) < SAMPLE_PAGE:
                break
            after = page[-1].profile_id
        floors = {
            name: placement.diversity_floor
            for name, placement in self.live.placements.items()
            if placement.diversity_floor and asked.placement in (None, name)
        }
        return variety(found, sampled, floors)

    def _hedge(self, asked: Asked) -> Report:
        """Of the placements that hold their bets back: by what, and what learning has cost."""
        placements = {
            name: held
            for name, one in self.live.placements.items()
            if asked.placement in (None, name) and (held := self._held_back(one))
        }
        return {"placements": placements, "note": HEDGE_NOTE}

    def _ledger(self, asked: Asked) -> Report:
        """Who placed which bets, and what came of them."""
        stored = (one.definition for one in self.live.stores.definitions.list("usecases"))
        owners = {one.name: one.owner for one in stored if isinstance(one, UseCase)}
        goals = self.live.goals
        owner_of = {
            name: goals[goal].owner
            for name, placement in self.live.placements.items()
            if (goal := placement.goal or CLICK.name) in goals
        }
        part = self._book.tally.select(since=asked.since, placement=asked.placement)
        return {"bettors": overview.ledger(part, owners, owner_of), "note": LEDGER_NOTE}

    def _held_back(self, placement: Placement) -> Report:
        report: Report = {}
        if placement.least_gain:
            report["leastGain"] = placement.least_gain
        if (trust := self.live.snapshot.hedges.get(placement.name)) is not None:
            learnt = {name: _trusted(one) for name, one in trust.segments.items()}
            report["learnt"] = _trusted(trust) | ({"bySegment": learnt} if learnt else {})
        if (winner := winning.of(self.live, placement)) is not None:
            report["winner"] = {
                "itemId": winner.item_id,
                "instead": winner.default,
                "gain": winner.gain,
                "compared": winner.compared,
            }
        if (budget := placement.regret_budget) is not None:
            report["regretBudget"] = self._spent(placement.name, None, budget)
        if placement.risk_by_segment:
            report["bySegment"] = {
                one.segment: self._risk(placement.name, one) for one in placement.risk_by_segment
            }
        return report

    def _risk(self, placement: str, own: SegmentRisk) -> Report:
        """What is otherwise for a segment, with what is spent of its own budget."""
        said: Report = {"riskAppetite": own.risk_appetite, "leastGain": own.least_gain}
        if own.regret_budget is not None:
            said["regretBudget"] = self._spent(placement, own.segment, own.regret_budget)
        return {name: value for name, value in said.items() if value is not None}

    def _spent(self, placement: str, segment: str | None, budget: RegretBudget) -> Report:
        return self.live.budgets.report(budgets.key(placement, segment), budget, self._now())

    def _health(self, asked: Asked) -> Report:
        part = self._book.tally.select(since=asked.since, placement=asked.placement).total()
        vitals = self.vitals()
        waiting = len(self.live.stores.quarantine.list(limit=QUARANTINE_SHOWN))
        return {
            "store": re.sub(r"//[^@/]*@", "//", self.live.stores.url),
            "queue": vitals.queue,
            "latencyMs": dict(vitals.latency_ms),
            "quarantine": waiting,
            "alarms": self._alarms(asked),
            "levels": {level: int(n) for level, n in overview.of(part, "bets").items()},
            "stepDowns": most(overview.of(part, "step")),
            "dropped": most(overview.of(part, "dropped")),
            "conditionErrors": dict(self.live.condition_errors),
        }


def _trusted(trust: Trust) -> Report:
    return {
        "share": trust.share,
        "real": trust.real,
        "standardError": trust.error,
        "choices": int(trust.choices),
    }


def _worth(goal: Goal) -> float | None:
    """What one win pays; None where each pays its own."""
    return None if isinstance(goal.value, str) else float(goal.value)


def _hours(value: object) -> float:
    try:
        hours = float(str(value))
    except ValueError:
        hours = 0.0
    if not 0.0 < hours <= HOURS_LIMIT:
        raise BadInput(
            f"`hours` is {value!r}; it needs a number above 0, at most {HOURS_LIMIT:.0f}"
        )
    return hours
