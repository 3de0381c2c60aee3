"""Measuring: the figures follow the log, read bit by bit or all at once, and know their bounds."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest

import wager
from wager.domain.decisions import Decision, LoggedDecision
from wager.domain.estimates import NotEnough
from wager.engine import measuring
from wager.engine.engine import Engine
from wager.engine.measuring import Measuring, Vitals
from wager.errors import BadInput, StoreFailed, UnknownName
from wager.measure.reports import REPLAY_NOTE

START = datetime(2026, 1, 5, 18, 3, tzinfo=UTC)
REPORTS = ("overview", "lift", "calibration", "levels")


class Shop:
    """An engine with a clock that is set by hand, and people who ask and click."""

    def __init__(self) -> None:
        self.now = START
        self.engine: Engine = wager.open("memory://", now=lambda: self.now)
        self.numbers = count()
        self.engine.publish(
            goals=[{"name": "click", "event": "Item Clicked", "windowMinutes": 30}],
            placements=[
                {"name": "home", "slots": 2, "goal": "click", "holdoutShare": 0.5},
                {"name": "offer", "goal": "click"},
            ],
            items=[{"itemId": f"item-{number}", "title": "Tea"} for number in range(6)],
        )

    def ask(self, who: str, *, placement: str = "home", **fields: Any) -> Decision:
        return self.engine.decide(placement=placement, anonymous_id=who, **fields)

    def click(self, who: str, decision: Decision, slot: int = 0) -> None:
        properties = {
            "decisionId": decision.decision_id,
            "itemId": decision.choices[slot].item_id,
        }
        self.send(type="track", event="Item Clicked", anonymousId=who, properties=properties)

    def send(self, **payload: Any) -> None:
        payload = {
            "messageId": f"m-{next(self.numbers)}",
            "timestamp": self.now.isoformat(),
            **payload,
        }
        collected = self.engine.collect([payload])
        assert collected.accepted == 1, collected

    def later(self, **by: float) -> None:
        """Time passes, and what is due is settled."""
        self.now += timedelta(**by)
        self.engine.learning.learn()

    def report(self, name: str = "overview", **filters: object) -> dict[str, Any]:
        return self.engine.measuring.report(name, **filters)

    def people(self) -> tuple[list[str], list[str]]:
        """40 people who asked once: those held out from home, and the others."""
        held: list[str] = []
        others: list[str] = []
        for number in range(40):
            name = f"someone-{number}"
            (held if self.ask(name).holdout else others).append(name)
        return held, others


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.engine.close()


def _counts(report: dict[str, Any]) -> dict[str, int]:
    return {name: report[name] for name in ("bets", "open", "won", "lost")}


def _rounded(value: object) -> object:
    """The same figures whatever the order they were added in."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, msgspec.Struct):
        return _rounded(msgspec.structs.asdict(value))
    return round(value, 9) if isinstance(value, float) else value


def test_an_empty_store_promises_nothing(shop: Shop) -> None:
    report = shop.report()
    assert _counts(report) == {"bets": 0, "open": 0, "won": 0, "lost": 0}
    assert isinstance(report["winRate"], NotEnough)
    assert isinstance(report["lift"], NotEnough)
    assert "expectedRate" not in report
    assert (report["people"], report["items"], report["events"]) == (0, 6, 0)
    assert shop.report("lift") == {"placements": {}}
    assert shop.report("calibration")["count"] == 0
    assert "error" not in shop.report("calibration")


def test_a_bet_is_open_then_won_or_lost(shop: Shop) -> None:
    first, second = (shop.ask(who, placement="offer") for who in ("ada", "bob"))
    assert _counts(shop.report()) == {"bets": 2, "open": 2, "won": 0, "lost": 0}
    shop.click("ada", first)
    assert _counts(shop.report()) == {"bets": 2, "open": 1, "won": 1, "lost": 0}
    shop.later(minutes=31)
    assert _counts(shop.report()) == {"bets": 2, "open": 0, "won": 1, "lost": 1}
    assert shop.report("calibration", placement="offer")["count"] == 2
    assert second.placement == "offer"
    report = shop.report()
    assert report["byPlacement"]["offer"]["won"] == 1
    assert report["people"] == 2
    assert report["events"] == 1


