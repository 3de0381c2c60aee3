"""What a person ordered lately, and which of it was for somebody else: marked and unmarked here."""

import secrets
from datetime import UTC, datetime
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from wager.console.answers import Named, Ordered, Orders
from wager.console.api import path_of
from wager.console.format import percent, short
from wager.console.markup import Markup, tag
from wager.console.theme import Sheet, box, guarded, show

SHOWN = 12
ON_CLICK = """(e) => { const button = e.target.closest('button[data-order]');
  if (button) emit(button.dataset.order, button.dataset.item, button.dataset.gift) }"""
BECAUSE = {"said": "as the order says", "marked": "marked", "inferred": "by its signs"}


async def orders(sheet: Sheet, asker: Named) -> None:
    """Put the card on the page; nothing where nothing was ordered."""
    found = await _ask(sheet, asker)
    if not found:
        return
    with box("card", "section"):
        show(tag("h2", "Ordered lately"))
        lines = show(_table(found))

    async def change(event: GenericEventArguments) -> None:
        """A line was marked as a gift, or as none."""
        order_id, item_id, gift = (str(one) for one in event.args)
        said = _mark(asker, order_id, item_id, gift == "true")
        await sheet.api.post("/v1/track", object, said)
        lines.content = _table(await _ask(sheet, asker))
        ui.run_javascript("document.getElementById('ordered')?.focus()")

    lines.on("click", guarded(sheet, change), js_handler=ON_CLICK)


async def _ask(sheet: Sheet, asker: Named) -> list[Ordered]:
    path = path_of("v1", "profiles", asker.kind, asker.value, "orders")
    return (await sheet.api.get(path, Orders)).lines[:SHOWN]


def _mark(asker: Named, order_id: str, item_id: str, gift: bool) -> dict[str, Any]:
    name = "userId" if asker.kind == "user_id" else "anonymousId"
    return {
        "type": "track",
        "event": "Gift Marked",
        name: asker.value,
        "messageId": f"console-{secrets.token_hex(12)}",
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"order_id": order_id, "product_id": item_id, "gift": gift},
    }


def _table(lines: list[Ordered]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", one.title or one.item_id),
            tag("td", short(one.at), class_="small soft"),
            tag("td", _words(one), class_="small"),
            tag("td", _button(one)),
        )
        for one in lines
    ]
    return tag("table", tag("tbody", rows), class_="wide", id="ordered", tabindex="-1")


def _words(line: Ordered) -> str:
    how = BECAUSE.get(line.because or "", "")
    chance = f", {percent(line.probability)} sure" if line.probability is not None else ""
    signs = f": {', '.join(line.signs)}" if line.signs else ""
    if line.gift:
        return f"a gift ({how}{chance if line.because == 'inferred' else ''}{signs})"
    if line.because == "inferred":
        return f"hardly a gift ({percent(line.probability or 0.0)}{signs})"
    return f"no gift ({how})" if how else ""


def _button(line: Ordered) -> Markup:
    word = "Not a gift" if line.gift else "Mark as a gift"
    return tag(
        "button",
        word,
        type="button",
        class_="quiet",
        data_order=line.order_id,
        data_item=line.item_id,
        data_gift="false" if line.gift else "true",
        aria_label=f"{word}: {line.title or line.item_id}",
    )
