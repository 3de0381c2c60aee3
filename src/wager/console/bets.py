"""The bets: a list that is filtered and paged on the server, and one bet opened."""

from urllib.parse import urlencode

from wager.console import plots, slip, why
from wager.console.answers import Bet, Bets
from wager.console.api import path_of
from wager.console.asking import Units, item_titles, names_of, profile_id_of
from wager.console.charts import Chart
from wager.console.engineer import for_the_engineer
from wager.console.fields import choose, field, filters
from wager.console.format import Unit, percent, sentence
from wager.console.markup import Markup, join, tag
from wager.console.theme import Sheet, box, empty, href, page, show, titled
from wager.domain.decisions import Choice
from wager.domain.definitions import LEVELS

A_PAGE = 25
STATES = ("open", "won", "lost")


@page("/bets", "Bets")
async def bets(sheet: Sheet) -> None:
    """Newest first."""
    asked = {
        name: sheet.asked(name) for name in ("placement", "level", "state", "person", "cursor")
    }
    query = {name: asked[name] for name in ("placement", "level", "state", "cursor")}
    query["profileId"] = await profile_id_of(sheet.api, asked["person"])
    found = await sheet.api.get("/v1/decisions", Bets, {**query, "limit": A_PAGE})
    units = await Units.ask(sheet.api)
    show(tag("div", tag("h1", "Bets"), class_="headline"))
    show(_filters(asked, await names_of(sheet.api, "placements")))
    if not found.decisions:
        show(tag("section", _nothing(asked), class_="card"))
        return
    show(tag("section", _table(found.decisions, units), class_="card"))
    show(_pages(asked, found.cursor))


def _filters(asked: dict[str, str], placements: list[str]) -> Markup:
    return filters(
        href("/bets"),
        choose("placement", "Placement", placements, asked["placement"]),
        choose("level", "Level", list(reversed(LEVELS)), asked["level"]),
        choose("state", "State", STATES, asked["state"]),
        field("person", "Person", asked["person"], placeholder="user_id:u-1"),
    )


def _nothing(asked: dict[str, str]) -> Markup:
    if any(asked.values()):
        return empty("No bet is like this. ", tag("a", "Show all bets", href=href("/bets")))
    return empty(
        "No bet was placed yet. Ask for one with ",
        tag("code", "POST /v1/decide"),
        "; it is listed here at once.",
    )


def _table(found: list[Bet], units: Units) -> Markup:
    heads = ("What", "For", "When", "Placement", "Level", "Odds", "Expected", "State")
    numbers = ("Odds", "Expected")
    head = [
        tag("th", name, class_="number" if name in numbers else None, scope="col") for name in heads
    ]
    rows = [_row(one, units.of(one)) for one in found]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="wide")


def _row(bet: Bet, unit: Unit) -> Markup:
    first = bet.choices[0] if bet.choices else None
    more = len(bet.choices) - 1
    name = slip.title(first) if first else "nothing was eligible"
    also = tag("span", f" and {more} more", class_="soft") if more > 0 else None
    odds = percent(first.propensity) if first else "none"
    expected = unit.text(first.expected_reward) if first else "none"
    return tag(
        "tr",
        tag("td", tag("a", name, href=slip.bet_address(bet.decision_id), class_="strong"), also),
        tag("td", slip.for_whom(bet), data_name="for"),
        tag(
            "td",
            slip.when(bet),
            " replayed" if bet.replayed else None,
            class_="small soft",
        ),
        tag("td", bet.placement, class_="small"),
        tag("td", slip.level_badge(bet.level), " held out" if bet.holdout else None),
        tag("td", odds, class_="number", data_name="odds"),
        tag("td", expected, class_="number", data_name="expected"),
        tag("td", slip.state_word(bet)),
    )


def _pages(asked: dict[str, str], cursor: str | None) -> Markup:
    """On to older bets, and back to the newest."""
    kept = {name: value for name, value in asked.items() if value and name != "cursor"}
    links = []
    if asked["cursor"]:
        links.append(tag("a", "Newest", class_="action", href=f"{href('/bets')}?{urlencode(kept)}"))
    if cursor:
        older = urlencode({**kept, "cursor": cursor})
        links.append(tag("a", "Older", class_="action", href=f"{href('/bets')}?{older}"))
    return tag("nav", links, class_="buttons", aria_label="Pages")


@page("/bets/{decision_id:path}", "Bet")
async def one_bet(sheet: Sheet) -> None:
    """The whole bet slip of one slot; the other slots are a step away."""
    decision_id = sheet.request.path_params["decision_id"]
    found = await sheet.api.get(path_of("v1", "decisions", decision_id), Bet)
    choices = found.choices
    asked = sheet.asked("slot")
    slot = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    choice = next((one for one in choices if one.slot == slot), choices[0] if choices else None)
    unit = (await Units.ask(sheet.api)).of(found)
    if choice is None:
        _without_choice(found)
        return
    titles = await item_titles(sheet.api, slip.named_items(found, choice))
    titled(f"{slip.title(choice, titles)}, a bet")
    show(_slots(found, choice))
    with box("columns"):
        with box("stack"):
            show(slip.head(found, choice, unit, titles))
            _why(choice, unit)
            show(why.use_cases(found, titles))
            show(why.stepped_down(found))
        with box("stack"):
            _others(found, choice, titles)
            show(why.left_out(found, titles))
            show(slip.came_of_it(found, choice, unit, titles))
    show(for_the_engineer(found, choice))


def _slots(bet: Bet, shown: Choice) -> Markup | None:
    if len(bet.choices) < 2:
        return None
    won = slip.winners(bet)
    links = [
        tag(
            "a",
            f"{one.slot + 1} · {slip.title(one)}",
            tag("span", " won", class_="state won") if one.slot in won else None,
            href=slip.bet_address(bet.decision_id, one.slot),
            aria_current="true" if one.slot == shown.slot else None,
        )
        for one in bet.choices
    ]
    return tag("nav", links, class_="slots", aria_label="Slots")


def _why(choice: Choice, unit: Unit) -> None:
    weighty = [one for one in choice.reasons if one.weight != 0]
    words = [tag("li", sentence(one.text)) for one in choice.reasons if one.weight == 0]
    with box("card", "section"):
        show(tag("h2", "Why: each reason adds to what is expected"))
        if weighty:
            Chart("why", plots.waterfall(choice.reasons, choice.expected_reward, unit))
        if words:
            show(tag("ul", words, class_="gap" if weighty else None))
        if not choice.reasons:
            show(empty("No reasons were bet with this bet."))


def _others(bet: Bet, choice: Choice, titles: slip.Titles) -> None:
    rows = slip.odds_rows(bet, choice, titles)
    with box("card", "section"):
        show(tag("h2", "The others, and their odds"))
        if len(rows) > 1:
            Chart("odds", plots.odds(rows))
            if choice.slot:
                show(
                    tag(
                        "p",
                        f"The odds of the first slot. Slot {choice.slot + 1} was drawn from "
                        f"what was left, with {percent(choice.propensity)}.",
                        class_="soft small",
                    )
                )
        else:
            show(empty("There was no other candidate."))


def _without_choice(bet: Bet) -> None:
    show(
        tag(
            "section",
            tag("h1", "Nothing was eligible"),
            tag(
                "p",
                "for ",
                slip.for_whom(bet),
                f" · {bet.placement} · {slip.when(bet)}",
                class_="soft small",
            ),
            class_="card",
        ),
        tag("div", join([why.left_out(bet, {}), why.stepped_down(bet)]), class_="stack"),
    )
