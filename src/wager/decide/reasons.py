"""Why this choice: the parts of its expected reward, said in words, adding up to the whole."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from wager.decide.candidates import Origin
from wager.decide.features import FEATURES
from wager.decide.payoff import Worth
from wager.domain.asking import Ask, part_of_day
from wager.domain.decisions import Reason

NOTHING_SAID = Reason(
    kind="template",
    text="not customization: the words say nothing of the person, for what they need is not known",
)
MOST = 5  # contributions that are said one by one
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("popular", ("popular", "popularRate")),
    ("segment", ("segment",)),
    ("repeat", ("bought", "boughtOften", "boughtLately", "boughtOftenLately", "boughtShare")),
    ("due", ("due",)),
    ("time", ("partOfDay",)),
    ("also-bought", ("alsoBought",)),
    ("similar", ("similar",)),
    ("cart", ("cart",)),
    ("affinity", ("affinity",)),
    ("liked", ("liked",)),
    ("clicked", ("clicked",)),
    ("seen", ("ignored",)),
)
_COLUMNS = np.zeros((len(FEATURES), len(_GROUPS)))  # which features each group adds up
for _position, (_, _names) in enumerate(_GROUPS):
    for _name in _names:
        _COLUMNS[FEATURES.index(_name), _position] = 1.0


def reasons(
    ask: Ask,
    found: Sequence[tuple[str | None, Origin]],
    worth: Worth,
    rows: Sequence[int],
    looked: Sequence[float],
    expected: Sequence[float],
) -> list[tuple[Reason, ...]]:
    """For each of the candidates in `rows`: contributions that add up to what is expected, after
    what holds for everybody the largest first, the small ones together; none for nothing."""
    chosen = np.array(rows, dtype=np.intp)
    seen = np.array(looked)[:, None]  # of what the first slot would bring, each brings so much
    parts = worth.x[chosen] * worth.weights * seen
    weights = np.empty((len(rows), len(_KINDS)))
    weights[:, : len(_GROUPS)] = parts @ _COLUMNS
    weights[:, len(_GROUPS) :] = worth.corrections[chosen] * seen
    weights[:, -1] = np.array(expected) - worth.mean[chosen] * seen[:, 0]
    largest_first = (-np.abs(weights)).argsort(axis=1, kind="stable")
    return [
        _reasons(ask, *found[row], everybody, each, order)
        for row, everybody, each, order in zip(
            rows, parts[:, 0].tolist(), weights.tolist(), largest_first.tolist(), strict=True
        )
    ]


def _reasons(
    ask: Ask, item_id: str | None, origin: Origin, everybody: float, weights: Sequence[float],
    largest_first: Sequence[int],
) -> tuple[Reason, ...]:  # fmt: skip
    if item_id is None:
        return (Reason(kind="nothing", text="nothing was the better bet"),)
    said = [Reason(kind="everybody", text=_EVERYBODY, weight=everybody)]
    if "explore" in origin.sources:
        said.append(Reason(kind="explore", text="something else than what you always see"))
    if "new" in origin.sources:
        said.append(Reason(kind="new", text="new here, to find out who likes it"))
    for position in largest_first[:MOST]:
        weight = weights[position]
        if weight == 0.0:
            return tuple(said)
        kind = _KINDS[position]
        text = _SAID.get(kind) or _text(kind, ask, item_id, origin)
        said.append(Reason(kind=kind, text=text, weight=weight))
    rest = sum([weights[position] for position in largest_first[MOST:]])
    if rest != 0.0:
        said.append(Reason(kind="rest", text=_SAID["rest"], weight=rest))
    return tuple(said)


_RECORD = {
    "item-record": "what came of showing it before",
    "segment-record": "what came of showing it to people in the same segment",
    "person-record": "what this person did when it was shown",
    "floor": "nothing brings less than nothing",
    "honesty": "put right by what bets that promised as much have brought",
}
_SAID = _RECORD | {
    "popular": "how popular it is with everybody lately",
    "due": "how long ago it was bought last, against how often",
    "liked": "Because you liked it",
    "clicked": "Because you clicked it when you last saw it",
    "seen": "shown before and passed over",
    "rest": "smaller things together",
}
_KINDS = (*(kind for kind, _ in _GROUPS), *_RECORD)
_EVERYBODY = "what this place brings with anybody"


def words_use(fields: Iterable[str]) -> Reason:
    """That the words of a choice say something that is known of the person.

    >>> words_use(["profile.traits.favouriteCategory", "context.journeyStage"]).text
    'The words say what is known: favourite category, journey stage'
    """
    named = {_CAPITALS.sub(r" \1", one.rpartition(".")[2]).lower().strip() for one in fields}
    return Reason(kind="template", text=f"The words say what is known: {', '.join(sorted(named))}")


_CAPITALS = re.compile(r"([A-Z]+)")


def _title(ask: Ask, item_id: str | None) -> str:
    item = ask.shelf.items.get(item_id) if item_id is not None else None
    return item.title or item.item_id if item is not None else str(item_id)


def _text(kind: str, ask: Ask, item_id: str, origin: Origin) -> str:
    match kind:
        case "segment":
            named = origin.because("segment")
            return f"popular with {named}" if named else "how popular it is in the segment"
        case "repeat":
            times = ask.profile.purchases[item_id].times
            return f"Because you bought it {times} time{'s' if times != 1 else ''}"
        case "time":
            return f"how well it fits the {part_of_day(ask.hour)}, from when you bought it"
        case "also-bought":
            did = "bought" if ask.profile.purchases else "chose"
            return f"Because you {did} {_title(ask, origin.because('also-bought'))}"
        case "similar":
            did = "bought" if ask.profile.purchases else "chose"
            return f"People with your taste also {did} it"
        case "cart":
            return f"Goes with {_title(ask, origin.because('cart'))} in your cart"
        case "affinity":
            return f"You often choose {' / '.join(ask.shelf.items[item_id].categories[:2])}"
        case _:
            raise LookupError(f"no words for the reason {kind!r}; add them to `_SAID`")
