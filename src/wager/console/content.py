"""The content: what there is to show, and why some of it is not shown."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode

from wager.console.answers import Items, Shown
from wager.console.fields import choose, field, filters
from wager.console.format import number, short, whole
from wager.console.markup import Child, Markup, tag
from wager.console.theme import Sheet, empty, href, page, show

A_PAGE = 50
STATES = ("showable", "unavailable")


@page("/content", "Content")
async def content(sheet: Sheet) -> None:
    """By title or id, kind, category, and whether it may be shown now."""
    names = ("q", "kind", "category", "state", "cursor")
    asked = {name: sheet.asked(name) for name in names}
    found = await sheet.api.get("/v1/items", Items, {**asked, "limit": A_PAGE})
    total = f"{whole(found.total)} found" if found.total is not None else ""
    show(tag("div", tag("h1", "Content"), tag("p", total, class_="soft"), class_="headline"))
    show(
        filters(
            href("/content"),
            field("q", "Title or id", asked["q"]),
            field("kind", "Kind", asked["kind"], placeholder="product"),
            field("category", "Category", asked["category"]),
            choose("state", "State", STATES, asked["state"]),
        )
    )
    if not found.items:
        show(tag("section", _nothing(any(asked.values())), class_="card"))
        return
    show(tag("section", _table(found.items, datetime.now(UTC)), class_="card"))
    if found.cursor:
        kept = {name: value for name, value in asked.items() if value}
        to = f"{href('/content')}?{urlencode({**kept, 'cursor': found.cursor})}"
        show(
            tag(
                "nav",
                tag("a", "More", class_="action", href=to),
                class_="buttons",
                aria_label="Pages",
            )
        )


def item_address(item_id: str) -> str:
    """Where an item is listed."""
    return f"{href('/content')}?{urlencode({'q': item_id})}"


def why_not_showable(item: Shown, now: datetime) -> str:
    """What keeps an item from everybody just now; empty if nothing does."""
    if item.stock is not None and item.stock <= 0:
        return "out of stock"
    if item.available_from is not None and item.available_from > now:
        return f"not before {short(item.available_from)}"
    if item.available_until is not None and item.available_until <= now:
        return f"not since {short(item.available_until)}"
    return ""


def _nothing(asked: bool) -> Markup:
    if asked:
        return empty("No item is like this. ", tag("a", "Show all", href=href("/content")))
    return empty(
        "Nothing is published yet. Send items with ",
        tag("code", "POST /v1/items"),
        " or read a file with ",
        tag("code", "wager import"),
        ".",
    )


def _table(found: Iterable[Shown], now: datetime) -> Markup:
    heads = ("What", "Kind", "Categories", "Price", "Stock", "Shown")
    numbers = ("Price", "Stock")
    head = [
        tag("th", name, class_="number" if name in numbers else None, scope="col") for name in heads
    ]
    listed = list(found)
    rows = [_row(item, now, is_open=len(listed) == 1) for item in listed]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="wide")


def _row(item: Shown, now: datetime, *, is_open: bool) -> Markup:
    reason = why_not_showable(item, now)
    price = f"{item.price:.2f} {item.currency or ''}".strip() if item.price is not None else ""
    stock = "no limit" if item.stock is None else whole(item.stock)
    shown = tag("span", f"no: {reason}", class_="strong") if reason else "yes"
    return tag(
        "tr",
        tag("td", _what(item, is_open=is_open)),
        tag("td", item.kind, class_="small"),
        tag("td", " / ".join(item.categories), class_="small soft"),
        tag("td", price, class_="number", data_name="price" if price else None),
        tag("td", stock, class_="number", data_name="stock"),
        tag("td", shown, data_name="shown"),
    )


def _what(item: Shown, *, is_open: bool) -> Child:
    facts: list[tuple[str, str]] = [
        ("id", item.item_id),
        ("description", item.description),
        ("creator", item.creator or ""),
        ("part of", item.parent_id or ""),
        ("from", short(item.available_from) if item.available_from else ""),
        ("until", short(item.available_until) if item.available_until else ""),
        ("tags", ", ".join(f"{name} {number(weight)}" for name, weight in item.tags.items())),
        *((name, str(value)) for name, value in item.attributes.items()),
    ]
    lines = [(tag("dt", name), tag("dd", value)) for name, value in facts if value]
    return tag(
        "details",
        tag("summary", item.title or item.item_id, class_="ink"),
        tag("dl", lines, class_="facts small"),
        open=is_open,
    )
