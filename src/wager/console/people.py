"""People: find one, the golden record with its sources, and what they would be shown."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from wager.console.answers import Bets, Known, Named, People, Person
from wager.console.api import Query, path_of
from wager.console.asking import item_titles, names_of
from wager.console.fields import choose, field, filters
from wager.console.format import number, percent, plural, short, whole, zone
from wager.console.gifts import orders
from wager.console.markup import Child, Markup, tag
from wager.console.outlook import outlook
from wager.console.slip import person_address, segment_address
from wager.console.theme import Sheet, box, empty, href, page, show, titled
from wager.console.trial import Trial, trial
from wager.domain.events import ORDERED

A_PAGE = 25
SHOWN = 12
PURCHASE_HALF_LIFE_DAYS = 60.0
ASKED_FOR = ("user_id", "anonymous_id")


@page("/people", "People")
async def people(sheet: Sheet) -> None:
    """Found by the beginning of any of their identities."""
    asked = {name: sheet.asked(name) for name in ("q", "segment", "after")}
    found = await sheet.api.get("/v1/profiles", People, {**asked, "limit": A_PAGE})
    show(tag("div", tag("h1", "People"), class_="headline"))
    show(
        filters(
            href("/people"),
            field("q", "Identity begins with", asked["q"], placeholder="u-1, ada@…"),
            choose("segment", "Segment", await names_of(sheet.api, "segments"), asked["segment"]),
        )
    )
    if not found.profiles:
        show(tag("section", _nobody(any(asked.values())), class_="card"))
        return
    show(tag("section", _table(found.profiles), class_="card"))
    if found.after:
        kept = {name: value for name, value in asked.items() if value}
        after = urlencode({**kept, "after": found.after})
        show(
            tag(
                "nav",
                tag("a", "More", class_="action", href=f"{href('/people')}?{after}"),
                class_="buttons",
                aria_label="Pages",
            )
        )


def _nobody(asked: bool) -> Markup:
    if asked:
        return empty(
            "Nobody is found. An identity is found by its beginning: a user id, an "
            "anonymous id, an e-mail address. ",
            tag("a", "Show everybody", href=href("/people")),
        )
    return empty(
        "Nobody is known yet. Send an event with a userId or an anonymousId, for example ",
        tag("code", "POST /v1/identify"),
        ".",
    )


def _table(found: Iterable[Person]) -> Markup:
    heads = ("Who", "Segments", "Orders", "Last known (UTC)")
    rows = [
        tag(
            "tr",
            tag(
                "td",
                tag("a", name_of(one), href=_address(one), class_="strong"),
                tag("span", _also(one), class_="soft small"),
            ),
            tag(
                "td",
                ", ".join(one.segments),
                class_="small",
                data_name="in" if one.segments else None,
            ),
            tag(
                "td",
                whole(one.counts[ORDERED].total) if ORDERED in one.counts else "0",
                class_="number",
                data_name="orders",
            ),
            tag("td", short(one.last_known), class_="small soft"),
        )
        for one in found
    ]
    head = [
        tag("th", name, class_="number" if name == "Orders" else None, scope="col")
        for name in heads
    ]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="wide")


def best_identity(person: Person) -> Named:
    """The identity by which a person is called: a user id before all others."""
    order = {"user_id": 0, "email": 1, "anonymous_id": 2}
    ranked = sorted(person.identities, key=lambda one: order.get(one.kind, 3))
    return ranked[0] if ranked else Named(kind="profile_id", value=person.profile_id)


def name_of(person: Person) -> str:
    """A name, if one is known; else the best identity."""
    known = person.traits.get("name") or person.traits.get("firstName")
    called = best_identity(person).value
    return f"{known.value} ({called})" if known and isinstance(known.value, str) else called


def _also(person: Person) -> str:
    best = best_identity(person)
    others = [one.value for one in person.identities if one != best]
    return f" also {', '.join(others[:3])}" if others else ""


def _address(person: Person) -> str:
    best = best_identity(person)
    return person_address(best.kind, best.value)


@page("/people/{kind}/{value:path}", "Person")
async def person(sheet: Sheet) -> None:
    """Who it is, what they would be shown, and everything that is known with its source."""
    kind, value = sheet.request.path_params["kind"], sheet.request.path_params["value"]
    found = await sheet.api.get(path_of("v1", "profiles", kind, value), Person)
    placements = await names_of(sheet.api, "placements")
    named = {*list(found.cart)[:SHOWN], *list(found.liked)[:SHOWN], *_latest_bought(found)}
    blocked = [one.value for one in found.blocked.values() if one.scope == "item"]
    titles = await item_titles(sheet.api, [*named, *blocked])
    titled(name_of(found))
    show(_head(found))
    with box("columns"):
        with box("stack"):
            asker = next((one for one in found.identities if one.kind in ASKED_FOR), None)
            tried = Trial(found, asker, await _last_first(sheet, found, placements))
            await trial(sheet, tried, titles)
            if asker is not None:
                await orders(sheet, asker)
            show(_shopping(found, titles))
            show(_leanings(found))
        with box("stack"):
            is_asked = tried.is_past or sheet.asked("day")
            await outlook(sheet, found, tried.at if is_asked else None)
            show(_golden_record(found))
            show(_counts(found))
    show(_engineer(found))


async def _last_first(sheet: Sheet, found: Person, placements: list[str]) -> list[str]:
    """The placements, first the one where the person's latest bet was placed."""
    asked: Query = {"profileId": found.profile_id, "limit": 1}
    latest = (await sheet.api.get("/v1/decisions", Bets, asked)).decisions
    return sorted(placements, key=lambda name: not latest or name != latest[0].placement)


