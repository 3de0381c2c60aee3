"""Small examples of every noun, for contracts and tests: only what matters is written out."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from wager.domain.content import Item
from wager.domain.decisions import Candidate, Choice, Decision, Outcome, Reason, SafeChoice
from wager.domain.events import Event, Quarantined
from wager.domain.identity import Identity
from wager.domain.profiles import Count, Field, Profile

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ADA = Identity("email", "ada@example.com")
BOB = Identity("email", "bob@example.com")


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def days(count: float) -> datetime:
    """So many days after noon."""
    return NOON + timedelta(days=count)


def event(message_id: str, name: str = "Product Viewed", at: datetime = NOON) -> Event:
    """Something Ada did."""
    return Event(
        message_id=message_id,
        kind="track",
        name=name,
        at=at,
        received_at=at,
        identities=(ADA,),
        properties={"product_id": "p-7", "price": 6.5, "tags": ["a", None, True]},
    )


def quarantined(quarantine_id: str, *identities: Identity, at: datetime = NOON) -> Quarantined:
    """A payload that could not be read, and whom it names."""
    return Quarantined(
        quarantine_id=quarantine_id,
        at=at,
        code="bad-time",
        detail="'yesterday' is no time",
        payload='{"timestamp": "yesterday"}',
        identities=identities,
    )


def profile(profile_id: str, *identities: Identity, segments: tuple[str, ...] = ()) -> Profile:
    """Somebody with a trait and a count."""
    return Profile(
        profile_id=profile_id,
        created_at=NOON,
        updated_at=minutes(1),
        identities=identities,
        traits={"city": Field("Berlin", "api", NOON)},
        counts={"Product Viewed": Count(3.0, NOON)},
        segments=segments,
    )


def item(item_id: str, title: str = "Coffee") -> Item:
    """Something that can be shown."""
    return Item(item_id=item_id, title=title, tags={"drinks": 1.0}, stock=3)


class Told(TypedDict, total=False):
    """What a test says of a bet."""

    profile_id: str
    placement: str
    at: datetime
    window_minutes: float
    replayed: bool


def decision(decision_id: str, **told: Unpack[Told]) -> Decision:
    """A bet with one slot, two candidates and a window of half an hour, unless told otherwise."""
    return Decision(
        decision_id=decision_id,
        placement=told.get("placement", "home"),
        profile_id=told.get("profile_id", "ada"),
        at=told.get("at", NOON),
        window_minutes=told.get("window_minutes", 30.0),
        replayed=told.get("replayed", False),
        level="crowd",
        policy="thompson",
        model_version="m-1",
        goal="click",
        choices=(
            Choice(
                slot=0,
                item_id="p-1",
                level="crowd",
                propensity=0.7,
                expected_reward=0.04,
                standard_error=0.01,
                reasons=(Reason(kind="popular", text="Popular this week", weight=0.1),),
            ),
        ),
        candidates=(
            Candidate("p-1", 0.7, 0.04, 0.01, "crowd", b"\x00\x00\x80?\x00\x00\x80>"),
            Candidate(None, 0.3, 0.0, 0.0, "neutral", b""),
        ),
        feature_names=("popularity", "price"),
        default=SafeChoice(item_id="p-9", expected_reward=0.03),
        context={"channel": "web"},
    )


def outcome(decision_id: str, message_id: str = "m-1", reward: float = 1.0) -> Outcome:
    """A click on what the bet showed."""
    return Outcome(
        message_id=message_id,
        decision_id=decision_id,
        slot=0,
        item_id="p-1",
        event="Item Clicked",
        at=minutes(5),
        reward=reward,
        kind="goal",
    )
