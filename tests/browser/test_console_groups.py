"""Groups of people and scarce things: segments with what sets them apart, and what is left."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]
SIZES = pytest.mark.parametrize("size", ["laptop", "phone"])


@SIZES
def test_segments_say_who_is_in_them_and_where_they_are_not_talked_to(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/segments")
    told = shop("GET", "/v1/reports/segments")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    regulars = rows.filter(has_text="regulars")
    expect(regulars).to_contain_text(str(told["segments"]["regulars"]["people"]))
    expect(regulars).to_contain_text("in deal")
    regulars.get_by_role("link").press("Enter")
    page.wait_for_url("**/segments/regulars")
    expect(page.locator("#condition")).to_contain_text("profile.counts.orders >= 3.0")
    expect(page.locator("#counts")).to_contain_text("Not talked to in deal, as declared there")
    first = told["segments"]["regulars"]["popular"][0]
    popular = page.locator("section", has=page.get_by_role("heading", name="Popular there"))
    expect(popular.locator("tbody tr").first).to_contain_text(first["title"])
    page.get_by_role("link", name="Its people").click()
    page.wait_for_url("**/people?segment=regulars")
    expect(page.locator("tbody tr")).to_have_count(told["segments"]["regulars"]["people"])


def test_a_person_and_a_placement_lead_to_their_segments(
    sign_in: Callable[..., Page], visit: Visit
) -> None:
    page = sign_in()
    visit(page, "/placements/deal")
    page.get_by_role("link", name="regulars").click()
    page.wait_for_url("**/segments/regulars")
    visit(page, "/people/user_id/u-5")
    page.get_by_role("link", name="regulars").click()
    page.wait_for_url("**/segments/regulars")


@SIZES
def test_stock_says_what_is_given_out_sold_out_or_nearly(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/stock")
    told = shop("GET", "/v1/reports/stock")
    offer = page.locator("#limited tbody tr")
    assert told["limited"]["ticket"] == {
        "title": "Tasting evening", "limit": 2, "granted": 2, "left": 0,
    }  # fmt: skip
    expect(offer).to_contain_text("Tasting evening")
    expect(offer).to_contain_text("all given out: shown to nobody new")
    least = page.locator("#nearly tbody tr")
    expect(least).to_have_count(1)
    expect(least).to_contain_text("Oat drink")
    sold_out = page.locator("#figures div").filter(has_text="Sold out").first
    expect(sold_out.locator("dd.value")).to_have_text(str(told["soldOut"]))
    least.get_by_role("link").click()
    page.wait_for_url("**/content?q=p-8")
    expect(page.locator("tbody tr details[open]")).to_have_count(1)


def test_an_unknown_segment_is_said_to_be_none(sign_in: Callable[..., Page], visit: Visit) -> None:
    page = sign_in(watched=False)
    visit(page, "/segments/nobody")
    expect(page.get_by_role("alert")).to_contain_text("no segment is named 'nobody'")


@SIZES
def test_the_overview_says_what_to_look_at(
    sign_in: Callable[..., Page], visit: Visit, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/")
    listed = page.locator("#look-at li")
    scarce = "1 offer all given out, 1 item sold out, 1 item nearly"
    expect(listed.filter(has_text=scarce)).to_be_visible()
    expect(listed.filter(has_text="Nobody is held out of")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    listed.get_by_role("link", name="What is left").press("Enter")
    page.wait_for_url("**/console/stock")


def test_a_segment_is_found_by_its_name(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.get_by_role("searchbox").fill("regulars")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/segments/regulars")
