"""Why this and no more: what was left out, who wanted the slots, why the level was not higher."""

from collections.abc import Iterable

from wager.console.answers import Bet
from wager.console.format import number, rule, whole
from wager.console.markup import Child, Markup, tag
from wager.console.slip import SHOWN_EXAMPLES, Titles, level_badge
from wager.domain.decisions import Reason
from wager.domain.definitions import LEVELS


def left_out(bet: Bet, titles: Titles) -> Markup:
    """How many were left out by which rule, and some of them by name."""
    counts = sorted(bet.dropped.items(), key=lambda pair: -pair[1])
    if not counts:
        return tag(
            "section",
            tag("h2", "Left out"),
            tag("p", "Nothing: every candidate was free."),
            class_="card",
        )
    lines = [(tag("dt", whole(count)), tag("dd", rule(name))) for name, count in counts]
    some = [
        tag(
            "li",
            titles.get(one.item_id, one.item_id),
            tag("span", f": {rule(one.rule)}", class_="soft"),
        )
        for one in bet.excluded[:SHOWN_EXAMPLES]
    ]
    examples = tag("details", tag("summary", "Which ones"), tag("ul", some), class_="gap small")
    return tag(
        "section",
        tag("h2", "Left out"),
        tag("dl", lines, class_="counted"),
        examples if some else None,
        class_="card",
    )


def use_cases(bet: Bet, titles: Titles) -> Markup | None:
    """Which use case won which slot, and what the others would have shown."""
    if not bet.use_cases and not bet.beside:
        return None
    lines = []
    for one in bet.use_cases:
        best = "nothing that may be shown"
        if one.item_id is not None:
            best = f"{titles.get(one.item_id, one.item_id)}, priority {one.priority:.3g}"
        weighed = "mandatory" if one.mandatory else f"lever {one.lever:g}"
        if one.context_value != 1.0:
            weighed += f", context {one.context_value:g}"
        won = (
            f"won slot {', '.join(str(slot + 1) for slot in one.slots)}" if one.slots else "no slot"
        )
        lines.append((tag("dt", one.use_case), tag("dd", f"{won}; best: {best} ({weighed})")))
    lines += [(tag("dt", name), tag("dd", "for other people")) for name in bet.beside]
    return tag(
        "section",
        tag("h2", "Use cases that wanted the slots"),
        tag("dl", lines, class_="timeline"),
        class_="card",
    )


def stepped_down(bet: Bet) -> Markup | None:
    """Why no more was assumed of the person than was."""
    if not bet.stepped_down:
        return None
    if bet.silence is not None:
        why = [tag("li", one.text) for one in bet.stepped_down if one.kind == bet.silence]
        return tag("section", tag("h2", "Why not talked to"), tag("ul", why), class_="card")
    return tag(
        "section",
        tag("h2", question(bet)),
        tag("ul", steps(bet.stepped_down), class_="due"),
        class_="card",
        id="stepped-down",
    )


def question(bet: Bet) -> str:
    """What `steps` answer."""
    above = LEVELS.index(bet.level) < len(LEVELS) - 1
    return f"Why {bet.level}, and not more?" if above else "What else was said"


def steps(found: Iterable[Reason]) -> list[Markup]:
    """A line for each reason that no more was assumed, led by the level that it speaks of."""
    return [tag("li", _step(one)) for one in found]


def _step(why: Reason) -> list[Child]:
    return led(f"{why.text} (the best: {number(why.weight)})" if why.weight else why.text)


def led(text: str) -> list[Child]:
    """Words that speak of a level ("not context: ...") are led by its badge."""
    spoken_of, _, rest = text.removeprefix("not ").partition(": ")
    if text.startswith("not ") and spoken_of in LEVELS:
        return [level_badge(spoken_of), f" {rest}"]
    return [text]
