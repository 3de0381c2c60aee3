"""Who wants what of a placement: use cases and their conflicts, goals and their owners, variety."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from wager.console.asking import Stored
from wager.console.format import number, percent, plural, short, span, whole
from wager.console.markup import Markup, tag
from wager.console.reported import (
    Below,
    Diversity,
    Hedge,
    HeldBack,
    Ledger,
    Sides,
    Stake,
    Stakeholders,
    TradeOffs,
)
from wager.console.theme import empty
from wager.console.verdicts import sharp, table, words
from wager.domain.definitions import Goal, Placement, UseCase
from wager.domain.estimates import NotEnough
from wager.domain.sequences import After, Things

STATES = ("live", "pilot", "draft", "retired")


def use_cases(cases: Sequence[Stored[UseCase]], traded: TradeOffs, now: datetime) -> Markup:
    """First who is in force, each with what it wants, what stands against it, and its trade-off."""
    ranked = sorted(
        cases,
        key=lambda one: (
            STATES.index(one.definition.state),
            not one.definition.mandatory,
            -one.definition.lever,
            one.definition.name,
        ),
    )
    entries = [_case(one, traded.use_cases.get(one.definition.name), now) for one in ranked]
    body = (
        tag("ul", entries)
        if entries
        else empty(
            "No team wants a slot here. A use case says who does: ",
            tag("code", "PUT /v1/usecases/NAME"),
            ".",
        )
    )
    note = tag("p", traded.note, class_="soft small gap") if traded.use_cases else None
    return tag("section", tag("h2", "Use cases"), body, note, class_="card", id="use-cases")


def _case(found: Stored[UseCase], traded: Sides | None, now: datetime) -> Markup:
    case = found.definition
    owner = f" · {case.owner}" if case.owner else ""
    conflicts = None
    if found.warnings:
        conflicts = tag(
            "details",
            tag("summary", plural(len(found.warnings), "conflict"), class_="strong ink"),
            tag("ul", [tag("li", one, class_="small") for one in found.warnings]),
            class_="gap",
        )
    return tag(
        "li",
        tag(
            "div",
            tag("span", case.name, class_="strong"),
            tag("span", f"{state(case, now)}{owner}", class_="soft small"),
            class_="split",
        ),
        tag("p", wants(case), class_="small"),
        _traded(traded) if traded is not None else None,
        conflicts,
        class_="shown",
    )


def state(case: UseCase, now: datetime) -> str:
    """Where in its life a use case stands, and whether its dates hold it back."""
    if case.state in ("pilot", "live"):
        if case.start is not None and case.start > now:
            return f"{case.state}, from {short(case.start)}"
        if case.until is not None and case.until <= now:
            return f"{case.state}, over since {short(case.until)}"
        if case.until is not None:
            return f"{case.state} until {short(case.until)}"
    return case.state


def wants(case: UseCase) -> str:
    """What it wants shown, to whom, and how much that counts."""
    named = [
        plural(len(case.items), "item") if case.items else "",
        f"kinds {', '.join(case.kinds)}" if case.kinds else "",
        f"tags {', '.join(case.tags)}" if case.tags else "",
    ]
    what = " or ".join(one for one in named if one) or "any item"
    whom = f"people in {' or '.join(case.segments)}" if case.segments else "everybody"
    weight = "mandatory: comes first" if case.mandatory else f"counts {number(case.lever)} times"
    since = f", {follows(case.after)}" if case.after is not None else ""
    return f"Wants {what} for {whom}{since}; {weight}. {case.description}".strip()


def follows(after: After) -> str:
    """What has to have been bought, and for how long it holds then.

    >>> follows(After(bought=Things(tags=["ski"]), within_minutes=20160, wait_minutes=2880))
    'from 2 days until 14 days after tags ski were bought'
    """
    until = span(timedelta(minutes=after.within_minutes))
    begin = f"from {span(timedelta(minutes=after.wait_minutes))} " if after.wait_minutes else ""
    unless = f", unless {_things(after.unless)} were since" if after.unless is not None else ""
    return f"{begin}until {until} after {_things(after.bought)} were bought{unless}"


def _things(found: Things) -> str:
    named = [(name, getattr(found, name)) for name in found.__struct_fields__]
    return " or ".join(f"{name} {', '.join(values)}" for name, values in named if values)


def _traded(found: Sides) -> Markup:
    lines = [
        (tag("dt", name), tag("dd", words(verdict)))
        for name, verdict in (
            ("with its people", found.inside),
            ("with the others", found.elsewhere),
            ("net", found.net),
        )
    ]
    heading = "Lift while in force, replayed" if found.replayed else "Lift while in force"
    return tag(
        "div",
        tag("p", heading, class_="soft small"),
        tag("dl", lines, class_="timeline small"),
        class_="gap",
    )


def goals(declared: Placement, known: Iterable[Goal], held: Stakeholders) -> Markup:
    """For each goal of the placement: whose it is, its weight and floor, and what was gained."""
    about = {one.name: one for one in known}
    own = declared.goal or "click"
    floors = {one.goal: one.share for one in declared.floors}
    weights = {own: 1.0} | dict(declared.goals)
    gained = {one.goal: one for each in held.owners.values() for one in each}
    entries = [
        _goal(name, weight, about.get(name), floors.get(name), gained.get(name))
        for name, weight in weights.items()
    ]
    note = tag("p", held.note.replace("`", ""), class_="soft small gap") if gained else None
    hint = None
    if len(weights) == 1 and not gained:
        hint = tag(
            "p",
            "It has one goal. With several, ",
            tag("code", "goals"),
            " and ",
            tag("code", "floors"),
            " weigh and guard what each of their owners gains or gives up.",
            class_="soft small gap",
        )
    heading = "Goals, and whose they are"
    return tag(
        "section", tag("h2", heading), tag("ul", entries), hint, note, class_="card", id="goals"
    )


def _goal(
    name: str, weight: float, goal: Goal | None, floor: float | None, stake: Stake | None
) -> Markup:
    owner = f" · {goal.owner}" if goal is not None and goal.owner else ""
    said = f"weight {number(weight)}"
    if floor is not None:
        said += f"; at least {percent(floor)} of what the safe choice brings"
    head = tag(
        "div",
        tag("span", name, class_="strong"),
        tag("span", f"{said}{owner}", class_="soft small"),
        class_="split",
    )
    return tag("li", head, _stake(stake) if stake is not None else None, class_="shown")


def _stake(stake: Stake) -> Markup:
    lines = [
        ("expected of bets", number(stake.expected)),
        ("of the safe choice", number(stake.default)),
        ("gained" if stake.gained >= 0 else "given up", number(abs(stake.gained))),
        ("realised", words(stake.realised)),
    ]
    told = [(tag("dt", name), tag("dd", value)) for name, value in lines]
    return tag("dl", told, class_="timeline small gap")


def variety(declared: Placement, found: Diversity) -> Markup:
    """How varied people are shown things, and whether that is above the floor."""
    below = found.placements.get(declared.name)
    body: Markup
    if isinstance(found.entropy, NotEnough):
        body = empty(
            f"{words(found.entropy, sharp).capitalize()}. Showings come with Item Viewed events."
        )
    else:
        body = _varied(found, below)
    floor: list[str | Markup] = [f"The floor here is {sharp(declared.diversity_floor)}."]
    if not declared.diversity_floor:
        code = tag("code", "diversityFloor: 0.3")
        floor = ["This placement has no floor; ", code, " is a good start."]
    return tag(
        "section",
        tag("h2", "How varied what people are shown is"),
        body,
        tag("p", floor, class_="soft small gap"),
        class_="card",
        id="varied",
    )


def _varied(found: Diversity, below: Below | None) -> Markup:
    lines = [
        ("variety", words(found.entropy, sharp)),
        ("shown again", words(found.repetition, sharp)),
        ("shown once", words(found.novelty, sharp)),
    ]
    if below is not None:
        lines.append((f"people below {sharp(below.floor)}", words(below.below, sharp)))
    told = [(tag("dt", name), tag("dd", value)) for name, value in lines]
    seen = (
        f"Means over {plural(found.people, 'person', 'people')} with 20 showings in 60 days, of "
        f"{whole(found.sampled)} looked at, in all placements. Variety is 0 % where all was of one "
        "category."
    )
    return tag("div", tag("dl", told, class_="facts"), tag("p", seen, class_="soft small gap"))


def trusted(declared: Placement, found: Hedge) -> Markup | None:
    """Whether what bets are said to gain is real; None where nothing is learnt of it yet."""
    learnt = found.placements.get(declared.name, HeldBack()).learnt
    if learnt is None:
        return None
    if not learnt.choices:
        return tag(
            "section",
            tag("h2", "Is it real what bets gain?"),
            empty("Not known yet: no choice is settled here. Until then nothing is held back."),
            class_="card",
            id="trusted",
        )
    said = (
        f"Of what bets here are said to gain over the safe choice, {sharp(learnt.real)} is real "
        f"(± {sharp(learnt.standard_error)}, by {plural(learnt.choices, 'choice')})."
    )
    share = "Nothing is held back: bets have the odds that they are placed with."
    if learnt.share < 1.0:
        share = f"So bets have {sharp(learnt.share)} of the odds, and the safe choice the rest."
    body = (tag("p", said), tag("p", share, class_="strong gap"))
    return tag(
        "section", tag("h2", "Is it real what bets gain?"), body, class_="card", id="trusted"
    )


def hedge(declared: Placement, found: Hedge) -> Markup | None:
    """What learning may cost here, and has cost; None where there is no budget for it."""
    budget = found.placements.get(declared.name, HeldBack()).regret_budget
    if budget is None:
        return None
    lines = [
        ("may be spent", f"{number(budget.amount)} in {number(budget.days)} days"),
        ("spent", f"{number(budget.spent)}, {percent(budget.spent / budget.amount)}"),
        ("now", "bets explore" if budget.exploring else "only the best is shown"),
    ]
    told = [(tag("dt", name), tag("dd", value)) for name, value in lines]
    body = tag("dl", told, class_="facts")
    return tag("section", tag("h2", "What learning costs"), body, class_="card", id="hedge")


def ledger(found: Ledger) -> Markup | None:
    """Who placed which bets here, staked and won; None before the first one."""
    if not found.bettors:
        return None
    rows: list[list[str | Markup]] = [
        [
            tag(
                "span",
                tag("span", one.use_case or "the placement itself", class_="strong"),
                tag("span", f" {one.owner}", class_="soft small"),
            ),
            whole(one.bets),
            f"{whole(one.won)} of {whole(one.won + one.lost)}",
            number(one.staked),
            number(one.brought),
            number(one.profit),
        ]
        for one in found.bettors
    ]
    heads = ("Who", "Bets", "Won", "Staked", "Brought", "Profit")
    note = tag("p", found.note.replace("`", ""), class_="soft small gap")
    body = table(heads, rows, *heads[1:])
    return tag("section", tag("h2", "Who placed the bets"), body, note, class_="card", id="ledger")
