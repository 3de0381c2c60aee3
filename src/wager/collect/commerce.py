"""Events that name items (e-commerce, feedback): checked, and their items named as `itemId`."""

from typing import Any

from wager.collect.quality import MAX_ITEM_ID_LENGTH, Unreadable, shown
from wager.domain.events import (
    CANCELLED,
    DISLIKED,
    FEEDBACK,
    ORDERED,
    REFUNDED,
    UNBLOCKED,
    VIEWED,
)

MAX_LINES = 500
MAX_NUMBER = 1e9
SCOPES = ("item", "tag", "creator")
_LINE_IDS = ("product_id", "itemId", "productId", "item_id", "sku")
_ORDERS = frozenset((ORDERED, REFUNDED, CANCELLED))


def translated(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties with `itemId` as text, and each of `products` with `product_id`, `quantity`.

    Segment's `product_id` is an item's id. An event without items is handed back as it is.
    """
    for key in ("itemId", "product_id", "productId", "item_id"):
        if (value := properties.get(key)) is not None:
            if key != "itemId" or type(value) is not str or not _is_an_id(value):
                properties["itemId"] = item_id(key, value)
            break
    if "products" in properties and properties["products"] is not None:
        properties["products"] = _lines(properties["products"], strict=name in _ORDERS)
    elif name in _ORDERS:
        properties["products"] = _single_line(properties)
    if name in (REFUNDED, CANCELLED):
        _without_order(properties)
    if name in FEEDBACK:
        _check_feedback(name, properties)
    return properties


def _without_order(properties: dict[str, Any]) -> None:
    """What a refund would say of its order is found in the log, and taken from nobody's word."""
    properties.pop("ordered", None)
    for line in properties.get("products") or ():
        line.pop("ordered", None)
        line.pop("orderedAt", None)


def _is_an_id(text: str) -> bool:
    """Whether it is an item's id as it stands."""
    return 0 < len(text) <= MAX_ITEM_ID_LENGTH and text.isprintable() and text == text.strip()


def item_id(key: str, value: object) -> str:
    """An item's id as text."""
    if type(value) is str and _is_an_id(value):
        return value
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if not known or not 1 <= len(text) <= MAX_ITEM_ID_LENGTH or not text.isprintable():
        return _no_item_id(key, value)
    return text


def _no_item_id(key: str, value: object) -> str:
    raise Unreadable(
        "bad-item",
        f"{key} is {shown(value)}; an item's id is text of 1 to {MAX_ITEM_ID_LENGTH}"
        " printable characters, or a number",
    )


def _lines(products: object, *, strict: bool) -> list[dict[str, Any]]:
    if not isinstance(products, list) or len(products) > MAX_LINES:
        raise Unreadable(
            "bad-products",
            f"products is {shown(products)}; it is a list of at most {MAX_LINES} objects",
        )
    return [_line(line, number, strict) for number, line in enumerate(products)]


def _line(line: object, number: int, strict: bool) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise Unreadable("bad-products", f"products[{number}] is {shown(line)}; it is an object")
    key = next((key for key in _LINE_IDS if line.get(key) is not None), None)
    if key is None:
        raise Unreadable(
            "bad-products", f"products[{number}] is {shown(line)}; it needs a product_id"
        )
    line["product_id"] = item_id(f"products[{number}].{key}", line[key])
    if strict:
        line["quantity"] = _number(line.get("quantity", 1), f"products[{number}].quantity")
        if line["quantity"] == 0:
            raise Unreadable(
                "bad-products",
                f"products[{number}].quantity is 0; leave the line out, and take a purchase back"
                f" with {REFUNDED!r}",
            )
        if line.get("price") is not None:
            line["price"] = _number(line["price"], f"products[{number}].price")
    return line


def _number(value: object, where: str) -> float:
    try:
        number = float(value) if isinstance(value, float | int | str) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if 0 <= number <= MAX_NUMBER and value is not True and value is not False:
        return number
    raise Unreadable(
        "bad-products", f"{where} is {shown(value)}; it is a number from 0 to {MAX_NUMBER:,.0f}"
    )


def _single_line(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """An order (or what goes back of it) that names one item by itself has one line."""
    if "itemId" not in properties:
        return []
    kept = ("price", "quantity", "gift", "category", "brand")
    line = {key: properties[key] for key in kept if properties.get(key) is not None}
    return [_line({"product_id": properties["itemId"], **line}, 0, strict=True)]


def _check_feedback(name: str, properties: dict[str, Any]) -> None:
    """Feedback that would change nothing is sent back, not lost: a dislike is a promise."""
    scope = properties.get("scope", "item") if name in (DISLIKED, UNBLOCKED) else "item"
    if scope not in SCOPES:
        raise Unreadable("bad-scope", f"scope is {shown(scope)}; {name} has one of {list(SCOPES)}")
    if scope != "item":
        value = properties.get(scope)
        if not isinstance(value, str) or not 1 <= len(value) <= MAX_ITEM_ID_LENGTH:
            raise Unreadable(
                f"missing-{scope}", f"{name} of a {scope} names it: {scope} is {shown(value)}"
            )
    elif properties.get("itemId") is None and not (
        name == VIEWED and properties.get("decisionId") is not None  # "nothing" was shown
    ):
        raise Unreadable("missing-item", f"{name} needs properties.itemId: which item was it?")
