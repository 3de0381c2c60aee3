"""Whether bets are worth it is learnt of several goals and use cases, too, and by segment."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from msgspec import structs

import wager
from wager.domain.asking import Ask
from wager.domain.decisions import DecideRequest
from wager.domain.models import Trust
from wager.domain.profiles import Profile
from wager.engine import betting, goals, trusting
from wager.engine.framing import framed
from wager.engine.hedging import bets_share
from wager.learn import hedge

START = datetime(2026, 3, 2, tzinfo=UTC)
ITEMS = [f"p-{number}" for number in range(6)]
PEOPLE, BETS = 60, 900
Chances = Callable[[str, str], Mapping[str, float]]  # of person and item: by goal


def favourite(person: str, item_id: str) -> bool:
    return item_id != "p-0" and crc32(f"{person} {item_id}".encode()) % 4 == 0


class World:
    """People who do as they are `told` to, or otherwise."""

    def __init__(self, told: Chances, brings: Chances, **home: Any) -> None:
        self.at, self.told, self.brings = START, told, brings
        self.engine = wager.open("memory://", now=lambda: self.at)
        live = self.engine.live
        live.draw_key = live.holdout_key = b"of these worlds"
        live._start = "seeded"
        self.engine.publish(
            items=[{"itemId": name} for name in ITEMS],
            goals=[
                {"name": "click", "event": "Item Clicked", "windowMinutes": 30},
                {"name": "like", "event": "Item Liked", "windowMinutes": 600},
            ],
            segments=[
                {"name": name, "condition": f"profile.traits.{name} == true"}
                for name in ("odd", "even")
            ],
            placements=[
                {"name": "home", "goal": "click", "default": "p-0", "riskAppetite": 0.02} | home
            ],
        )
        for number in range(PEOPLE):
            who = {"odd" if number % 2 else "even": True}
            self.send(f"u-{number}", type="identify", traits=who)
        self.rng = np.random.default_rng(7)

    def send(self, person: str, **more: Any) -> None:
        event = {"userId": person, "timestamp": self.at.isoformat()} | more
        self.engine.collect([event | {"messageId": str(self.rng_number())}])

    def rng_number(self) -> int:
        self.sent = getattr(self, "sent", 0) + 1
        return self.sent

    def expects(self, goal: str) -> Callable[..., Any]:
        """Says what it was told, and is sure of that."""

        def worth(ask: Ask, x: Any, names: Any, payoffs: Any) -> Any:
            found = plain_worth(ask, x, names, payoffs)
            person = str(ask.profile.identities[0].value)
            mean = np.array([self.told(person, str(name)).get(goal, 0.0) for name in names])
            return structs.replace(found, mean=mean, told=mean, deviation=np.full(len(mean), 0.02))

        return worth

    def run(self, bets: int = BETS) -> Trust:
        for number in range(bets):
            self.at += timedelta(minutes=2)
            person = f"u-{self.rng.integers(PEOPLE)}"
            made = self.engine.decide(placement="home", user_id=person, candidates=ITEMS)
            name = str(made.choices[0].item_id)
            what = {"decisionId": made.decision_id, "itemId": name}
            luck = self.rng.random(2)
            for (goal, chance), one in zip(self.brings(person, name).items(), luck, strict=False):
                if one < chance:
                    event = {"click": "Item Clicked", "like": "Item Liked"}[goal]
                    self.send(person, type="track", event=event, properties=what)
            if number % 25 == 0:
                self.engine.learn()
        self.at += timedelta(days=1)
        self.engine.learn()
        return self.engine.live.snapshot.hedges["home"]


plain_worth = betting.worth


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def start(told: Chances, brings: Chances, **home: Any) -> World:
        made.append(world := World(told, brings, **home))
        monkeypatch.setattr(betting, "worth", world.expects("click"))
        monkeypatch.setattr(goals, "worth", world.expects("like"))
        return world

    monkeypatch.setattr(hedge, "SEEN", 300.0)
    yield start
    for world in made:
        world.engine.close()


# ---- a safe choice that was misjudged


def misjudged(_: str, item_id: str) -> Mapping[str, float]:
    return {"click": 0.2 if item_id == "p-0" else 0.35}


def better(_: str, item_id: str) -> Mapping[str, float]:
    return {"click": 0.5 if item_id == "p-0" else 0.3}


def test_a_safe_choice_that_was_misjudged_gets_its_chance(begin: Callable[..., World]) -> None:
    found = begin(misjudged, better, riskAppetite=0.0).run(600)
    assert found.real < 0.0
    assert found.share < 0.2


def test_without_odds_of_its_own_nobody_would_find_out(
    begin: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hedge, "ENOUGH", 0.7)  # what is said is believed until it is refuted
    assert begin(misjudged, better, riskAppetite=0.0).run(600).share == 1.0


# ---- several goals: clicks are given up for likes


def plain(_: str, item_id: str) -> Mapping[str, float]:
    return {"click": 0.4 if item_id == "p-0" else 0.25, "like": 0.1}


def liked(person: str, item_id: str) -> Mapping[str, float]:
    return {**plain(person, item_id), "like": 0.5 if favourite(person, item_id) else 0.1}


TWO = {"goals": {"like": 1.0}, "holdoutShare": 0.1}


def test_what_is_given_up_for_another_goal_is_not_held_against_bets(
    begin: Callable[..., World],
) -> None:
    found = begin(liked, liked, **TWO).run()
    assert found.share == 1.0
    assert found.real == pytest.approx(1.0, abs=5.0 * found.error)
    assert found.error < 0.5


def test_one_goal_alone_would_hold_it_against_them(
    begin: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def own(_: Any, outcomes: Any) -> dict[int, float]:
        return {one.slot: one.reward for one in outcomes if one.kind == "goal"}

    monkeypatch.setattr(trusting, "_rewards", own)
    assert begin(liked, liked, **TWO).run().share < 0.2


def test_likes_that_do_not_come_stop_bets_for_them(begin: Callable[..., World]) -> None:
    world = begin(liked, plain, **TWO)
    assert world.run().share < 0.2
    last = world.engine.decide(placement="home", user_id="u-1", candidates=ITEMS)
    odds = {one.item_id: one.propensity for one in last.candidates}
    assert odds["p-0"] > 0.8


# ---- use cases: a lever says that one click counts for three


def levered(world: World) -> World:
    case = {"name": "spring", "placement": "home", "goal": "click", "items": ["p-1"], "lever": 3.0}
    world.engine.publish(usecases=[case | {"state": "live", "owner": "us"}])
    return world


def few(_: str, item_id: str) -> Mapping[str, float]:
    return {"click": {"p-0": 0.4, "p-1": 0.25}.get(item_id, 0.05)}


def none(_: str, item_id: str) -> Mapping[str, float]:
    return {"click": 0.4 if item_id == "p-0" else 0.02}


def test_what_a_lever_is_for_is_not_held_against_bets(begin: Callable[..., World]) -> None:
    found = levered(begin(few, few, holdoutShare=0.1)).run()
    assert found.share == 1.0
    assert found.real > 0.5


def test_a_lever_does_not_carry_what_hardly_anybody_clicks(begin: Callable[..., World]) -> None:
    assert levered(begin(few, none, holdoutShare=0.1)).run().share < 0.2


# ---- segments: tastes are real in one of two


def tasteful(person: str, item_id: str) -> Mapping[str, float]:
    return {"click": 0.5 if favourite(person, item_id) else 0.3 if item_id == "p-0" else 0.1}


def for_some(person: str, item_id: str) -> Mapping[str, float]:
    if int(person[2:]) % 2:
        return tasteful(person, item_id)
    return {"click": 0.3 if item_id == "p-0" else 0.1}


def knows_for_whom(world: World) -> None:
    world.run(1500)
    trust = world.engine.live.snapshot.hedges["home"]
    assert trust.segments["odd"].share > 0.95
    assert trust.segments["even"].share < 0.3
    for person, most in (("u-1", True), ("u-2", False)):
        last = world.engine.decide(placement="home", user_id=person, candidates=ITEMS)
        odds = {one.item_id: one.propensity for one in last.candidates}
        assert (odds["p-0"] < 0.3) == most
    report = world.engine.measuring.report("hedge")["placements"]
    assert isinstance(report, dict)
    learnt = report["home"]["learnt"]["bySegment"]
    assert learnt["even"]["share"] < 0.3
    assert learnt["even"]["choices"] > 300


def test_bets_go_on_where_tastes_are_real(begin: Callable[..., World]) -> None:
    knows_for_whom(begin(tasteful, for_some, holdoutShare=0.1))


def test_one_hedge_for_all_segments_is_found_out(
    begin: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    def everywhere(ask: Ask) -> float:
        trust = ask.snapshot.hedges.get("home")
        return 1.0 if trust is None else trust.share

    assert bets_share is not everywhere
    monkeypatch.setattr("wager.engine.hedging.bets_share", everywhere)
    with pytest.raises(AssertionError):
        knows_for_whom(begin(tasteful, for_some, holdoutShare=0.1))


def test_who_is_in_no_segment_gets_what_holds_for_all(begin: Callable[..., World]) -> None:
    world = begin(tasteful, tasteful)
    trust = Trust(0.4, 0.0, 0.3, 900.0, {"odd": Trust(0.8, 1.0, 0.3, 400.0)})
    live = world.engine.live
    live.snapshot = replace(live.snapshot, hedges={"home": trust})
    asked = framed(live, DecideRequest(), live.placements["home"], nobody(), START, frozenset())
    for segments, share in (((), 0.4), (("far",), 0.4), (("odd", "far"), 0.8)):
        assert bets_share(structs.replace(asked, segments=segments)) == pytest.approx(share)


def nobody() -> Profile:
    return Profile(profile_id="n", created_at=START, updated_at=START, identities=())
