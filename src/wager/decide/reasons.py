"""Why this choice: the parts of its expected reward, said in words, adding up to the whole."""

import numpy as np

from wager.decide.candidates import Origin
from wager.decide.features import FEATURES
from wager.decide.payoff import Worth
from wager.domain.asking import Ask, part_of_day
from wager.domain.decisions import Reason

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("popular", ("popular", "popularRate")),
    ("segment", ("segment",)),
    ("repeat", ("bought", "boughtOften", "boughtLately", "boughtOftenLately", "boughtShare")),
    ("due", ("due",)),
    ("time", ("partOfDay",)),
    ("also-bought", ("alsoBought",)),
    ("cart", ("cart",)),
    ("affinity", ("affinity",)),
    ("liked", ("liked",)),
    ("clicked", ("clicked",)),
    ("seen", ("ignored",)),
)
_COLUMNS = np.zeros((len(FEATURES), len(_GROUPS)))
for _position, (_, _names) in enumerate(_GROUPS):
    for _name in _names:
        _COLUMNS[FEATURES.index(_name), _position] = 1.0


def reasons(ask: Ask, item_id: str, origin: Origin, worth: Worth, row: int) -> tuple[Reason, ...]:
    """Additive contributions, after what holds for everybody the largest first."""
    parts = worth.parts[row]
    said = [
        Reason(kind=kind, text=_text(kind, ask, item_id, origin), weight=weight)
        for (kind, _), weight in zip(_GROUPS, (parts @ _COLUMNS).tolist(), strict=True)
        if weight != 0.0
    ]
    said.extend(
        Reason(kind=name, text=text, weight=weight)
        for (name, text), weight in zip(
            _RECORD.items(), worth.corrections[row].tolist(), strict=True
        )
        if weight != 0.0
    )
    said.sort(key=_size)
    everybody = Reason(
        kind="everybody", text="what this place brings with anybody", weight=float(parts[0])
    )
    return (everybody, *said)


def _size(reason: Reason) -> float:
    return -abs(reason.weight)


_RECORD = {
    "item-record": "what came of showing it before",
    "segment-record": "what came of showing it to people in the same segment",
    "person-record": "what this person did when it was shown",
    "floor": "an outcome brings nothing at the least",
}


def _title(ask: Ask, item_id: str | None) -> str:
    item = ask.shelf.items.get(item_id) if item_id is not None else None
    return item.title or item.item_id if item is not None else str(item_id)


def _text(kind: str, ask: Ask, item_id: str, origin: Origin) -> str:
    match kind:
        case "popular":
            return "how popular it is with everybody lately"
        case "segment":
            named = origin.because.get("segment")
            return f"popular with {named}" if named else "how popular it is in the segment"
        case "repeat":
            times = ask.profile.purchases[item_id].times
            return f"Because you bought it {times} time{'s' if times != 1 else ''}"
        case "due":
            return "how long ago it was bought last, against how often"
        case "time":
            return f"how well it fits the {part_of_day(ask.hour)}, from when you bought it"
        case "also-bought":
            return f"Because you bought {_title(ask, origin.because.get('also-bought'))}"
        case "cart":
            return f"Goes with {_title(ask, origin.because.get('cart'))} in your cart"
        case "affinity":
            item = ask.shelf.items[item_id]
            return f"You often choose {' / '.join(item.categories[:2])}"
        case "liked":
            return "Because you liked it"
        case "clicked":
            return "Because you clicked it when you last saw it"
        case _:
            return "shown before and passed over"
