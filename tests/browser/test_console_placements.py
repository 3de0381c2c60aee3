"""What binds people and placements: caps and their room, what is due, who is there, conflicts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]
SIZES = pytest.mark.parametrize("size", ["laptop", "phone"])


@SIZES
def test_placements_say_what_came_of_their_bets(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/placements")
    row = page.locator("tbody tr", has=page.get_by_role("link", name="home", exact=True))
    counts = shop("GET", "/v1/reports/overview")["byPlacement"]["home"]
    expect(row).to_contain_text(f"of {counts['won'] + counts['lost']}")
    row.get_by_role("link").press("Enter")
    page.wait_for_url("**/placements/home")
    expect(page.get_by_role("heading", level=1)).to_have_text("home")


@SIZES
def test_a_placement_shows_its_caps_goals_and_floors(
    sign_in: Callable[..., Page], visit: Visit, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/placements/home")
    expect(page.locator("#caps tbody tr")).to_have_count(2)
    expect(page.locator("#caps")).to_contain_text("any one item")
    expect(page.locator("#caps")).to_contain_text("30 times in 24 hours")
    like = page.locator("#goals li", has_text="like")
    expect(like).to_contain_text("at least 90 % of what the safe choice brings · customer care")
    expect(like).to_contain_text("expected of bets")
    expect(page.locator("#varied")).to_contain_text("The floor here is 40 %.")
    chosen = page.locator("#settings tbody tr").filter(visible=True)
    expect(chosen).to_have_count(4)
    expect(chosen.filter(has_text="diversityFloor")).to_contain_text("40 %")
    page.get_by_text("left as they come").click()
    appetite = page.locator("#settings tbody tr").filter(has_text="riskAppetite")
    expect(appetite).to_contain_text("Share of the odds that is spread evenly")


def test_conflicts_between_use_cases_open_with_the_keyboard(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/placements/capped")
    cases = page.locator("#use-cases > ul > li")
    expect(cases).to_have_count(2)
    expect(cases.first).to_contain_text("own-brand")
    said = shop("GET", "/v1/usecases/own-brand")["warnings"]
    expect(page.get_by_text(said[0])).to_be_hidden()
    cases.first.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(said[0])).to_be_visible()


@SIZES
def test_a_person_shows_the_room_under_caps_and_when_it_frees(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/people/user_id/family")
    full = page.locator("#caps tr", has_text="placement capped")
    expect(full).to_contain_text("none, again from")
    told = shop("GET", "/v1/profiles/user_id/family/outlook")["caps"]
    assert [one["left"] for one in told if one["name"] == "capped"] == [0]
    expect(page.locator("#caps tr", has_text="placement home")).to_contain_text("40 more")


def test_a_person_shows_what_is_due_and_who_is_there(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/people/user_id/family")
    told = shop("GET", "/v1/profiles/user_id/family/outlook")
    assert [one["itemId"] for one in told["owned"]] == ["p-3"]
    line = page.locator("#due li", has_text="Whole milk")
    expect(line).to_contain_text("usually again after 5 days (as declared), not offered before")
    rows = page.locator("#who tbody tr")
    expect(rows).to_have_count(len(told["people"]))
    assert len(told["people"]) == 2
    expect(page.locator("#who")).to_contain_text("21 to 24 h")
    expect(page.locator("#who")).to_contain_text("6 to 9 h")
    assert ("capped" in told["unsure"]) == (
        page.locator("#who", has_text="not sure enough for capped").count() == 1
    )
    visit(page, "/people/user_id/u-5?placement=home&day=2000-01-01&hour=9")
    expect(page.locator("#due")).to_contain_text("As of 1 Jan 2000")
    expect(page.locator("#varied")).to_contain_text("home asks for 40 % at least.")
