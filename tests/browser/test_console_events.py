"""Events: did mine arrive, what became of it, and quarantine mended by hand."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]


def test_mine_arrived_and_belongs_to_a_bet(sign_in: Callable[..., Page], visit: Visit) -> None:
    page = sign_in()
    visit(page, "/events?q=won-3")
    row = page.locator("tbody tr").filter(has_text="won-3")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Order Completed")
    row.get_by_role("link", name="a bet").click()
    page.wait_for_url("**/console/bets/bet-3")


def test_events_of_one_person(sign_in: Callable[..., Page], visit: Visit, shop: Shop) -> None:
    page = sign_in("phone")
    profile = shop("GET", "/v1/profiles/user_id/u-4")["profileId"]
    events = shop("GET", "/v1/events", params={"profile": profile})["events"]
    visit(page, "/events?person=user_id:u-4")
    expect(page.locator("tbody tr")).to_have_count(len(events))


def test_nothing_found_says_what_to_do(sign_in: Callable[..., Page], visit: Visit) -> None:
    page = sign_in()
    visit(page, "/events?q=never-sent")
    expect(page.locator(".empty")).to_contain_text("Nothing like this")
    expect(page.get_by_role("link", name="Show all")).to_be_visible()


def test_a_quarantined_event_is_repaired_and_taken_in(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/events")
    waiting = page.locator("li", has_text="bad-1")
    waiting.locator("summary").click()
    waiting.get_by_role("button", name="Send as it is").click()
    notice = page.get_by_role("status")
    expect(notice).to_contain_text("it names nobody")
    waiting.locator("textarea").fill("{this is not JSON")
    waiting.get_by_role("button", name="Send repaired").click()
    expect(notice).to_contain_text("not JSON")
    repaired = '{"type": "track", "event": "Product Viewed", "userId": "u-1", "messageId": "bad-1"}'
    waiting.locator("textarea").fill(repaired)
    waiting.get_by_role("button", name="Send repaired").click()
    expect(notice).to_contain_text("Taken in")
    expect(waiting).to_have_count(0)
    assert "bad-1" not in str(shop("GET", "/v1/quarantine")["quarantined"])
    ids = [one.get("messageId") for one in shop("GET", "/v1/events")["events"]]
    assert "bad-1" in ids


def test_a_quarantined_event_is_thrown_away(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    shop("POST", "/v1/batch", json={"batch": [{"type": "track", "messageId": "bad-2"}]})
    waits = shop("GET", "/v1/quarantine")["quarantined"]
    (entry,) = (one for one in waits if "bad-2" in one["payload"])
    visit(page, "/events")
    waiting = page.locator("li", has=page.locator(f"#payload-{entry['quarantineId']}"))
    waiting.locator("summary").click()
    waiting.get_by_role("button", name="Throw away").click()
    sure = waiting.get_by_role("button", name="Throw away for good?")
    expect(sure).to_be_visible()
    assert "bad-2" in str(shop("GET", "/v1/quarantine")["quarantined"]), "one click is not enough"
    page.keyboard.press("Tab")
    expect(sure).to_have_count(0)
    waiting.get_by_role("button", name="Throw away").press("Enter")
    sure.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Thrown away")
    assert "bad-2" not in str(shop("GET", "/v1/quarantine")["quarantined"])
