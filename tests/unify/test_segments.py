"""Conditions: what they may name, when they hold, and that what is absent makes them false."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wager.domain.definitions import Segment
from wager.domain.events import Event
from wager.domain.profiles import Affinity, Count, Field, Profile
from wager.errors import BadDefinition
from wager.unify.golden import fold
from wager.unify.segments import CompiledSegment, compile_segment, holds, membership

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def profile(**traits: Any) -> Profile:
    return Profile(
        profile_id="p",
        created_at=NOW - timedelta(days=10),
        updated_at=NOW,
        traits={name: Field(value, "api", NOW) for name, value in traits.items()},
        affinities={"category:Bakery": Affinity(2.0, NOW - timedelta(days=60))},
        counts={
            "Order Completed": Count(3.0, NOW - timedelta(days=4)),
            "$revenue": Count(225.0, NOW),
        },
    )


def compiled(condition: str, name: str = "s") -> CompiledSegment:
    return compile_segment(Segment(name=name, condition=condition))


def asked(condition: str, context: dict[str, Any] | None = None, **traits: Any) -> bool:
    held, stopped = holds(compiled(condition), profile(**traits), context or {}, NOW)
    assert not stopped
    return held


def stopped(condition: str, context: dict[str, Any] | None = None, **traits: Any) -> bool:
    held, failed = holds(compiled(condition), profile(**traits), context or {}, NOW)
    assert not (held and failed)
    return failed


TRUE = [
    "profile.traits.averageOrder >= 50.0 && profile.traits.averageOrder <= 100.0",
    "profile.traits.averageOrder >= 50 && profile.traits.averageOrder <= 100",
    "profile.traits.averageOrder + 1 > 75",
    "profile.traits.orders == 3",
    "profile.traits.orders * 2 - 1 == 5",
    "int(profile.traits.orders) % 2 == 1",
    "profile.traits.age >= 18",
    "profile.traits.age + 0.5 < 19",
    "profile.traits['first name'] == 'Ada'",
    "'vip' in profile.traits.labels",
    "profile.traits.labels[0] == 'vip'",
    "profile.traits.labels.exists(x, x.startsWith('v'))",
    "profile.traits.labels.filter(x, x == 'vip').size() == 1 || false",
    "size(profile.traits.labels) + 1 == 2",
    "profile.traits.address.city == 'Berlin'",
    "profile.traits.address.floor == 3",
    "profile.affinities['category:Bakery'] == 1.0",
    "profile.affinities['category:Never'] < 0.1",
    "profile.counts['Order Completed'] > 2",
    "profile.counts['Never Happened'] == 0",
    "profile.counts.orders == 3 && profile.counts.revenue > 200",
    "profile.traits.lastOrderAt < now",
    "now - profile.traits.lastOrderAt > duration('24h')",
    "profile.traits.daysSinceLastOrder == 4",
    "timestamp(profile.traits.born) < now",
    "has(profile.traits.age) && !has(profile.traits.shoeSize)",
    "profile.traits.shoeSize > 40 || profile.traits.age == 18",
    "'age' in profile.traits",
    "context.hour == 18 && context.weekday in [1, 7]",
    "context.hour + 1 > 18.5",
    "context.channel == 'web' ? profile.traits.member : false",
    "profile.traits.averageOrder * 1.2 > context.basket",
    "context.mood.valence < 0",
    "// a comment\nprofile.traits.member",
    r"profile.traits.born.matches(r'^\d{4}-')",
]
TRAITS: dict[str, Any] = {
    "age": 18,
    "first name": "Ada",
    "labels": ["vip"],
    "address": {"city": "Berlin", "floor": 3},
    "born": "2008-01-05T00:00:00Z",
    "member": True,
}
CONTEXT: dict[str, Any] = {
    "hour": 18,
    "weekday": 1,
    "channel": "web",
    "basket": 60,
    "mood": {"label": "upset", "valence": -0.6},
}


@pytest.mark.parametrize("condition", TRUE)
def test_conditions_that_hold(condition: str) -> None:
    assert asked(condition, CONTEXT, **TRAITS)


@pytest.mark.parametrize(
    "condition",
    [
        "profile.traits.shoeSize > 40",
        "!(profile.traits.shoeSize > 40)",
        "profile.traits.address.street == 'x'",
        "profile.traits.age > 'eighteen'",
        "profile.traits.labels > 3",
        "profile.traits.labels[7] == 'vip'",
        "profile.traits.age % 2 == 0",
        "1 / 0 > 1",
        "9223372036854775807 + 1 > 0 && int(profile.traits.orders) / 0 > 1",
        "profile.traits.age",
        "profile.traits.labels",
        "'yes'",
        "timestamp(profile.traits.labels[0]) < now",
        "context.unknown == 1",
        "profile.traits.labels[0].matches('(')",
    ],
)
def test_what_is_absent_or_of_the_wrong_type_makes_it_false(condition: str) -> None:
    assert stopped(condition, CONTEXT, **TRAITS)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("profil.traits.age > 1", "'profil'"),
        ("profile.trait.age > 1", "profile.trait"),
        ("profile['traits'].age > 1", "profile.traits"),
        ("profile == 1", "profile by itself"),
        ("user.age > 1", "profile, context, now"),
        ("profile.traits.l.exists(x, profile.traits.m.exists(y, x == y))", "another comprehension"),
        ("profile.traits.l.map(x, [1].map(y, x)).size() > 1", "another comprehension"),
        ("[profile.traits.l.filter(x, (([2]).all(z, z > x)))].size() > 0", "another comprehension"),
        ("profile.traits.l.exists(profile, true)", "not 'profile'"),
        ("profile.traits.l.exists(x)", "names its element first"),
        ("profile.traits.l.exists(x, y > 1)", "'y'"),
        ("profile.traits.l.exists(x, x > 1) && x > 1", "'x'"),
        ("max(1, 2) > profile.traits.a", "'max'"),
        ("open('/etc/passwd') == ''", "'open'"),
        ("profile.traits.a.shell('ls')", "'shell'"),
        (".profile.traits.a > 1", "before the dot"),
        ("profile.traits.a ==", "not CEL"),
        ("profile.traits.a == 'x", "character 20"),
        ("profile.traits.a = 1", "character 17"),
        ("$1", "is not CEL"),
        ("(" * 200 + "true" + ")" * 200, "not CEL"),
        ('r"\\" == profile.traits.a.b && evil', "'evil'"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_saved(condition: str, told: str) -> None:
    with pytest.raises(BadDefinition, match="condition of segment 's'") as caught:
        compiled(condition)
    assert told in caught.value.detail


def test_what_depends_on_the_moment_is_asked_at_the_decision() -> None:
    standing = ["profile.traits.orders > 1", "profile.counts['x'] > 1", "profile.traits.x == 'now'"]
    of_the_moment = [
        "now > timestamp('2020-01-01T00:00:00Z')",
        "context.hour > 3",
        "profile.traits.daysSinceLastOrder > 30",
        "profile.counts.visits30Days > 3",
        "profile.affinities['category:Bakery'] > 0.5",
        "'x' in profile.traits",
        "size(context) > 0",
    ]
    assert not any(compiled(condition).at_decision for condition in standing)
    assert all(compiled(condition).at_decision for condition in of_the_moment)


def test_the_traits_that_somebody_must_state() -> None:
    segment = compiled("profile.traits.plan == 'pro' && profile.traits.orders > 1")
    assert segment.traits == ("plan",)


def test_membership_leaves_out_what_the_decision_asks() -> None:
    segments = [
        compiled("profile.traits.orders > 2", "loyal"),
        compiled("profile.traits.orders > 9", "very-loyal"),
        compiled("profile.traits.plan == 'pro'", "pro"),
        compiled("context.hour > 3", "morning"),
    ]
    members, errors = membership(profile(), segments, NOW)
    assert members == ("loyal",)
    assert errors == {"pro": 1}


def test_a_condition_whose_fields_did_not_change_is_not_asked_again() -> None:
    class Counted:
        times = 0

        def execute(self, context: dict[str, Any]) -> object:
            self.times += 1
            return context["profile"]["traits"]["plan"] == "pro"

    program = Counted()
    segment = dataclasses.replace(compiled("profile.traits.plan == 'pro'", "pro"), program=program)
    at = NOW + timedelta(days=1)
    told: dict[str, Any] = {"at": at, "received_at": at, "identities": ()}
    before = profile(plan="pro")
    members, _ = membership(before, [segment], NOW)
    before = msgspec.structs.replace(before, segments=members)
    seen = fold(before, [Event(message_id="1", kind="track", name="Seen", **told)], {})
    assert membership(seen, [segment], NOW, before) == (("pro",), {})
    assert program.times == 1
    stated = Event(message_id="2", kind="identify", traits={"plan": "free"}, **told)
    assert membership(fold(seen, [stated], {}), [segment], NOW, before) == ((), {})
    assert program.times == 2


def test_an_answer_kept_for_one_context_is_not_given_for_another() -> None:
    segment = compiled("context.hour >= 21 && context.channel == 'web'")

    def at(**context: Any) -> tuple[bool, bool]:
        return holds(segment, profile(), context, NOW)

    for _ in range(2):
        assert at(hour=22, channel="web") == at(hour=22.0, channel="web") == (True, False)
        assert at(hour=20, channel="web") == at(hour=22, channel="app") == (False, False)
        assert at(hour="22", channel="web") == at(channel="web") == (False, True)
        assert at(hour=None, channel="web") == at(hour=[22], channel="web") == (False, True)
    assert len(segment.answered) == 7
