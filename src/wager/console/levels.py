"""Is it worth to assume more of people: the bets by level, and levels drawn by chance."""

from wager.console.format import LEVEL_WORDS, Unit, percent, whole
from wager.console.markup import Markup, tag
from wager.console.reported import Levels, LevelTrial
from wager.console.slip import level_badge
from wager.console.theme import empty
from wager.console.verdicts import gain, table, won
from wager.domain.definitions import LEVELS, Placement
from wager.domain.estimates import Estimate


def card(found: Levels, placement: Placement, unit: Unit) -> Markup:
    """First what chance tells, then what may as well be due to who the people are."""
    trials = [one for one in found.trials if one.placement == placement.name]
    return tag(
        "section",
        tag("h2", "Is it worth to assume more of people?"),
        _trials(trials, placement, unit),
        tag("h2", "The bets by level", class_="gap"),
        _by_level(found),
        tag(
            "p",
            "Each bet stands on the highest level that the evidence carries, and people differ "
            "between levels: these shares alone do not say what a level brings.",
            class_="soft small gap",
        ),
        class_="card",
        id="levels",
    )


def _trials(trials: list[LevelTrial], placement: Placement, unit: Unit) -> Markup:
    if not trials and not placement.level_trial_share:
        return empty(
            "Not known: no level is drawn by chance here. With ",
            tag("code", "levelTrialShare: 0.05"),
            " in the placement, 1 decision in 20 tells what each level brings beyond the next "
            "below it.",
        )
    if not trials:
        share = percent(placement.level_trial_share)
        return empty(f"The level of {share} of the decisions is drawn by chance; none is settled.")
    rows: list[list[str | Markup]] = [
        [
            tag("span", level_badge(one.level), " over ", level_badge(one.over)),
            _answer(one),
            gain(one.lift, unit),
            " and ".join(whole(count) for count in one.decisions),
        ]
        for one in trials
    ]
    return table(("Level", "Worth it", "Lift per decision", "Decisions on both"), rows)


def _answer(one: LevelTrial) -> Markup:
    match one.lift:
        case Estimate(low=low) if low > 0:
            said = "yes"
        case Estimate(high=high) if high < 0:
            return tag("span", "no, it harms", class_="harmed")
        case _:
            said = "not known yet"
    return tag("span", said, class_="strong")


def _by_level(found: Levels) -> Markup:
    rows: list[list[str | Markup]] = [
        [
            tag("span", level_badge(level), " ", tag("span", LEVEL_WORDS[level], class_="soft")),
            whole(one.bets),
            whole(one.settled),
            percent(one.expected_rate) if one.expected_rate is not None else "",
            won(one.win_rate) if one.settled else "",
        ]
        for level in reversed(LEVELS)
        if (one := found.levels.get(level)) is not None
    ]
    return table(("Level", "Bets", "Settled", "Said", "Won"), rows, "Bets", "Settled", "Said")
