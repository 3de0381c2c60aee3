"""Which bet an event settles: by the decision it names, or by the goal's window."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec

from wager.domain.decisions import Choice, Decision, LoggedDecision, Outcome, OutcomeKind
from wager.domain.definitions import Goal
from wager.domain.events import (
    CANCELLED,
    DISLIKED,
    DISMISSED,
    FEEDBACK,
    ORDERED,
    REFUNDED,
    VIEWED,
    Event,
)
from wager.domain.settlement import Result, came_of

CLICK = Goal(name="click", event="Item Clicked", window_minutes=30.0, value=1.0)


def named(event: Event, logged: LoggedDecision, goal: Goal) -> Outcome | None:
    """The outcome of an event that names this decision; None where it names no choice of it.

    A choice is settled once: what comes after its first goal outcome is feedback.
    """
    decision = logged.decision
    item_id = text(event.properties.get("itemId") or event.properties.get("product_id"))
    choice = _choice(decision, item_id)
    if choice is None:
        return None
    once = not any(one.kind == "goal" and one.slot == choice.slot for one in logged.outcomes)
    counts = once and event.name == goal.event and _within(event, decision)
    kind: OutcomeKind = "goal" if counts else "exposure" if event.name == VIEWED else "feedback"
    return Outcome(
        message_id=event.message_id,
        decision_id=decision.decision_id,
        slot=choice.slot,
        item_id=choice.item_id,
        event=event.name,
        at=event.at,
        reward=worth(goal, event.properties) if counts else -_cost(event, logged, choice, goal),
        kind=kind,
        attributed="named",
    )


def _cost(event: Event, logged: LoggedDecision, choice: Choice, goal: Goal) -> float:
    """What it costs to have annoyed with a choice, once however often it is said."""
    if event.name not in (DISLIKED, DISMISSED):
        return 0.0
    paid = any(one.slot == choice.slot and one.reward < 0 for one in logged.outcomes)
    return 0.0 if paid else goal.dislike_cost


def by_window(
    event: Event, open_bets: Sequence[LoggedDecision], goals: dict[str, Goal]
) -> list[Outcome]:
    """Each line of an order settles at most one choice, the latest that shows its item.

    `open_bets` are the person's decisions, newest first. A goal event without items settles the
    latest decision of its goal, on its first choice.
    """
    outcomes: list[Outcome] = []
    taken = {
        (one.decision_id, one.slot)
        for bet in open_bets
        for one in bet.outcomes
        if one.kind == "goal"
    }
    lines: list[tuple[str | None, dict[str, Any]]] = list(_lines(event))
    for item_id, properties in lines or [(None, event.properties)]:
        found = _latest(event, item_id, open_bets, goals, taken)
        if found is not None:
            decision, choice, goal = found
            taken.add((decision.decision_id, choice.slot))
            outcomes.append(_goal_outcome(event, decision, choice, worth(goal, properties)))
    return outcomes


def further(
    event: Event, bets: Sequence[LoggedDecision], goals: dict[str, Goal], outcomes: list[Outcome]
) -> list[Outcome]:
    """The outcomes, with what they are worth by the further goals of their bets; an event may be
    an outcome of these alone.

    A line counts once for each goal, for the latest bet that shows its item; a choice does, too.
    """
    found = {(one.decision_id, one.slot): one for one in outcomes}
    done: set[tuple[str, int]] = set()
    lines = list(_lines(event)) or [(None, event.properties)]
    for bet in bets:
        for name in (one.goal for one in bet.decision.goals if one.goal != bet.decision.goal):
            goal = goals.get(name)
            if goal is None or goal.event != event.name or not _in_window(event, bet, goal):
                continue
            for number, (item_id, properties) in enumerate(lines):
                choice = _choice(bet.decision, item_id)
                if choice is None or (name, number) in done or _valued(bet, choice, name):
                    continue
                done.add((name, number))
                where = (bet.decision.decision_id, choice.slot)
                one = found.get(where) or _aside(event, bet.decision, choice.slot, choice.item_id)
                values = one.values | {name: worth(goal, properties)}
                found[where] = msgspec.structs.replace(one, values=values)
    return list(found.values())


def _in_window(event: Event, bet: LoggedDecision, goal: Goal) -> bool:
    at = bet.decision.at
    return at <= event.at <= at + timedelta(minutes=goal.window_minutes)


def _valued(bet: LoggedDecision, choice: Choice, goal: str) -> bool:
    return any(one.slot == choice.slot and goal in one.values for one in bet.outcomes)


def _aside(event: Event, decision: Decision, slot: int, item_id: str | None) -> Outcome:
    return Outcome(
        message_id=event.message_id,
        decision_id=decision.decision_id,
        slot=slot,
        item_id=item_id,
        event=event.name,
        at=event.at,
        attributed=_joined_by(event),
    )


def _joined_by(event: Event) -> Literal["named", "window"]:
    return "named" if "decisionId" in event.properties else "window"


def _latest(
    event: Event, item_id: str | None, open_bets: Sequence[LoggedDecision],
    goals: dict[str, Goal], taken: set[tuple[str, int]],
) -> tuple[Decision, Choice, Goal] | None:  # fmt: skip
    for bet in open_bets:
        decision = bet.decision
        goal = goals.get(decision.goal or CLICK.name)
        if goal is None or goal.event != event.name or not _within(event, decision):
            continue
        for choice in decision.choices:
            fits = choice.item_id == item_id if item_id is not None else choice.slot == 0
            if fits and (decision.decision_id, choice.slot) not in taken:
                return decision, choice, goal
    return None


def _goal_outcome(event: Event, decision: Decision, choice: Choice, reward: float) -> Outcome:
    return Outcome(
        message_id=event.message_id,
        decision_id=decision.decision_id,
        slot=choice.slot,
        item_id=choice.item_id,
        event=event.name,
        at=event.at,
        reward=reward,
        kind="goal",
        attributed=_joined_by(event),
    )


def taken_back(event: Event, bets: Iterable[LoggedDecision]) -> list[Outcome]:
    """What a refund takes back of what its order brought to bets: of each line by quantity, and in
    all never more than it was.

    `event` knows its order: `ordered` is that one's message id, in a line how many were bought.
    """
    order, shares = event.properties.get("ordered"), dict(_shares(event))
    found = []
    for bet in bets:
        for one in bet.outcomes:
            if one.message_id != order or one.item_id not in shares:
                continue
            share, slot = shares[one.item_id], [two for two in bet.outcomes if two.slot == one.slot]
            paid = sum(two.reward for two in slot if two.kind in ("goal", "returned"))
            reward = _back(share, one.reward, paid) if one.kind == "goal" else 0.0
            values = {
                name: _back(share, value, sum(two.values.get(name, 0.0) for two in slot))
                for name, value in one.values.items()
            }
            if reward or any(values.values()):
                back = _aside(event, bet.decision, one.slot, one.item_id)
                back = msgspec.structs.replace(back, reward=reward, values=values, kind="returned")
                found.append(back)
    return found


def _shares(event: Event) -> Iterator[tuple[str, float]]:
    """For each item the share of what was ordered that goes back."""
    products = event.properties.get("products")
    for line in products if isinstance(products, list) else ():
        ordered = number(line.get("ordered")) if isinstance(line, dict) else 0.0
        if ordered > 0.0:
            yield str(line.get("product_id")), min(number(line.get("quantity", 1.0)) / ordered, 1.0)


def _back(share: float, worth: float, left: float) -> float:
    """Below 0 for what was worth something: its share, but no more than is left of it."""
    return -min(share * worth, left) if worth > 0.0 else -max(share * worth, left)


def settled(bet: LoggedDecision, outcomes: Sequence[Outcome]) -> Result | None:
    """What the bet has come to with these new outcomes; None if none of them counts for the goal.

    To be worth nothing is also to win; where all that was won went back, the bet is lost.
    """
    if not any(one.kind in ("goal", "returned") for one in outcomes):
        return None
    return came_of((*bet.outcomes, *outcomes))


def worth(goal: Goal, properties: dict[str, Any]) -> float:
    """What one outcome is worth: the goal's number, or that of the property it names (else 0)."""
    if not isinstance(goal.value, str):
        return float(goal.value)
    name = goal.value.removeprefix("properties.")
    value = properties.get(name)
    if value is None and name == "revenue" and "price" in properties:
        value = number(properties["price"]) * number(properties.get("quantity", 1))
    return number(value)


