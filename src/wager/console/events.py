"""The events: did mine arrive, what became of it, and what waits in quarantine to be repaired."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from wager.console.answers import Arrived, Events, Quarantine, Replayed, Waiting
from wager.console.api import Problem, path_of
from wager.console.asking import item_titles, profile_id_of
from wager.console.fields import field, filters
from wager.console.format import plural, short
from wager.console.markup import Child, Markup, join, tag
from wager.console.slip import bet_address, person_address
from wager.console.theme import Sheet, empty, guarded, href, page, show

SHOWN = 50
MORE = 200
LOOKED_THROUGH = 1000
A_PAGE = 20
ON_CLICK = """(e) => { const button = e.target.closest('button[data-act]');
  if (!button) return;
  if (button.dataset.sure && button.textContent !== button.dataset.sure) {
    const word = button.textContent;
    button.textContent = button.dataset.sure;
    button.addEventListener('blur', () => { button.textContent = word }, {once: true});
    return;
  }
  emit(button.dataset.act, button.dataset.id,
    button.closest('li').querySelector('textarea').value) }"""


@page("/events", "Events")
async def events(sheet: Sheet) -> None:
    """Newest first, of one person, or with a message id or a name in it."""
    asked = {name: sheet.asked(name) for name in ("person", "q", "after", "limit")}
    show(tag("div", tag("h1", "Events"), class_="headline"))
    show(
        filters(
            href("/events"),
            field("person", "Person", asked["person"], placeholder="user_id:u-1"),
            field("q", "Message id or event", asked["q"], placeholder="Order Completed"),
        )
    )
    quarantine = await sheet.api.get(
        "/v1/quarantine", Quarantine, {"after": asked["after"], "limit": A_PAGE}
    )
    if quarantine.quarantined or asked["after"]:
        _quarantine(sheet, quarantine)
    show(tag("section", tag("h2", "What arrived"), await _arrived(sheet, asked), class_="card"))


async def _arrived(sheet: Sheet, asked: dict[str, str]) -> Markup:
    limit = min(int(asked["limit"]), LOOKED_THROUGH) if asked["limit"].isdecimal() else SHOWN
    query: dict[str, str | int | float | None] = {
        "limit": LOOKED_THROUGH if asked["q"] else max(limit, 1),
        "profile": await profile_id_of(sheet.api, asked["person"]),
    }
    found = (await sheet.api.get("/v1/events", Events, query)).events
    wanted = asked["q"].casefold()
    matching = [
        one for one in found if wanted in f"{one.message_id} {one.name} {one.type}".casefold()
    ]
    if not matching:
        return _nothing(asked, len(found))
    told = f"{plural(len(matching), 'event')} among the newest {len(found)}." if wanted else ""
    heads = ("When (UTC)", "What", "Of", "What became of it", "Message id")
    head = [tag("th", name, scope="col") for name in heads]
    shown = matching[:limit]
    titles = await item_titles(sheet.api, (one.item_id for one in shown if one.item_id))
    rows = [_row(one, titles) for one in shown]
    return join(
        [
            tag("p", told, class_="soft small") if told else None,
            tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="wide"),
            _more(asked, limit) if limit < min(len(matching) + 1, LOOKED_THROUGH) else None,
        ]
    )


def _more(asked: dict[str, str], limit: int) -> Markup:
    kept = {name: asked[name] for name in ("person", "q") if asked[name]}
    to = f"{href('/events')}?{urlencode({**kept, 'limit': limit + MORE})}"
    return tag("p", tag("a", "Show more", class_="action", href=to), class_="gap")


def _nothing(asked: dict[str, str], seen: int) -> Markup:
    if any(asked.values()):
        return empty(
            f"Nothing like this among the newest {plural(seen, 'event')}. An event that could "
            "not be read would wait in quarantine, on this page. ",
            tag("a", "Show all", href=href("/events")),
        )
    return empty(
        "Nothing has arrived yet. Send an event with ",
        tag("code", "POST /v1/track"),
        " or any Segment client; it is listed here at once.",
    )


def _row(one: Arrived, titles: Mapping[str, str]) -> Markup:
    when = short(one.at or one.received_at)
    came = f"came {short(one.received_at)}" if one.late else ""
    item = f" {titles.get(one.item_id, one.item_id)}" if one.item_id else ""
    what = (one.name or one.type) if one.state == "accepted" else "unreadable"
    return tag(
        "tr",
        tag("td", tag("span", when, class_="nowrap"), _late(came), class_="small"),
        tag("td", tag("span", what, class_="strong"), tag("span", item, class_="soft small")),
        tag("td", _of(one)),
        tag("td", _became(one), class_="small"),
        tag("td", one.message_id, class_="code soft"),
    )


def _late(came: str) -> Markup | None:
    return tag("span", f" {came}", class_="soft nowrap") if came else None


def _of(one: Arrived) -> Child:
    _, _, value = (one.identities[0] if one.identities else "").partition(":")
    if one.state == "accepted" and one.profile_id:
        name = value or f"{one.profile_id[:8]}…"
        brief = "nowrap" if len(name) <= 16 else None
        return tag("a", name, href=person_address("profile_id", one.profile_id), class_=brief)
    return value


def _became(one: Arrived) -> Child:
    if one.state == "quarantined":
        return ["in quarantine: ", one.detail]
    said: list[Child] = ["taken in"]
    for number, decision_id in enumerate(one.settled):
        said.append(", belongs to " if number == 0 else " and ")
        said.append(tag("a", "a bet", href=bet_address(decision_id)))
    if not one.verified:
        said.append(", sender not verified")
    if one.refused:
        said.append(f", refused: {' and '.join(one.refused)}")
    return said


def _quarantine(sheet: Sheet, found: Quarantine) -> None:
    with ui.element("section").classes("card"):
        show(
            tag("h2", "In quarantine"),
            tag(
                "p",
                "These could not be read. Repair the text and send it again, send it again as it "
                "is if the cause is mended elsewhere, or throw it away.",
                class_="soft small",
            ),
        )
        listed = show(_waiting(found))
    handler = Repairing(sheet, listed)
    listed.on("click", guarded(sheet, handler.act), js_handler=ON_CLICK)


def _waiting(found: Quarantine) -> Markup:
    items = [_one_waiting(one) for one in found.quarantined]
    more = None
    if found.after:
        to = f"{href('/events')}?{urlencode({'after': found.after})}"
        more = tag("p", tag("a", "Older ones", href=to), class_="gap")
    return join([tag("ul", items) if items else empty("Nothing is left in quarantine."), more])


def _one_waiting(one: Waiting) -> Markup:
    box_id = f"payload-{one.quarantine_id}"
    buttons = [
        tag(
            "button",
            word,
            type="button",
            class_="action",
            data_act=act,
            data_id=one.quarantine_id,
            data_sure=sure,
        )
        for act, word, sure in (
            ("repair", "Send repaired", None),
            ("replay", "Send as it is", None),
            ("discard", "Throw away", "Throw away for good?"),
        )
    ]
    about = tag("span", f" {one.code} · {short(one.at)} UTC", class_="small")
    return tag(
        "li",
        tag(
            "details",
            tag("summary", tag("span", one.detail, class_="strong ink"), about),
            tag("label", "The event as it came", for_=box_id),
            tag("textarea", _pretty(one.payload), id=box_id, spellcheck="false"),
            tag("div", buttons, class_="buttons gap"),
        ),
        class_="shown",
    )


def _pretty(payload: str) -> str:
    """JSON with a line for each field; anything else as it came."""
    try:
        return msgspec.json.format(payload, indent=2)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return payload


class Repairing:
    """What the buttons of the quarantine do."""

    def __init__(self, sheet: Sheet, listed: ui.html) -> None:
        self.sheet, self.listed = sheet, listed

    async def act(self, event: GenericEventArguments) -> None:
        """Repair, replay or discard one; then show what is left."""
        act, quarantine_id, text = (str(one) for one in event.args)
        path = path_of("v1", "quarantine", quarantine_id)
        match act:
            case "discard":
                await self.sheet.api.delete(path)
                self.sheet.say("Thrown away.")
            case "repair" | "replay":
                body = _repaired(text) if act == "repair" else None
                answer = await self.sheet.api.post(f"{path}/replay", Replayed, body)
                self.sheet.say(_told(answer))
            case _:
                return
        left = await self.sheet.api.get("/v1/quarantine", Quarantine, {"limit": A_PAGE})
        self.listed.content = _waiting(left)


def _repaired(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Problem(0, f"The repaired text is not JSON: {error}. Nothing was sent.") from error


def _told(answer: Replayed) -> str:
    if answer.quarantined:
        return f"Still not readable: {answer.quarantined[0].detail}"
    if answer.accepted:
        return "Taken in; it is folded into the person's profile now."
    return "It was here before; nothing changed."
