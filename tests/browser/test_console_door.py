"""Who may see the console, and that the session holds nothing that opens more."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

expect.set_options(timeout=30_000)


def test_a_wrong_key_is_refused_in_words(
    open_context: Callable[..., BrowserContext], address: str
) -> None:
    page = open_context().new_page()
    page.goto(f"{address}/console/login")
    page.fill("#key", "nobody's key")
    page.press("#key", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("No such key is known here")
    assert page.context.cookies() == []


def test_the_public_key_is_refused_in_words(
    open_context: Callable[..., BrowserContext], address: str, keys: dict[str, str]
) -> None:
    page = open_context().new_page()
    page.goto(f"{address}/console/login")
    page.fill("#key", keys["WAGER_PUBLIC_KEY"])
    page.press("#key", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is not the secret key")
    assert page.context.cookies() == []


def test_signing_in_needs_no_mouse(
    open_context: Callable[..., BrowserContext], address: str, keys: dict[str, str]
) -> None:
    page = open_context().new_page()
    page.goto(f"{address}/console/people?q=u-1")
    page.wait_for_url("**/console/login?next=**")
    page.keyboard.type(keys["WAGER_SECRET_KEY"])  # the field has the focus
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/console/people?q=u-1")
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".sheet")).to_be_focused()


def test_the_cookie_is_not_the_key(sign_in: Callable[..., Page], keys: dict[str, str]) -> None:
    (cookie,) = sign_in().context.cookies()
    assert cookie["httpOnly"] is True
    assert cookie["sameSite"] == "Strict"
    assert cookie["path"] == "/console"
    assert keys["WAGER_SECRET_KEY"] not in cookie["value"]


def test_signing_out_ends_the_session_in_every_tab(
    sign_in: Callable[..., Page], address: str
) -> None:
    page = sign_in()
    (cookie,) = page.context.cookies()
    other = page.context.new_page()
    other.goto(f"{address}/console/bets")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/console/login")
    page.wait_for_url("**/console/login*")  # the overview is live: it asks, and is told
    again = httpx.get(
        f"{address}/console/bets", cookies={"wager_console": cookie["value"]}, trust_env=False
    )
    assert again.status_code == 303


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/console//evil.example", "/docs", "/console/\\x"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(
    address: str, keys: dict[str, str], wanted: str
) -> None:
    sent = {"key": keys["WAGER_SECRET_KEY"], "next": wanted}
    answer = httpx.post(f"{address}/console/login", data=sent, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/console/", 303),
        ("/console/people/user_id/u-1", 303),
        ("/console/_nicegui_ws/socket.io/?EIO=4&transport=polling", 401),
    ],
)
def test_nothing_is_told_without_a_session(address: str, path: str, status: int) -> None:
    answer = httpx.get(address + path, cookies={"wager_console": "guessed"}, trust_env=False)
    assert answer.status_code == status
    assert "u-1@" not in answer.text


def test_no_other_site_may_frame_it_or_be_asked(address: str) -> None:
    headers: Any = httpx.get(f"{address}/console/login", trust_env=False).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
