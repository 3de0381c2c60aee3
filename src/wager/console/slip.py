"""The bet slip: small in a list, whole on its page."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from urllib.parse import quote

from wager.console.answers import Bet
from wager.console.format import (
    Unit,
    clock,
    happened,
    moment,
    percent,
    plural,
    sentence,
    short,
    span,
    zone,
)
from wager.console.markup import Child, Markup, tag
from wager.console.theme import href
from wager.domain.decisions import Choice, Outcome
from wager.domain.settlement import LEFT

Titles = Mapping[str, str]
SHOWN_ODDS = 8
SHOWN_EXAMPLES = 6
ACCOUNTING = ("floor", "honesty", "rest")  # reasons that only make the sum come out


def level_badge(level: str) -> Markup:
    """The level, in its colour."""
    return tag("span", level, class_=f"level {level}")


def state_word(bet: Bet) -> Markup:
    """Won, lost or open."""
    return tag("span", bet.state, class_=f"state {bet.state}")


def bet_address(decision_id: str, slot: int = 0) -> str:
    """The page of one bet."""
    return href(f"/bets/{quote(decision_id, safe='')}") + (f"?slot={slot}" if slot else "")


def person_address(kind: str, value: str) -> str:
    """The page of one person."""
    return href(f"/people/{quote(kind, safe='')}/{quote(value, safe='')}")


def placement_address(name: str) -> str:
    """The page of one placement."""
    return href(f"/placements/{quote(name, safe='')}")


def segment_address(name: str) -> str:
    """The page of one segment."""
    return href(f"/segments/{quote(name, safe='')}")


def for_whom(bet: Bet) -> Markup:
    """The identity that was asked for, or the profile's id."""
    kind, _, value = (bet.identity[0] if bet.identity else "").partition(":")
    if not value:
        kind, value = "profile_id", bet.profile_id
    name = _name(bet)
    brief = "nowrap" if len(name) <= 16 else None
    return tag("a", name, href=person_address(kind, value), class_=brief)


def _name(bet: Bet) -> str:
    _, _, value = (bet.identity[0] if bet.identity else "").partition(":")
    return value or f"{bet.profile_id[:8]}…"


def title(choice: Choice, titles: Titles | None = None) -> str:
    """What was shown, by its title if it has one."""
    if choice.item_id is None:
        return "nothing"
    for name in ("title", "text"):
        said = choice.content.get(name)
        if isinstance(said, str) and said:
            return said
    return (titles or {}).get(choice.item_id, choice.item_id)


def small(bet: Bet, unit: Unit) -> Markup:
    """A bet on one card: what, for whom, odds, expected, and the strongest reason."""
    first = bet.choices[0] if bet.choices else None
    more = len(bet.choices) - 1
    telling = [one for one in (first.reasons if first else ()) if one.kind not in ACCOUNTING]
    strongest = max(telling, key=lambda one: one.weight, default=None)
    head = tag(
        "div",
        tag("span", title(first) if first else "nothing was eligible", class_="title"),
        tag("span", state_word(bet), class_="end"),
        class_="split",
    )
    also = f"and {more} more in " if more > 0 else ""
    text = _text(first) if first else None
    return tag(
        "a",
        head,
        tag("p", f"{also}{bet.placement} · for {_name(bet)} · {when(bet)}", class_="soft small"),
        tag("p", f"“{text}”", class_="small gap") if text else None,
        _odds(first, unit) if first else None,
        tag(
            "p",
            level_badge(bet.level),
            " ",
            sentence(strongest.text) if strongest else "",
            class_="why",
        ),
        href=bet_address(bet.decision_id),
        class_="card slip",
    )


def _odds(choice: Choice, unit: Unit) -> Markup:
    margin = unit.margin(choice.standard_error, choice.expected_reward)
    return tag(
        "div",
        tag("span", tag("b", percent(choice.propensity)), tag("span", "odds", class_="soft small")),
        tag(
            "span",
            tag("b", unit.text(choice.expected_reward)),
            tag("span", f"expected {margin}", class_="soft small"),
        ),
        class_="odds",
    )


def zone_of(bet: Bet) -> tzinfo:
    """The zone of the person, where the bet says it."""
    return zone(bet.context.get("timezone"))


def when(bet: Bet) -> str:
    """The moment of the bet, in the person's time where the bet says it, else in UTC."""
    return short(bet.at, zone_of(bet)) + ("" if "timezone" in bet.context else " UTC")


def head(bet: Bet, choice: Choice, unit: Unit, titles: Titles) -> Markup:
    """What, for whom, where, when; and the four figures of the bet."""
    where = zone_of(bet)
    zone_name = str(bet.context.get("timezone") or "UTC")
    slot = f", slot {choice.slot + 1}" if len(bet.choices) > 1 else ""
    return tag(
        "section",
        tag(
            "div",
            tag("h1", title(choice, titles), class_="bet-title"),
            level_badge(choice.level),
            tag("span", state_word(bet), _won_by(bet, choice), _worth(bet, unit), class_="end"),
            class_="split bet",
        ),
        tag(
            "p",
            "for ",
            for_whom(bet),
            f" · {bet.placement}{slot} · {moment(bet.at, where)} ",
            tag("span", f"({zone_name})", class_="nowrap"),
            " · replayed" if bet.replayed else None,
            class_="soft small",
        ),
        words(choice),
        _figures(bet, choice, unit, titles),
        class_="card",
    )


def words(choice: Choice) -> Markup | None:
    """The words that were shown, where they are other than the title."""
    text = _text(choice)
    return tag("p", f"“{text}”", class_="said") if text else None


def _text(choice: Choice) -> str | None:
    text = choice.content.get("text")
    if not isinstance(text, str) or text == choice.content.get("title"):
        return None
    return text.strip()


