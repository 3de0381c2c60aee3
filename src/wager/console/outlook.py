"""Cards of a person's page: what is due, who is probably there, room under caps, variety."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from wager.console import caps
from wager.console.answers import Person
from wager.console.api import path_of
from wager.console.asking import item_titles
from wager.console.format import day, number, percent, plural, short, whole, zone
from wager.console.markup import Markup, tag
from wager.console.slip import figure
from wager.console.theme import Sheet, box, empty, show
from wager.console.verdicts import table
from wager.domain.estimates import NotEnough
from wager.domain.outlook import Outlook, Owned, Somebody, Variety

SHOWN = 5
CATEGORIES_SHOWN = 6
HOURS = 3  # of each part of the day


async def outlook(sheet: Sheet, person: Person, at: datetime | None) -> None:
    """Put the cards on the page, as of a moment; None is now."""
    path = path_of("v1", "profiles", "profile_id", person.profile_id, "outlook")
    found = await sheet.api.get(path, Outlook, {"at": at.isoformat() if at else None})
    where = zone(person.timezone)
    titles = await item_titles(sheet.api, (one.item_id for one in found.caps if one.item_id))
    as_of = f"As of {short(at, where)}." if at else ""
    with box("stack"):
        show(_due(found.owned, where, as_of))
        show(who(found))
        show(caps.rooms(found.caps, titles, where))
        show(varied(found))


def _due(owned: Iterable[Owned], where: tzinfo, as_of: str) -> Markup:
    by: dict[str, list[Owned]] = {}
    for one in owned:
        by.setdefault(one.state, []).append(one)
    later = sorted(by.get("not-due", []), key=lambda one: one.until or one.due_at or one.bought_at)
    parts = [
        _group("Due now: offered again", by.get("due", []), where),
        _group("Not needed yet", later, where),
        _group("Lasts: no second one is offered", by.get("lasts", []), where),
    ]
    lapsed = len(by.get("lapsed", []))
    if not any(parts):
        parts = [
            empty("Nothing that they bought is due, or kept out. ", "It is learnt from orders.")
        ]
    return tag(
        "section",
        tag("h2", "What is due"),
        parts,
        tag(
            "p",
            as_of,
            f" {whole(lapsed)} more {'was' if lapsed == 1 else 'were'} due long ago."
            if lapsed
            else None,
            class_="soft small gap",
        )
        if as_of or lapsed
        else None,
        class_="card",
        id="due",
    )


def _group(name: str, found: list[Owned], where: tzinfo) -> Markup | None:
    if not found:
        return None
    lines = tag("ul", [_line(one, where) for one in found[:SHOWN]], class_="due")
    rest = found[SHOWN:]
    more = (
        tag(
            "details",
            tag("summary", f"{whole(len(rest))} more"),
            tag("ul", [_line(one, where) for one in rest], class_="due"),
            class_="small gap",
        )
        if rest
        else None
    )
    return tag("div", tag("h3", name, class_="strong small"), lines, more, class_="group")


def _line(one: Owned, where: tzinfo) -> Markup:
    return tag(
        "li",
        tag("span", one.title or one.item_id),
        " ",
        tag("span", how(one, where), class_="soft small"),
    )


def how(one: Owned, where: tzinfo) -> str:
    """When it was bought, how often it is bought again and how that is known, and until when it is
    kept out."""
    said = [f"bought {day(one.bought_at, where)}"]
    source = {"declared": "as declared", "learnt": "by all orders of it"}.get(one.known_from)
    source = source or one.known_from.replace("learnt of ", "by all orders of ")
    if one.usual_days is not None and one.state != "lasts":
        said.append(f"usually again after {number(one.usual_days)} days ({source})")
    else:
        said.append(f"{one.cycle} ({source})")
    if one.until is not None:
        said.append(f"not offered before {day(one.until, where)}")
    elif one.state == "lasts":
        said.append("for good")
    elif one.state == "not-due" and one.due_at is not None:
        said.append(f"due about {day(one.due_at, where)}")
    return ", ".join(said)


def who(found: Outlook) -> Markup | None:
    """The people who seem to use the account; nothing where it is one."""
    if not found.people:
        return None
    rows: list[list[str | Markup]] = [
        [
            tag("span", f"Person {place}", class_="strong nowrap"),
            percent(one.probability, 0),
            percent(one.share, 0),
            habits(one),
        ]
        for place, one in enumerate(found.people, start=1)
    ]
    unsure = ""
    if found.unsure:
        unsure = (
            f"Who is there is not sure enough for {' and '.join(found.unsure)}: nothing of one "
            "person's own is assumed there just now."
        )
    return tag(
        "section",
        tag("h2", f"Who is probably there: {len(found.people)} people seem to use this account"),
        table(("Who", "There now", "Of all use", "Mostly"), rows, "There now", "Of all use"),
        tag("p", unsure, class_="note gap") if unsure else None,
        class_="card",
        id="who",
    )


def habits(one: Somebody) -> str:
    """When and for what somebody uses the account.

    >>> habits(Somebody(probability=1, share=1, parts=(0, 0, 0, 0, 0, 0.2, 0.8, 0), weekend=0.9))
    '18 to 21 h, weekends'
    """
    best = max(range(len(one.parts)), key=lambda place: one.parts[place])
    said = [f"{HOURS * best} to {HOURS * (best + 1)} h"]
    if one.weekend > 0.6:
        said.append("weekends")
    elif one.weekend < 0.1:
        said.append("weekdays")
    return ", ".join([*said, *one.tastes])


def varied(found: Outlook) -> Markup:
    """How varied what was shown is, beside the floors in force."""
    match found.variety:
        case NotEnough(needed=needed, seen=seen):
            body = empty(
                f"Too little was seen to say: needs {needed} showings in 60 days, seen {seen}. "
                "Send Item Viewed events."
            )
        case Variety() as known:
            body = tag("div", _figures(known), _categories(known.by_category))
    entropy = found.variety.entropy if isinstance(found.variety, Variety) else None
    floors = [_floor(name, floor, entropy) for name, floor in sorted(found.floors.items())]
    return tag(
        "section",
        tag("h2", "How varied what they were shown is"),
        body,
        tag("ul", [tag("li", one) for one in floors], class_="soft small gap") if floors else None,
        class_="card",
        id="varied",
    )


def _figures(known: Variety) -> Markup:
    return tag(
        "dl",
        figure("Variety", percent(known.entropy, 0), "0 % is all of one category"),
        figure("Shown again", percent(known.repetition, 0), "of the showings"),
        figure("Showings", whole(known.showings), "in 60 days"),
        class_="figures even",
    )


def _categories(counts: Mapping[str, int]) -> Markup:
    lines = [
        (tag("dt", whole(count)), tag("dd", name))
        for name, count in list(counts.items())[:CATEGORIES_SHOWN]
    ]
    rest = len(counts) - len(lines)
    more = f"and {plural(rest, 'more category', 'more categories')}" if rest > 0 else ""
    return tag(
        "div",
        tag("dl", lines, class_="counted small gap"),
        tag("p", more, class_="soft small") if more else None,
    )


def _floor(placement: str, floor: float, entropy: float | None) -> str:
    said = f"{placement} asks for {percent(floor, 0)} at least"
    if entropy is None:
        return f"{said}."
    if entropy < floor:
        return f"{said}; they are below it, so {percent(floor, 0)} of the odds go to other things."
    return f"{said}, which is so."
