"""Caps in plain words: what they count, how much room they leave, how often they bit."""

from collections.abc import Iterable, Mapping
from datetime import timedelta, tzinfo

from wager.console.format import plural, rule, short, span, whole
from wager.console.markup import Child, Markup, tag
from wager.console.slip import segment_address
from wager.console.theme import empty
from wager.console.verdicts import table
from wager.domain.definitions import Cap, CapKind, Placement, UseCase
from wager.domain.outlook import Room

_WHAT: Mapping[CapKind, str] = {
    "item": "any one item",
    "tag": "anything tagged {}",
    "placement": "this placement",
    "useCase": "use case {}",
    "channel": "one channel",
    "person": "everything together, for one person",
    "household": "everything together, for one household",
}
_THEIRS: Mapping[CapKind, str] = {
    "placement": "placement {}",
    "channel": "channel {}",
    "person": "everything together",
    "household": "everything, with their household",
}
_BITES = ("capped", "unanswered")


def counted(per: CapKind, name: str | None) -> str:
    """What a cap counts.

    >>> counted("tag", "Snacks")
    'anything tagged Snacks'
    """
    return _WHAT[per].format(name or "")


def allowed(limit: int, window_minutes: float, *, unanswered: bool) -> str:
    """
    >>> allowed(3, 10080, unanswered=True)
    '3 times in 7 days without a response'
    """
    within = span(timedelta(minutes=window_minutes))
    times = "once" if limit == 1 else plural(limit, "time")
    return f"{times} in {within}{' without a response' if unanswered else ''}"


def rooms(found: Iterable[Room], titles: Mapping[str, str], where: tzinfo) -> Markup:
    """For one person: each cap, how much of it is used up, and when there is room again; of single
    items those that are full, the others folded away."""
    ranked = sorted(found, key=lambda one: one.left >= 1)
    apart = [one for one in ranked if one.item_id is None or one.left < 1]
    items = [one for one in ranked if one not in apart]
    heads = ("What is counted", "Shown", "Room")
    parts: list[Markup] = []
    if apart:
        parts.append(table(heads, [_room(one, titles, where) for one in apart], "Shown"))
    if items:
        folded = table(heads, [_room(one, titles, where) for one in items], "Shown")
        named = plural(len(items), "item is", "items are")
        summary = tag("summary", f"{named} counted, and still free")
        parts.append(tag("details", summary, folded, class_="small gap"))
    if not parts:
        parts = [
            empty("No cap has counted anything. Caps are declared in a placement or a use case.")
        ]
    return tag(
        "section", tag("h2", "How much room the caps leave"), parts, class_="card", id="caps"
    )


def _room(one: Room, titles: Mapping[str, str], where: tzinfo) -> list[str | Markup]:
    what = _THEIRS.get(one.per, _WHAT[one.per]).format(one.name or one.channel or "")
    if one.item_id is not None:
        what = titles.get(one.item_id, one.item_id)
    left = tag("span", "none" if one.left < 1 else f"{whole(one.left)} more", class_="nowrap")
    again = f", again from {short(one.free_at, where)}" if one.free_at else ""
    bound = allowed(one.limit, one.window_minutes, unanswered=one.unanswered)
    where_else = "" if one.per == "placement" else f", in {' and '.join(one.placements)}"
    return [
        tag(
            "span",
            tag("span", what, class_="strong"),
            tag("span", f" {bound}{where_else}", class_="soft small"),
        ),
        whole(one.spent),
        tag("span", left, again, class_="strong" if one.left < 1 else None),
    ]


def in_force(
    placement: Placement,
    cases: Iterable[UseCase],
    silenced: Mapping[str, int],
    dropped: Mapping[str, int],
) -> Markup:
    """For one placement: its caps and those of its use cases, and how often they bit."""
    declared: list[tuple[Cap, str]] = [(one, "the placement") for one in placement.caps]
    for case in cases:
        if case.state in ("pilot", "live"):
            declared += [(one, f"use case {case.name}") for one in case.caps]
    rows: list[list[str | Markup]] = [
        [
            tag("span", counted(one.per, one.tag or by.removeprefix("use case ")), class_="strong"),
            allowed(one.limit, one.window_minutes, unanswered=one.unanswered)
            + (", given back if nobody saw it" if one.counts == "seen" else ""),
            by,
        ]
        for one, by in declared
    ]
    quiet = sum(silenced.get(name, 0) for name in _BITES)
    bit = (
        f"They kept items out {plural(dropped.get('capped', 0), 'time')}, and kept the placement "
        f"quiet in {plural(quiet, 'decision')}."
    )
    body = (
        tag(
            "div",
            table(("What is counted", "At most", "Declared by"), rows),
            tag("p", bit, class_="soft small gap"),
        )
        if rows
        else empty(
            "No cap: anything may be shown any number of times. Declare some with ",
            tag("code", "caps"),
            " in the placement.",
        )
    )
    return tag("section", tag("h2", "Caps in force"), body, class_="card", id="caps")


def quiet(placement: Placement, silenced: Mapping[str, int]) -> Markup | None:
    """Whom this placement does not talk to, and how often that was so."""
    said: list[Child] = [
        ["People in ", tag("a", name, href=segment_address(name)), " are not talked to."]
        for name in placement.exclude
    ]
    hours = placement.quiet_hours
    if hours is not None:
        by = f" by {' and '.join(hours.channels)}" if hours.channels else ""
        said.append(f"Quiet{by} from {hours.start} to {hours.until}, on the person's own clock.")
    if placement.leave_alone_share:
        said.append("People in segments where bets bring less than none are mostly left alone.")
    counts = [
        (tag("dt", whole(count)), tag("dd", rule(name)))
        for name, count in sorted(silenced.items(), key=lambda pair: -pair[1])
    ]
    if not said and not counts:
        return None
    return tag(
        "section",
        tag("h2", "Whom it does not talk to"),
        tag("ul", [tag("li", one) for one in said]) if said else None,
        tag("dl", counts, class_="counted gap") if counts else None,
        class_="card",
    )
