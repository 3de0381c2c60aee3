"""Pages that take long, and pages that fail: a word at once, the figures when they are there."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Visit = Callable[[Page, str], None]
SERVE = Path(__file__).with_name("serve_slow.py")
SECONDS = 3.0  # each report is slower; a page has a word after two


@pytest.fixture(scope="module")
def slow(address: str) -> Iterator[str]:
    """Where a console answers whose reports take long."""
    with subprocess.Popen(
        [sys.executable, str(SERVE), address, str(SECONDS)],
        stdout=subprocess.PIPE, text=True, env=os.environ,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        assert told.startswith("http://127.0.0.1:"), "the slow console did not start"
        yield told
        process.terminate()
        process.wait(30)


@pytest.fixture
def signed_in(
    open_context: Callable[..., object], slow: str, keys: dict[str, str]
) -> Callable[[str], Page]:
    """Signed in to the slow console, on its page of people, which asks no report."""

    def begin(size: str = "laptop") -> Page:
        page: Page = open_context(size).new_page()  # type: ignore[attr-defined]
        page.goto(f"{slow}/console/login?next=/console/people")
        page.fill("#key", keys["WAGER_SECRET_KEY"])
        page.press("#key", "Enter")
        page.wait_for_url(f"{slow}/console/people")
        return page

    return begin


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_a_page_that_takes_long_says_so_and_goes_on_by_itself(
    signed_in: Callable[[str], Page], slow: str, size: str
) -> None:
    page = signed_in(size)
    page.goto(f"{slow}/console/segments/regulars")
    expect(page.locator("#waiting")).to_contain_text("This page goes on by itself.")
    expect(page.get_by_role("link", name="Segments")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    expect(page.get_by_role("heading", level=1)).to_have_text("regulars")
    expect(page.locator("#waiting")).to_have_count(0)


def test_who_is_gone_before_it_is_there_leaves_nothing_running(
    signed_in: Callable[..., Page], slow: str
) -> None:
    cookies = {one["name"]: one["value"] for one in signed_in().context.cookies()}  # type: ignore[typeddict-item]
    answer = httpx.get(f"{slow}/console/segments", cookies=cookies, trust_env=False, timeout=20)
    assert answer.status_code == 200
    assert "This page goes on by itself." in answer.text


def test_a_problem_that_comes_late_is_told_with_a_way_on(
    signed_in: Callable[..., Page], slow: str
) -> None:
    page = signed_in()
    page.goto(f"{slow}/console/honesty")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("the disk is full")
    expect(problem.get_by_role("link", name="Try again")).to_be_visible()
    expect(problem.get_by_role("link", name="To the overview")).to_be_visible()


def test_an_answer_that_nobody_understands_is_told_in_words(
    signed_in: Callable[..., Page], slow: str
) -> None:
    page = signed_in()
    page.goto(f"{slow}/console/stock")
    expect(page.get_by_role("alert")).to_contain_text("The server answered something unexpected")