def _head(found: Person) -> Markup:
    best = best_identity(found)
    bets = f"{href('/bets')}?person={quote(best.kind + ':' + best.value)}"
    events = f"{href('/events')}?person={quote(best.kind + ':' + best.value)}"
    refused = f" Refused: {' and '.join(found.refused)}." if found.refused else ""
    segments: list[Child] = [
        [" and " if place else None, tag("a", one, href=segment_address(one))]
        for place, one in enumerate(found.segments)
    ]
    inside = ["In ", segments, "."] if segments else "In no segment."
    return tag(
        "div",
        tag("h1", name_of(found)),
        tag("p", inside, refused, class_="soft"),
        tag(
            "p",
            tag("a", "Their bets", href=bets),
            " ",
            tag("a", "Their events", href=events),
            class_="end split",
        ),
        class_="headline",
    )


def _golden_record(found: Person) -> Markup:
    if not found.traits:
        body: Child = empty(
            "No trait is known. Send one with ", tag("code", "POST /v1/identify"), "."
        )
    else:
        stated = _traits(found, "stated")
        derived = _traits(found, "derived")
        folded = tag(
            "details",
            tag("summary", f"{plural(len(derived), 'thing')} worked out of what happened"),
            _record(derived),
            class_="gap",
            open=not stated,
        )
        body = [_record(stated) if stated else None, folded if derived else None]
    return tag("section", tag("h2", "What is known, and from where"), body, class_="card")


def _traits(found: Person, provenance: str) -> list[Markup]:
    named = sorted(found.traits.items())
    return [_trait(name, known) for name, known in named if known.provenance == provenance]


def _record(rows: list[Markup]) -> Markup:
    heads = ("What", "Value", "From, and since when")
    head = [tag("th", name, scope="col") for name in heads]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="wide")


def _trait(name: str, known: Known) -> Markup:
    sure = "" if known.confidence >= 1 else f", {percent(known.confidence)} sure"
    chosen = f" ({known.rule})" if known.rule else ""
    since = f", {short(known.at)}" if known.at else ""
    source = f"{known.provenance}, {known.source}{chosen}{sure}{since}"
    return tag(
        "tr",
        tag("td", name, class_="strong"),
        tag("td", value_text(known.value)),
        tag("td", source, class_="small soft"),
    )


