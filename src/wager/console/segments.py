"""Segments: who is in each, what is popular there, and where its people are not talked to."""

from collections.abc import Iterable

from wager.console.api import path_of
from wager.console.asking import Stored, definitions
from wager.console.content import item_address
from wager.console.format import number, percent, plural, whole
from wager.console.markup import Child, Markup, join, tag
from wager.console.reported import Group, PopularThere, Segments
from wager.console.slip import figure, placement_address, segment_address
from wager.console.theme import Sheet, box, empty, href, page, show, titled
from wager.console.verdicts import table
from wager.domain.definitions import Segment

NAMED = 3
APART = "Of what is popular there, what is bought more often than by everybody."
POPULAR = (
    "Shares of the baskets (and clicks) of the last weeks that hold the item; a month ago counts "
    "half. Where little is known of the segment, its shares lean towards everybody's."
)
LEAVES_ALONE = (
    "left alone in {}: bets brought these people less than the safe choice, so most get that"
)


@page("/segments", "Segments")
async def segments(sheet: Sheet) -> None:
    """All of them, the largest first."""
    declared = await definitions(sheet.api, "segments", Segment)
    show(tag("div", tag("h1", "Segments"), class_="headline"))
    if not declared:
        show(tag("section", _none(), class_="card"))
        return
    found = await sheet.api.get("/v1/reports/segments", Segments)
    groups = {one.name: found.segments.get(one.name, Group()) for one in declared}
    ranked = sorted(declared, key=lambda one: (-groups[one.name].people, one.name))
    rows = [_row(one, groups[one.name], found.people) for one in ranked]
    heads = ("Segment", "People", "Of all", "Bought more than by others", "Not talked to")
    show(tag("section", table(heads, rows, "People", "Of all"), class_="card"))


def _row(declared: Segment, group: Group, everybody: int) -> list[str | Markup]:
    stored = not group.in_the_moment
    return [
        tag(
            "span",
            tag("a", declared.name, href=segment_address(declared.name), class_="strong"),
            tag("span", f" {declared.description}", class_="soft small"),
        ),
        whole(group.people) if stored else "by the moment",
        _share(group.people, everybody) if stored else "",
        ", ".join(_name(item) for item in group.apart[:NAMED]),
        join(_kept_from(group)),
    ]


def _none() -> Markup:
    return empty(
        "There is no segment yet. One is a name and a condition, for example ",
        tag("code", "profile.traits.orders >= 3.0"),
        ": declare it with ",
        tag("code", "PUT /v1/segments/NAME"),
        " or ",
        tag("code", "wager apply"),
        ". Bets then learn what is popular with its people.",
    )


def _share(people: int, everybody: int) -> str:
    return percent(people / everybody) if everybody else "none"


def _kept_from(group: Group) -> list[Child]:
    said: list[Child] = []
    if group.excluded_from:
        said.append(f"in {', '.join(group.excluded_from)}")
    if group.left_alone_in:
        harmed = f"left alone in {', '.join(group.left_alone_in)}"
        said += ["; " if said else None, tag("span", harmed, class_="harmed")]
    return said


@page("/segments/{name}", "Segment")
async def segment(sheet: Sheet) -> None:
    """Its condition and its people, what they buy, and what is declared for them."""
    name = sheet.request.path_params["name"]
    stored = await sheet.api.get(path_of("v1", "segments", name), Stored[Segment])
    found = await sheet.api.get("/v1/reports/segments", Segments)
    group = found.segments.get(name, Group())
    titled(f"{name}, a segment")
    show(_head(stored.definition))
    show(_figures(group, found.people))
    with box("columns"):
        show(
            tag(
                "div",
                [_condition(stored, group), _popular("What sets it apart", group.apart, APART)],
                class_="stack",
            )
        )
        show(
            tag(
                "div",
                [_counts_in(group), _popular("Popular there", group.popular, POPULAR)],
                class_="stack",
            )
        )


def _head(declared: Segment) -> Markup:
    people = f"{href('/people')}?segment={declared.name}"
    return tag(
        "div",
        tag("h1", declared.name),
        tag("p", declared.description, class_="soft"),
        tag("p", tag("a", "Its people", href=people), class_="end"),
        class_="headline",
    )


def _figures(group: Group, everybody: int) -> Markup:
    excluded, harmed = len(group.excluded_from), len(group.left_alone_in)
    people = (
        (
            figure("People in it", whole(group.people), "as of each person's last event"),
            figure("Of all people", _share(group.people, everybody), f"of {whole(everybody)}"),
        )
        if not group.in_the_moment
        else (figure("People in it", "by the moment", "asked anew with each decision"),)
    )
    return tag(
        "dl",
        *people,
        figure("Use cases for it", whole(len(group.use_cases)), "that want something shown to it"),
        figure(
            "Not talked to in",
            plural(excluded + harmed, "placement"),
            f"{whole(excluded)} as declared, {whole(harmed)} where talking did harm",
        ),
        class_="figures even card",
        id="figures",
    )


def _popular(heading: str, found: Iterable[PopularThere], about: str) -> Markup:
    rows: list[list[str | Markup]] = [
        [
            tag("a", _name(one), href=item_address(one.item_id), class_="strong"),
            percent(one.share),
            percent(one.everybody),
            f"{number(round(one.share / one.everybody, 1))} ×" if one.everybody else "only here",
        ]
        for one in found
    ]
    heads = ("What", "In its baskets", "In everybody's", "Times as often")
    body = (
        table(heads, rows, *heads[1:])
        if rows
        else empty("Nothing is known here yet. It is learnt from the orders of its people.")
    )
    return tag(
        "section",
        tag("h2", heading),
        body,
        tag("p", about, class_="soft small gap") if rows else None,
        class_="card",
    )


def _name(one: PopularThere) -> str:
    return one.title or one.item_id


def _condition(stored: Stored[Segment], group: Group) -> Markup:
    errors = group.condition_errors
    failed = (
        f"It could not be worked out {plural(errors, 'time')} since the start, for something "
        "absent or of another type: those people are not in it."
    )
    return tag(
        "section",
        tag("h2", "Who is in it"),
        tag("pre", stored.definition.condition),
        [tag("p", one, class_="note gap") for one in stored.warnings],
        tag("p", failed, class_="note gap") if errors else None,
        class_="card",
        id="condition",
    )


def _counts_in(group: Group) -> Markup:
    """What the team declared for it, and what was measured of it."""
    lines: list[Markup] = [
        tag("li", "Not talked to in ", _placement(one), ", as declared there (exclude).")
        for one in group.excluded_from
    ]
    before, after = LEAVES_ALONE.split("{}")
    lines += [
        tag("li", before[:1].upper() + before[1:], _placement(one), f"{after}.", class_="harmed")
        for one in group.left_alone_in
    ]
    lines += [tag("li", f"Use case {one} wants something shown to it.") for one in group.use_cases]
    if not lines:
        lines = [
            empty(
                "Bets learn from it in every placement that uses the segment level. No use case is "
                "for it, and no placement leaves it out."
            )
        ]
    return tag(
        "section", tag("h2", "Where it counts"), tag("ul", lines), class_="card", id="counts"
    )


def _placement(name: str) -> Markup:
    return tag("a", name, href=placement_address(name))
