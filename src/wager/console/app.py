"""The console: pages for people who want to see the bets, over nothing but the public API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.types import ASGIApp

from wager.console import (
    bets,
    content,
    events,
    find,
    honesty,
    overview,
    people,
    placements,
    results,
    segments,
    stock,
)
from wager.console.api import Api
from wager.console.sessions import Sessions
from wager.console.signing_in import Door, SigningIn
from wager.console.theme import ICON, page

PAGES = (
    overview,
    bets,
    people,
    placements,
    content,
    events,
    honesty,
    results,
    segments,
    stock,
    find,
)  # their import registers their addresses


def create_console(api: Api | ASGIApp) -> FastAPI:
    """The console as an app of its own, to be mounted under `/console`.

    `api` says how the public API is reached: over HTTP, or in-process through the app that
    answers it. The lifespan of whoever mounts it enters `console.router.lifespan_context(console)`.
    One process shows one console at a time: NiceGUI has one event loop.
    """
    asked = api if isinstance(api, Api) else Api(app=api)
    sessions = Sessions()
    door = SigningIn(asked, sessions)
    console = FastAPI(lifespan=_lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    console.state.api = asked
    console.add_middleware(Door, api=asked, sessions=sessions)
    console.add_route("/login", door.form, methods=["GET"])
    console.add_route("/login", door.sign_in, methods=["POST"])
    console.add_route("/logout", door.sign_out, methods=["POST"])
    _configure()
    console.mount("/", pages)
    return console


def _configure() -> None:
    """Tell NiceGUI once how its pages are to be; nothing is fetched from outside."""
    if pages.config.has_run_config:
        return
    page("/{path:path}", "Not found")(find.nothing_here)  # fits everything, so it is last
    ui.run_with(
        FastAPI(),
        title="wager",
        language="en-US",
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        show_welcome_message=False,
        favicon=ICON,
    )


@asynccontextmanager
async def _lifespan(console: FastAPI) -> AsyncIterator[None]:
    async with pages.router.lifespan_context(pages):
        yield
    await console.state.api.close()
