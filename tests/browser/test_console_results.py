"""Did it work: the lift, closer each time, tactics and levels, as the reports have them."""

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
SIZES = pytest.mark.parametrize("size", ["laptop", "phone"])
WEEKS, TURNS, PEOPLE, ITEMS = 5, 3, 120, 6
PLACEMENT = {
    "name": "home", "default": "p-5", "holdoutShare": 0.45, "levelTrialShare": 0.4,
    "riskAppetite": 0.3,
    "shadow": {"policy": "inverse-gap", "riskAppetite": 0.2, "levels": ["crowd", "neutral"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, served: Callable[[Path], AbstractContextManager[str]]
) -> Iterator[str]:
    """Where a shop answers whose people click what they bought more often than the safe choice."""
    store = tmp_path_factory.mktemp("lived") / "shop.db"
    _lived(store)
    with served(store) as told:
        yield told


def _lived(store: Path) -> None:
    at = datetime.now(UTC) - timedelta(weeks=WEEKS)
    rng = np.random.default_rng(3)
    engine = wager.open(f"sqlite:///{store}", now=lambda: at)
    items = [{"itemId": f"p-{number}", "title": f"item {number}"} for number in range(ITEMS)]
    engine.publish(items=items, placements=[PLACEMENT, {"name": "new"}])
    for who in range(PEOPLE):
        for order in range(4):
            line = {"products": [{"product_id": f"p-{who % (ITEMS - 1)}"}]}
            event = {"type": "track", "event": "Order Completed", "userId": f"u-{who}",
                     "messageId": f"o-{who}-{order}", "properties": line}  # fmt: skip
            engine.collect([event])
    for week in range(WEEKS):
        for turn in range(TURNS):
            _once_each(engine, week, turn, rng)
            at += timedelta(weeks=1 / TURNS)
            engine.learn()
    engine.close()


def _once_each(engine: Engine, week: int, turn: int, rng: np.random.Generator) -> None:
    for who in range(PEOPLE):
        decision = engine.decide(placement="home", user_id=f"u-{who}")
        shown = decision.choices[0].item_id
        chance = 0.7 if shown == f"p-{who % (ITEMS - 1)}" else 0.15
        if rng.random() < chance:
            clicked = {"decisionId": decision.decision_id, "itemId": shown}
            event = {"type": "track", "event": "Item Clicked", "userId": f"u-{who}",
                     "messageId": f"c-{week}-{turn}-{who}", "properties": clicked}  # fmt: skip
            engine.collect([event])


def _percent(share: float) -> str:
    """Said here once more, so that the page's own way of writing is not its own witness."""
    size = abs(share)
    shown = f"{share * 100:.{0 if size >= 0.0995 else 1 if size >= 0.00995 else 2}f} %"
    return shown.replace("-", "−")


@SIZES
def test_whether_it_worked_stands_first(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    page.get_by_role("link", name="Results").click()
    page.wait_for_url("**/console/results")
    found = shop("GET", "/v1/reports/lift", params={"placement": "home"})["placements"]["home"]
    assert found["lift"]["low"] > 0, "the world is one in which bets work"
    expect(page.get_by_role("heading", name="Yes. Bets bring more than")).to_be_visible()
    values = page.locator("#figures dd.value")
    means = [found[group]["mean"]["value"] for group in ("bet", "holdout")]
    expect(values).to_have_text(
        [
            *(f"{value:.3f}".rstrip("0") for value in (*means, found["lift"]["value"])),
            _percent(found["relative"]["value"]),
            f"{found['bet']['decisions'] * found['lift']['value']:,.0f}",
        ]
    )
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@SIZES
def test_closer_each_time_by_the_weeks_that_people_are_known(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/results?placement=home")
    (told,) = shop("GET", "/v1/reports/journey", params={"placement": "home"})["journeys"]
    words = {"closer": "Yes: ", "further": "No: ", "not-closer": "No: ", "open": "Not known yet: ",
             "not-enough": "Not known yet."}  # fmt: skip
    expect(page.locator("#standing")).to_contain_text(words[told["standing"]])
    rows = page.locator("#journey tbody tr")
    expect(rows).to_have_count(len(told["steps"]))
    assert len(told["steps"]) >= 3
    for row, step in zip(rows.all(), told["steps"], strict=True):
        expect(row).to_contain_text(f"{step['decisions']:,}")
        expect(row).to_contain_text(f"{round(100 * step['winRate']['value'])} % (")
    expect(page.get_by_role("img", name="by the weeks that people are known")).to_be_visible()


@SIZES
def test_which_tactics_work_with_their_lift_and_age(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/results?placement=home")
    told = shop("GET", "/v1/reports/tactics", params={"placement": "home"})["tactics"]
    known = {one["tactic"]: one for one in told if one["lift"]["type"] == "Estimate"}
    bought = known["bought"]
    row = page.locator("#tactics tbody tr").filter(has_text="bought before")
    expect(row).to_have_count(1)
    points = _percent(bought["lift"]["value"]).removesuffix(" %")
    expect(row).to_contain_text(f"+{points} points (")
    expect(row).to_contain_text(f"{bought['bets']:,}")
    first = datetime.fromisoformat(bought["since"])
    expect(row).to_contain_text(f"since {first.day} {first:%b %Y}, ")
    chart = page.get_by_role("img", name="What each tactic brings")
    expect(chart).to_contain_text(f"{100 * bought['lift']['value']:.1f}")
    by_chart = "Download the data of: What each tactic brings"
    expect(page.get_by_role("button", name=by_chart)).to_be_visible()


@SIZES
def test_levels_that_chance_drew_say_what_each_brings(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/results?placement=home")
    report = shop("GET", "/v1/reports/levels", params={"placement": "home"})
    trials, levels = report["trials"], report["levels"]
    tables = page.locator("#levels table")
    expect(tables.first.locator("tbody tr")).to_have_count(len(trials))
    assert trials, "levels are drawn by chance in this world"
    for row, one in zip(tables.first.locator("tbody tr").all(), trials, strict=True):
        expect(row).to_contain_text(one["level"])
        expect(row).to_contain_text(" and ".join(f"{count:,}" for count in one["decisions"]))
        is_known = one["lift"]["type"] == "Estimate"
        expect(row).to_contain_text("yes" if is_known and one["lift"]["low"] > 0 else "not known")
    context = tables.last.locator("tbody tr").filter(has_text="context")
    expect(context).to_contain_text(f"{levels['context']['bets']:,}")


def test_a_placement_without_bets_says_what_to_do(
    sign_in: Callable[..., Page], visit: Visit
) -> None:
    page = sign_in("phone")
    visit(page, "/results?placement=new")
    expect(page.locator("main")).to_contain_text("Not known yet: no decision here is settled.")
    expect(page.locator("main")).to_contain_text("holdoutShare: 0.05")
    expect(page.locator("#journey")).to_contain_text("Nothing is settled here yet.")
    expect(page.locator("#tactics")).to_contain_text("No bet is settled here yet")
    expect(page.locator("#levels")).to_contain_text("levelTrialShare: 0.05")


@SIZES
def test_a_shadow_is_told_beside_the_live_policy(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/honesty")
    (told,) = shop("GET", "/v1/reports/shadow")["shadows"]
    row = page.locator("section", has_text="In the shadow").locator("tbody tr")
    expect(row).to_contain_text("inverse-gap, 20 % spread evenly, from crowd and neutral alone")
    expect(row).to_contain_text(f"{told['bets']:,}")
    expect(row).to_contain_text(f"{told['live']:.3f}".rstrip("0"))
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
