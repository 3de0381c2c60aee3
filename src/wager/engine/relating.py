"""What is worked out over all history at once: also-bought, taste, how things are bought again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from wager.domain.content import Item
from wager.domain.models import Cycles, Ranked
from wager.domain.repeats import Repeats
from wager.domain.taste import Taste
from wager.engine.history import Lines, choices, orders, sells
from wager.learn import factors, fading, repurchase
from wager.learn.history import Notes
from wager.stores.base import EventLog, Models

_RANKED = dict[str, list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class Related:
    """All of it; kept as one model each."""

    also_bought: Mapping[str, Ranked] = field(default_factory=dict)
    taste: Taste = field(default_factory=Taste)
    cycles: Cycles = field(default_factory=Cycles)
    repeats: Repeats = field(default_factory=Repeats)


def related(
    events: EventLog,
    items: Mapping[str, Item],
    also_bought: Callable[[Lines], object],
    taste: Callable[[Lines], Taste],
) -> Related:
    """Work it out by the given batches, the history being read twice. Where hardly anything is
    bought, what goes together is what the same people click, like and view."""
    if not sells(events):
        found = msgspec.convert(also_bought(choices(events)), _RANKED)
        return Related(found, taste(choices(events)))
    notes = Notes()
    neighbours = msgspec.convert(also_bought(notes.noting(orders(events))), _RANKED)
    lines = notes.lines()

    def category_of(name: str) -> Sequence[str]:
        return items[name].categories if name in items else ()

    again = repurchase.learnt(lines, category_of)
    half_lives = fading.fading(lines, category_of).half_lives()
    cycles = replace(again.cycles(), half_lives=half_lives)
    return Related(neighbours, taste(orders(events)), cycles, again.repeats)


def keep(models: Models, version: str, found: Related) -> None:
    """Write it; within a transaction."""
    models.put("also-bought", version, msgspec.msgpack.encode(found.also_bought))
    models.put("cycles", version, msgspec.msgpack.encode(found.cycles))
    models.put("repeats", version, repurchase.pack(found.repeats))
    models.put("taste", version, factors.pack(found.taste))


def kept(models: Models) -> Related:
    """What was written last."""
    bodies = {
        name: found[1]
        for name in ("also-bought", "cycles", "repeats", "taste")
        if (found := models.latest(name)) is not None
    }
    decode, none = msgspec.msgpack.decode, Related()
    return Related(
        decode(bodies["also-bought"], type=_RANKED) if "also-bought" in bodies else {},
        factors.unpack(bodies["taste"]) if "taste" in bodies else none.taste,
        decode(bodies["cycles"], type=Cycles) if "cycles" in bodies else none.cycles,
        repurchase.unpack(bodies["repeats"]) if "repeats" in bodies else none.repeats,
    )
