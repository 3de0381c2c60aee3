"""The shipped stories: the demonstration's configuration passes them, a sabotaged one does not."""

from collections.abc import Sequence

import msgspec
import pytest

from wager.demo.setting_up import definitions
from wager.domain.definitions import DEFINITIONS, Definition, DefinitionKind, Placement
from wager.engine import betting
from wager.errors import NotFound
from wager.testing.persofail import Configuration, Played, Scenario, play, scenarios

SABOTAGED = (
    "toilet-seat", "other-toilet-seat", "never-again", "nothing-with-clowns", "sold-out",
    "last-weeks-offer", "in-the-cart", "the-outgrown-toy", "refused-and-not-heard",
)  # fmt: skip


def demonstration() -> Configuration:
    own = definitions()
    return {
        kind: [msgspec.convert(one, form) for one in own.get(kind, ())]
        for kind, form in DEFINITIONS.items()
    }


def one_placement(**fields: object) -> dict[DefinitionKind, Sequence[Definition]]:
    return {"placements": [msgspec.convert({"name": "home", "slots": 2, **fields}, Placement)]}


def failed(played: Sequence[Played]) -> dict[str, list[str]]:
    return {one.name: one.seen for one in played if one.verdict == "failed"}


def stories(*names: str) -> list[Scenario]:
    return [one for one in scenarios() if one.name in names]


def test_there_are_forty_stories_and_more_each_told_once() -> None:
    names = [one.name for one in scenarios()]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


def test_the_demonstration_passes_them_all() -> None:
    played = list(play(demonstration(), scenarios()))
    assert failed(played) == {}
    assert sum(one.verdict == "passed" for one in played) >= 40


def test_where_every_rule_is_switched_off_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(betting, "why_not", lambda ask, item_id: None)
    monkeypatch.setattr(betting, "gate", lambda ask, why_not: lambda item_id: None)
    played = list(play(one_placement(slots=20), stories(*SABOTAGED)))
    assert set(failed(played)) == set(SABOTAGED)


def test_a_placement_without_caps_is_told_to_declare_some() -> None:
    names = ("snap-a-thousand-times", "dismissed-again-and-again")
    (never, *_), caps = stories(*names), [{"per": "item", "limit": 3, "windowMinutes": 10080}]
    without = list(play(one_placement(slots=10), stories(*names)))
    assert set(failed(without)) <= set(names)
    assert failed(list(play(one_placement(slots=10, caps=caps), stories(*names)))) == {}
    assert "caps" in never.hint


def test_a_story_of_kinds_needs_a_placement_that_names_some() -> None:
    (played,) = play(one_placement(), stories("wrong-shelf"))
    assert played.verdict == "not applicable"
    (played,) = play(one_placement(kinds=["article"]), stories("wrong-shelf"))
    assert played.verdict == "passed"


def test_what_a_cap_leaves_out_is_not_taken_for_a_mistake() -> None:
    caps = [{"per": "item", "limit": 1, "windowMinutes": 1440}]
    played = list(play(one_placement(caps=caps), stories("sent-back", "detergent-in-time")))
    assert failed(played) == {}


def test_where_nobody_is_talked_to_no_story_is_passed() -> None:
    quiet = {"from": "00:00", "to": "00:00"}
    (played,) = play(one_placement(quietHours=quiet), stories("toilet-seat"))
    assert (played.verdict, played.seen) == (
        "not applicable", ["home: nobody was talked to: quiet-hours"],
    )  # fmt: skip


def test_without_a_placement_there_is_nothing_to_play_against() -> None:
    with pytest.raises(NotFound, match="wager apply"):
        list(play({}, scenarios()))
