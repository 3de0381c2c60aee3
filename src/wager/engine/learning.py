"""What came in is folded into what will be bet next: learn, publish a new snapshot."""

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic

import msgspec
import numpy as np
from msgspec.structs import replace

from wager.decide.candidates import gather
from wager.decide.eligibility import why_not
from wager.decide.features import FEATURES, WIDTH, rows
from wager.decide.ladder import evidence
from wager.domain.alarms import Alarm
from wager.domain.asking import Ask
from wager.domain.decisions import LoggedDecision
from wager.domain.events import ORDERED, StoredEvent
from wager.domain.models import Snapshot
from wager.domain.profiles import Profile
from wager.domain.taste import Taste
from wager.engine import relating
from wager.engine.belonging import followed
from wager.engine.capping import give_back
from wager.engine.fitting import Fitting
from wager.engine.goals import further_goal, own_goal
from wager.engine.history import ENOUGH, OTHERWISE, Lines
from wager.engine.judging import Judging
from wager.engine.live import Live
from wager.engine.relating import Related
from wager.engine.retraining import Retraining
from wager.engine.sparing import Sparing
from wager.learn.attribution import CLICK
from wager.learn.popularity import HALF_LIFE_DAYS, KEPT, Crowd, actions
from wager.learn.rewards import Rewards, pack, unpack
from wager.stats.decay import half_lives, weigh, weight_now
from wager.stores.base import DecisionQuery, EventQuery

PAGE = 2000
REPLAY_GRACE = timedelta(seconds=1)
DOUBTED_BASKETS = 20.0
CHOICES_TO_RELATE = 500  # clicks, likes and views, where hardly anything is bought
LOOK_SECONDS = 30.0


class Kept(msgspec.Struct):
    """The checkpoint: what was folded up to which place in the logs."""

    events: int = 0
    decisions: int = 0
    version: int = 0
    orders: int = 0
    orders_related: int = 0
    choices: int = 0
    choices_related: int = 0
    latest: datetime | None = None
    crowds: dict[str, Crowd] = {}
    rewards: dict[str, bytes] = {}
    sparing: bytes = b""
    judging: Judging = msgspec.field(default_factory=Judging)
    retraining: Retraining = msgspec.field(default_factory=Retraining)
    features: tuple[str, ...] = FEATURES
    goals: dict[str, str] = {}  # of each placement the goal by which its own fold has learnt


