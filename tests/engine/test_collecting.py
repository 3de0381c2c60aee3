"""The way of an event through the stores: once, to the right person, with what follows from it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

import wager
from wager.domain.events import Arrival, Collected
from wager.domain.profiles import Profile
from wager.engine.engine import Engine
from wager.errors import NotFound
from wager.stores.base import DecisionQuery, EventQuery

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
SECRET = "a signing secret that is long enough for HS256"
PUBLIC = Arrival(received_at=NOW, public=True)


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/shop.db"
    with wager.open(url, now=lambda: NOW) as opened:
        opened.live.signing_secret = SECRET
        yield opened


def collect(engine: Engine, *payloads: object, arrival: Arrival | None = None) -> Collected:
    collected, durable = engine.collecting.collect(payloads, arrival or Arrival(received_at=NOW))
    durable.result()
    return collected


def track(name: str, message_id: str, minutes: float = 0.0, **fields: Any) -> dict[str, Any]:
    at = NOW - timedelta(days=1) + timedelta(minutes=minutes)
    told = {"userId": "u", **fields}
    return {
        "type": "track",
        "event": name,
        "messageId": message_id,
        "timestamp": at.isoformat(),
        **told,
    }


def identify(message_id: str, **fields: Any) -> dict[str, Any]:
    payload = track("", message_id, **fields)
    del payload["event"]
    return {**payload, "type": "identify"}


def order(message_id: str, *items: str, minutes: float = 0.0, **fields: Any) -> dict[str, Any]:
    properties = {"order_id": message_id, "products": [{"product_id": item} for item in items]}
    return track("Order Completed", message_id, minutes, properties=properties, **fields)


def dislike(message_id: str, item: str, minutes: float = 0.0, **fields: Any) -> dict[str, Any]:
    return track("Item Disliked", message_id, minutes, properties={"itemId": item}, **fields)


def person(engine: Engine, user_id: str = "u") -> Profile:
    return engine.people.stored("user_id", user_id)


def logged(engine: Engine, profile: Profile | None = None) -> list[str]:
    profile_id = profile.profile_id if profile else None
    stored = engine.stores.events.read(EventQuery(profile_id=profile_id))
    return [one.event.message_id for one in stored]


def token(user_id: str) -> str:
    return jwt.encode({"sub": user_id, "exp": NOW + timedelta(hours=1)}, SECRET, "HS256")


# ---- once


def test_an_event_is_in_the_log_and_in_the_profile(engine: Engine) -> None:
    assert collect(engine, order("m-1", "bread")) == Collected(accepted=1)
    assert logged(engine) == ["m-1"]
    assert set(person(engine).purchases) == {"bread"}


def test_a_repeat_changes_nothing(engine: Engine) -> None:
    first = collect(engine, order("m-1", "bread"), order("m-1", "bread"))
    assert first == Collected(accepted=1, duplicates=1)
    before = person(engine)
    again = collect(engine, order("m-1", "bread", "milk"), order("m-2", "bread", minutes=5))
    assert again == Collected(accepted=1, duplicates=1)
    assert before.purchases["bread"].times == 1
    assert person(engine).purchases["bread"].times == 2
    assert "milk" not in person(engine).purchases
    assert logged(engine) == ["m-1", "m-2"]


def test_a_batch_folds_each_profile_once_and_logs_in_order(engine: Engine) -> None:
    payloads = [
        track("Seen", f"m-{number}", number, userId=f"u{number % 3}") for number in range(9)
    ]
    assert collect(engine, *payloads).accepted == 9
    assert logged(engine) == [f"m-{number}" for number in range(9)]
    assert person(engine, "u0").version == 1
    assert person(engine, "u0").counts["Seen"].total == 3.0


def test_an_error_in_the_middle_leaves_nothing(engine: Engine) -> None:
    def broken(*_: object) -> tuple[str, ...]:
        raise RuntimeError("the hook broke")

    whole = engine.collecting.hooks
    engine.collecting.hooks = type(whole)(broken, whole.held_out, whole.sold)
    with pytest.raises(RuntimeError, match="the hook broke"):
        collect(engine, order("m-1", "bread"), "not an event")
    engine.collecting.hooks = whole
    assert logged(engine) == []
    assert engine.collecting.quarantine() == []
    with pytest.raises(NotFound):
        person(engine)
    assert collect(engine, order("m-1", "bread")).accepted == 1


def test_late_events_count_at_their_own_time(engine: Engine) -> None:
    early = track("Item Unblocked", "m-2", 5, properties={"itemId": "bread"})
    collect(engine, early)
    collect(engine, dislike("m-1", "bread", 1))
    assert person(engine).blocked == {}
    arrived = engine.collecting.events(None, 10)
    assert not any(line["late"] for line in arrived), "less than a day"
    old = {**track("Seen", "m-3"), "timestamp": "1970-01-02T00:00:00Z"}
    collect(engine, old)
    assert person(engine).created_at == datetime(1970, 1, 2, tzinfo=UTC)
    line = engine.collecting.events(None, 1)[0]
    assert (line["messageId"], line["late"]) == ("m-3", True)


# ---- who


def test_the_anonymous_becomes_known_and_keeps_everything(engine: Engine) -> None:
    collect(engine, dislike("m-1", "bread", userId=None, anonymousId="a"))
    collect(engine, order("m-2", "milk"))
    anonymous = engine.people.stored("anonymous_id", "a")
    collect(engine, identify("m-3", anonymousId="a", traits={"plan": "pro"}))
    known = person(engine)
    assert engine.people.stored("anonymous_id", "a") == known
    assert engine.people.stored("profile_id", anonymous.profile_id) == known
    assert set(known.blocked) == {"item:bread"}
    assert set(known.purchases) == {"milk"}
    assert known.merged_from == (anonymous.profile_id,)
    assert [str(identity) for identity in known.identities] == ["anonymous_id:a", "user_id:u"]
    assert logged(engine, known) == ["m-1", "m-2", "m-3"]
    collect(engine, track("Seen", "m-4", userId=None, anonymousId="a"))
    assert logged(engine, person(engine))[-1] == "m-4"


def test_all_of_it_in_one_batch(engine: Engine) -> None:
    collect(
        engine,
        dislike("m-1", "bread", userId=None, anonymousId="a"),
        order("m-2", "milk"),
        identify("m-3", anonymousId="a"),
        track("Seen", "m-4", userId=None, anonymousId="a"),
    )
    known = person(engine)
    assert set(known.blocked) == {"item:bread"}
    assert logged(engine, known) == ["m-1", "m-2", "m-3", "m-4"]
    assert engine.stores.profiles.count()[""] == 1


def test_merges_of_merges_in_one_batch(engine: Engine) -> None:
    collect(engine, order("m-1", "a", userId=None, anonymousId="a"))
    collect(engine, order("m-2", "b", userId=None, anonymousId="b"))
    collect(
        engine,
        identify("m-3", userId=None, anonymousId="a", traits={"email": "ada@example.com"}),
        identify("m-4", userId=None, anonymousId="b", traits={"email": "ada@example.com"}),
        identify("m-5", anonymousId="b"),
        {"type": "alias", "userId": "u2", "previousId": "u", "messageId": "m-6"},
    )
    known = person(engine)
    assert set(known.purchases) == {"a", "b"}
    assert logged(engine, known) == ["m-1", "m-2", "m-3", "m-4", "m-5", "m-6"]
    assert person(engine, "u2") == known
    assert engine.stores.profiles.count()[""] == 1


def test_a_merge_moves_decisions_and_keeps_the_holdout(engine: Engine) -> None:
    engine.publish(
        items=[{"itemId": "bread"}],
        placements=[{"name": "home", "default": "bread", "holdoutShare": 0.5}],
    )
    held_out = []
    for number in range(40):
        user, browser = f"u{number}", f"a{number}"
        bet = engine.decide(placement="home", anonymous_id=browser)
        collect(engine, track("Seen", f"k{number}", userId=user))
        before = person(engine, user)
        collect(engine, identify(f"i{number}", userId=user, anonymousId=browser))
        merged = person(engine, user)
        assert merged.profile_id == before.profile_id
        query = DecisionQuery(profile_id=merged.profile_id)
        bets = engine.stores.decisions.list(query).decisions
        assert [one.decision.decision_id for one in bets] == [bet.decision_id]
        assert merged.held_out == (("home",) if bet.holdout else ())
        held_out.append(bet.holdout)
        if bet.holdout:
            assert engine.decide(placement="home", user_id=user).holdout
    assert 0 < sum(held_out) < 40


@pytest.mark.parametrize(
    "stranger",
    [
        {"type": "identify", "userId": "u"},
        {"type": "identify", "userId": "u", "context": {"userToken": token("mallory")}},
        {"type": "identify", "userId": "u", "context": {"userToken": token("u")[:-2]}},
        {"type": "identify", "traits": {"email": "ada@example.com"}},
        {"type": "track", "event": "X", "context": {"traits": {"email": "ada@example.com"}}},
        {"type": "track", "event": "X", "context": {"externalIds": [{"type": "crm", "id": "7"}]}},
        {"type": "alias", "userId": "u", "previousId": "mallory-browser"},
        {"type": "alias", "userId": "mallory", "previousId": "u"},
        {
            "type": "alias",
            "userId": "mallory",
            "previousId": "u",
            "context": {"userToken": token("mallory")},
        },
        {
            "type": "alias",
            "userId": "mallory",
            "previousId": "ada-browser",
            "context": {"userToken": token("mallory")},
        },
        {
            "type": "identify",
            "userId": "mallory",
            "anonymousId": "ada-browser",
            "traits": {"email": "ada@example.com"},
            "context": {"userToken": token("mallory")},
        },
        {"type": "group", "userId": "u", "groupId": "family"},
    ],
)
def test_a_public_key_becomes_nobody_else(engine: Engine, stranger: dict[str, Any]) -> None:
    context = {"externalIds": [{"type": "crm", "id": "7"}]}
    traits = {"email": "ada@example.com"}
    collect(engine, identify("m-1", anonymousId="ada-browser", traits=traits, context=context))
    ada = person(engine)
    payload = {"anonymousId": "mallory-browser", "messageId": "m-2", **stranger}
    assert collect(engine, payload, arrival=PUBLIC).accepted == 1
    collect(engine, order("m-3", "bread", userId=None, anonymousId="mallory-browser"))
    assert person(engine) == ada, "her profile is as it was, and the same"
    found = {str(identity) for identity in person(engine).identities}
    assert found == {"user_id:u", "anonymous_id:ada-browser", "email:ada@example.com", "crm:7"}
    assert logged(engine, ada) == ["m-1"]


def test_a_claim_is_kept_with_the_one_who_made_it(engine: Engine) -> None:
    payload = {"type": "page", "userId": "u", "anonymousId": "a", "messageId": "m-1"}
    collect(engine, payload, arrival=PUBLIC)
    claimer = engine.people.stored("anonymous_id", "a")
    assert [str(identity) for identity in claimer.unverified] == ["user_id:u"]
    with pytest.raises(NotFound):
        person(engine)
    collect(engine, {"type": "page", "userId": "v", "messageId": "m-2"}, arrival=PUBLIC)
    with pytest.raises(NotFound):
        person(engine, "v")


def test_a_valid_token_makes_the_browser_known(engine: Engine) -> None:
    collect(engine, dislike("m-1", "bread", userId=None, anonymousId="a"), arrival=PUBLIC)
    signed = identify("m-2", anonymousId="a", context={"userToken": token("u")})
    collect(engine, signed, arrival=PUBLIC)
    assert set(person(engine).blocked) == {"item:bread"}
    stored = engine.stores.events.read(EventQuery())[-1].event
    assert "userToken" not in stored.context


# ---- what follows


def test_what_was_refused_once_stays_refused_until_it_is_allowed(engine: Engine) -> None:
    no = {"consent": {"categoryPreferences": {"learning": False}}}
    yes = {"consent": {"categoryPreferences": {"learning": True}}}
    collect(
        engine,
        track("Seen", "m-1", 1, context=no),
        order("m-2", "bread", minutes=2),
        dislike("m-3", "milk", 3),
    )
    assert person(engine).refused == ("learning",)
    assert person(engine).counts == {}
    assert set(person(engine).purchases) == {"bread"}
    assert set(person(engine).blocked) == {"item:milk"}
    events = [one.event for one in engine.stores.events.read(EventQuery())]
    assert [event.refused for event in events] == [("learning",)] * 3
    collect(engine, track("Seen", "m-4", 4))
    assert person(engine).counts == {}
    collect(engine, track("Seen", "m-5", 5, context=yes), track("Seen", "m-6", 6))
    assert person(engine).refused == ()
    assert person(engine).counts["Seen"].total == 2.0


def test_an_order_without_a_time_zone_happened_in_the_person_s(engine: Engine) -> None:
    page = identify("m-1", context={"timezone": "America/New_York"})
    collect(engine, page)
    collect(engine, order("m-2", "bread", minutes=60))
    assert person(engine).hours[14] == 1.0, "19 h UTC"


def test_a_refund_without_lines_takes_the_whole_order_back(engine: Engine) -> None:
    collect(engine, order("o-1", "bread", "milk"), order("o-2", "milk", minutes=5))
    refund = track("Order Refunded", "r-1", 9, properties={"order_id": "o-1"})
    collect(engine, refund)
    assert set(person(engine).purchases) == {"milk"}
    assert person(engine).purchases["milk"].times == 1
    assert person(engine).purchases["milk"].recent == pytest.approx(1.0)
    both = [
        order("o-3", "salt", minutes=10),
        track("Order Cancelled", "r-2", 11, properties={"order_id": "o-3"}),
        track("Order Refunded", "r-3", 12, properties={"order_id": "never heard of"}),
    ]
    collect(engine, *both)
    assert "salt" not in person(engine).purchases


def test_segments_follow_the_profile(engine: Engine) -> None:
    engine.publish(
        segments=[
            {"name": "loyal", "condition": "profile.traits.orders >= 2"},
            {"name": "pro", "condition": "profile.traits.plan == 'pro'"},
            {"name": "evening", "condition": "context.hour >= 18"},
        ]
    )
    collect(engine, order("m-1", "bread"))
    assert person(engine).segments == ()
    collect(engine, order("m-2", "bread", minutes=5))
    assert person(engine).segments == ("loyal",)
    collect(engine, identify("m-3", traits={"plan": "pro"}))
    assert person(engine).segments == ("loyal", "pro")
    assert engine.stores.profiles.count()["pro"] == 1
    assert engine.live.condition_errors["pro"] >= 1


def test_a_new_condition_is_asked_of_everybody(engine: Engine) -> None:
    collect(engine, order("m-1", "bread"), order("m-2", "milk", userId="v"))
    engine.publish(segments=[{"name": "bought", "condition": "profile.traits.orders >= 1"}])
    engine.collecting.regroup()
    assert person(engine).segments == person(engine, "v").segments == ("bought",)
    assert engine.collecting.regroup() == 0


def test_an_event_settles_its_bet(engine: Engine) -> None:
    engine.publish(items=[{"itemId": "bread"}], placements=[{"name": "home", "default": "bread"}])
    bet = engine.decide(placement="home", user_id="u")
    properties = {"decisionId": bet.decision_id, "itemId": "bread"}
    click = {**track("Item Clicked", "m-1", properties=properties), "timestamp": NOW.isoformat()}
    collect(engine, click)
    line = engine.collecting.events(person(engine).profile_id, 10)[0]
    assert line["settled"] == [bet.decision_id]


# ---- quarantine


def test_what_cannot_be_read_waits_and_can_be_repaired(engine: Engine) -> None:
    collected = collect(engine, order("m-1", "bread"), track("", "m-2"), "nonsense")
    assert collected.accepted == 1
    assert [(one.index, one.code) for one in collected.quarantined] == [
        (1, "missing-event"),
        (2, "not-an-object"),
    ]
    text, nameless = engine.collecting.quarantine()
    assert text.code == "not-an-object"
    assert [str(identity) for identity in nameless.identities] == ["user_id:u"]
    again = Arrival(received_at=NOW + timedelta(days=1))
    as_it_is, _ = engine.collecting.replay(nameless.quarantine_id, None, again)
    assert as_it_is.quarantined[0].code == "missing-event"
    assert len(engine.collecting.quarantine()) == 2
    repaired, durable = engine.collecting.replay(
        nameless.quarantine_id, track("Seen", "m-2"), again
    )
    durable.result()
    assert repaired == Collected(accepted=1)
    engine.collecting.discard(text.quarantine_id).result()
    assert engine.collecting.quarantine() == []
    assert logged(engine) == ["m-1", "m-2"]
    for act in (
        lambda: engine.collecting.replay(text.quarantine_id, None, again),
        lambda: engine.collecting.discard(text.quarantine_id),
    ):
        with pytest.raises(NotFound, match=text.quarantine_id):
            act()


def test_the_same_bad_payload_waits_once(engine: Engine) -> None:
    for _ in range(3):
        collect(engine, track("", "m-1"))
    assert len(engine.collecting.quarantine()) == 1


def test_what_came_from_the_future_is_taken_in_when_it_has_passed(engine: Engine) -> None:
    soon = NOW + timedelta(hours=1)
    payload = {"event": "Seen", "userId": "u", "messageId": "m-1", "timestamp": soon.isoformat()}
    collect(engine, payload, arrival=Arrival(received_at=NOW, kind="track"))
    entry = engine.collecting.quarantine()[0]
    assert entry.code == "future-timestamp"
    early, _ = engine.collecting.replay(entry.quarantine_id, None, Arrival(received_at=NOW))
    assert early.quarantined[0].code == "future-timestamp"
    later = Arrival(received_at=soon + timedelta(days=1))
    taken, _ = engine.collecting.replay(entry.quarantine_id, None, later)
    assert taken.accepted == 1
    assert engine.stores.events.read(EventQuery())[0].event.at == soon


def test_a_replay_makes_no_claim_true(engine: Engine) -> None:
    collect(engine, order("m-1", "bread"))
    ada = person(engine)
    claim = identify("m-2", anonymousId="mallory-browser", timestamp="never")
    collect(engine, claim, arrival=PUBLIC)
    entry = engine.collecting.quarantine()[0]
    assert not entry.verified
    repaired = {**claim, "timestamp": NOW.isoformat(), "traits": {"email": "ada@example.com"}}
    later = Arrival(received_at=NOW + timedelta(minutes=1))
    taken, _ = engine.collecting.replay(entry.quarantine_id, repaired, later)
    assert taken.accepted == 1
    assert person(engine) == ada
    claimer = engine.people.stored("anonymous_id", "mallory-browser")
    assert claimer.profile_id != ada.profile_id


def test_a_replay_keeps_what_the_headers_refused(engine: Engine) -> None:
    arrival = Arrival(received_at=NOW, refused=("personalization", "learning"))
    collect(engine, track("", "m-1"), arrival=arrival)
    entry = engine.collecting.quarantine()[0]
    later = Arrival(received_at=NOW + timedelta(minutes=1))
    engine.collecting.replay(entry.quarantine_id, track("Seen", "m-1"), later)
    assert person(engine).refused == ("personalization", "learning")


# ---- what arrived, and what became of it


def test_what_arrived_and_what_became_of_it(engine: Engine) -> None:
    collect(engine, order("m-1", "bread", userId=None, anonymousId="a"))
    first = engine.people.stored("anonymous_id", "a").profile_id
    collect(engine, identify("m-2"))
    collect(engine, identify("m-3", anonymousId="a"))
    collect(
        engine,
        {"type": "track", "userId": "u"},
        arrival=Arrival(received_at=NOW + timedelta(seconds=1)),
    )
    everything = engine.collecting.events(None, 10)
    assert [line["state"] for line in everything] == ["quarantined", *["accepted"] * 3]
    assert everything[0]["code"] == "missing-event"
    own = engine.collecting.events(first, 10)
    assert len(own) == 4, "asked by the id before the merge"
    assert {line["profileId"] for line in own[1:]} == {person(engine).profile_id}
    assert own[1]["mergedFrom"] == [first]
    assert len(engine.collecting.events(None, 2)) == 2
    with pytest.raises(NotFound, match="nobody"):
        engine.collecting.events("nobody", 10)
