"""The first page: how many bets, on which level, how many won, and was it worth it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from nicegui import ui

from wager.console import attention, plots
from wager.console.alarms import in_force
from wager.console.answers import Bets
from wager.console.asking import Units, names_of
from wager.console.charts import Chart
from wager.console.fields import chips
from wager.console.format import LEVEL_WORDS, percent, places_of, plural, points, rule, whole
from wager.console.honesty import legend
from wager.console.markup import Child, Markup, join, tag
from wager.console.reported import Calibration, Overview
from wager.console.slip import figure, level_badge, small
from wager.console.theme import Sheet, box, empty, guarded, href, page, show
from wager.console.verdicts import lacking, within
from wager.console.why import led
from wager.domain.definitions import LEVELS
from wager.domain.estimates import Estimate, NotEnough, Verdict

LATEST = 8
SECONDS = 2.0
LIVE = "Live, every 2 seconds."
PERIODS = (("last hour", "1"), ("last day", "24"), ("last 7 days", "168"), ("all", ""))


@dataclass(frozen=True, slots=True)
class News:
    """Everything that the page shows, as the API told it at one moment."""

    overview: Overview
    calibration: Calibration
    latest: Bets
    units: Units


class Live:
    """The parts of the page that are written again when there is news."""

    def __init__(self, news: News) -> None:
        self.alarms = show()
        self.note = show()
        self.figures = show()
        self.look_at = show(attention.looking())
        with box("columns"):
            with box("stack"):
                with box("card", "section"):
                    show(tag("h2", "How personal the bets were"))
                    self.levels = Chart("levels", plots.levels(news.overview.by_level))
                    self.legend = show()
                with box("card", "section"):
                    show(tag("h2", "Bets and wins over time"))
                    self.hours = Chart("hours", plots.hours(news.overview.by_hour))
            with box("card", "section"):
                show(tag("h2", "Said and won, by tenths of what was said"))
                self.calibration = Chart("calibration", plots.calibration(news.calibration))
                self.calibrated = show()
                self.step_downs = show()
        with box("headline"):
            show(tag("h2", "Latest bets", class_="strong"))
            with box("split end soft small"):
                self.state = show(LIVE)
                with ui.element("button").classes("quiet").props("type=button") as self.button:
                    self.turn = show("Pause")
        self.latest = show()
        self.write(news)

    def write(self, news: News) -> None:
        """Put the figures in; what did not change is not sent."""
        overview = news.overview
        self.alarms.content = in_force(overview.alarms)
        self.note.content = _note(overview)
        self.figures.content = _figures(overview)
        self.levels.draw(plots.levels(overview.by_level))
        self.legend.content = _legend(overview)
        self.hours.draw(plots.hours(overview.by_hour))
        self.calibration.draw(plots.calibration(news.calibration))
        self.calibrated.content = _calibrated(news.calibration)
        self.step_downs.content = _step_downs(overview)
        slips = [small(one, news.units.of(one)) for one in news.latest.decisions]
        self.latest.content = tag("div", slips, class_="cards")


@page("/", "Overview")
async def overview(sheet: Sheet) -> None:
    """Live: asks again every two seconds, unless paused."""
    placements = await names_of(sheet.api, "placements")
    units = await Units.ask(sheet.api)
    news = await _ask(sheet, units)
    show(_head(sheet, placements))
    if not news.overview.bets and not news.latest.decisions:
        show(tag("section", _first_steps(news.overview, placements), class_="card"))
        _wait_for_the_first(sheet, units)
        return
    live = Live(news)

    async def refresh() -> None:
        live.write(await _ask(sheet, units))

    async def look() -> None:
        live.look_at.content = await attention.to_look_at(sheet)

    ui.timer(0.0, guarded(sheet, look), once=True)
    timer = ui.timer(SECONDS, guarded(sheet, refresh), immediate=False)

    def turn() -> None:
        timer.active = not timer.active
        live.turn.content = "Pause" if timer.active else "Go on"
        live.state.content = LIVE if timer.active else "Paused."

    live.button.on("click", turn)


def _wait_for_the_first(sheet: Sheet, units: Units) -> None:
    async def look() -> None:
        if (await _ask(sheet, units)).latest.decisions:
            ui.navigate.reload()

    ui.timer(SECONDS, guarded(sheet, look), immediate=False)


async def _ask(sheet: Sheet, units: Units) -> News:
    asked = {"placement": sheet.asked("placement"), "hours": sheet.asked("hours")}
    return News(
        overview=await sheet.api.get("/v1/reports/overview", Overview, asked),
        calibration=await sheet.api.get("/v1/reports/calibration", Calibration, asked),
        latest=await sheet.api.get(
            "/v1/decisions", Bets, {"limit": LATEST, "placement": asked["placement"]}
        ),
        units=units,
    )


def _head(sheet: Sheet, placements: list[str]) -> Markup:
    def link(name: str, query: dict[str, str], here: bool) -> tuple[str, str, bool]:
        left = {key: value for key, value in query.items() if value}
        return name, href("/") + (f"?{urlencode(left)}" if left else ""), here

    placement, hours = sheet.asked("placement"), sheet.asked("hours")
    periods = [
        link(name, {"placement": placement, "hours": value}, hours == value)
        for name, value in PERIODS
    ]
    places = [
        link(name or "all placements", {"placement": name, "hours": hours}, placement == name)
        for name in ("", *placements)
    ]
    return tag(
        "div",
        tag("h1", "Overview"),
        chips("Period", periods),
        chips("Placement", places),
        class_="headline",
    )


def _note(overview: Overview) -> Markup:
    if not overview.replayed:
        return Markup("")
    return tag(
        "p",
        "This is a replay of what was really bought: "
        f"{plural(overview.replayed, 'decision')} here were made for moments of the past, each "
        "before it was told what happened then. It shows whether the odds are honest and how often "
        "a bet hits. It does not show that showing something caused a purchase.",
        class_="note card",
    )


def _figures(overview: Overview) -> Markup:
    settled = overview.won + overview.lost
    rate = overview.expected_rate
    said = f", said {percent(rate)}" if rate is not None else None
    held = f", {whole(overview.holdout)} held out" if overview.holdout else ""
    return tag(
        "dl",
        figure("Bets", whole(overview.bets), f"{whole(overview.open)} open{held}"),
        figure("Won", whole(overview.won), f"of {whole(settled)} settled"),
        _verdict("Win rate", within(overview.win_rate), said),
        _lift(overview.lift),
        figure(
            "People",
            whole(overview.people),
            f"{plural(overview.items, 'item')}, {plural(overview.events, 'event')}",
        ),
        class_="figures even card",
        id="figures",
    )


def _lift(lift: Verdict | None) -> Markup:
    """In percentage points of the decisions won."""
    name, more = "Lift over the held-out", tag("a", "Did it work?", href=href("/results"))
    match lift:
        case Estimate(value=value, low=low, high=high, confidence=confidence):
            places = max(places_of(high - low) or 1, 1)
            interval = f"{points(low, places)} to {points(high, places)}"
            beside = f"points of decisions won, {interval} ({percent(confidence)} interval). "
            return figure(name, points(value, places), beside, more)
        case _:
            return _verdict(name, lift, ". ", more)


def _verdict(name: str, verdict: Verdict | None, *beside: Child) -> Markup:
    match verdict:
        case Estimate(value=value, low=low, high=high, confidence=confidence):
            places = max(places_of(high - low) or 1, 1)
            sure = f"{percent(confidence)} interval"
            interval = f"{percent(low, places)} to {percent(high, places)} ({sure})"
            return figure(name, percent(value, places), interval, *beside)
        case NotEnough():
            return figure(name, "not enough yet", lacking(verdict))
        case None:
            return figure(name, "not enough yet", "nothing was settled so far")


def _legend(overview: Overview) -> Markup:
    total = max(sum(overview.by_level.values()), 1)
    rows = [
        tag(
            "tr",
            tag("td", tag("a", level_badge(level), href=href(f"/bets?level={level}"))),
            tag("td", LEVEL_WORDS[level], class_="soft"),
            tag("td", whole(count), class_="number"),
            tag("td", percent(count / total), class_="number soft"),
        )
        for level in reversed(LEVELS)
        for count in (overview.by_level.get(level, 0),)
    ]
    return tag("table", tag("tbody", rows), class_="legend small plain")


def _calibrated(found: Calibration) -> Markup:
    if not found.deciles:
        return empty(
            "Nothing is settled yet. Bets settle when they are won, or when the goal's "
            "window has passed."
        )
    more = tag("a", "Are the odds honest?", href=href("/honesty"))
    error = ""
    if found.error is not None:
        error = f"Taken together they are {percent(found.error)} apart. "
    return join([legend(), tag("p", error, more, class_="soft small")])


def _step_downs(overview: Overview) -> Markup:
    """What kept bets from assuming more of the people."""
    quiet = {rule(name): count for name, count in overview.silenced.items()}
    return join(
        [
            _often("Why they were not more personal", alike(overview.step_downs)),
            _often("Why nobody was talked to", quiet),
        ]
    )


def alike(counts: Mapping[str, int]) -> dict[str, int]:
    """Those that differ only in what follows their colon, by the most frequent of them.

    >>> alike({"not context: 0 orders of 3 known": 4, "not context: 1 orders of 3 known": 2})
    {'not context: 0 orders of 3 known, and the like': 6}
    """
    together: dict[str, list[str]] = {}
    for text in sorted(counts, key=lambda text: -counts[text]):
        together.setdefault(text.partition(":")[0], []).append(text)
    return {
        texts[0] + (", and the like" if len(texts) > 1 else ""): sum(counts[one] for one in texts)
        for texts in together.values()
    }


def _often(heading: str, counts: dict[str, int]) -> Markup:
    often = sorted(counts.items(), key=lambda pair: -pair[1])[:5]
    if not often:
        return Markup("")
    lines = [(tag("dt", whole(count)), tag("dd", led(text))) for text, count in often]
    return join([tag("h2", heading, class_="gap"), tag("dl", lines, class_="counted small")])


def _first_steps(overview: Overview, placements: list[str]) -> Markup:
    """What is still to be done, in this order."""
    steps: list[Child] = []
    if not overview.items:
        steps.append(_step("Publish what can be shown: ", "POST /v1/items", "wager import"))
    if not placements:
        steps.append(
            _step(
                "Name a place to show it: ", "PUT /v1/placements/home", "wager init", "wager apply"
            )
        )
    if not overview.events:
        steps.append(
            ["Send what happens: ", tag("code", "POST /v1/track"), ", or a Segment client."]
        )
    asked = tag("code", "POST /v1/decide")
    steps.append(["Ask what to show: ", asked, ". The bet appears here at once."])
    lines = [tag("li", one) for one in steps]
    return join([tag("h2", "No bet was placed yet"), tag("ol", lines, class_="steps")])


def _step(what: str, route: str, *commands: str) -> list[Child]:
    found: list[Child] = [what, tag("code", route)]
    for number, command in enumerate(commands):
        found += [" and " if number else ", or ", tag("code", command)]
    return [*found, "."]
