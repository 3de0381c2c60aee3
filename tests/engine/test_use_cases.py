"""Use cases that want the same slots: who wins, what is logged of it, and what is said before."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.errors import BadDefinition

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = 6


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Twelve items that are bought alike by six people; u-0 has the trait vip."""
    with wager.open("memory://", now=lambda: NOW) as engine:
        engine.publish(
            items=[
                *({"itemId": f"p-{n}", "tags": {"own": 1.0} if n > 8 else {}} for n in range(12)),
                *({"itemId": f"notice-{n}", "kind": "notice"} for n in range(2)),
            ],
            segments=[{"name": "vip", "condition": "profile.traits.vip == true"}],
            placements=[{"name": "home", "slots": 3, "default": ["p-0", "p-1", "p-2"]}],
            goals=[{"name": "click", "event": "Item Clicked"}],
        )
        engine.collect([{"type": "identify", "userId": "u-0", "traits": {"vip": True}}])
        engine.collect(
            [
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{number % PEOPLE}",
                    "messageId": f"m-{number}",
                    "timestamp": f"2026-02-{1 + number // 3:02d}T10:00:00Z",
                    "properties": {
                        "products": [{"product_id": f"p-{(number + k) % 12}"} for k in range(3)]
                    },
                }
                for number in range(60)
            ]
        )
        engine.learn()
        yield engine


def case(engine: Engine, name: str, **fields: object) -> list[str]:
    document = {"name": name, "placement": "home", "goal": "click", "state": "live"} | fields
    return engine.publishing.put("usecases", document)[1]


def asked(engine: Engine, user: str = "u-1", times: int = 30) -> list[Decision]:
    return [engine.decide(placement="home", user_id=user, preview=True) for _ in range(times)]


def serving(decision: Decision) -> list[str | None]:
    return [one.use_case for one in decision.choices]


ONCE = [{"per": "useCase", "limit": 1, "windowMinutes": 60}]


def told(engine: Engine, user: str, **more: object) -> Decision:
    return engine.decide(placement="home", user_id=user, **more)


def test_a_full_use_case_rests_and_the_others_go_on(engine: Engine) -> None:
    case(engine, "own-brand", tags=["own"], mandatory=True, caps=ONCE)
    first, second = told(engine, "u-1"), told(engine, "u-1")
    assert "own-brand" in serving(first)
    assert second.silence is None
    assert len(second.choices) == 3
    assert serving(second) == [None, None, None]
    own = {"p-9", "p-10", "p-11"}
    assert not own & {one.item_id for one in (*second.choices, *second.candidates)}
    assert own >= {one.item_id for one in second.excluded if one.rule == "capped"} != set()
    [contender] = second.use_cases
    assert (contender.use_case, contender.item_id, contender.slots) == ("own-brand", None, ())
    assert "own-brand" in serving(told(engine, "u-2")), "each person has a count of their own"


@pytest.mark.parametrize("per", ["person", "placement", "channel", "household"])
def test_a_cap_of_a_use_case_holds_back_that_use_case_alone(engine: Engine, per: str) -> None:
    caps = [{"per": per, "limit": 2, "windowMinutes": 60}]
    case(engine, "own-brand", tags=["own"], mandatory=True, caps=caps)
    made = [told(engine, "u-1") for _ in range(4)]
    assert [one.silence for one in made] == [None] * 4
    assert ["own-brand" in serving(one) for one in made] == [True, True, False, False]
    case(engine, "own-brand", tags=["own"], segments=["vip"], caps=caps)
    assert [told(engine, "u-2").silence for _ in range(3)] == [None] * 3


def test_what_serves_another_use_case_takes_nothing_of_the_cap(engine: Engine) -> None:
    case(engine, "own-brand", tags=["own"], caps=ONCE)
    case(engine, "few", items=["p-1", "p-2"])
    others = ["p-0", "p-1", "p-2"]
    for _ in range(3):
        made = told(engine, "u-1", candidates=others)
        assert {one.item_id for one in made.choices} == set(others)
    assert "own-brand" in serving(told(engine, "u-1", candidates=["p-9", *others[:2]]))
    assert "own-brand" not in serving(told(engine, "u-1", candidates=["p-9", *others]))


