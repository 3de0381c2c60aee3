"""Did it work? What bets of one placement brought beyond the safe choice, and which of it did."""

from collections.abc import Callable

from wager.console import levels, plots, tactics
from wager.console.asking import Units, definitions
from wager.console.charts import Chart
from wager.console.fields import chips
from wager.console.format import Unit, number, percent, whole
from wager.console.markup import Markup, tag
from wager.console.reported import (
    Compared,
    Journey,
    Journeys,
    Levels,
    Lifts,
    Overview,
    Standing,
    Tactics,
    TenureStep,
)
from wager.console.slip import figure
from wager.console.theme import Sheet, box, empty, href, page, show
from wager.console.verdicts import gain, lacking, table, won, words
from wager.domain.definitions import Placement
from wager.domain.estimates import Estimate, NotEnough, Verdict

Write = Callable[[float], str]
REPLAY = (
    "This is a replay: nobody saw these choices, so they cannot have changed what was bought. It "
    "shows how often bets hit, not what they caused."
)
STANDINGS: dict[Standing, str] = {
    "closer": "Yes: the longer a person is known, the more of their decisions are won.",
    "further": "No: the longer a person is known, the fewer of their decisions are won.",
    "not-closer": "No: a tenth more for each doubling of the weeks is ruled out.",
    "open": "Not known yet: it may be so or not.",
    "not-enough": "Not known yet.",
}


@page("/results", "Results")
async def results(sheet: Sheet) -> None:
    """One placement; the one with the most bets unless another is asked for."""
    placements = await definitions(sheet.api, "placements", Placement)
    if not placements:
        show(tag("div", tag("h1", "Did it work?"), class_="headline"))
        show(tag("section", _no_placement(), class_="card"))
        return
    chosen = await _chosen(sheet, placements)
    asked = {"placement": chosen.name}
    lifts = await sheet.api.get("/v1/reports/lift", Lifts, asked)
    found = await sheet.api.get("/v1/reports/journey", Journeys, asked)
    tried = await sheet.api.get("/v1/reports/tactics", Tactics, asked)
    standing = await sheet.api.get("/v1/reports/levels", Levels, asked)
    units = await Units.ask(sheet.api)
    compared = lifts.placements.get(chosen.name, Compared())
    show(_head(chosen, placements))
    if compared.replayed:
        show(tag("p", REPLAY, class_="note card"))
    show(_worth(chosen, compared, units.of_goal(chosen.goal)))
    for journey in found.journeys:
        _closer(journey, chosen)
    if not found.journeys:
        show(_no_journey())
    tactics.card(tried.tactics, chosen.goal or "click", units.of_goal(chosen.goal))
    show(levels.card(standing, chosen, units.of_goal(chosen.goal)))


async def _chosen(sheet: Sheet, placements: list[Placement]) -> Placement:
    asked = sheet.asked("placement")
    named = [one for one in placements if one.name == asked]
    if named:
        return named[0]
    counts = (await sheet.api.get("/v1/reports/overview", Overview)).by_placement
    return max(placements, key=lambda one: counts[one.name].bets if one.name in counts else 0)


def _no_placement() -> Markup:
    return empty(
        "There is no placement yet. Name one with ", tag("code", "PUT /v1/placements/home"), "."
    )


def _head(chosen: Placement, placements: list[Placement]) -> Markup:
    links = [
        (one.name, href(f"/results?placement={one.name}"), one.name == chosen.name)
        for one in placements
    ]
    return tag("div", tag("h1", "Did it work?"), chips("Placement", links), class_="headline")


# ---- what bets brought beyond the safe choice


def _worth(chosen: Placement, compared: Compared, unit: Unit) -> Markup:
    bet, holdout = compared.bet, compared.holdout
    counts = [f"{whole(one.decisions)} decisions" if one else "none" for one in (bet, holdout)]
    counted = "wins (a slot counts once)" if unit.is_share else unit.name
    about = (
        f"What one decision brings of the goal {chosen.goal or 'click'}, in {counted}, with what "
        "it may as well be (95 % interval). The held-out always get the safe choice: the "
        "difference is what the bets brought."
    )
    body = tag(
        "dl",
        _mean("With bets", bet.mean if bet else None, f"in {counts[0]}"),
        _mean(
            "With the safe choice",
            holdout.mean if holdout else None,
            f"in {counts[1]}",
        ),
        _mean("Lift: with bets, more by", compared.lift, "per decision"),
        _mean("In relation", compared.relative, "more", percent),
        _altogether(compared, "wins" if unit.is_share else unit.name),
        class_="figures even gap",
        id="figures",
    )
    return tag(
        "section",
        tag("h2", answer(compared.lift, replayed=compared.replayed)),
        tag("p", about, class_="soft small"),
        body,
        None if chosen.holdout_share else _hold_out(),
        class_="card",
    )


