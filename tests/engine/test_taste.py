"""What people of the same taste buy comes into question, says so, and survives a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

import wager
from wager.domain.identity import Identity
from wager.domain.taste import Taste
from wager.engine.engine import Engine
from wager.engine.history import Lines
from wager.learn.factors import History, Shape, goes_together

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS = 40


def learnt(lines: Lines) -> Taste:
    """What goes together in the orders, worked out here and not in a child."""
    rows = list(lines)
    people = list(dict.fromkeys(person for person, _, _ in rows))
    items = sorted({item for _, item, _ in rows})
    history = History(
        np.array([people.index(person) for person, _, _ in rows]),
        np.array([items.index(item) for _, item, _ in rows]),
        np.array([at / 86_400 for _, _, at in rows]),
        tuple(items),
    )
    return goes_together(history, Shape(penalty=1.0))


def shop(url: str) -> Engine:
    """Even people buy three even items, odd people three odd ones; everybody buys the first 20."""
    engine = wager.open(url, now=lambda: START + timedelta(days=2))
    engine.publish(
        items=[{"itemId": f"i-{n:02}"} for n in range(ITEMS)],
        goals=[{"name": "buy", "event": "Order Completed", "windowMinutes": 60}],
        placements=[{"name": "home", "slots": 3, "goal": "buy", "default": "i-00"}],
    )
    basics, payloads = [*range(20)], list[dict[str, Any]]()
    for person in range(24):
        own = [20 + (person + 2 * step) % 20 for step in range(3)]
        for number, items in enumerate((basics, basics, own)):
            payloads.append(
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{person}",
                    "messageId": f"o-{person}-{number}",
                    "timestamp": (START + timedelta(hours=number)).isoformat(),
                    "properties": {"products": [{"product_id": f"i-{n:02}"} for n in items]},
                }
            )
    assert engine.collect(payloads).accepted == len(payloads)
    engine.learn()
    return engine


def named(engine: Engine) -> set[str]:
    """The items that taste brings to the person who bought 20, 22 and 24."""
    who = Identity("user_id", "u-0")
    profile = engine.stores.profiles.get(engine.stores.profiles.find([who])[who])
    assert profile is not None
    return {name for name, _, _ in engine.live.standing(profile, START).similar[:2]}


def test_taste_names_what_the_like_minded_buy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    engine = shop(url)
    assert named(engine) == set()
    engine.learning.rebuild(lambda _: {}, learnt)
    near = named(engine)
    assert near == {"i-26", "i-38"}
    engine.close()
    again = wager.open(url, now=lambda: START + timedelta(days=2))
    assert named(again) == near
    again.close()


def test_the_answer_says_so_and_the_parts_add_up() -> None:
    engine = shop("memory://")
    asked: dict[str, Any] = {"placement": "home", "user_id": "u-0", "candidates": ["i-26", "i-38"]}
    before = engine.decide(**asked)
    engine.learning.rebuild(lambda _: {}, learnt)
    after = engine.decide(**asked)
    kinds = [{reason.kind for reason in choice.reasons} for choice in after.choices]
    assert after.level == "context"
    assert "similar" in kinds[0]
    assert not any("similar" in {one.kind for one in c.reasons} for c in before.choices)
    for choice in after.choices:
        parts = sum(reason.weight for reason in choice.reasons)
        assert abs(parts - choice.expected_reward) < 1e-6
    engine.close()


def test_without_context_taste_says_nothing() -> None:
    engine = shop("memory://")
    engine.learning.rebuild(lambda _: {}, learnt)
    answer = engine.decide(placement="home", user_id="a stranger")
    assert "similar" not in {one.kind for choice in answer.choices for one in choice.reasons}
    engine.close()


def paper(url: str) -> Engine:
    """Nothing is sold: even people read three even articles, odd people three odd ones."""
    engine = wager.open(url, now=lambda: START + timedelta(days=2))
    engine.publish(
        items=[{"itemId": f"i-{n:02}", "kind": "article"} for n in range(ITEMS)],
        placements=[{"name": "front", "slots": 3, "default": "i-00"}],
    )
    payloads = [
        {
            "type": "track",
            "event": "Item Clicked",
            "userId": f"u-{person}",
            "messageId": f"c-{person}-{number}",
            "timestamp": (START + timedelta(minutes=number)).isoformat(),
            "properties": {"itemId": f"i-{number:02}"},
        }
        for person in range(24)
        for number in [*range(20), *(20 + (person + 2 * step) % 20 for step in range(3))]
    ]
    assert engine.collect(payloads).accepted == len(payloads)
    engine.learn()
    return engine


def test_where_nothing_is_bought_taste_is_what_was_clicked() -> None:
    engine = paper("memory://")
    assert engine.learning.outgrown
    engine.learning.rebuild(lambda _: {"i-20": [("i-26", 5.0)]}, learnt)
    assert not engine.learning.outgrown
    assert named(engine) <= {f"i-{n}" for n in range(26, 40, 2)}
    bet = engine.decide(placement="front", user_id="u-0")
    mine = [one for one in bet.candidates if one.item_id == "i-26"]
    assert mine
    said = {
        reason.text
        for turn in range(40)
        for choice in engine.decide(
            placement="front", user_id="u-0", decision_id=f"d-{turn}", preview=True
        ).choices
        for reason in choice.reasons
    }
    assert not any("bought" in text for text in said)
    assert any("you chose" in text or "also chose it" in text for text in said)
    engine.close()
