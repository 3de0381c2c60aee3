"""What to look at: what loses, what cannot be known, what waits, each with the page that helps."""

import asyncio
from collections.abc import Iterable, Iterator

from wager.console.api import path_of
from wager.console.asking import Stored, definitions
from wager.console.format import plural
from wager.console.markup import Child, Markup, tag
from wager.console.reported import Health, Lifts, Segments, Stock, Tactics
from wager.console.slip import placement_address, segment_address
from wager.console.theme import Sheet, href
from wager.domain.definitions import Placement
from wager.domain.estimates import Estimate, Verdict

HEADING = "What to look at"
SHOWN = 6
NEARLY = 5  # of a stock, or fewer


async def to_look_at(sheet: Sheet) -> Markup:
    """A card of what needs somebody, the most urgent first; or that nothing does."""
    placements = await definitions(sheet.api, "placements", Placement)
    health = await sheet.api.get("/v1/reports/health", Health)
    lifts = await sheet.api.get("/v1/reports/lift", Lifts)
    tried = await sheet.api.get("/v1/reports/tactics", Tactics)
    groups = await sheet.api.get("/v1/reports/segments", Segments)
    stock = await sheet.api.get("/v1/reports/stock", Stock)
    asked = (path_of("v1", "placements", one.name) for one in placements)
    stored = await asyncio.gather(*(sheet.api.get(one, Stored[Placement]) for one in asked))
    found = [
        *losing(lifts),
        *waiting(health),
        *tactics(tried),
        *harmed(groups),
        *scarce(stock),
        *unknown(placements),
        *doubtful(stored),
    ]
    return card(found)


def looking() -> Markup:
    """The card before it is known what stands on it."""
    words = tag("p", "Looking for what loses, waits or runs out …", class_="soft")
    return tag("section", tag("h2", HEADING), words, class_="card", id="look-at")


def card(found: list[list[Child]]) -> Markup:
    """The first of them; the others are folded away."""
    lines = [tag("li", one) for one in found]
    more = lines[SHOWN:]
    body = (
        tag("ul", lines[:SHOWN], class_="due")
        if lines
        else tag("p", "Nothing loses, waits or runs out just now.", class_="soft")
    )
    folded = tag(
        "details",
        tag("summary", f"{len(more)} more"),
        tag("ul", more, class_="due"),
        class_="small gap",
    )
    return tag(
        "section",
        tag("h2", HEADING),
        body,
        folded if more else None,
        class_="card",
        id="look-at",
    )


def losing(lifts: Lifts) -> Iterator[list[Child]]:
    """Placements whose bets bring less than the safe choice."""
    for name, one in lifts.placements.items():
        if _is_below(one.lift):
            where = f"{href('/results')}?placement={name}"
            yield [
                tag("b", f"{name}: bets bring less than the safe choice. ", class_="harmed"),
                tag("a", "What loses, and by how much", href=where),
            ]


def waiting(health: Health) -> Iterator[list[Child]]:
    """Events in quarantine, and conditions that cannot be worked out."""
    if health.quarantine:
        many = plural(health.quarantine, "event")
        yield [f"{many} could not be read. ", tag("a", "Repair or discard", href=href("/events"))]
    for name, times in health.condition_errors.items():
        yield [
            f"The condition of segment {name} failed {plural(times, 'time')}: something that it "
            "asks for was absent or of another type. ",
            tag("a", "Its condition", href=segment_address(name)),
        ]


def tactics(tried: Tactics) -> Iterator[list[Child]]:
    """Placements in which tactics are known to lose and are not held down."""
    by: dict[str, int] = {}
    for one in tried.tactics:
        if one.kind != "level" and _is_below(one.lift) and not one.capped:
            by[one.placement] = by.get(one.placement, 0) + 1
    for name, many in by.items():
        where = f"{href('/results')}?placement={name}#tactics"
        verb = "brings" if many == 1 else "bring"
        yield [
            f"{name}: {plural(many, 'tactic')} {verb} less than others would. ",
            tag("a", "Which", href=where),
        ]


def harmed(groups: Segments) -> Iterator[list[Child]]:
    """Segments that are left alone because talking did harm."""
    for name, one in groups.segments.items():
        if one.left_alone_in:
            yield [
                f"Bets harm people in {name}: they are left alone in "
                f"{', '.join(one.left_alone_in)}. ",
                tag("a", "Who they are", href=segment_address(name)),
            ]


def scarce(stock: Stock) -> Iterator[list[Child]]:
    """What has run out, or will soon."""
    gone = [name for name, one in stock.limited.items() if one.left <= 0]
    nearly = sum(one.stock <= NEARLY for one in stock.nearly)
    said = [
        f"{plural(len(gone), 'offer')} all given out" if gone else "",
        f"{plural(stock.sold_out, 'item')} sold out" if stock.sold_out else "",
        f"{plural(nearly, 'item')} nearly" if nearly else "",
    ]
    if any(said):
        words = ", ".join(one for one in said if one)
        yield [f"{words}. ", tag("a", "What is left", href=href("/stock"))]


def unknown(placements: Iterable[Placement]) -> Iterator[list[Child]]:
    """Placements of which it cannot be known whether bets are worth it."""
    names = [one.name for one in placements if not one.holdout_share]
    if names:
        yield [
            f"Nobody is held out of {', '.join(names)}: what bets bring there cannot be known. ",
            tag("a", "How to hold out", href=f"{href('/results')}?placement={names[0]}"),
        ]


def doubtful(stored: Iterable[Stored[Placement]]) -> Iterator[list[Child]]:
    """What looks wrong with placements, but for what is said of holding out above."""
    for one in stored:
        name = one.definition.name
        for warning in one.warnings:
            if "holds nobody out" not in warning:
                yield [f"{warning}. ", tag("a", "Its settings", href=placement_address(name))]


def _is_below(found: Verdict | None) -> bool:
    return isinstance(found, Estimate) and found.high < 0.0
