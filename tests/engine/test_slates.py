"""What a placement asks of its slates holds in bets, in the default and over a whole page."""

from collections.abc import Iterator

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.errors import BadDefinition, BadInput

TIMES = 40
ITEMS = [
    {"itemId": f"p-{n}", "creator": f"maker-{n % 3}", "categories": [f"c-{n % 2}"]}
    | {"tags": {"alcohol": 1.0} if n in (0, 3) else {"news": 1.0} if n in (5, 6) else {}}
    for n in range(12)
]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with wager.open("memory://") as engine:
        engine.publish(items=[*ITEMS, {"itemId": "poster", "kind": "banner"}])
        for number in range(60):
            engine.collect(
                [
                    {
                        "type": "track",
                        "event": "Order Completed",
                        "userId": f"u-{number % 6}",
                        "messageId": f"m-{number}",
                        "timestamp": f"2026-01-{1 + number // 3:02d}T10:00:00Z",
                        "properties": {
                            "products": [
                                {"product_id": f"p-{(number + k) % 12}", "price": 1.0}
                                for k in range(3)
                            ]
                        },
                    }
                ]
            )
        engine.learn()
        yield engine


def asked(engine: Engine, **placement: object) -> list[Decision]:
    base = {"name": "home", "kinds": ["product"], "default": ["p-0", "p-3", "p-6"]}
    engine.publish(placements=[base | placement])
    return [
        engine.decide(placement="home", user_id=f"u-{n % 6}", decision_id=f"d-{n}", preview=True)
        for n in range(TIMES)
    ]


def shown(decision: Decision) -> list[str]:
    return [str(one.item_id) for one in decision.choices]


def made_by(engine: Engine, names: list[str]) -> list[str | None]:
    return [engine.live.items[name].creator for name in names]


@pytest.mark.parametrize("held_out", [0.0, 0.9])
def test_at_most_so_many_of_one_maker(engine: Engine, held_out: float) -> None:
    decisions = asked(engine, slots=6, atMost={"creator": 1}, holdoutShare=held_out)
    for decision in decisions:
        makers = made_by(engine, shown(decision))
        assert len(makers) == len(set(makers)) == 3  # there are three: fewer slots are filled
    free = asked(engine, slots=6)
    assert all(len(shown(one)) == 6 for one in free)  # twelve items of three makers


def test_never_two_of_one_exclusive_tag(engine: Engine) -> None:
    for decision in asked(engine, slots=8, exclusive=["alcohol"], allowNothing=False):
        assert not {"p-0", "p-3"} <= set(shown(decision))


@pytest.mark.parametrize("held_out", [0.0, 0.9])
def test_what_must_be_there_comes_first(engine: Engine, held_out: float) -> None:
    must = [{"item": "p-11"}, {"tag": "news"}, {"item": "poster"}]
    decisions = asked(engine, slots=4, mustInclude=must, holdoutShare=held_out)
    for decision in decisions:
        first, second, *_ = decision.choices
        assert (first.item_id, first.propensity) == ("p-11", pytest.approx(1.0))
        assert second.item_id in ("p-5", "p-6")
        assert "poster" not in shown(decision)  # not eligible: passed over
        assert (second.propensity < 1.0) is not decision.holdout  # drawn from the two


def test_a_page_has_each_group_once(engine: Engine) -> None:
    engine.publish(
        placements=[
            {"name": "top", "slots": 2, "exclusive": ["alcohol"]},
            {"name": "grid", "slots": 6, "atMost": {"creator": 2}},
        ]
    )
    for number in range(TIMES):
        top, grid = engine.deciding.decide(
            wager.domain.decisions.DecideRequest(
                placements=["top", "grid"], user_id="u-1", decision_id=f"page-{number}"
            )
        )[0]
        page = [*shown(top), *shown(grid)]
        assert len({"p-0", "p-3"} & set(page)) <= 1
        makers = made_by(engine, page)
        for maker in set(made_by(engine, shown(grid))):
            assert makers.count(maker) <= 2
        assert len(set(page)) == len(page)


@pytest.mark.parametrize("held_out", [0.0, 0.9])
def test_of_one_parent_one_is_shown_with_what_is_safe_as_well(
    engine: Engine, held_out: float
) -> None:
    engine.publish(
        items=[{"itemId": "shirt"}]
        + [{"itemId": f"shirt-{colour}", "parentId": "shirt"} for colour in ("red", "blue")]
    )
    safe = ["shirt-red", "shirt-blue", "shirt", "p-1"]
    decisions = asked(engine, slots=3, default=safe, holdoutShare=held_out)
    stranger = engine.decide(placement="home", user_id="stranger")
    for decision in (*decisions, stranger):
        assert len(shown(decision)) == 3
        assert sum("shirt" in name for name in shown(decision)) <= 1


def test_several_placements_are_asked_as_a_page(engine: Engine) -> None:
    with pytest.raises(BadInput, match="decide_page"):
        engine.decide(placements=["home"], user_id="u-1")


@pytest.mark.parametrize(
    ("placement", "says"),
    [
        ({"mustInclude": [{"item": "a"}, {"item": "b"}]}, "2 entries for 1 slots"),
        ({"slots": 3, "mustInclude": [{"item": "a"}, {"item": "a"}]}, "twice"),
        ({"mustInclude": [{}]}, "needs one of"),
        ({"slots": 4, "kinds": ["a"], "atMost": {"kind": 2}}, "can never be filled"),
        ({"atMost": {"colour": 2}}, "colour"),
    ],
)
def test_what_can_never_be_is_refused(
    engine: Engine, placement: dict[str, object], says: str
) -> None:
    with pytest.raises(BadDefinition, match=says):
        engine.publishing.put("placements", {"name": "home"} | placement)


def test_what_hardly_can_be_is_warned_of(engine: Engine) -> None:
    must = [{"item": "gone"}, {"tag": "none"}, {"item": "poster"}, {"item": "p-0"}, {"item": "p-3"}]
    document = {
        "name": "home", "slots": 5, "kinds": ["product"], "exclusive": ["alcohol"],
        "mustInclude": must,
    }  # fmt: skip
    _, warnings, _ = engine.publishing.put("placements", document)
    for says in ("no item yet", "no item has it", "does not show", "keeps it out"):
        assert sum(says in one for one in warnings) == 1
