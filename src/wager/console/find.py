"""The field at the top of every page: a bet by its id, else people, else content."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from wager.console.answers import Bet, Items, People
from wager.console.api import Problem, path_of
from wager.console.asking import names_of
from wager.console.markup import tag
from wager.console.slip import bet_address, placement_address, segment_address
from wager.console.theme import Sheet, empty, href, page, show


@page("/find", "Find")
async def find(sheet: Sheet) -> Response | None:
    """Goes where the first of them is found; says so where none is."""
    wanted = sheet.asked("q")
    to = await _found(sheet, wanted) if wanted else ""
    if to:
        return RedirectResponse(to, status_code=303)
    show(tag("div", tag("h1", "Find"), class_="headline"))
    what = f"Nothing is called {wanted!r}. " if wanted else ""
    show(
        tag(
            "section",
            empty(
                what,
                "Give the beginning of a person's identity, words of an item's "
                "title or its id, the name of a placement or a segment, or the whole id of a bet.",
            ),
            class_="card",
        )
    )
    return None


async def _found(sheet: Sheet, wanted: str) -> str:
    try:
        found = await sheet.api.get(path_of("v1", "decisions", wanted), Bet)
        return bet_address(found.decision_id)
    except Problem as problem:
        if problem.status not in (404, 422):
            raise
    for kind, address in (("placements", placement_address), ("segments", segment_address)):
        if wanted in await names_of(sheet.api, kind):
            return address(wanted)
    people = await sheet.api.get("/v1/profiles", People, {"q": wanted, "limit": 1})
    if people.profiles:
        return href(f"/people?q={quote(wanted)}")
    items = await sheet.api.get("/v1/items", Items, {"q": wanted, "limit": 1})
    return href(f"/content?q={quote(wanted)}") if items.items else ""


async def nothing_here(sheet: Sheet) -> None:
    """Any other address below the console's."""
    raise Problem(404, f"There is no page {sheet.request.url.path} here.")
