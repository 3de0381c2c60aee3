"""People: the golden record, and the one gesture: never again, and see what comes instead."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]


def test_people_are_found_by_the_beginning_of_an_identity(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/people")
    page.get_by_label("Identity begins with").fill("ada1")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=ada1*")
    found = shop("GET", "/v1/profiles", params={"q": "ada1"})["profiles"]
    expect(page.locator("tbody tr")).to_have_count(len(found))
    page.locator("tbody tr", has_text="ada11@example.com").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("u-11")


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_every_trait_says_where_it_is_from(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    visit(page, "/people/user_id/u-5")
    person = shop("GET", "/v1/profiles/user_id/u-5")
    record = page.locator("section", has_text="What is known, and from where").locator("tbody tr")
    expect(record).to_have_count(len(person["traits"]))
    size_of_household = record.filter(has_text="householdSize")
    expect(size_of_household).to_contain_text("stated, api")
    expect(size_of_household).to_contain_text("1")
    expect(record.filter(has_text="averageOrder")).to_contain_text("derived")


def test_never_again_makes_it_go_and_says_what_came(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/people/user_id/u-8?placement=home")
    shown = page.locator("#shown .shown")
    expect(shown).to_have_count(3)
    before = [one.get_attribute("data-item") for one in shown.all()]
    gone = before[1]
    title = shop("GET", f"/v1/items/{gone}")["title"]
    page.get_by_role("button", name=f"Never again: {title}").click()
    said = page.locator("#changed")
    expect(said).to_contain_text(f"{title}: never again.")
    expect(said).to_contain_text("went;")
    expect(said).to_contain_text("came instead.")
    expect(page.locator(f"#shown [data-item={gone}]")).to_have_count(0)
    expect(page.locator("#shown")).to_be_focused()
    assert f"item:{gone}" in shop("GET", "/v1/profiles/user_id/u-8")["blocked"]
    for _ in range(3):
        asked = {"placement": "home", "userId": "u-8"}
        choices = shop("POST", "/v1/decide", json=asked)["choices"]
        assert gone not in [one["itemId"] for one in choices]
    page.get_by_role("button", name=f"Take back: {title}").click()
    expect(said).to_contain_text(f"{title}: taken back.")
    assert f"item:{gone}" not in shop("GET", "/v1/profiles/user_id/u-8")["blocked"]


def test_a_preview_is_logged_nowhere(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    before = shop("GET", "/v1/profiles/user_id/u-7/decisions")["decisions"]
    visit(page, "/people/user_id/u-7")
    expect(page.locator("#shown .shown").first).to_be_visible()
    assert shop("GET", "/v1/profiles/user_id/u-7/decisions")["decisions"] == before


def test_another_hour_and_place_ask_again_at_once(
    sign_in: Callable[..., Page], visit: Visit
) -> None:
    page = sign_in()
    today = datetime.now(UTC).date().isoformat()
    visit(page, f"/people/user_id/u-5?placement=home&day={today}&hour=9")
    expect(page.locator("#shown .shown")).to_have_count(3)
    page.get_by_label("Hour").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#hour-words")).to_have_text("10:00")
    page.wait_for_url(f"**placement=home&day={today}&hour=10")
    page.get_by_label("Placement").select_option("offer")
    page.wait_for_url("**placement=offer*")
    expect(page.locator("#shown .shown")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Placement")).to_have_value("offer")
    expect(page.get_by_label("Hour")).to_have_value("10")


def test_what_was_ordered_is_marked_as_a_gift_and_back(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/people/user_id/u-8")
    lines = shop("GET", "/v1/profiles/user_id/u-8/orders")["lines"]
    assert [one["at"] for one in lines] == sorted((one["at"] for one in lines), reverse=True)
    line = lines[0]
    row = page.locator("#ordered tbody tr").first
    expect(row).not_to_contain_text("a gift (")
    row.get_by_role("button", name="Mark as a gift").click()
    expect(row).to_contain_text("a gift (marked)")
    told = shop("GET", "/v1/profiles/user_id/u-8/orders")["lines"]
    assert next(one["gift"] for one in told if one["orderId"] == line["orderId"]) is True
    row.get_by_role("button", name="Not a gift").click()
    expect(row).to_contain_text("no gift (marked)")
