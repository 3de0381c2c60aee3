"""A placement that drifts: the alarm stands on top, says since when and what is done about it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import wager
from wager.engine.engine import Engine

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]
STABLE_HOURS, TURNED_HOURS, EACH_HOUR = 26, 6, 40
WORTH = {"p-0": 0.3, "p-1": 0.7, "p-2": 0.1}


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, served: Callable[[Path], AbstractContextManager[str]]
) -> Iterator[str]:
    """Where a shop answers whose people, for some hours now, click nothing any more."""
    store = tmp_path_factory.mktemp("drifted") / "shop.db"
    _drifted(store)
    with served(store) as told:
        yield told


def _drifted(store: Path) -> None:
    hours = STABLE_HOURS + TURNED_HOURS
    at = datetime.now(UTC).replace(minute=0) - timedelta(hours=hours)
    rng = np.random.default_rng(7)
    engine = wager.open(f"sqlite:///{store}", now=lambda: at)
    engine.publish(
        items=[{"itemId": name, "title": name} for name in WORTH],
        placements=[{"name": "home", "default": "p-0", "policy": "softmax"}],
    )
    order = {"products": [{"product_id": name} for name in WORTH]}
    bought = {"type": "track", "event": "Order Completed", "userId": "x", "properties": order}
    engine.collect([bought | {"messageId": f"o-{number}"} for number in range(6)])
    for hour in range(hours):
        _one_hour(engine, at, hour, rng)
        at += timedelta(hours=1)
        engine.learn()
    engine.close()


def _one_hour(engine: Engine, at: datetime, hour: int, rng: np.random.Generator) -> None:
    for turn in range(EACH_HOUR):
        who = f"u-{turn}"
        decision = engine.decide(placement="home", user_id=who)
        shown = str(decision.choices[0].item_id)
        if hour < STABLE_HOURS and rng.random() < WORTH[shown]:
            clicked = {"decisionId": decision.decision_id, "itemId": shown}
            event = {"type": "track", "event": "Item Clicked", "userId": who,
                     "timestamp": at.isoformat(), "messageId": f"c-{hour}-{turn}",
                     "properties": clicked}  # fmt: skip
            engine.collect([event])


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_an_alarm_stands_on_top_and_leads_to_its_placement(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    (told,) = shop("GET", "/v1/reports/health")["alarms"]
    assert (told["kind"], told["fallback"], told["overAt"]) == ("fewer-wins", True, None)
    card = page.get_by_role("alert")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("home: bets bring less than was said, since ")
    expect(card).to_contain_text(told["text"][1:])
    expect(card).to_contain_text("the safe choice has 4 of 5 odds")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    above = page.locator("#figures").bounding_box()
    box = card.bounding_box()
    assert box is not None and above is not None and box["y"] < above["y"]
    card.get_by_role("link", name="home").click()
    page.wait_for_url("**/placements/home")
    expect(page.get_by_role("alert")).to_contain_text("bets bring less than was said")
    expect(page.locator("main")).to_contain_text("1 alarm in force, above.")
    visit(page, "/placements")
    expect(page.locator(".harmed")).to_have_text("bets bring less than was said")


def test_a_bet_under_an_alarm_says_so(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    bet = shop("POST", "/v1/decide", json={"placement": "home", "userId": "u-1", "explain": True})
    (why,) = [one["text"] for one in bet["steppedDown"] if one["kind"] == "drift"]
    visit(page, f"/bets/{bet['decisionId']}")
    expect(page.locator("main")).to_contain_text(why)
