"""How bold bets are for whom: a placement's risk as its segments have it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from msgspec import structs

from wager.domain.definitions import Placement
from wager.domain.restraints import SegmentRisk

RISK = ("risk_appetite", "least_gain", "regret_budget")


def as_for(placement: Placement, segments: Collection[str]) -> Placement:
    """The placement with the risk that is taken with people of these segments: of each value the
    first that is said for one of them."""
    own = _of(placement, segments)
    if not own:
        return placement

    def first(name: str) -> Any:
        said = (getattr(one, name) for one in own)
        return next((one for one in said if one is not None), getattr(placement, name))

    return structs.replace(placement, **{name: first(name) for name in RISK})


def purse(placement: Placement, segments: Collection[str]) -> str | None:
    """The segment whose own regret budget the bets of these people spend; None means that of the
    placement."""
    own = (one.segment for one in _of(placement, segments) if one.regret_budget is not None)
    return next(own, None)


def _of(placement: Placement, segments: Collection[str]) -> Sequence[SegmentRisk]:
    """Those in force: a segment that is sensitive here says nothing."""
    quiet = placement.sensitive
    return [
        one
        for one in placement.risk_by_segment
        if one.segment in segments and one.segment not in quiet
    ]


def impossible(placement: Placement) -> str | None:
    """Why what is said of segments' risk cannot hold; None if it can."""
    said, name = placement.risk_by_segment, placement.name
    if said and "segment" not in placement.levels:
        return (
            f"placement {name!r} has riskBySegment, but its levels {placement.levels} leave "
            "segments out; add 'segment' to them or take riskBySegment away"
        )
    for number, one in enumerate(said):
        if one == SegmentRisk(segment=one.segment):
            return (
                f"riskBySegment of placement {name!r} says nothing for {one.segment!r}; it needs "
                "`riskAppetite`, `leastGain` or `regretBudget`"
            )
        if any(one.segment == before.segment for before in said[:number]):
            return f"riskBySegment of placement {name!r} names {one.segment!r} twice; name it once"
    return None


def unknown(placement: Placement, segments: Collection[str]) -> Iterator[str]:
    """Segments that have a risk of their own and say nothing."""
    for one in placement.risk_by_segment:
        if one.segment not in segments:
            yield (
                f"placement {placement.name!r} has a risk for segment {one.segment!r}, which is "
                "not defined yet"
            )
        elif one.segment in placement.sensitive:
            yield (
                f"placement {placement.name!r} has a risk for segment {one.segment!r}, which is "
                "sensitive there: it says nothing"
            )