def value_text(value: object) -> str:
    """A trait's value as a person reads it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no"}.get(value is True, "") if value is not None else "nothing"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return _moment_text(value)
    if isinstance(value, list):
        return ", ".join(value_text(one) for one in value)
    return str(value)


def _moment_text(value: str) -> str:
    if len(value) > 18 and value[4:5] == "-" and "T" in value:
        try:
            return short(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def _latest_bought(found: Person) -> list[str]:
    """What is bought most, where a purchase counts half after 60 days."""

    def lately(name: str) -> float:
        one = found.purchases[name]
        return weight_now(one.recent, one.last_at, PURCHASE_HALF_LIFE_DAYS, found.last_known)

    return sorted(found.purchases, key=lately, reverse=True)[:SHOWN]


def _shopping(found: Person, titles: dict[str, str]) -> Markup:
    bought = [
        tag(
            "li",
            titles.get(name, name),
            tag(
                "span",
                f" {found.purchases[name].times} ×, last {short(found.purchases[name].last_at)}",
                class_="soft small",
            ),
        )
        for name in _latest_bought(found)
    ]
    cart = [tag("li", titles.get(name, name)) for name in list(found.cart)[:SHOWN]]
    liked = [tag("li", titles.get(name, name)) for name in list(found.liked)[:SHOWN]]
    more = len(found.purchases) - len(bought)
    return tag(
        "section",
        tag("h2", "Buys most these days"),
        tag("ul", bought) if bought else empty("Nothing yet."),
        tag("p", f"and {whole(more)} more", class_="soft small") if more > 0 else None,
        [tag("h2", "In the cart", class_="gap"), tag("ul", cart)] if cart else None,
        [tag("h2", "Liked", class_="gap"), tag("ul", liked)] if liked else None,
        class_="card",
    )


def weight_now(weight: float, at: datetime, half_life_days: float, now: datetime) -> float:
    """A leaning's weight after it has decayed until now."""
    days = max((now - at).total_seconds(), 0.0) / 86400
    return weight * math.exp2(-days / half_life_days)


def _leanings(found: Person) -> Markup | None:
    if not found.affinities:
        return None
    at = found.last_known
    ranked = sorted(
        (
            (weight_now(one.weight, one.at, one.half_life_days, at), name)
            for name, one in found.affinities.items()
        ),
        key=lambda pair: -abs(pair[0]),
    )
    rows = [
        tag(
            "tr",
            tag("td", name.replace(":", ": ", 1)),
            tag("td", f"{weight:.1f}".replace("-", "−"), class_="number"),
        )
        for weight, name in ranked[:SHOWN]
    ]
    return tag(
        "section",
        tag("h2", "Leans to"),
        tag("table", tag("tbody", rows)),
        tag("p", f"As of {short(at)}; each halves with time.", class_="soft small gap"),
        class_="card",
    )


def _counts(found: Person) -> Markup | None:
    if not found.counts:
        return None
    rows = [
        tag(
            "tr",
            tag("td", name),
            tag("td", number(one.total), class_="number"),
            tag("td", f"last {short(one.last_at)}", class_="small soft"),
        )
        for name, one in sorted(found.counts.items())
        if not name.startswith("$")
    ]
    return tag("section", tag("h2", "How often"), tag("table", tag("tbody", rows)), class_="card")


def _engineer(found: Person) -> Markup:
    facts = [
        ("profile id", found.profile_id),
        ("version", str(found.version)),
        ("created", found.created_at.isoformat()),
        ("changed", found.updated_at.isoformat()),
        ("time zone", found.timezone or ""),
        ("held out from", ", ".join(found.held_out)),
        ("merged from", ", ".join(found.merged_from)),
        *((one.kind, one.value) for one in found.identities),
        *((f"{one.kind}, unverified", one.value) for one in found.unverified),
    ]
    lines = [(tag("dt", name), tag("dd", value, class_="code")) for name, value in facts if value]
    return tag(
        "details",
        tag("summary", "Ids, for the engineer"),
        tag("dl", lines, class_="facts"),
        class_="card",
    )


def person_zone(found: Person) -> object:
    return zone(found.timezone) if found.timezone else UTC
