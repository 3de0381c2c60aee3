"""Why this choice: the parts of its expected reward, said in words, adding up to the whole."""

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
_INDEX: tuple[tuple[str, tuple[int, ...]], ...] = tuple(
    (kind, tuple(FEATURES.index(name) for name in names)) for kind, names in _GROUPS
)


def reasons(ask: Ask, item_id: str, origin: Origin, worth: Worth, row: int) -> tuple[Reason, ...]:
    """Additive contributions, after what holds for everybody the largest first."""
    parts = worth.parts[row]
    said = [
        Reason(kind="everybody", text="what this place brings with anybody", weight=float(parts[0]))
    ]
    for kind, columns in _INDEX:
        weight = float(sum(parts[column] for column in columns))
        if weight != 0.0:
            said.append(Reason(kind=kind, text=_text(kind, ask, item_id, origin), weight=weight))
    for name, weight in zip(("item", "segment", "person"), worth.corrections[row], strict=True):
        if weight != 0.0:
            said.append(Reason(kind=f"{name}-record", text=_RECORD[name], weight=float(weight)))
    first, rest = said[0], sorted(said[1:], key=lambda reason: -abs(reason.weight))
    return (first, *rest)


_RECORD = {
    "item": "what came of showing it before",
    "segment": "what came of showing it to people in the same segment",
    "person": "what this person did when it was shown",
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
