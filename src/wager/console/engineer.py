"""What only an engineer asks of a bet: ids, versions, and the features that the policy saw."""

from collections.abc import Sequence

from wager.console.answers import Bet
from wager.console.format import number
from wager.console.markup import Markup, tag
from wager.domain.decisions import Choice


def for_the_engineer(bet: Bet, choice: Choice) -> Markup:
    """Ids, versions and the features that the policy saw."""
    facts = {
        "decision id": bet.decision_id,
        "profile id": bet.profile_id,
        "item id": choice.item_id,
        "policy": bet.policy,
        "model": bet.model_version,
        "goal": bet.goal,
        "variant": bet.variant,
        "segments": ", ".join(bet.segments),
        "asked for": ", ".join(bet.identity),
        "at": bet.at.isoformat(),
        "learns": "yes" if bet.learns else "no",
        "slot looked at": f"{number(choice.looked)} times as often as the first",
        "surprise": f"{number(choice.surprise)} bits" if choice.surprise else "",
        "given up to learn": number(bet.regret) if bet.regret else "",
        "context": ", ".join(f"{name}={value}" for name, value in bet.context.items()),
    }
    lines = [
        (tag("dt", name), tag("dd", str(value), class_="code"))
        for name, value in facts.items()
        if value
    ]
    return tag(
        "details",
        tag("summary", "Ids and features, for the engineer"),
        tag("dl", lines, class_="facts"),
        _features(bet),
        class_="card",
    )


def _features(bet: Bet) -> Markup | None:
    ranked = sorted(bet.candidates, key=lambda one: -one.propensity)
    names = list(dict.fromkeys(name for one in ranked for name in one.features))
    if not names:
        return None
    heads = ["item", "odds", "expected", "±", *names]
    rows = [
        _feature_row(
            one.item_id,
            [
                one.propensity,
                one.expected_reward,
                one.standard_error,
                *(one.features.get(name, 0.0) for name in names),
            ],
        )
        for one in ranked
    ]
    table = tag(
        "table", tag("thead", tag("tr", [tag("th", name) for name in heads])), tag("tbody", rows)
    )
    return tag(
        "div",
        table,
        class_="scroll gap code",
        tabindex=0,
        role="region",
        aria_label="Features of each candidate",
    )


def _feature_row(item_id: str | None, values: Sequence[float]) -> Markup:
    cells = [tag("td", f"{value:.4g}", class_="number") for value in values]
    return tag("tr", tag("td", item_id or "nothing"), cells)