def test_an_item_of_a_full_use_case_may_serve_another(engine: Engine) -> None:
    case(engine, "own-brand", tags=["own"], mandatory=True, caps=ONCE)
    case(engine, "nine", items=["p-9"], mandatory=True)
    first, second = told(engine, "u-1"), told(engine, "u-1")
    assert serving(first).count("own-brand") >= 1
    assert ("p-9", "nine") in {(one.item_id, one.use_case) for one in second.choices}
    assert "own-brand" not in serving(second)


def test_who_is_in_no_segment_of_a_use_case_is_not_bound_by_its_cap(engine: Engine) -> None:
    case(engine, "vips", segments=["vip"], caps=ONCE)
    vip = [told(engine, "u-0") for _ in range(2)]
    assert [one.silence for one in vip] == [None, "capped"]
    others = [told(engine, "u-1") for _ in range(3)]
    assert [one.silence for one in others] == [None, None, None]


def test_where_it_wants_any_item_others_in_force_go_on(engine: Engine) -> None:
    case(engine, "all", lever=2, caps=ONCE)
    case(engine, "own-brand", tags=["own"])
    first, second = told(engine, "u-1"), told(engine, "u-1")
    assert "all" in serving(first)
    assert second.silence is None
    assert second.choices
    assert set(serving(second)) == {"own-brand"}


def test_a_lever_raises_the_odds_of_what_the_use_case_wants(engine: Engine) -> None:
    case(engine, "own-brand", tags=["own"])

    def share(decisions: list[Decision]) -> float:
        return sum(
            sum(one.propensity for one in decision.candidates if one.item_id in ("p-9", "p-10"))
            for decision in decisions
        ) / len(decisions)

    before = share(asked(engine, times=3))
    case(engine, "own-brand", tags=["own"], lever=5)
    after = asked(engine, times=3)
    assert share(after) > 2 * before
    won = next(one for one in after[0].choices if one.use_case == "own-brand")
    said = next(one for one in won.reasons if one.kind == "use-case")
    assert said.text == "for use case own-brand: lever 5 x context value 1"
    assert sum(one.weight for one in won.reasons) == pytest.approx(won.expected_reward)
    contender = after[0].use_cases[0]
    expected = {one.item_id: one.expected_reward for one in after[0].candidates}
    assert contender.priority == pytest.approx(5 * expected[contender.item_id], rel=1e-6)
    assert contender.slots == tuple(one.slot for one in after[0].choices if one.use_case)


def test_the_value_in_the_context_counts_for_who_is_in_the_segment(engine: Engine) -> None:
    case(engine, "own-brand", tags=["own"], contextValue={"vip": 4.0})
    assert asked(engine, "u-0", 1)[0].use_cases[0].context_value == 4.0
    assert asked(engine, "u-1", 1)[0].use_cases[0].context_value == 1.0


def test_mandatory_comes_first_for_everybody_held_out_or_not(engine: Engine) -> None:
    engine.publish(placements=[{"name": "home", "slots": 3, "holdoutShare": 0.5}])
    case(engine, "recall", kinds=["notice"], mandatory=True)
    case(engine, "own-brand", tags=["own"], lever=900)
    for user in range(20):
        decision = asked(engine, f"u-{user}", 1)[0]
        assert str(decision.choices[0].item_id).startswith("notice")
        assert serving(decision)[0] == "recall"
        assert decision.use_cases[0].slots[0] == 0


