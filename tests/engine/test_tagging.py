"""Tags that a placement requires: what lacks one is not shown; the report says how much does."""

from collections.abc import Iterator
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine

SEASON = {"name": "season", "tags": ["winter", "summer"], "kinds": ["product"]}


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Of six products four are tagged; a notice needs no season."""
    with wager.open("memory://") as engine:
        tags: list[dict[str, float]] = [{"winter": 1}, {"summer": 0.5}, {"winter": 1, "red": 1}]
        tags += [{"winter": 1, "summer": 1}, {"red": 1}, {}]
        items: list[dict[str, Any]] = [
            {"itemId": f"p-{number}", "tags": own} for number, own in enumerate(tags)
        ]
        items.append({"itemId": "notice", "kind": "notice"})
        engine.publish(items=items, vocabularies=[SEASON])
        place(engine)
        yield engine


def place(engine: Engine, **fields: Any) -> list[str]:
    home = {"name": "home", "slots": 7, "default": "p-5", "requiredTags": ["season"]}
    return engine.publish(placements=[home | fields])


def decide(engine: Engine) -> Decision:
    return engine.decide(placement="home", user_id="ada", preview=True)


def shown(engine: Engine) -> set[str | None]:
    return {one.item_id for one in decide(engine).choices}


def test_what_lacks_a_tag_is_not_shown_not_even_as_the_default(engine: Engine) -> None:
    assert shown(engine) == {"p-0", "p-1", "p-2", "p-3", "notice"}
    assert {one.item_id for one in decide(engine).excluded if one.rule == "untagged"} == {
        "p-4", "p-5"
    }  # fmt: skip
    place(engine, requiredTags=[])
    assert len(shown(engine)) == 7


def test_it_counts_from_the_moment_that_it_is_tagged_or_not(engine: Engine) -> None:
    engine.publish(items=[{"itemId": "p-4", "tags": {"summer": 1}}, {"itemId": "p-0"}])
    assert shown(engine) == {"p-1", "p-2", "p-3", "p-4", "notice"}
    engine.publish(vocabularies=[SEASON | {"tags": ["summer"]}])
    assert shown(engine) == {"p-1", "p-3", "p-4", "notice"}
    engine.publishing.delete("vocabularies", "season").result()
    assert len(shown(engine)) == 7


def test_bets_are_bound_by_it_too(engine: Engine) -> None:
    for number in range(12):
        order = {"products": [{"product_id": f"p-{n}"} for n in range(6)]}
        event = {"type": "track", "event": "Order Completed", "userId": f"u-{number}"}
        engine.collect([event | {"properties": order}])
    engine.learn()
    decision = engine.decide(placement="home", user_id="new", preview=True)
    assert decision.level == "crowd"
    assert not {"p-4", "p-5"} & {one.item_id for one in decision.candidates}
    assert decision.dropped["untagged"] == 2


def test_the_report_says_how_far_the_catalog_is_tagged(engine: Engine) -> None:
    report = engine.measuring.report("tags")
    assert report["vocabularies"] == [
        {
            "vocabulary": "season",
            "items": 6,
            "tagged": 4,
            "share": pytest.approx(4 / 6),
            "byTag": {"winter": 3, "summer": 2},
            "missing": ["p-4", "p-5"],
        }
    ]
    assert report["placements"] == {"home": {"requires": ["season"], "keptOut": 2}}
    assert report["free"] == ["red"]


def test_what_is_lacking_is_said_when_it_is_written(engine: Engine) -> None:
    (said,) = engine.publish(vocabularies=[SEASON])
    assert said.startswith("2 items have no tag of vocabulary 'season'")
    assert any("'colour', not defined yet" in one for one in place(engine, requiredTags=["colour"]))