def answer(lift: Verdict | None, *, replayed: bool) -> str:
    """In a sentence: yes, no, or not known yet.

    >>> answer(NotEnough(needed=30, seen=2), replayed=False)
    'Not known yet: needs 30 people in each group, seen 2.'
    """
    where = "In the replay bets hit" if replayed else "Bets bring"
    match lift:
        case Estimate(low=low) if low > 0:
            return f"Yes. {where} more than the safe choice."
        case Estimate(high=high) if high < 0:
            return f"No. {where} less than the safe choice."
        case Estimate(low=low, high=high):
            return f"Not known yet: the lift may be anything from {number(low)} to {number(high)}."
        case NotEnough():
            return f"Not known yet: {lacking(lift)}."
        case None:
            return "Not known yet: no decision here is settled."


def _mean(name: str, found: Verdict | None, about: str, write: Write = number) -> Markup:
    match found:
        case Estimate(value=value, low=low, high=high):
            return figure(name, write(value), f"{write(low)} to {write(high)} {about}".strip())
        case missing:
            return figure(name, "not enough yet", words(missing).partition(": ")[2] or about)


def _altogether(compared: Compared, counted: str) -> Markup | None:
    """The lift of all decisions together; None where it is not known."""
    lift, bet = compared.lift, compared.bet
    if not isinstance(lift, Estimate) or bet is None:
        return None
    value, low, high = (bet.decisions * one for one in (lift.value, lift.low, lift.high))
    word = "more" if value >= 0 else "less"
    return figure(
        f"All bets together: {counted} {word}",
        whole(abs(value)),
        f"{whole(low)} to {whole(high)} in {whole(bet.decisions)} decisions",
    )


def _hold_out() -> Markup:
    return tag(
        "p",
        "Nobody is held out here, so what bets bring beyond the safe choice cannot be known. Set ",
        tag("code", "holdoutShare: 0.05"),
        " in the placement to give the safe choice to 1 person in 20.",
        class_="note gap",
    )


# ---- closer each time


def _closer(found: Journey, chosen: Placement) -> None:
    goal = "" if found.goal == (chosen.goal or "click") else f" ({found.goal})"
    replayed = " In a replay." if found.replayed else ""
    with box("card", "section") as card:
        card.props("id=journey")
        show(tag("h2", f"Closer each time?{goal}"))
        show(tag("p", f"{STANDINGS[found.standing]}{replayed}", class_="strong", id="standing"))
        show(_trends(found))
        drawn = plots.tenure(found)
        if len(drawn.rows) > 2:
            Chart("journey", drawn)
        show(tag("div", _steps(found.steps), class_="gap"))


def _trends(found: Journey) -> Markup:
    lines = [
        ("each doubling of the weeks brings", gain(found.trend, Unit())),
        ("beyond what it brings the held-out", gain(found.beyond_holdout, Unit())),
    ]
    told = [(tag("dt", name), tag("dd", value)) for name, value in lines]
    about = (
        "In percentage points of the decisions won, each person compared with themselves. What "
        "the held-out gain too is season, range and habit."
    )
    return tag(
        "div", tag("dl", told, class_="facts small gap"), tag("p", about, class_="soft small gap")
    )


def _steps(steps: list[TenureStep]) -> Markup:
    heads = ("Weeks known", "People", "Decisions", "Said", "Won", "More than the held-out")
    rows: list[list[str | Markup]] = [
        [
            tag("span", plots.weeks(one), class_="strong"),
            whole(one.people),
            whole(one.decisions),
            percent(one.expected_rate) if one.expected_rate is not None else "",
            won(one.win_rate),
            gain(one.lift, Unit()),
        ]
        for one in steps
    ]
    return table(heads, rows, "People", "Decisions", "Said")


def _no_journey() -> Markup:
    return tag(
        "section",
        tag("h2", "Closer each time?"),
        empty(
            "Nothing is settled here yet. It is told by the weeks since each person's first "
            "decision, as soon as bets are settled."
        ),
        class_="card",
        id="journey",
    )