def test_a_segment_has_its_own_and_refusal_keeps_it_from_anybody(engine: Engine) -> None:
    case(engine, "thanks", items=["notice-0"], segments=["vip"], mandatory=True)
    vip, other = asked(engine, "u-0", 1)[0], asked(engine, "u-1", 1)[0]
    assert (vip.choices[0].item_id, vip.beside) == ("notice-0", ())
    assert (serving(other), other.use_cases, other.beside) == ([None] * 3, (), ("thanks",))
    consent = {"categoryPreferences": {"personalization": False}}
    refused = engine.decide(
        placement="home", user_id="u-0", context={"consent": consent}, preview=True
    )
    assert refused.choices[0].item_id != "notice-0"


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "draft"},
        {"state": "retired"},
        {"from": "2026-03-03T00:00:00Z"},
        {"until": "2026-03-02T09:00:00Z"},
        {"placement": "elsewhere"},
    ],
)
def test_only_what_is_in_force_counts(engine: Engine, fields: dict[str, object]) -> None:
    case(engine, "own-brand", items=["p-9"], mandatory=True, **fields)
    assert all(serving(one) == [None] * 3 for one in asked(engine, times=3))


def test_what_is_equal_goes_to_who_is_first_in_the_queue(engine: Engine) -> None:
    """By lever x context value, lever, beginning, name; the greedy policy shows the winner."""
    engine.publish(placements=[{"name": "home", "policy": "greedy", "riskAppetite": 0.0}])
    engine.publish(items=[{"itemId": name, "kind": "twin"} for name in ("t-1", "t-2")])
    case(engine, "beta", items=["t-1"])
    case(engine, "alpha", items=["t-2"])
    decision = engine.decide(
        placement="home", user_id="u-1", candidates=["t-1", "t-2"], preview=True
    )
    assert [one.use_case for one in decision.use_cases] == ["alpha", "beta"]
    odds = {one.item_id: one.propensity for one in decision.candidates}
    assert odds["t-2"] > 0.99
    case(engine, "beta", items=["t-1"], **{"from": "2026-01-01T00:00:00Z"})
    case(engine, "alpha", items=["t-2"], **{"from": "2026-02-01T00:00:00Z"})
    decision = engine.decide(
        placement="home", user_id="u-1", candidates=["t-1", "t-2"], preview=True
    )
    assert {one.item_id: one.propensity for one in decision.candidates}["t-1"] > 0.99


def test_a_placement_can_insist_on_a_use_case(engine: Engine) -> None:
    must = [{"useCase": "own-brand"}]
    engine.publish(placements=[{"name": "home", "slots": 2, "mustInclude": must}])
    assert all(len(one.choices) == 2 for one in asked(engine, times=3))  # not in force: passed over
    case(engine, "own-brand", tags=["own"])
    for decision in asked(engine):
        assert serving(decision)[0] == "own-brand"


def test_conflicts_are_said_before_they_go_live(engine: Engine) -> None:
    engine.publish(
        placements=[{"name": "home", "slots": 1, "exclusive": ["own"], "kinds": ["product"]}]
    )
    assert case(engine, "a", items=["p-9"], owner="ann", mandatory=True) == []
    said = case(engine, "b", items=["p-9"], owner="bob", mandatory=True)
    assert len(said) == 3
    assert "(bob and ann) both want 'p-9'" in said[0] and "for 'a' alone" in said[0]
    assert "shows one at the most" in said[1]
    assert "2 mandatory use cases" in said[2] and "which has 1" in said[2]
    assert case(engine, "b", items=["p-9"], state="draft") == []
    apart = {"from": "2027-01-01T00:00:00Z"}
    case(engine, "a", items=["p-9"], until="2026-12-31T00:00:00Z")
    assert case(engine, "b", items=["p-9"], **apart) == []
    said = case(engine, "c", kinds=["notice"], items=["gone"], segments=["nobody"], state="draft")
    assert ["no item yet" in said[0], "does not show" in said[1], "not defined" in said[2]] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "before it begins"),
        ({"mandatory": True}, "names nothing"),
        ({"lever": 0}, "lever"),
    ],
)
def test_what_can_never_be_is_refused(engine: Engine, fields: dict[str, object], says: str) -> None:
    with pytest.raises(BadDefinition, match=says):
        case(engine, "a", **fields)
