"""The way of a decision: load who and what, bet, log the bet, answer when it is durable."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from wager.collect.claims import identifier
from wager.collect.consent import stated
from wager.collect.quality import FUTURE_TOLERANCE, Unreadable
from wager.collect.tokens import subject
from wager.decide.ladder import at_level, carried, evidence
from wager.decide.restraint import better_left_alone, discreet, silence
from wager.domain.asking import Ask
from wager.domain.decisions import DecideRequest, Decision, LevelTrial, LoggedDecision, Reason
from wager.domain.definitions import Level, Placement
from wager.domain.identity import Identity, Purpose
from wager.domain.profiles import Profile
from wager.domain.queues import Queue
from wager.engine.belonging import bound
from wager.engine.bets import Bet, logged
from wager.engine.betting import Bettor
from wager.engine.capping import Capping, running
from wager.engine.framing import device_of, framed, has_words, possible
from wager.engine.live import Live
from wager.engine.presence import Presence
from wager.errors import BadInput, Conflict, NotAllowed, NotFound, UnknownName
from wager.learn.attribution import CLICK
from wager.measure.assignment import left_alone
from wager.stats.draws import uniform
from wager.stores.base import DecisionPage, DecisionQuery

MAX_PLACEMENTS = 20
HELD_OUT = Reason(kind="holdout", text="held out, so that lift can be known")
SAFE_FOR_HELD_OUT = Reason(kind="holdout", text="held out: gets the safe choice")
ATTEMPTS = 3
OUTRUN = Reason(kind="capped", text="what was left was shown elsewhere at the same moment")
SAFE = Reason(kind="default", text="the safe choice")


class Deciding:
    """Answers what a person should see; every answer is logged with what it was decided on."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.bettor = Bettor(live)
        self.capping = Capping(live.stores, live.items)
        self._presence = Presence()

    def decide(
        self, request: DecideRequest, *, public: bool = False, refused: tuple[Purpose, ...] = ()
    ) -> tuple[list[Decision], "Future[None]"]:
        """One decision for each placement asked, no item twice; durable with the future."""
        placements = self._placements(request, public)
        ids = self._decision_ids(request, placements)
        with self.live.stores.transaction() as commit, self.live.budgets:
            now = request.at or self.live.now()  # in here, so that no later decision is before it
            profile, known = self._who(request, public, now)
            asker = bound(self.live.stores, profile) if profile.households else profile
            decisions: list[Decision] = []
            taken: frozenset[str] = frozenset()
            for placement, decision_id in zip(placements, ids, strict=True):
                decision = self._again(request, decision_id, placement)
                if decision is None:
                    ask = framed(self.live, request, placement, asker, now, taken)
                    decision = self._within_caps(request, ask, decision_id, refused)
                    if not request.preview:
                        self.live.stores.decisions.append(decision)
                        if request.at is None and decision.goal is not None:
                            self.live.pacing.placed(decision, self.live.goals.get(decision.goal))
                decisions.append(decision)
                taken |= {one.item_id for one in decision.choices if one.item_id is not None}
            if not known and not request.preview and (names := _identities(request)):
                self.live.stores.profiles.put(profile, names[:1])
        return decisions, commit.durable

    def forget(self, profile_ids: Iterable[str]) -> None:
        """People were erased: nothing that is kept in memory to decide by is theirs."""
        self.capping.forget(profile_ids)
        self._presence.forget(profile_ids)
        self.live.slates.forget(profile_ids)

    def get(self, decision_id: str) -> LoggedDecision:
        """The bet with what came of it."""
        logged = self.live.stores.decisions.get(decision_id)
        if logged is None:
            raise NotFound(
                f"no decision has the id {decision_id!r}; it may be older than the "
                f"{self.live.settings.decision_days} days that decisions are kept"
            )
        return logged

    def list(self, query: DecisionQuery) -> DecisionPage:
        """Bets, newest first."""
        return self.live.stores.decisions.list(query)

    def _placements(self, request: DecideRequest, public: bool) -> Sequence[Placement]:
        if (request.placement is None) == (request.placements is None):
            raise BadInput("name one `placement`, or several in `placements`, and not both")
        names = [request.placement] if request.placement is not None else request.placements or []
        if not 1 <= len(names) <= MAX_PLACEMENTS or len(set(names)) != len(names):
            raise BadInput(
                f"`placements` needs 1 to {MAX_PLACEMENTS} different names; got {len(names)}"
            )
        if public and (request.preview or request.at is not None):
            raise NotAllowed("`preview` and `at` need the secret key")
        known = self.live.placements
        for name in names:
            if name not in known:
                raise UnknownName("placement", name, known)
        if request.at is not None:
            self._may_be(request.at, preview=request.preview)
        return _as_one_page([known[name] for name in names])

    def _may_be(self, at: datetime, *, preview: bool) -> None:
        """A bet is placed by now: one of the future would never be settled, and would weigh more
        than all that was learnt."""
        at, now = possible(at), self.live.now()
        if not preview and at > now + FUTURE_TOLERANCE:
            raise BadInput(
                f"`at` is {at.isoformat()}, more than 5 minutes after now ({now.isoformat()}); "
                "ask with `preview: true` to look ahead"
            )

    def _who(self, request: DecideRequest, public: bool, now: datetime) -> tuple[Profile, bool]:
        """The profile asked about and whether it is stored; a new one where nobody is known."""
        names = _identities(request)
        if public and request.user_id is not None:
            self._check_token(request)
        found = self.live.stores.profiles.find(names) if names else {}
        for name in names:
            profile = self.live.stores.profiles.get(found[name]) if name in found else None
            while profile is not None and profile.merged_into is not None:
                profile = self.live.stores.profiles.get(profile.merged_into)
            if profile is not None:
                return profile, True
        made = Profile(
            profile_id=self.live.new_id(), created_at=now, updated_at=now, identities=names[:1]
        )
        return made, False

    def _check_token(self, request: DecideRequest) -> None:
        secret = self.live.signing_secret
        token = request.user_token or ""
        if secret is None or subject(token, secret, self.live.now()) != request.user_id:
            raise NotAllowed(
                "a public key may ask for a `userId` only with a valid `userToken`; "
                "ask for the `anonymousId` alone, or sign a token on your server"
            )

    def _again(
        self, request: DecideRequest, decision_id: str, placement: Placement
    ) -> Decision | None:
        """The decision that was logged under this id, if it was asked by the same identity."""
        if request.decision_id is None:
            return None
        logged = self.live.stores.decisions.get(decision_id)
        if logged is None:
            return None
        before = logged.decision
        asked = tuple(str(one) for one in _identities(request))
        if before.placement != placement.name or before.identity != asked:
            raise Conflict(
                f"decision {decision_id!r} was made for another identity or placement; "
                "send a new `decisionId`"
            )
        return before

    def _decision_ids(
        self, request: DecideRequest, placements: Sequence[Placement]
    ) -> Sequence[str]:
        """The caller's id for one placement, the id and the placement's name for several."""
        if request.decision_id is None:
            return [self.live.new_id() for _ in placements]
        if request.placement is not None:
            return [request.decision_id]
        return [f"{request.decision_id}:{placement.name}" for placement in placements]

    def _level_trial(self, ask: Ask, highest: Level, decision_id: str) -> LevelTrial | None:
        """A share of decisions is on a level drawn evenly among those that may be used."""
        key, share = self.live.draw_key, ask.placement.level_trial_share
        if not share or highest == "neutral" or uniform(key, decision_id, "level-trial") >= share:
            return None
        among = carried(ask, highest, words=has_words(self.live, ask.placement))
        row = int(uniform(key, decision_id, "level") * len(among))
        return LevelTrial(among[row], among)

    def _left_alone(self, ask: Ask) -> Reason | None:
        """Why it is better not to bet; some are bet on all the same, to see whether it still is."""
        why, placement = better_left_alone(ask), ask.placement
        key, who = self.live.holdout_key, ask.profile.profile_id
        if why is None or not left_alone(key, who, placement.name, placement.leave_alone_share):
            return None
        return why

    def _within_caps(
        self, request: DecideRequest, ask: Ask, decision_id: str, refused: tuple[Purpose, ...]
    ) -> Decision:
        """A decision of which the caps have counted what it shows.

        What was free a moment ago may be gone where several processes decide for one person: then
        it is decided again, and in the end nothing is shown.
        """
        caps = running(self.live.caps.get(ask.placement.name, ()), ask.now)
        grants = self.live.grants
        short = self.live.pacing.short(ask.timestamp) if request.at is None else {}
        if not caps and not grants.limited and not short:
            return self._decide(request, ask, decision_id, refused, silence(ask))
        for _ in range(ATTEMPTS):
            silent = silence(ask)
            if silent is None:
                limits = self.capping.limits(ask, caps)
                resting = {**short, **limits.resting, **grants.gone(ask)}
                ask = replace(ask, resting=resting, rooms=limits.rooms, full=limits.full)
                silent = limits.silence
            decision = self._decide(request, ask, decision_id, refused, silent)
            granted = request.preview or request.at is not None or grants.take(ask, decision)
            if request.preview or (granted and self.capping.take(ask, caps, decision)):
                return decision
        return self._decide(request, ask, decision_id, refused, OUTRUN)

    def _decide(
        self, request: DecideRequest, ask: Ask, decision_id: str, refused: tuple[Purpose, ...],
        silent: Reason | None,
    ) -> Decision:  # fmt: skip
        placement, whole = ask.placement, ask
        said_no = {*refused, *ask.profile.refused, *_refused(request.context)}
        seen = self._presence.doubt(ask, device_of(request))
        no, words = "personalization" in said_no, has_words(self.live, placement)
        step = evidence(ask, refused=no, words=words, doubt=seen.doubt)
        holdout = self.live.is_held_out(ask.profile, placement)
        if silent is None and placement.leave_alone_share and not holdout:
            silent = self._left_alone(ask)
        level = "neutral" if holdout or silent is not None else step.level
        trial = self._level_trial(ask, level, decision_id)
        level = level if trial is None else trial.drawn
        ask = self._presence.as_theirs(at_level(ask, level), seen.odds)
        line = self.live.slates.queue(ask, refused=no)
        if silent is None and (full := self.live.slates.silence(ask, line)) is not None:
            return self._decide(request, whole, decision_id, refused, full)
        instead = silent or (HELD_OUT if holdout else None)
        bet = self._bet(ask, decision_id, line, instead, preview=request.preview)
        down = (HELD_OUT,) if holdout else step.stepped_down
        before = (seen.who if ask.level == "context" else None, _drawn(trial), silent, *down)
        goal = self.live.goals.get(placement.goal or CLICK.name, CLICK)
        return structs.replace(
            logged(ask, bet, decision_id, [one for one in before if one is not None]),
            holdout=holdout,
            beside=line.beside if line is not None else (),
            goal=goal.name,
            window_minutes=goal.window_minutes,
            identity=tuple(str(one) for one in _identities(request)),
            replayed=request.at is not None,
            preview=request.preview,
            learns="learning" not in said_no and not request.preview,
            silence=None if silent is None else silent.kind,
            level_trial=trial,
            held_from=step.level if holdout else None,
        )

    def _bet(
        self, ask: Ask, decision_id: str, line: Queue | None, instead: Reason | None, *,
        preview: bool,
    ) -> Bet:  # fmt: skip
        """A bet where one may be placed; `instead` says why there is silence, or the safe choice
        of a person who is held out."""
        placement = ask.placement
        if line is not None or placement.must_include:
            invited = tuple(self.live.slates.invited(placement, line))
            ask = replace(ask, queue=line, invited=invited)
        if instead is not None and instead is not HELD_OUT:
            bet = self.bettor.silent_bet(ask, instead)
        elif ask.level in ("neutral", "customization"):
            bet = self.bettor.safe_bet(ask, SAFE if instead is None else SAFE_FOR_HELD_OUT)
        else:
            place = self.bettor.bet
            bet = self.live.budgets.bet(discreet(ask), decision_id, place, preview=preview)
        return bet if line is None else self.live.slates.credited(line, bet)


