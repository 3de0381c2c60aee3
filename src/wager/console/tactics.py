"""Which tactics work: what showing an item for a reason brings beyond showing one without it."""

from collections.abc import Iterable, Mapping

from wager.console import plots
from wager.console.charts import Chart
from wager.console.format import Unit, day, plural, whole
from wager.console.markup import Markup, tag
from wager.console.reported import Tactic
from wager.console.slip import level_badge
from wager.console.theme import box, empty, show
from wager.console.verdicts import gain, table
from wager.domain.estimates import Estimate

FEATURES: Mapping[str, str] = {
    "popular": "popular with everybody",
    "popularRate": "popular with everybody",
    "segment": "more popular in the person's segment",
    "bought": "bought before",
    "boughtOften": "bought before",
    "boughtLately": "bought before",
    "boughtOftenLately": "bought before",
    "boughtShare": "bought before",
    "due": "due to be bought again",
    "partOfDay": "fits the hour of the day",
    "alsoBought": "goes with what was bought",
    "cart": "goes with the cart",
    "affinity": "of a category that the person leans to",
    "liked": "liked before",
    "clicked": "clicked when last seen",
    "ignored": "passed over before",
    "similar": "bought by people of the same taste",
}
ABOUT = (
    "What the first slot brings by an item with this, beyond an item without it: over the bets in "
    "which chance might have drawn either, each counted by how evenly it might. An item often has "
    "several at once. In {}."
)

LOSING = "What is red brings surely less than what else might have been shown."
CAP = " Hold it down with tacticCap in the placement: it then has at most a fifth of the odds."


def card(found: Iterable[Tactic], goal: str, unit: Unit) -> None:
    """Put what is known on the page, the best first; then how much is missing for the others."""
    ours = [one for one in found if one.goal == goal]
    together = grouped([one for one in ours if not one.replayed] or ours)
    known = [one for one in together if isinstance(one[0].lift, Estimate)]
    known.sort(key=lambda pair: -pair[0].lift.value if isinstance(pair[0].lift, Estimate) else 0.0)
    others = [one for one in together if one not in known]
    with box("card", "section") as element:
        element.props("id=tactics")
        show(tag("h2", "Which tactics work"))
        if not together:
            show(empty("No bet is settled here yet in which chance might have drawn otherwise."))
            return
        counted = "percentage points" if unit.is_share else unit.name
        show(tag("p", ABOUT.format(counted), class_="soft small"))
        if known:
            Chart("tactics", plots.intervals(_bars(known, unit), unit, "What each tactic brings"))
            show(_table(known, unit))
            losing = [
                one for one, _ in known if isinstance(one.lift, Estimate) and one.lift.high < 0
            ]
            if losing:
                show(tag("p", tag("span", LOSING, class_="harmed"), CAP, class_="small gap"))
        if others:
            named = plural(len(others), "tactic")
            summary = tag("summary", f"{named} of which too little is known")
            show(tag("details", summary, _table(others, unit), class_="small gap"))


def grouped(found: Iterable[Tactic]) -> list[tuple[Tactic, str]]:
    """Each tactic with its words; those that are true of the same items are one."""
    kept: dict[tuple[object, ...], Tactic] = {}
    for one in found:
        is_same = (one.kind, name_of(one), one.lift, one.bets, one.shown, one.capped)
        kept.setdefault(is_same, one)
    return [(one, name_of(one)) for one in kept.values()]


def name_of(one: Tactic) -> str:
    """What is true of an item that is shown by this tactic."""
    if one.kind == "level":
        return f"level {one.tactic}"
    return FEATURES.get(one.tactic, one.tactic)


def _bars(known: list[tuple[Tactic, str]], unit: Unit) -> list[plots.Interval]:
    bars = []
    for one, name in known:
        if isinstance(one.lift, Estimate):
            lift = one.lift
            colour = "var(--context)" if one.kind == "feature" else f"var(--{one.tactic})"
            if lift.high < 0.0:
                colour = "var(--harm)"
            bars.append(plots.Interval(name, lift.low, lift.value, lift.high, colour))
    return bars


def _table(rows: list[tuple[Tactic, str]], unit: Unit) -> Markup:
    heads = ("An item that is", "Lift of the first slot", "Bets either way", "Shown", "Used")
    lines: list[list[str | Markup]] = [
        [
            level_badge(one.tactic) if one.kind == "level" else tag("span", name, class_="strong"),
            gain(one.lift, unit),
            whole(one.bets),
            whole(one.shown),
            age(one),
        ]
        for one, name in rows
    ]
    return table(heads, lines, "Bets either way", "Shown")


def age(one: Tactic) -> str:
    """Since when it was used and for how long, and whether its odds are held down."""
    capped = "; held down, for it has long not shown that it works" if one.capped else ""
    if one.since is None or one.until is None:
        return capped.removeprefix("; ")
    return f"since {day(one.since)}, {plural((one.until - one.since).days + 1, 'day')}{capped}"
