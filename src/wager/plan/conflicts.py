"""Conflicts between use cases of one placement, said before they go live."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from wager.domain.content import Item
from wager.domain.definitions import Placement, UseCase

NAMED = 3


def impossible(case: UseCase) -> str | None:
    """Why the use case can never be in force or be met; None if it can."""
    if case.start is not None and case.until is not None and case.until <= case.start:
        return (
            f"use case {case.name!r} ends ({case.until.isoformat()}) before it begins "
            f"({case.start.isoformat()}); let `until` be after `from`"
        )
    if case.after is not None and not any(case.after.bought.named()):
        return (
            f"use case {case.name!r} comes after nothing; name `items`, `kinds`, `categories` or "
            "`tags` in `after.bought`"
        )
    if case.after is not None and case.after.wait_minutes >= case.after.within_minutes:
        return (
            f"use case {case.name!r} waits {case.after.wait_minutes:g} minutes and ends "
            f"{case.after.within_minutes:g} minutes after the purchase; let `withinMinutes` be more"
        )
    if case.mandatory and not (case.items or case.kinds or case.tags):
        return (
            f"use case {case.name!r} is mandatory and names nothing that must be shown; name "
            "`items`, `kinds` or `tags`"
        )
    return None


def conflicts(
    case: UseCase, others: Sequence[UseCase], placement: Placement, items: Mapping[str, Item]
) -> Iterator[str]:
    """What stands between a use case and the others of its placement that are pilot or live.

    They meet where their times overlap, and they share a segment or one is for everybody.
    """
    rivals = [other for other in others if _meet(case, other)]
    wanted = {name for name in case.items if name in items}
    for other in rivals:
        both = sorted(wanted & set(other.items))
        if both:
            yield (
                f"use cases {case.name!r} and {other.name!r}{_owners(case, other)} both want "
                f"{_some(both)} at the same time for the same people; it counts for "
                f"{_first(case, other)!r} alone (mandatory, then lever, then the earlier begin)"
            )
        elif not (case.mandatory or other.mandatory):
            yield (
                f"use cases {case.name!r} and {other.name!r}{_owners(case, other)} want the "
                f"{placement.slots} slots of {placement.name!r} at the same time for the same "
                f"people; levers are {case.lever:g} and {other.lever:g}"
            )
        yield from _exclusive(case, other, placement, items)
    yield from _too_many(case, rivals, placement)
    yield from _limited(case, placement, items)


def doubts(
    case: UseCase, placement: Placement, items: Mapping[str, Item], segments: Collection[str]
) -> Iterator[str]:
    """What the use case names that is not there, or that its placement does not show."""
    for name in case.items:
        item = items.get(name)
        if item is None:
            yield f"use case {case.name!r} wants {name!r}, which is no item yet"
        elif placement.kinds and item.kind not in placement.kinds:
            yield (
                f"use case {case.name!r} wants {name!r}, whose kind {item.kind!r} placement "
                f"{placement.name!r} does not show"
            )
    for kind in case.kinds:
        if placement.kinds and kind not in placement.kinds:
            yield (
                f"use case {case.name!r} wants kind {kind!r}, which placement "
                f"{placement.name!r} does not show"
            )
    after = () if case.after is None else (case.after.bought, case.after.unless)
    for name in (name for things in after if things is not None for name in things.items):
        if name not in items:
            yield f"use case {case.name!r} waits for {name!r}, which is no item yet"
    for name in dict.fromkeys((*case.segments, *case.context_value)):
        if name not in segments:
            yield f"use case {case.name!r} names segment {name!r}, which is not defined yet"


def _meet(case: UseCase, other: UseCase) -> bool:
    if other.name == case.name or other.placement != case.placement:
        return False
    if other.state not in ("pilot", "live"):
        return False
    if case.segments and other.segments and not set(case.segments) & set(other.segments):
        return False
    before = case.until is not None and other.start is not None and case.until <= other.start
    after = other.until is not None and case.start is not None and other.until <= case.start
    return not before and not after


def _exclusive(
    case: UseCase, other: UseCase, placement: Placement, items: Mapping[str, Item]
) -> Iterator[str]:
    for tag in placement.exclusive:
        mine, theirs = (_with(tag, one, items) for one in (case, other))
        if mine and theirs:
            yield (
                f"use cases {case.name!r} and {other.name!r} both want items with tag {tag!r}, of "
                f"which {placement.name!r} shows one at the most"
            )


def _with(tag: str, case: UseCase, items: Mapping[str, Item]) -> bool:
    named = (items[name] for name in case.items if name in items)
    return tag in case.tags or any(tag in item.tags for item in named)


def _too_many(case: UseCase, rivals: Sequence[UseCase], placement: Placement) -> Iterator[str]:
    first = [one.name for one in (case, *rivals) if one.mandatory]
    needed = len(first) + len([one for one in placement.must_include if one.use_case is None])
    if case.mandatory and needed > placement.slots:
        yield (
            f"{len(first)} mandatory use cases ({_some(first)}) and "
            f"{needed - len(first)} of mustInclude want the first slots of {placement.name!r}, "
            f"which has {placement.slots}: the last ones are not shown; give it more slots, other "
            "dates, or make fewer of them mandatory"
        )


def _limited(case: UseCase, placement: Placement, items: Mapping[str, Item]) -> Iterator[str]:
    """Limits that let no more than one of its items be shown at once."""
    makers = {items[name].creator for name in case.items if name in items}
    most = placement.at_most.get("creator")
    if most is not None and len(case.items) > most and len(makers) == 1 and None not in makers:
        yield (
            f"use case {case.name!r} wants {len(case.items)} items of one creator, of whom "
            f"{placement.name!r} shows {most} at the most"
        )


def _first(case: UseCase, other: UseCase) -> str:
    def order(one: UseCase) -> tuple[bool, float, float, str]:
        begins = one.start.timestamp() if one.start is not None else 0.0
        return not one.mandatory, -one.lever, begins, one.name

    return min(case, other, key=order).name


def _owners(case: UseCase, other: UseCase) -> str:
    named = [one.owner for one in (case, other) if one.owner]
    return f" ({' and '.join(named)})" if named else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    listed = ", ".join(map(repr, names[:NAMED]))
    return f"{listed} and {more} more" if more > 0 else listed
