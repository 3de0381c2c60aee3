"""Stock: offers of which there are only so many, and what is sold out or nearly."""

from collections.abc import Iterable

from wager.console.content import item_address
from wager.console.format import number, percent, short, whole
from wager.console.markup import Markup, tag
from wager.console.reported import Counted, Limited, Stock
from wager.console.slip import figure
from wager.console.theme import Sheet, empty, href, page, show
from wager.console.verdicts import table

NEARLY = 5


@page("/stock", "Stock")
async def stock(sheet: Sheet) -> None:
    """The fullest of the limited offers first, then what there is least of."""
    found = await sheet.api.get("/v1/reports/stock", Stock)
    show(tag("div", tag("h1", "Stock"), class_="headline"))
    show(_figures(found))
    show(_limited(found))
    show(_nearly(found))


def _figures(found: Stock) -> Markup:
    gone = sum(one.left <= 0 for one in found.limited.values())
    nearly = sum(one.stock <= NEARLY for one in found.nearly)
    most = "at least " if nearly == len(found.nearly) > 0 else ""
    sold_out = tag("a", "Show them", href=f"{href('/content')}?state=unavailable")
    return tag(
        "dl",
        figure("Items whose stock is counted", whole(found.counted), "the others have no limit"),
        figure(
            "Sold out",
            whole(found.sold_out),
            "never shown meanwhile. ",
            sold_out if found.sold_out else None,
        ),
        figure("Nearly sold out", f"{most}{whole(nearly)}", f"{NEARLY} or fewer left"),
        figure("Limited offers", whole(len(found.limited)), f"{whole(gone)} all given out"),
        class_="figures even card",
        id="figures",
    )


def _limited(found: Stock) -> Markup:
    ranked = sorted(found.limited.items(), key=lambda pair: (pair[1].left, pair[0]))
    rows = [_offer(name, one) for name, one in ranked]
    body = (
        table(("Offer", "For at most", "Given out", "Left", "State"), rows, *HEADS)
        if rows
        else empty(
            "No offer is limited. With ",
            tag("code", "limit: 100"),
            " on an item, it is granted to 100 people at most.",
        )
    )
    about = (
        "Granted when a bet shows it to somebody new; free again when the bet's window ends and "
        "nobody saw it. Who has one keeps it."
    )
    return tag(
        "section",
        tag("h2", "Offers of which there are only so many"),
        body,
        tag("p", about, class_="soft small gap") if rows else None,
        class_="card",
        id="limited",
    )


HEADS = ("For at most", "Given out", "Left")


def _offer(name: str, one: Limited) -> list[str | Markup]:
    given = f"{whole(one.granted)}, {percent(one.granted / one.limit)}" if one.limit else "none"
    state = "all given out: shown to nobody new" if one.left <= 0 else "shown"
    return [
        tag("a", one.title or name, href=item_address(name), class_="strong"),
        f"{whole(one.limit)} people",
        given,
        whole(one.left),
        tag("span", state, class_="strong" if one.left <= 0 else None),
    ]


def _nearly(found: Stock) -> Markup:
    if not found.nearly:
        body = empty(
            "No item has a stock that is counted and not sold out. With ",
            tag("code", "stock: 12"),
            " on an item, orders take from it, and at 0 it is shown no more.",
        )
    else:
        body = table(
            ("What", "Left", "Promised just now", "State", "Counted (UTC)"),
            list(_rows(found.nearly)),
            "Left",
            "Promised just now",
        )
    about = (
        "Promised is how many those who were shown it are likely to order before their bets end. "
        "Where it reaches what is left, the item rests until then."
    )
    return tag(
        "section",
        tag("h2", "The least that is left"),
        body,
        tag("p", about, class_="soft small gap") if found.nearly else None,
        class_="card",
        id="nearly",
    )


def _rows(found: Iterable[Counted]) -> Iterable[list[str | Markup]]:
    for one in found:
        rests = one.promised >= one.stock
        yield [
            tag(
                "span",
                tag("a", one.title or one.item_id, href=item_address(one.item_id), class_="strong"),
                tag("span", f" {one.item_id}", class_="soft small") if one.title else None,
            ),
            whole(one.stock),
            number(round(one.promised, 1)),
            tag("span", "rests", class_="strong") if rests else "shown",
            tag("span", short(one.stock_at) if one.stock_at else "", class_="soft small"),
        ]
