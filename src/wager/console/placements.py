"""Placements: where bets are placed, what binds them there, and who gains or gives up by them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from wager.console import caps, sides
from wager.console.alarms import DRIFTS, in_force, past
from wager.console.api import path_of
from wager.console.asking import Stored, definitions, item_titles
from wager.console.format import number, percent, plural, whole
from wager.console.markup import Markup, tag
from wager.console.reported import (
    Compared,
    Diversity,
    Health,
    Hedge,
    Ledger,
    Lifts,
    Overview,
    Stakeholders,
    TradeOffs,
)
from wager.console.settings import settings
from wager.console.slip import figure, placement_address
from wager.console.theme import Sheet, box, empty, href, page, show, titled
from wager.console.verdicts import table, words
from wager.domain.definitions import Goal, Placement, Rule, UseCase
from wager.domain.estimates import Estimate


@page("/placements", "Placements")
async def placements(sheet: Sheet) -> None:
    """All of them, with what came of their bets."""
    found = await definitions(sheet.api, "placements", Placement)
    show(tag("div", tag("h1", "Placements"), class_="headline"))
    if not found:
        show(tag("section", _none(), class_="card"))
        return
    totals = await sheet.api.get("/v1/reports/overview", Overview)
    lifts = await sheet.api.get("/v1/reports/lift", Lifts)
    rows: list[list[str | Markup]] = []
    for one in found:
        name = one.name
        counts = totals.by_placement.get(name)
        alarmed = [each for each in totals.alarms if each.placement == name]
        rows.append(
            [
                tag(
                    "span",
                    tag("a", name, href=placement_address(name), class_="strong"),
                    tag("span", f" {one.description}", class_="soft small"),
                ),
                one.goal or "click",
                whole(counts.bets) if counts else "0",
                _won(counts.won, counts.won + counts.lost) if counts else "nothing settled",
                words(lifts.placements.get(name, Compared()).lift),
                tag("span", DRIFTS[alarmed[0].kind], class_="harmed") if alarmed else "",
            ]
        )
    heads = ("Where", "Goal", "Bets", "Won", "Lift over the held-out", "Alarm")
    show(tag("section", table(heads, rows, "Bets"), class_="card"))


def _won(won: int, settled: int) -> str:
    return f"{percent(won / settled)} of {whole(settled)}" if settled else "nothing settled"


def _none() -> Markup:
    return empty(
        "There is no placement yet. Name one with ",
        tag("code", "PUT /v1/placements/home"),
        " or ",
        tag("code", "wager apply"),
        ".",
    )


@page("/placements/{name}", "Placement")
async def placement(sheet: Sheet) -> None:
    """What it is for, what binds it, and what it brings to whom."""
    name = sheet.request.path_params["name"]
    found = await sheet.api.get(path_of("v1", "placements", name), Stored[Placement])
    asked = {"placement": name}
    kept = await sheet.api.get("/v1/reports/overview", Overview, asked)
    lifts = await sheet.api.get("/v1/reports/lift", Lifts, asked)
    alarms = (await sheet.api.get("/v1/reports/health", Health, asked)).alarms
    cases = await _use_cases(sheet, name)
    traded = await sheet.api.get("/v1/reports/tradeoffs", TradeOffs, asked)
    held = await sheet.api.get("/v1/reports/stakeholders", Stakeholders, asked)
    varied = await sheet.api.get("/v1/reports/diversity", Diversity, asked)
    hedged = await sheet.api.get("/v1/reports/hedge", Hedge, asked)
    bettors = await sheet.api.get("/v1/reports/ledger", Ledger, asked)
    goals = await definitions(sheet.api, "goals", Goal)
    declared = found.definition
    titled(f"{name}, a placement")
    show(_head(declared))
    show(in_force(alarms))
    safe = [declared.default] if isinstance(declared.default, str) else []
    titles = await item_titles(sheet.api, safe)
    show(_figures(found, kept, lifts.placements.get(name), titles))
    with box("columns"):
        with box("stack"):
            declared_cases = [one.definition for one in cases]
            show(caps.in_force(declared, declared_cases, kept.silenced, kept.dropped))
            show(caps.quiet(declared, kept.silenced))
            show(sides.ledger(bettors))
            show(sides.use_cases(cases, traded, datetime.now(UTC)))
            show(past(alarms))
        with box("stack"):
            show(sides.goals(declared, goals, held))
            show(sides.variety(declared, varied))
            show(sides.trusted(declared, hedged))
            show(sides.hedge(declared, hedged))
    show(settings(declared))


async def _use_cases(sheet: Sheet, name: str) -> list[Stored[UseCase]]:
    """Those of the placement, each with what stands against it now."""
    return [
        await sheet.api.get(path_of("v1", "usecases", one.name), Stored[UseCase])
        for one in await definitions(sheet.api, "usecases", UseCase)
        if one.placement == name
    ]


def _head(declared: Placement) -> Markup:
    name = declared.name
    return tag(
        "div",
        tag("h1", name),
        tag("p", declared.description, class_="soft"),
        tag(
            "p",
            tag("a", "Bets", href=f"{href('/bets')}?placement={name}"),
            " ",
            tag("a", "Did it work?", href=f"{href('/results')}?placement={name}"),
            " ",
            tag("a", "Are its odds honest?", href=f"{href('/honesty')}?placement={name}"),
            class_="end split",
        ),
        class_="headline",
    )


def _figures(
    found: Stored[Placement],
    kept: Overview,
    compared: Compared | None,
    titles: Mapping[str, str],
) -> Markup:
    declared = found.definition
    return tag(
        "section",
        tag(
            "dl",
            figure("Slots", whole(declared.slots), f"for the goal {declared.goal or 'click'}"),
            figure("Bets", whole(kept.bets), _settled(kept)),
            _lift(compared or Compared()),
            figure("Safe choice", _default(declared, titles), _held_out(declared)),
            class_="figures even",
            id="figures",
        ),
        [tag("p", one, class_="note gap") for one in found.warnings],
        class_="card",
    )


def _lift(compared: Compared) -> Markup:
    name = "Lift over the held-out"
    about = "of a replay, so no cause" if compared.replayed else "in the goal's unit, per decision"
    match compared.lift:
        case Estimate(value=value, low=low, high=high):
            return figure(name, number(value), f"{number(low)} to {number(high)}, {about}")
        case missing:
            return figure(name, "not enough yet", words(missing).partition(": ")[2])


def _settled(kept: Overview) -> str:
    return f"won {_won(kept.won, kept.won + kept.lost)}" if kept.won + kept.lost else "none settled"


def _held_out(declared: Placement) -> str:
    if not declared.holdout_share:
        return "nobody is held out"
    return f"always for the {percent(declared.holdout_share)} who are held out"


def _default(declared: Placement, titles: Mapping[str, str]) -> str:
    match declared.default:
        case Rule() | None:
            return "what is popular"
        case str() as item_id:
            return titles.get(item_id, item_id)
        case items:
            return plural(len(items), "item")