def _as_one_page(placements: Sequence[Placement]) -> Sequence[Placement]:
    """Tags that exclude one another in one placement of a page do so in all of them."""
    exclusive = list(dict.fromkeys(tag for one in placements for tag in one.exclusive))
    if len(placements) == 1 or not exclusive:
        return placements
    return [structs.replace(one, exclusive=exclusive) for one in placements]


def _drawn(trial: LevelTrial | None) -> Reason | None:
    if trial is None:
        return None
    return Reason(kind="level-trial", text=f"{trial.drawn}, drawn by chance")


def _refused(context: Mapping[str, Any]) -> list[Purpose]:
    """What the request's own `context.consent` refuses."""
    if "consent" not in context:
        return []
    try:
        return [purpose for purpose, allowed in stated(context).items() if not allowed]
    except Unreadable as error:
        raise BadInput(error.detail, code=error.code) from error


def _identities(request: DecideRequest) -> tuple[Identity, ...]:
    """Who is asked for, read as events are: an id that stands for nobody is none."""
    names: list[Identity] = []
    try:
        if (user_id := identifier("userId", request.user_id)) is not None:
            names.append(Identity("user_id", user_id))
        if (anonymous_id := identifier("anonymousId", request.anonymous_id)) is not None:
            names.append(Identity("anonymous_id", anonymous_id))
    except Unreadable as error:
        raise BadInput(error.detail, code=error.code) from error
    return tuple(names)