def number(value: object) -> float:
    """A finite number, or 0 where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        found = float(value)
    except ValueError:
        return 0.0
    return found if abs(found) < 1e15 else 0.0


def text(value: object) -> str | None:
    """An id as text: numbers are accepted, anything else is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def items_of(event: Event) -> set[str | None]:
    """The items that an event names, in its lines or by itself."""
    return {item_id for item_id, _ in _lines(event)}


def _lines(event: Event) -> Iterable[tuple[str | None, dict[str, Any]]]:
    products = event.properties.get("products")
    if isinstance(products, list):
        for product in products:
            if isinstance(product, dict):
                item_id = text(product.get("product_id") or product.get("itemId"))
                if item_id is not None:
                    yield item_id, _told_of(product, event.properties, len(products))
        return
    item_id = text(event.properties.get("itemId") or event.properties.get("product_id"))
    if item_id is not None:
        yield item_id, event.properties


def _told_of(line: dict[str, Any], order: dict[str, Any], count: int) -> dict[str, Any]:
    """What is told of a line: where it is the only one, by the order as well, but for its sum where
    the line has a price."""
    if count > 1:
        return line
    return {
        **{name: one for name, one in order.items() if name != "revenue" or "price" not in line},
        **line,
    }


def _choice(decision: Decision, item_id: str | None) -> Choice | None:
    for choice in decision.choices:
        if choice.item_id == item_id or (item_id is None and choice.slot == 0):
            return choice
    return None


def _within(event: Event, decision: Decision) -> bool:
    window = timedelta(minutes=decision.window_minutes)
    return decision.at <= event.at <= decision.at + window


def may_settle(event: Event, goals: Iterable[Goal]) -> bool:
    """Whether the event can be an outcome at all: it names a decision, is some goal's event, or
    takes back an order that may have been an outcome."""
    if event.kind != "track":
        return False
    if event.name in FEEDBACK or "decisionId" in event.properties:
        return True
    returns = event.name in (REFUNDED, CANCELLED) and "ordered" in event.properties
    return any(goal.event in (event.name, ORDERED if returns else None) for goal in goals)
