"""Whether what the team asks of a slate can hold, said before it goes live."""

from collections.abc import Iterator, Mapping

from wager.decide.slate import Room, Terms, groups_of
from wager.domain.content import Item
from wager.domain.definitions import Placement


def impossible(placement: Placement) -> str | None:
    """Why no slate can ever be as the placement wants it; None if one can."""
    name, wanted = placement.name, placement.must_include
    for number, must in enumerate(wanted):
        if sum(one is not None for one in (must.item, must.tag, must.use_case)) != 1:
            return (
                f"mustInclude[{number}] of placement {name!r} needs one of `item`, `tag` and "
                "`useCase`"
            )
        if must in wanted[:number]:
            twice = must.item or must.tag or must.use_case
            return f"mustInclude of placement {name!r} names {twice!r} twice; name it once"
    if len(wanted) > placement.slots:
        return (
            f"mustInclude of placement {name!r} has {len(wanted)} entries for "
            f"{placement.slots} slots; give it more slots or name fewer"
        )
    most = placement.at_most.get("kind")
    if most is not None and placement.kinds and most * len(placement.kinds) < placement.slots:
        return (
            f"placement {name!r} shows at most {most} of a kind and {len(placement.kinds)} kinds, "
            f"so its {placement.slots} slots can never be filled; raise atMost.kind or take slots "
            "away"
        )
    return None


def clashes(placement: Placement, items: Mapping[str, Item]) -> Iterator[str]:
    """What the items that there are now make of the placement's terms."""
    room = Room(Terms(placement.at_most))
    for must in placement.must_include:
        if must.tag is not None and not any(must.tag in one.tags for one in list(items.values())):
            yield f"placement {placement.name!r} must include tag {must.tag!r}: no item has it"
        if must.item is None:
            continue
        item = items.get(must.item)
        if item is None:
            yield f"placement {placement.name!r} must include {must.item!r}, which is no item yet"
        elif placement.kinds and item.kind not in placement.kinds:
            yield (
                f"placement {placement.name!r} must include {must.item!r}, whose kind "
                f"{item.kind!r} it does not show"
            )
        elif not room.has(groups := groups_of(item, placement)):
            yield (
                f"placement {placement.name!r} must include {must.item!r}, but atMost or exclusive "
                "keeps it out beside the ones before"
            )
        else:
            room.take(groups)
