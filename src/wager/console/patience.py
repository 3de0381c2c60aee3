"""A page that takes long goes out at once with a word of what is going on; the rest follows."""

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui
from starlette.responses import Response

from wager.console.markup import Markup, tag

SECONDS = 2.0  # that nobody minds to wait before something is to be seen
CONNECTS_WITHIN = 30.0  # seconds, or nobody is there who waits
WAITING = (
    "The figures are being worked out. After an upgrade the whole log is read anew, once, and that "
    "may take minutes. This page goes on by itself."
)


async def in_time(write: Callable[[], Awaitable[Response | None]]) -> Response | None:
    """What `write` answers, if it is soon; else the page is sent and written to when it is there.

    A redirection that comes late is followed in the browser.
    """
    slot = ui.context.slot

    async def written() -> Response | None:
        with slot:
            return await write()

    work = asyncio.create_task(written())
    try:
        await asyncio.wait({work}, timeout=SECONDS)
        if work.done():
            return work.result()
        with ui.element("div") as note:
            ui.html(_waiting(), sanitize=False)
        await ui.context.client.connected(timeout=CONNECTS_WITHIN)
        late = await work
        note.delete()
        if late is not None and "location" in late.headers:
            ui.navigate.to(late.headers["location"])
        return None
    finally:
        work.cancel()


def _waiting() -> Markup:
    return tag(
        "section",
        tag("p", WAITING),
        tag("div", tag("div"), class_="running", aria_hidden="true"),
        class_="card",
        id="waiting",
        role="status",
    )
