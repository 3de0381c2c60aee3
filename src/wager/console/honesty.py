"""Is the bookmaker honest: won against said by tenths, and better than always saying the same?"""

from wager.console import plots
from wager.console.asking import names_of
from wager.console.charts import Chart
from wager.console.fields import chips
from wager.console.format import number, percent, whole
from wager.console.markup import Markup, tag
from wager.console.reported import Calibration, Shadow, Shadows, Skill
from wager.console.slip import figure, placement_address
from wager.console.theme import Sheet, box, empty, href, page, show
from wager.console.verdicts import table, words
from wager.domain.estimates import NotEnough

SHARP = 1  # places behind the point
MUCH = 0.1  # of what was won: from here on odds mislead
ABOUT = (
    "Each bet says how likely it wins. Taken in tenths by what was said, as many should be won as "
    "was said: that is what odds are worth. They are put right all the time by what came of bets "
    "that promised as much; log-loss punishes what was said with too much confidence."
)


@page("/honesty", "Honesty")
async def honesty(sheet: Sheet) -> None:
    """One placement, or all of them whose goals pay the same for each win."""
    placement = sheet.asked("placement")
    asked = {"placement": placement, "hours": sheet.asked("hours")}
    found = await sheet.api.get("/v1/reports/calibration", Calibration, asked)
    show(_head(placement, await names_of(sheet.api, "placements")))
    show(_figures(found))
    with box("card", "section"):
        show(tag("h2", "Said and won, by tenths of what was said"))
        if found.deciles:
            Chart("calibration", plots.calibration(found))
            show(legend(), _table(found))
        else:
            show(empty("Nothing is settled yet: bets settle when they win, or their window ends."))
    shadows = await sheet.api.get("/v1/reports/shadow", Shadows, {"placement": placement})
    with box("card", "section"):
        show(tag("h2", "In the shadow: what other policies would have brought"))
        show(_shadows(shadows))


def legend() -> Markup:
    """What the two colours of said and won are."""
    return tag(
        "p",
        tag("span", "grey", class_="strong"),
        " is what was said, ",
        tag("span", "green", class_="strong"),
        " what was won. Where the odds are honest, both are equally high.",
        class_="soft small",
    )


def _head(placement: str, placements: list[str]) -> Markup:
    links = [
        (
            name or "all placements",
            href(f"/honesty?placement={name}" if name else "/honesty"),
            name == placement,
        )
        for name in ("", *placements)
    ]
    return tag(
        "div", tag("h1", "Are the odds honest?"), chips("Placement", links), class_="headline"
    )


def _figures(found: Calibration) -> Markup:
    return tag(
        "section",
        tag("h2", answer(found)),
        tag("p", ABOUT, class_="soft small"),
        tag(
            "dl",
            _error("Said and won are apart by", found.error, found.error_by_chance),
            _error("Without putting the odds right", found.raw_error, None),
            _skill("Better than always saying the average", found.skill),
            _skill("That, without putting the odds right", found.raw_skill),
            figure("Settled choices", whole(found.count), "that all this is read of"),
            class_="figures even gap",
            id="figures",
        ),
        class_="card",
    )


def answer(found: Calibration) -> str:
    """In a sentence: are they honest, as far as is known?

    >>> answer(Calibration(error=0.04, error_by_chance=0.05, count=900))
    'Yes, as far as can be seen: honest odds would be as far off by chance alone.'
    """
    match found.error, found.error_by_chance:
        case float(error), float(chance):
            if error <= chance:
                return (
                    "Yes, as far as can be seen: honest odds would be as far off by chance alone."
                )
            if error <= MUCH:
                return (
                    f"Nearly: they are {percent(error, SHARP)} off, where honest odds would be "
                    f"{percent(chance, SHARP)} off by chance."
                )
            return (
                f"Not quite: they are {percent(error, SHARP)} off, where honest odds would be "
                f"{percent(chance, SHARP)} off by chance. They are put right as bets settle."
            )
        case _:
            return "Not known yet: too few bets are won."


def _error(name: str, error: float | NotEnough | None, chance: float | NotEnough | None) -> Markup:
    if not isinstance(error, float):
        return figure(name, "not enough yet", "needs 10 won choices")
    by_chance = (
        f"of what was won; {percent(chance, SHARP)} by chance alone"
        if isinstance(chance, float)
        else "of what was won"
    )
    return figure(name, percent(error, SHARP), by_chance)


def _skill(name: str, skill: Skill | NotEnough | None) -> Markup:
    if not isinstance(skill, Skill):
        return figure(name, "not enough yet", "or wins that pay different amounts")
    losses = f"log-loss {skill.log_loss:.4f} against {skill.base_rate_log_loss:.4f}"
    return figure(name, percent(skill.skill, SHARP), losses)


def _table(found: Calibration) -> Markup:
    rows: list[list[str | Markup]] = [
        [percent(one.said, SHARP), percent(one.won, SHARP), whole(one.count)]
        for one in found.deciles
    ]
    heads = ("Said", "Won", "Choices")
    summary = tag("summary", "The figures behind it")
    return tag("details", summary, table(heads, rows, *heads), class_="small gap")


def _shadows(found: Shadows) -> Markup:
    if not found.shadows:
        return empty("No placement names a shadow: a policy that is logged and shown to nobody.")
    heads = ("Placement", "Shadow", "Bets", "Live", "Would bring", "Gain, bet by bet")
    rows: list[list[str | Markup]] = [
        [
            tag("a", one.placement, href=placement_address(one.placement), class_="strong"),
            _named(one),
            whole(one.bets),
            number(one.live),
            words(one.value),
            words(one.gain),
        ]
        for one in found.shadows
    ]
    about = found.note.partition(" `")[0]
    return tag("div", table(heads, rows, "Bets", "Live"), tag("p", about, class_="soft small gap"))


def _named(one: Shadow) -> str:
    levels = f", from {' and '.join(one.levels)} alone" if one.levels else ""
    return f"{one.policy}, {percent(one.risk_appetite)} spread evenly{levels}"
