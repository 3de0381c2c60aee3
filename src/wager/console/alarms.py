"""Drift alarms: what is not as it was, since when, and what is done about it."""

from collections.abc import Iterable, Mapping

from wager.console.format import plural, short, span
from wager.console.markup import Markup, tag
from wager.console.slip import placement_address
from wager.domain.alarms import Alarm, Drifted

DRIFTS: Mapping[Drifted, str] = {
    "fewer-wins": "bets bring less than was said",
    "more-wins": "bets bring more than was said",
    "propensities": "items are not drawn as often as their odds say",
    "inputs": "what bets are read from has moved",
}
NOW: Mapping[Drifted, str] = {
    "fewer-wins": "",
    "more-wins": "",
    "propensities": "The odds cannot be trusted meanwhile, nor can a lift that rests on them.",
    "inputs": "Nothing is changed for it: see whether events and items are sent as they were.",
}
FALLBACK = "Until that is over the safe choice has 4 of 5 odds; the rest show when it is."


def in_force(alarms: Iterable[Alarm]) -> Markup:
    """Those that are not over, each on a card; nothing where there is none."""
    holding = [alarm(one) for one in alarms if one.over_at is None]
    return tag("div", holding, class_="stack") if holding else Markup("")


def alarm(one: Alarm) -> Markup:
    """What is not as it was: since when, and what is done about it."""
    return tag(
        "p",
        tag("a", one.placement, href=placement_address(one.placement)),
        tag("b", f": {DRIFTS[one.kind]}"),
        f", since {short(one.began_at)} UTC. {_text(one)}. ",
        tag("span", FALLBACK, class_="strong") if one.fallback else NOW[one.kind] or None,
        class_="note card alarm",
        role="alert",
    )


def past(alarms: list[Alarm]) -> Markup:
    """What drifted and is over; or that nothing does."""
    over = [one for one in alarms if one.over_at is not None]
    now = len(alarms) - len(over)
    lines = [
        (
            tag("dt", short(one.began_at)),
            tag(
                "dd",
                f"{DRIFTS[one.kind][:1].upper()}{DRIFTS[one.kind][1:]}, "
                f"for {span(one.over_at - one.began_at)}. {_text(one)}.",
            ),
        )
        for one in reversed(over)
        if one.over_at is not None
    ]
    said = "Nothing drifts just now." if not now else f"{plural(now, 'alarm')} in force, above."
    return tag(
        "section",
        tag("h2", "Drift"),
        tag("p", said, class_="soft"),
        tag("dl", lines, class_="timeline gap") if lines else None,
        class_="card",
    )


def _text(one: Alarm) -> str:
    """The engine's words; of a feature they begin with its name, which keeps its case."""
    text = one.text
    return f"The feature {text}" if one.kind == "inputs" else f"{text[:1].upper()}{text[1:]}"
