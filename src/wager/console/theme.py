"""The paper that every page is printed on: its head, its style, and how problems are told."""

import functools
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from wager.console.api import Api, Problem, SignedOut
from wager.console.markup import Child, Markup, join, tag
from wager.console.patience import in_time

STYLE = Path(__file__).with_name("console.css").read_text(encoding="utf-8")
SCRIPT = Path(__file__).with_name("console.js").read_text(encoding="utf-8")
ROOT = "/console"
API = "wager.console.api"  # where the signed API stands in a request's scope
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    '<rect width="16" height="16" rx="3" fill="#1f6f54"/>'
    '<path d="M3 5l2.5 6L8 6l2.5 5L13 5" fill="none" stroke="#fff" stroke-width="1.6"/></svg>'
)
SECTIONS = (
    ("Overview", "/"),
    ("Results", "/results"),
    ("Bets", "/bets"),
    ("People", "/people"),
    ("Segments", "/segments"),
    ("Placements", "/placements"),
    ("Content", "/content"),
    ("Stock", "/stock"),
    ("Events", "/events"),
    ("Honesty", "/honesty"),
)
BROKEN = (
    "This page could not be written. What went wrong stands in the server's log; bets go on being "
    "placed and learnt from."
)
log = logging.getLogger("wager")
Build = Callable[["Sheet"], Awaitable[Response | None]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page being written: the API to ask, what the address says, and a place for notices."""

    api: Api
    request: Request
    notices: ui.html

    def asked(self, name: str) -> str:
        """A parameter of the address, trimmed; empty where it is absent."""
        return self.request.query_params.get(name, "").strip()

    def say(self, text: str) -> None:
        """Tell something where screen readers hear it and eyes see it."""
        self.notices.content = tag("p", text, class_="note card") if text else ""


def page(path: str, title: str) -> Callable[[Build], Build]:
    """Make a function that writes a page answer at an address of the console."""

    def register(build: Build) -> Build:
        @ui.page(path, title=f"{title} · wager", response_timeout=30.0)
        async def shown(request: Request) -> Response | None:
            api: Api = request.scope[API]
            with _frame(request) as notices:
                sheet = Sheet(api, request, notices)
                return await in_time(lambda: _written(build, sheet))

        return build

    return register


def titled(name: str) -> None:
    """Name the page in the browser's tabs and history."""
    ui.page_title(f"{name} · wager")


def guarded(sheet: Sheet, act: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A handler whose problems are told on the page, and which leaves when signed out."""

    @functools.wraps(act)
    async def careful(*given: Any) -> None:
        try:
            await act(*given)
        except SignedOut:
            ui.navigate.to(href("/login"))
        except Problem as problem:
            sheet.say(problem.detail)

    return careful


def show(*children: Child) -> ui.html:
    """Put markup on the page; all that came from outside was escaped when it was written."""
    return ui.html(join(children), sanitize=False)


@contextmanager
def box(classes: str, name: str = "div") -> Iterator[ui.element]:
    """An element that others are put into."""
    with ui.element(name).classes(classes) as element:
        yield element


def href(path: str) -> str:
    """The address of a page of the console."""
    return ROOT + path


def empty(*children: Child) -> Markup:
    """Nothing to show, and what to do next."""
    return tag("p", *children, class_="empty")


def problem_card(problem: Problem) -> Markup:
    """An error of the API in plain words, and the way on."""
    title = "Not found" if problem.status == 404 else "This did not work"
    again = tag("a", "Try again", href="", class_="action")
    back = tag("a", "To the overview", href=href("/"), class_="action")
    return tag(
        "section",
        tag("h1", title, class_="bet-title"),
        tag("p", problem.detail, class_="gap"),
        tag("p", None if problem.status == 404 else again, back, class_="buttons gap"),
        class_="card",
        role="alert",
    )


async def _written(build: Build, sheet: Sheet) -> Response | None:
    try:
        return await build(sheet)
    except SignedOut:
        return RedirectResponse(href("/login"), status_code=303)
    except Problem as problem:
        if problem.status == 404:
            ui.status_code(404)
        elif not problem.status:
            ui.status_code(503)
        show(problem_card(problem))
    except Exception:
        log.exception("page %s could not be written", sheet.request.url.path)
        ui.status_code(500)
        show(problem_card(Problem(500, BROKEN)))
    return None


@contextmanager
def _frame(request: Request) -> Iterator[ui.html]:
    """The head of the page stands before NiceGUI's `main`, the sheet inside it."""
    ui.add_head_html(f"<style>{STYLE}</style><script>{SCRIPT}</script>")
    path = request.url.path.removeprefix(ROOT) or "/"
    with ui.context.client.layout:
        top = show(_top(path, request.query_params.get("q", "") if path == "/find" else ""))
        top.move(target_index=0)
    notices = ui.html("", sanitize=False).props('role="status" aria-live="polite"')
    with box("sheet") as sheet:
        yield notices
    ui.skip_link("Skip to the content", target=sheet)


def _top(path: str, asked: str) -> Markup:
    return tag(
        "header",
        tag("a", "wager", href=href("/"), class_="brand"),
        tag("nav", [_section(name, to, path) for name, to in SECTIONS], aria_label="Console"),
        tag(
            "form",
            tag(
                "input",
                name="q",
                type="search",
                placeholder="person, item, bet",
                value=asked,
                aria_label="Find a person, an item or a bet",
                size=18,
                maxlength=200,
            ),
            action=href("/find"),
            role="search",
            class_="find",
        ),
        tag(
            "form",
            tag("button", "Sign out", class_="quiet", type="submit"),
            action=href("/logout"),
            method="post",
        ),
        class_="top",
    )


def _section(name: str, to: str, path: str) -> Markup:
    here = path == to or (to != "/" and path.startswith(f"{to}/"))
    return tag("a", name, href=href(to), aria_current="page" if here else None)
