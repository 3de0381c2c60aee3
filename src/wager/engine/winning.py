"""Who beats the safe choice: an item that should be the default, if the team says so."""

from collections.abc import Mapping

from wager.domain.definitions import Placement
from wager.engine.live import Live
from wager.learn.attribution import CLICK
from wager.measure.proof import Winner, winner
from wager.measure.tactics import Tactics


def winners_of(
    placements: Mapping[str, Placement], folds: Mapping[tuple[str, str, bool], Tactics]
) -> dict[str, Winner]:
    """The item that surely brings more than the default, of each placement that names one and
    where one does, by its live bets."""
    found: dict[str, Winner] = {}
    for name, placement in placements.items():
        default, fold = _default(placement), folds.get((name, placement.goal or CLICK.name, False))
        best = winner(fold, default) if fold is not None and default is not None else None
        if best is not None:
            found[name] = best
    return found


def of(live: Live, placement: Placement) -> Winner | None:
    """The one that beats the placement's default, as long as that and the item are there."""
    found = live.winners.get(placement.name)
    if found is None or found.default != _default(placement) or found.item_id not in live.items:
        return None
    return found


def said(placement: Placement, found: Winner) -> str:
    """The winner in words, and what to do about it."""
    gain, first = found.gain, f"say `default: {found.item_id}`"
    if isinstance(placement.default, list):
        first = f"put {found.item_id!r} first in `default`"
    return (
        f"{found.item_id!r} brings more than {found.default!r}, the default of placement "
        f"{placement.name!r}: {gain.value:.4g} a decision ({gain.low:.4g} to {gain.high:.4g}, "
        f"best of {found.compared} compared); {first} to make it the safe choice"
    )


def _default(placement: Placement) -> str | None:
    """The first item of the default; None where it is a rule."""
    named = placement.default
    if isinstance(named, list):
        return named[0] if named else None
    return named if isinstance(named, str) else None