def winners(bet: Bet) -> list[int]:
    """The slots whose choices brought something, as far as the answer tells the outcomes."""
    brought: dict[int, float] = {}
    for one in bet.outcomes:
        brought[one.slot] = brought.get(one.slot, 0.0) + one.reward
    return sorted(slot for slot, reward in brought.items() if reward > LEFT)


def _won_by(bet: Bet, choice: Choice) -> str:
    """Where another slot than the one on the page has won the bet."""
    won = winners(bet)
    if bet.state != "won" or not won or choice.slot in won:
        return ""
    return f" by slot {' and '.join(str(slot + 1) for slot in won)}"


def _worth(bet: Bet, unit: Unit) -> str:
    return f" · {unit.text(bet.reward)}" if bet.state == "won" and not unit.is_share else ""


def figure(name: str, value: str, *beside: Child) -> Markup:
    """A word, a number in large figures, and what belongs beside it."""
    size = "value" if any(character.isdigit() for character in value) else "value words"
    return tag(
        "div",
        tag("dt", name),
        tag("dd", value, class_=size),
        tag("dd", *beside, class_="beside"),
    )


def _figures(bet: Bet, choice: Choice, unit: Unit, titles: Titles) -> Markup:
    window = span(timedelta(minutes=bet.window_minutes)) if bet.window_minutes else ""
    goal = f", {bet.goal} within {window}" if bet.goal and window else ""
    margin = unit.margin(choice.standard_error, choice.expected_reward)
    drawn = "held out: the safe choice" if bet.holdout else _drawn_from(bet)
    safe = bet.default
    lost = "all slots together bring" if len(bet.choices) > 1 else "the bet brings"
    return tag(
        "dl",
        figure("Odds of this choice", percent(choice.propensity), drawn),
        figure("Expected", unit.text(choice.expected_reward), f"{margin} standard error{goal}"),
        figure(
            "Safe choice",
            unit.text(safe.expected_reward) if safe else "none",
            _safe_names(bet, titles),
        ),
        figure("Stake", unit.text(bet.stake), f"given up if {lost} nothing"),
        class_="figures gap even",
    )


def _drawn_from(bet: Bet) -> str:
    if bet.policy == "default":
        return "the safe choice, nothing drawn"
    return f"drawn from {plural(len(bet.candidates), 'candidate')}"


def _safe_names(bet: Bet, titles: Titles) -> str:
    safe = bet.default
    if safe is None or safe.item_id is None:
        return "nothing"
    name = titles.get(safe.item_id, safe.item_id)
    more = len(safe.item_ids) - 1
    return f"{name} and {more} more" if more > 0 else name


def odds_rows(bet: Bet, choice: Choice, titles: Titles) -> list[tuple[str, float, bool]]:
    """The candidates by their odds, the one that was drawn among them, the last of them summed."""
    safe = set(bet.default.item_ids) if bet.default else set()
    ranked = sorted(bet.candidates, key=lambda one: -one.propensity)
    top = ranked[:SHOWN_ODDS]
    if all(one.item_id != choice.item_id for one in top):
        top += [one for one in ranked[SHOWN_ODDS:] if one.item_id == choice.item_id]
    rows = []
    for one in top:
        name = titles.get(one.item_id, one.item_id) if one.item_id else "nothing"
        mark = " (safe)" if one.item_id in safe else ""
        rows.append((name + mark, one.propensity, one.item_id == choice.item_id))
    rest = len(ranked) - len(top)
    if rest > 0:
        remaining = sum(one.propensity for one in ranked) - sum(one.propensity for one in top)
        rows.append((f"{rest} more", max(remaining, 0.0), False))
    return rows


def named_items(bet: Bet, choice: Choice) -> list[str]:
    """The item ids that the slip calls by their titles."""
    ranked = sorted(bet.candidates, key=lambda one: -one.propensity)[:SHOWN_ODDS]
    examples = [one.item_id for one in bet.excluded[:SHOWN_EXAMPLES]]
    safe = [bet.default.item_id] if bet.default else []
    wanted = [one.item_id for one in bet.use_cases]
    found = [choice.item_id, *(one.item_id for one in ranked), *safe, *examples, *wanted]
    return sorted({name for name in found if name is not None})


def came_of_it(bet: Bet, choice: Choice, unit: Unit, titles: Titles) -> Markup:
    """What happened after the bet was placed, and how it was settled."""
    where = zone_of(bet)
    outcomes = sorted(bet.outcomes, key=lambda outcome: outcome.at)
    lines = [(bet.at, "bet placed")]
    lines += [(one.at, _line(one, choice, unit, titles)) for one in outcomes]
    if bet.settled_at is not None:
        lines.append((bet.settled_at, f"settled: {bet.state}"))
    told = [(tag("dt", clock(at, bet.at, where)), tag("dd", text)) for at, text in lines]
    until = bet.at + timedelta(minutes=bet.window_minutes)
    waiting = f"Open until {short(until, where)}." if bet.state == "open" else ""
    return tag(
        "section",
        tag("h2", "What came of it"),
        tag("dl", told, class_="timeline"),
        tag("p", waiting, class_="soft small gap") if waiting else None,
        class_="card",
    )


def _line(one: Outcome, choice: Choice, unit: Unit, titles: Titles) -> str:
    text = happened(one.event)
    if one.item_id is not None and one.item_id != choice.item_id:
        text += f": {titles.get(one.item_id, one.item_id)}"
    end = "won" if one.reward > 0 else "taken back" if one.kind == "returned" else "it cost"
    if one.reward and unit.is_share:
        return f"{text} → {end}"
    return f"{text}, {unit.text(one.reward)} → {end}" if one.reward else text
