"""A shared device: where it is not sure who is there, the decision steps down and says so."""

from collections.abc import Iterator

import numpy as np
import pytest

import wager
from wager.engine.engine import Engine

KINDS = ("cartoon", "thriller")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """One television: cartoons in the afternoon, thrillers late at night, by two people."""
    with wager.open("memory://") as engine:
        engine.publish(
            items=[
                {"itemId": f"{kind}-{n}", "categories": [kind, f"{kind}{n % 3}"]}
                for kind in KINDS
                for n in range(12)
            ],
            placements=[
                {"name": "tv", "slots": 3, "identityThreshold": 0.8},
                {"name": "any", "slots": 3},
            ],
        )
        engine.collect(
            [
                {
                    "type": "track", "event": "Order Completed", "userId": "family",
                    "messageId": f"{kind}-{day}", "timestamp": f"2026-01-{day:02d}T{hour}:10:00Z",
                    "context": {"device": {"id": "the-tv"}},
                    "properties": {"products": [{"product_id": f"{kind}-{day % 12}"}]},
                }
                for day in range(1, 29)
                for kind, hour in (("cartoon", "15"), ("thriller", "22"))
            ]
        )  # fmt: skip
        engine.learn()
        yield engine


def kinds(engine: Engine, placement: str, at: str) -> list[str]:
    decision = engine.decide(placement=placement, user_id="family", at=at, preview=True)
    return [one.kind for one in decision.stepped_down]


@pytest.mark.parametrize("hour", ["15", "22"])
def test_at_their_hours_each_is_recognised(engine: Engine, hour: str) -> None:
    assert kinds(engine, "tv", f"2026-02-03T{hour}:20:00Z") == ["who"]


def test_at_an_hour_that_is_neithers_it_steps_down_and_says_so(engine: Engine) -> None:
    decision = engine.decide(
        placement="tv", user_id="family", at="2026-02-03T09:00:00Z", preview=True
    )
    assert decision.level in ("neutral", "crowd")
    assert decision.stepped_down[0].kind == "who"
    assert "80% needed" in decision.stepped_down[0].text


def test_a_placement_that_does_not_ask_assumes_one_person(engine: Engine) -> None:
    assert kinds(engine, "any", "2026-02-03T09:00:00Z") == []


def bought(engine: Engine, placement: str, at: str) -> set[str]:
    """Kinds of what a candidate is said to have been bought before."""
    decision = engine.decide(placement=placement, user_id="family", at=at, preview=True)
    column = decision.feature_names.index("bought")
    return {
        str(one.item_id).partition("-")[0]
        for one in decision.candidates
        if one.features and np.frombuffer(one.features, "<f4")[column] > 0
    }


def test_who_is_recognised_is_shown_by_what_is_theirs_and_not_by_what_another_bought(
    engine: Engine,
) -> None:
    """The twin, a placement that does not ask, goes by both."""
    engine.publish(categories=[{"name": one, "repurchaseDays": 0} for one in KINDS])
    afternoon, night = "2026-02-03T15:20:00Z", "2026-02-03T22:20:00Z"
    assert bought(engine, "tv", afternoon) == {"cartoon"}
    assert bought(engine, "tv", night) == {"thriller"}
    assert bought(engine, "any", afternoon) == bought(engine, "any", night) == set(KINDS)
    decision = engine.decide(placement="tv", user_id="family", at=night, preview=True)
    assert "what is theirs counts" in decision.stepped_down[0].text


def test_words_are_of_the_person_and_never_again_is_everybodys(engine: Engine) -> None:
    words = "{{ profile.traits.favouriteCategory | default: 'you' }}"
    tv = {"name": "tv", "slots": 3, "identityThreshold": 0.8, "template": words}
    engine.publish(placements=[tv], categories=[{"name": o, "repurchaseDays": 0} for o in KINDS])

    def said(at: str) -> set[object]:
        decision = engine.decide(placement="tv", user_id="family", at=at, preview=True)
        assert "cartoon-1" not in [one.item_id for one in decision.candidates]
        return {str(one.content["text"]).rstrip("012") for one in decision.choices}

    event = {"type": "track", "event": "Item Disliked", "userId": "family"}
    engine.collect([event | {"properties": {"itemId": "cartoon-1"}, "messageId": "d"}])
    assert said("2026-02-03T15:20:00Z") == {"cartoon"}
    assert said("2026-02-03T22:20:00Z") == {"thriller"}


def test_the_erased_leave_what_is_kept_of_the_people_in_an_account(engine: Engine) -> None:
    decision = engine.decide(
        placement="tv", user_id="family", at="2026-02-03T22:20:00Z", preview=True
    )
    assert decision.profile_id in repr(vars(engine.deciding._presence))
    engine.people.erase("user_id", "family")[1].result()
    assert decision.profile_id not in repr(vars(engine.deciding._presence))