def test_bit_by_bit_is_the_same_as_all_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "PAGE", 3)
    decisions: list[tuple[str, Decision]] = []
    for step in range(30):
        who = f"person-{step % 7}"
        decisions.append((who, shop.ask(who)))
        if step % 3 == 0:
            shop.click(*decisions[step // 2])
        if step % 5 == 0:
            shop.click(*decisions[-1], slot=1)
            shop.click(*decisions[-1])
        shop.later(minutes=4)
        if step % 2:
            shop.report()
    again = Measuring(shop.engine.live)
    for name in REPORTS:
        assert _rounded(shop.report(name)) == _rounded(again.report(name)), name


class _Interrupted:
    """The log of bets, with something happening between two pages of one reading."""

    def __init__(self, decisions: Any, happen: Callable[[], None]) -> None:
        self.decisions = decisions
        self.happen = happen
        self.pages = 0

    def rewarded(self, after: int, limit: int) -> tuple[list[LoggedDecision], int]:
        self.pages += 1
        if self.pages == 2:
            self.happen()
        page: tuple[list[LoggedDecision], int] = self.decisions.rewarded(after, limit)
        return page

    def __getattr__(self, name: str) -> Any:
        return getattr(self.decisions, name)


def test_what_happens_while_the_log_is_read_is_counted_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "PAGE", 2)
    asked = [(f"person-{number}", shop.ask(f"person-{number}")) for number in range(6)]
    shop.click(*asked[1])
    late = Measuring(shop.engine.live)

    def happen() -> None:
        shop.click(*asked[0])  # was read on the first page
        shop.click(*asked[1], slot=1)
        shop.click(*asked[5])  # is still to be read
        asked.append(("person-6", shop.ask("person-6")))

    decisions = shop.engine.stores.decisions
    monkeypatch.setattr(shop.engine.stores, "decisions", _Interrupted(decisions, happen))
    reports = {name: late.report(name) for name in REPORTS}
    monkeypatch.setattr(shop.engine.stores, "decisions", decisions)
    again = Measuring(shop.engine.live)
    for name in REPORTS:
        assert _rounded(reports[name]) == _rounded(again.report(name)), name


@pytest.mark.parametrize("first", ["held", "others"])
def test_who_is_merged_with_a_held_out_person_leaves_the_lift(shop: Shop, first: str) -> None:
    held, others = shop.people()
    shop.later(minutes=31)
    before = shop.report("lift")["placements"]["home"]
    assert before["holdout"]["profiles"] == len(held)
    assert before["bet"]["profiles"] == len(others)
    one, other = (held[0], others[0]) if first == "held" else (others[0], held[0])
    shop.send(type="identify", anonymousId=one, userId="u-1")
    shop.send(type="identify", anonymousId=other, userId="u-1")
    assert shop.ask(others[0]).holdout
    shop.later(minutes=31)
    after = shop.report("lift")["placements"]["home"]
    assert after["holdout"]["profiles"] == len(held) - 1
    assert after["bet"]["profiles"] == len(others) - 1
    again = Measuring(shop.engine.live).report("lift")
    assert again == shop.report("lift")


def test_an_erased_person_leaves_the_lift(shop: Shop) -> None:
    _, others = shop.people()
    shop.later(minutes=31)
    assert shop.report("lift")["placements"]["home"]["bet"]["profiles"] == len(others)
    _, durable = shop.engine.people.erase("anonymous_id", others[0])
    durable.result()
    assert shop.report("lift")["placements"]["home"]["bet"]["profiles"] == len(others) - 1


def test_a_replay_is_kept_apart_and_named(shop: Shop) -> None:
    for number in range(8):
        shop.ask(f"person-{number}", at=datetime(2017, 12, 1, 9, tzinfo=UTC))
    report = shop.report()
    assert report["replayed"] == 8
    assert report["note"] == REPLAY_NOTE
    assert report["since"] == datetime(2017, 12, 1, 9, tzinfo=UTC)
    assert shop.report(hours=24)["replayed"] == 8, "of replays alone, back from the newest"
    shop.ask("ada")
    assert shop.report(hours=24)["replayed"] == 0


def test_reports_are_narrowed(shop: Shop) -> None:
    shop.ask("ada", placement="offer")
    shop.later(hours=5)
    shop.ask("bob", placement="offer")
    shop.ask("bob")
    both = shop.report(placement="offer")
    assert both["bets"] == 2
    assert len(both["byHour"]) == 2
    assert shop.report(placement="offer", hours="2")["bets"] == 1
    assert set(shop.report("levels", placement="offer")["levels"]) == {
        "neutral", "customization", "crowd", "segment", "context",
    }  # fmt: skip


def test_what_cannot_be_answered_says_so(shop: Shop) -> None:
    with pytest.raises(UnknownName, match="no report is named 'lifts'; known reports: "):
        shop.report("lifts")
    with pytest.raises(UnknownName, match="no placement is named 'hom'"):
        shop.report(placement="hom")
    with pytest.raises(BadInput, match="no filter 'place'"):
        shop.report(place="home")
    for hours in (0, -1, "soon", 1e9, float("nan")):
        with pytest.raises(BadInput, match="`hours` is"):
            shop.report(hours=hours)


def test_a_deleted_placement_keeps_its_figures(shop: Shop) -> None:
    shop.ask("ada", placement="offer")
    shop.engine.publishing.delete("placements", "offer").result()
    assert shop.report(placement="offer")["bets"] == 1


def test_health_tells_what_the_server_hands_in(shop: Shop) -> None:
    shop.engine.collect([{"type": "track"}])
    shop.ask("ada")
    shop.engine.measuring.vitals = lambda: Vitals(queue=3, latency_ms={"decide": 1.5})
    health = shop.report("health")
    assert (health["store"], health["queue"], health["quarantine"]) == ("memory://", 3, 1)
    assert health["latencyMs"] == {"decide": 1.5}
    assert sum(health["levels"].values()) + shop.report()["holdout"] == 1
    assert health["conditionErrors"] == {}


def test_a_restart_goes_on_from_what_was_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    bets = [(f"person-{number}", shop.ask(f"person-{number}")) for number in range(6)]
    shop.click(*bets[0])
    shop.report()
    shop.engine.measuring.checkpoint()
    shop.click(*bets[1])
    shop.later(minutes=31)
    restarted = Measuring(shop.engine.live)
    read: list[str] = []
    rewarded = shop.engine.stores.decisions.rewarded

    def watched(after: int, limit: int) -> tuple[list[LoggedDecision], int]:
        page = rewarded(after, limit)
        read.extend(one.decision.decision_id for one in page[0])
        return page

    monkeypatch.setattr(shop.engine.stores.decisions, "rewarded", watched)
    for name in REPORTS:
        assert _rounded(restarted.report(name)) == _rounded(shop.report(name)), name
    assert bets[0][1].decision_id not in read


def test_a_reading_that_fails_half_way_is_begun_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "PAGE", 2)
    bets = [(f"person-{number}", shop.ask(f"person-{number}")) for number in range(6)]
    shop.click(*bets[0])

    def fail() -> None:
        raise StoreFailed

    decisions = shop.engine.stores.decisions
    late = Measuring(shop.engine.live)
    monkeypatch.setattr(shop.engine.stores, "decisions", _Interrupted(decisions, fail))
    with pytest.raises(StoreFailed):
        late.report("overview")
    assert _rounded(late.report("overview")) == _rounded(shop.report())


def test_news_is_kept_without_being_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SAVED_AFTER", 5)
    models = shop.engine.stores.models
    for number in range(5):
        assert models.latest(measuring.MODEL) is None
        shop.ask(f"person-{number}")
        assert shop.engine.measuring.refresh() == 1
    assert models.latest(measuring.MODEL) is not None


def test_a_forgotten_person_is_not_in_what_is_kept(shop: Shop) -> None:
    _, others = shop.people()
    shop.later(minutes=31)
    shop.report()
    profile_id = shop.engine.people.get("anonymous_id", others[0]).profile_id
    shop.engine.measuring.checkpoint()
    assert profile_id.encode() in _kept(shop)
    shop.engine.measuring.forget([profile_id])
    assert profile_id.encode() not in _kept(shop)


def _kept(shop: Shop) -> bytes:
    found = shop.engine.stores.models.latest(measuring.MODEL)
    assert found is not None
    return found[1]