class Learning:
    """Folds events and rewards, and settles what is over; restarts where its checkpoint ended."""

    def __init__(self, live: Live, regroup: Callable[[], int] = lambda: 0) -> None:
        self.live = live
        self._regroup = regroup
        self._mutex = threading.RLock()
        self._kept = Kept()
        self._caught_up = False
        self._rewards: dict[str, Rewards] = {}
        self._sparing = Sparing()
        self._fitting = Fitting(live)
        self._related = Related()
        self._saved_at = monotonic()
        self._looked: tuple[int, float, Sequence[Alarm]] | None = None
        self._crowd: tuple[int, Snapshot] | None = None  # up to which event
        self._load()
        self.publish()

    def _load(self) -> None:
        found = self.live.stores.models.latest("learnt")
        if found is not None:
            kept = msgspec.msgpack.decode(found[1], type=Kept)
            if kept.features == FEATURES:
                self._kept = kept
                self._sparing = Sparing(kept.sparing)
                self._rewards = {name: unpack(body, WIDTH) for name, body in kept.rewards.items()}
        self._related = relating.kept(self.live.stores.models)
        self.live.take_cycles(self._related.cycles, self._related.repeats)

    def learn(self, now: datetime | None = None) -> dict[str, int | str]:
        """Fold new events, settle what has passed, fold rewards, publish a new snapshot."""
        with self._mutex:
            at = now or self.live.now()
            if self.live.segments_changed:
                self.live.segments_changed = False
                self._regroup()
            moved = self._follow_goals()
            events = self._fold_events()
            lost = self._settle_lost(at)
            bets = self._fold_rewards()
            self._kept.judging.settle(at, self._kept.latest)
            kept = self._kept
            faded = kept.retraining.step(self._alarms(), kept.judging, self._rewards, at)
            if events or bets or faded or moved:
                kept.version += 1
                self.publish()
            if monotonic() - self._saved_at > self.live.settings.checkpoint_seconds:
                self.checkpoint()
            return {"events": events, "bets": bets, "lost": lost, "version": self.version}

    @property
    def version(self) -> str:
        return f"m{self._kept.version}"

    def _fold_events(self) -> int:
        count = 0
        while page := self._new_events():
            for stored in page:
                self._fold_event(stored)
            count += len(page)
            self._kept.events = page[-1].sequence
        return count

    def _new_events(self) -> Sequence[StoredEvent]:
        """What follows in the log: from memory, if that reaches back to what was folded last."""
        found = self.live.recent.after(self._kept.events) if self._caught_up else None
        if found is None:
            found = self.live.stores.events.read(EventQuery(after=self._kept.events, limit=PAGE))
            self._caught_up = len(found) < PAGE
        return found

    def _fold_event(self, stored: StoredEvent) -> None:
        event = stored.event
        if self._kept.latest is None or event.at > self._kept.latest:
            self._kept.latest = event.at
        if "learning" in event.refused:
            return
        self._kept.orders += event.name == ORDERED
        self._kept.choices += event.name in OTHERWISE
        names, weight = actions(event)
        if not names:
            return
        profile = followed(self.live.stores, stored.profile_id)
        at = half_lives(event.at.timestamp(), HALF_LIFE_DAYS)
        for group in ("", *(profile.segments if profile is not None else ())):
            crowd = self._kept.crowds.setdefault(group, Crowd())
            crowd.add(names, weight * weigh(crowd, at))

    def _settle_lost(self, now: datetime) -> int:
        """Windows that have passed: by the clock for live bets, by the events' time in a replay."""
        count = self._lost_before(now, replayed=False)
        if self._kept.latest is not None:
            count += self._lost_before(self._kept.latest - REPLAY_GRACE, replayed=True)
        return count

    def _lost_before(self, due: datetime, *, replayed: bool) -> int:
        stores, count = self.live.stores, 0
        query = DecisionQuery(state="open", due_before=due, replayed=replayed, limit=500)
        while True:
            with stores.transaction():
                bets = stores.decisions.list(query).decisions
                settled = [(bet.decision.decision_id, "lost", 0.0, due) for bet in bets]
                give_back(stores.ledger, self.live.caps, bets)
                self.live.grants.give_back(bets)
                if settled:
                    stores.decisions.reward((), settled)
            count += len(bets)
            if len(bets) < 500:
                return count

    def _follow_goals(self) -> bool:
        """Where a placement is for another goal now, what was learnt by the old one is laid aside
        as that of a further goal, and what is known of the new one takes its place."""
        moved = False
        for name, placement in self.live.placements.items():
            goal = own_goal(placement)
            before = self._kept.goals.setdefault(name, goal)
            if before == goal:
                continue
            aside, known = further_goal(name, before), further_goal(name, goal)
            for old, new in ((name, aside), (known, name)):
                self._fitting.forget(old, new)
                if (fold := self._rewards.pop(old, None)) is not None:
                    self._rewards[new] = fold
            self._kept.goals[name] = goal
            self._kept.judging.begin_anew(name)
            self._kept.retraining.placements.pop(name, None)
            moved = True
        return moved

    def _fold(self, placement: str, goal: str | None) -> Rewards:
        """What learns a placement's rewards by a goal."""
        own = self._kept.goals.setdefault(placement, goal or CLICK.name)
        name = placement if goal in (None, own) else further_goal(placement, goal)
        return self._rewards.get(name) or self._rewards.setdefault(name, Rewards(WIDTH))

    def _fold_rewards(self) -> int:
        """Drain the log of bets. One that changes meanwhile may come twice: `read_at` says up to
        where it was folded; for all others that is the cursor at the beginning."""
        beginning, count = self._kept.decisions, 0
        read_at: dict[str, int] = {}
        while True:
            page, cursor = self.live.stores.decisions.rewarded(self._kept.decisions, PAGE)
            for logged in page:
                decision = logged.decision
                if decision.feature_names[:WIDTH] == FEATURES:
                    fold = self._fold(decision.placement, decision.goal)
                    since = read_at.get(decision.decision_id, beginning)
                    count += fold.add(logged, after=since, shares=self._fitting.shares)
                    self._fold_further(logged, since)
                since = read_at.get(decision.decision_id, beginning)
                self._sparing.take(logged, self.live.placements, since=since)
                if decision.goal in (None, self._kept.goals.get(decision.placement)):
                    self._kept.judging.take(logged, since=since, goals=self.live.goals)
                else:
                    self._kept.judging.leave(decision.decision_id)
                read_at[decision.decision_id] = cursor
            self._kept.decisions = cursor
            if len(page) < PAGE:
                return count

    def _fold_further(self, logged: LoggedDecision, since: int) -> None:
        """Each further goal of a bet is learnt apart."""
        decision = logged.decision
        for one in decision.goals:
            if one.goal != decision.goal:
                fold = self._fold(decision.placement, one.goal)
                fold.add(logged, after=since, goal=one.goal, shares=self._fitting.shares)

    def _alarms(self) -> Sequence[Alarm]:
        """Looked for in every new hour of bets, and every 30 seconds: it takes milliseconds."""
        hour, now = self._kept.judging.newest_hour, monotonic()
        if self._looked is None or self._looked[0] != hour or now - self._looked[1] > LOOK_SECONDS:
            self._looked = hour, now, self._kept.judging.alarms()
        return self._looked[2]

    def publish(self) -> None:
        """Hand a new snapshot to deciding."""
        if self._crowd is None or self._crowd[0] != self._kept.events:
            self._crowd = self._kept.events, self._of_the_crowd()
        alarms = self._kept.retraining.said(self._alarms())
        self.live.snapshot = dataclasses.replace(
            self._crowd[1],
            version=self.version,
            alarms=alarms,
            cautious=frozenset(one.placement for one in alarms if one.fallback),
            also_bought=self._related.also_bought,
            hedges=self._kept.judging.trusting.trusts(),
            harmed=self._sparing.harmed(self.live.now()),
            taste=self._related.taste,
            payoffs={
                name: self._kept.judging.put_right(name, self._fitting.payoffs(name, fold))
                for name, fold in self._rewards.items()
            },
        )

    def _of_the_crowd(self) -> Snapshot:
        """What is popular: it is the same until there are new events."""
        crowds = self._kept.crowds
        everybody = crowds.get("", Crowd())
        latest = self._kept.latest
        now = half_lives(latest.timestamp(), HALF_LIFE_DAYS) if latest is not None else 0.0
        doubts = {name: DOUBTED_BASKETS * weight_now(crowd, now) for name, crowd in crowds.items()}
        doubt = doubts.pop("", DOUBTED_BASKETS)
        return Snapshot(
            version=self.version,
            baskets=DOUBTED_BASKETS * everybody.baskets / doubt,
            popular=everybody.shares(KEPT, doubt),
            rates=everybody.rates(doubt),
            popular_in={name: crowds[name].shares(60, each) for name, each in doubts.items()},
            rates_in={name: crowds[name].rates(each) for name, each in doubts.items()},
        )

    def checkpoint(self) -> None:
        """Keep what was folded, so that a restart goes on from here."""
        with self._mutex:
            self._kept.sparing = self._sparing.packed()
            self._kept.rewards = {name: pack(fold) for name, fold in self._rewards.items()}
            for crowd in self._kept.crowds.values():
                crowd.best()
            body = msgspec.msgpack.encode(self._kept)
            with self.live.stores.transaction():
                self.live.stores.models.put("learnt", self.version, body)
            self._saved_at = monotonic()

    # ---- from the whole history

    def rehearse(
        self, profile: Profile, placement: str, *, at: datetime, zone: str, bought: set[str]
    ) -> int:
        """Learn from a basket what a bet just before it would have been worth.

        Every candidate's outcome is known (it was in the basket or not), so nothing is biased by
        what was shown. `profile` is as it was before the basket; how many candidates were learnt.
        """
        ask = Ask(
            placement=self.live.placements[placement],
            profile=profile,
            now=at,
            local=at.astimezone(self.live.zone(zone)),
            snapshot=self.live.snapshot,
            shelf=self.live.shelf,
            segments=profile.segments,
            held=self.live.standing(profile, at).held,
        )
        ask = replace(ask, level=evidence(ask, refused=False, words=False).level)
        with self._mutex:
            who = self.live.standing(profile, at)
            origins = gather(ask, who, (), lambda name: why_not(ask, name)).kept
            if not origins:
                return 0
            x = rows(ask, who, list(origins.items()))
            y = np.array([float(name in bought) for name in origins])
            self._rewards.setdefault(placement, Rewards(WIDTH)).observe(x, y)
            return len(y)

    @property
    def outgrown(self) -> bool:
        """Whether a tenth more orders came than also-bought was worked out from, or choices where
        hardly anything is bought."""
        kept = self._kept
        if kept.orders >= ENOUGH:
            return kept.orders > max(ENOUGH, 1.1 * kept.orders_related)
        return kept.choices > max(CHOICES_TO_RELATE, 1.1 * kept.choices_related)

    def rebuild(
        self,
        also_bought: Callable[[Lines], object],
        taste: Callable[[Lines], Taste] = lambda _: Taste(),
    ) -> int:
        """Work out also-bought and taste over the whole history by the given batches; how many
        items have neighbours."""
        live = self.live
        found = relating.related(live.stores.events, live.items, also_bought, taste)
        with self._mutex:
            self._related = found
            self._kept.orders_related = self._kept.orders
            self._kept.choices_related = self._kept.choices
            with live.stores.transaction():
                relating.keep(live.stores.models, self.version, found)
            self._kept.version += 1
            self.publish()
            live.take_cycles(found.cycles, found.repeats)
        return len(found.also_bought)

    def forget(self, profile_ids: Iterable[str]) -> None:
        """What was learnt of these people alone is gone, from both checkpoints that are kept."""
        with self._mutex:
            for one in profile_ids:
                for fold in self._rewards.values():
                    fold.cells.people.pop(one, None)
                self._sparing.forget(one)
            self.live.recent.clear()
            self._caught_up = False
            self.checkpoint()
            self._kept.version += 1
            self.publish()
            self.checkpoint()

    def status(self) -> dict[str, object]:
        """What has been learnt so far, in counts."""
        with self._mutex:
            return {
                "version": self.version,
                "eventsFolded": self._kept.events,
                "crowds": {
                    name or "everybody": len(c.items) for name, c in self._kept.crowds.items()
                },
                "alsoBought": len(self._related.also_bought),
                "forgetting": sorted(self._kept.retraining.placements),
                "cycles": dict(Counter(one[0] for one in self.live.kinship.learnt.of.values())),
                "placements": {
                    name: {"observations": fold.regression.count, "items": len(fold.moments.rows)}
                    for name, fold in self._rewards.items()
                },
            }
