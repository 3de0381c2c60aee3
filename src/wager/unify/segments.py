"""Segments: named conditions over the profile, compiled once and asked often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import cel

from wager.domain.definitions import Segment
from wager.domain.profiles import Profile
from wager.domain.tables import differing
from wager.errors import BadDefinition
from wager.unify import view
from wager.unify.conditions import Asked, asked

# What an evaluation stops with where something is absent or of the wrong type.
_STOPPED = (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError)
ANSWERS_KEPT = 1000
_PLAIN = frozenset((int, float, str, bool, type(None)))


class Program(Protocol):
    def execute(self, context: dict[str, Any]) -> object: ...


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """A condition ready to be asked, with the fields that it names.

    `traits` are those that somebody must state (derived ones exist from the start). `of_traits` and
    `of_counts` are the stored ones that the answer depends on, `tables` whole tables. `at_decision`
    says that the answer depends on the moment: it names `now`, `context`, a leaning (they decay) or
    a trait that grows with time; it is asked when a decision is made, and not stored. `answered`
    keeps the answers of a condition on a few fields of the context alone.
    """

    name: str
    program: Program
    in_floats: Program | None
    asked: Asked
    traits: tuple[str, ...]
    of_traits: frozenset[str]
    of_counts: frozenset[str]
    tables: tuple[str, ...]
    at_decision: bool
    answered: dict[tuple[object, ...], tuple[bool, bool]] = field(
        default_factory=dict, compare=False
    )


def compile_segment(segment: Segment) -> CompiledSegment:
    """Compile a condition, or say what in it cannot work."""
    try:
        names = asked(segment.condition)
        program = cel.compile(segment.condition)
    except BadDefinition as error:
        raise BadDefinition(f"condition of segment {segment.name!r}: {error.detail}") from None
    except ValueError as error:
        raise BadDefinition(
            f"condition of segment {segment.name!r} is not CEL: {_first_line(error)}"
        ) from None
    made = [view.DERIVED[name] for name in (*names.traits, *names.counts) if name in view.DERIVED]
    timed = any(each.timed for each in made)
    return CompiledSegment(
        name=segment.name,
        program=program,
        in_floats=cel.compile(names.in_floats) if names.in_floats else None,
        asked=names,
        traits=tuple(name for name in names.traits if name not in view.DERIVED),
        of_traits=frozenset(names.traits),
        of_counts=frozenset((*names.counts, *(name for each in made for name in each.counts))),
        tables=tuple(dict.fromkeys(table for each in made for table in each.tables)),
        at_decision=bool(timed or names.now or names.context or names.affinities or names.whole),
    )


def _first_line(error: ValueError) -> str:
    text = str(error)
    return text[text.find("ERROR:") + 7 :].split("\n")[0][:300] if "ERROR:" in text else text[:300]


def membership(
    profile: Profile,
    segments: Iterable[CompiledSegment],
    now: datetime,
    before: Profile | None = None,
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The segments that the profile is in, but for those asked at a decision; and what stopped.

    With `before` (the profile as it was when its membership was last worked out) a condition none
    of whose fields changed is not asked again.
    """
    members: list[str] = []
    errors: dict[str, int] = {}
    if before is not None:
        traits = differing(before.traits, profile.traits)
        counts = differing(before.counts, profile.counts)
    for segment in segments:
        if segment.at_decision:
            continue
        if (
            before is not None
            and segment.of_traits.isdisjoint(traits)
            and segment.of_counts.isdisjoint(counts)
            and not (segment.tables and _moved(segment.tables, before, profile))
        ):
            if segment.name in before.segments:
                members.append(segment.name)
            continue
        held, failed = _ask(segment, {"profile": _fields(segment, profile, now)})
        if held:
            members.append(segment.name)
        if failed:
            errors[segment.name] = 1
    return tuple(members), errors


def _moved(tables: Iterable[str], before: Profile, after: Profile) -> bool:
    for table in tables:
        old, new = getattr(before, table), getattr(after, table)
        if old is not new and old != new:
            return True
    return False


def holds(
    segment: CompiledSegment, profile: Profile, context: Mapping[str, Any], now: datetime
) -> tuple[bool, bool]:
    """Whether the condition holds at this moment, and whether it stopped (it is then false)."""
    key = _only(segment.asked, context)
    if key is None:
        return _held(segment, profile, context, now)
    known = segment.answered.get(key)
    if known is None:
        if len(segment.answered) >= ANSWERS_KEPT:
            segment.answered.clear()
        known = segment.answered[key] = _held(segment, profile, context, now)
    return known


def _only(names: Asked, context: Mapping[str, Any]) -> tuple[object, ...] | None:
    """Types and values of the context's fields that a condition names, where it names nothing else
    and they are plain; else None."""
    if names.whole or names.now or names.traits or names.affinities or names.counts:
        return None
    values = [context.get(name) for name in names.context]
    kinds = [type(value) for value in values]
    plain = all(kind in _PLAIN for kind in kinds)
    present = [name in context for name in names.context]
    return (*present, *kinds, *values) if plain else None


def _held(
    segment: CompiledSegment, profile: Profile, context: Mapping[str, Any], now: datetime
) -> tuple[bool, bool]:
    known: dict[str, Any] = {"profile": _fields(segment, profile, now)}
    names = segment.asked
    if "context" in names.whole:
        known["context"] = floats(dict(context))
    elif names.context:
        known["context"] = {n: floats(context[n]) for n in names.context if n in context}
    if names.now:
        known["now"] = now
    return _ask(segment, known)


def _ask(segment: CompiledSegment, known: dict[str, Any]) -> tuple[bool, bool]:
    for program in (segment.program, segment.in_floats):
        if program is None:
            break
        try:
            answer = program.execute(known)
        except TypeError:
            continue  # whole numbers beside floats? the second program has floats only
        except _STOPPED:
            break
        return answer is True, not isinstance(answer, bool)
    return False, True


def _fields(segment: CompiledSegment, profile: Profile, now: datetime) -> dict[str, dict[str, Any]]:
    """Just the fields that the condition names: building more costs more than asking.

    An absent trait is absent; a count or a leaning of which nothing is known is 0.
    """
    names = segment.asked
    tables: dict[str, dict[str, Any]] = {}
    if "traits" in names.whole:
        golden = view.golden(profile, now).items()
        tables["traits"] = {name: floats(field.value) for name, field in golden}
    elif names.traits:
        found = {name: view.trait(profile, name, now) for name in names.traits}
        tables["traits"] = {name: floats(field.value) for name, field in found.items() if field}
    if "affinities" in names.whole:
        tables["affinities"] = view.weights(profile, now)
    elif names.affinities:
        leanings = profile.affinities
        tables["affinities"] = {
            name: view.weight(leanings[name], now) if name in leanings else 0.0
            for name in names.affinities
        }
    if "counts" in names.whole:
        tables["counts"] = view.counts(profile, now)
    elif names.counts:
        tables["counts"] = {name: view.count(profile, name, now) for name in names.counts}
    return tables


def floats(value: Any) -> Any:
    """The value with every number a float, however deep: for CEL 3 and 3.0 are two types."""
    if type(value) is int:
        return float(value)
    if isinstance(value, dict):
        return {name: floats(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [floats(part) for part in value]
    return value
