"""What holds a bet's odds back: small gains, diversity, unproven tactics, floors, drift."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from wager.decide.policies import POLICIES, Least, Odds, cautious, cleared, floored, widened
from wager.domain.asking import Ask
from wager.domain.decisions import Reason
from wager.domain.definitions import GainShare, Placement, Shadow
from wager.engine import curbing
from wager.engine.bets import Table
from wager.engine.goals import guarded, promised, weighted
from wager.engine.live import Live

FALLS_BACK = Reason(kind="drift", text="brings less than was said: mostly the safe choice for now")


@dataclass(slots=True)
class Notes:
    """What one bet notes while its odds are asked for, slot by slot: `held` is what the best
    promised more than the safe choice where that was too little, None where it was enough."""

    held: list[float | None] = field(default_factory=list)

    def step_down(self, table: Table, drawn: Sequence[int]) -> None:
        """The safe choice in a slot that was left to it assumes nothing of the person."""
        for row, gain in zip(drawn, self.held, strict=False):
            name, origin = table.found[row]
            if gain is not None and row in table.safe_rows:
                table.found[row] = name, replace(origin, level="neutral")

    def reasons(self, placement: Placement) -> list[Reason]:
        """Why the level is lower than it might be."""
        small = [gain for gain in self.held if gain is not None]
        if not small:
            return []
        where = f"in {len(small)} of {len(self.held)} slots " if len(self.held) > 1 else ""
        text = (
            f"the gain is too small: {where}the best promises {max(small):.4g} more than the safe "
            f"choice, less than {_said(placement.least_gain)}"
        )
        return [Reason(kind="least-gain", text=text)]


def hedged(live: Live, ask: Ask, table: Table, by: Shadow, slots: int, notes: Notes) -> Odds:
    """The odds by a policy, within what the placement asks of all of them."""
    placement, names = ask.placement, [name for name, _ in table.found]
    mean, deviation = weighted(placement, table.worth, table.further)
    if ask.queue is not None:
        mean = live.slates.priorities(mean, names, ask.queue)
        deviation = live.slates.priorities(deviation, names, ask.queue)
    odds = POLICIES[by.policy](mean, deviation, by.risk_appetite, slots)
    if placement.least_gain:
        told = promised(placement, table.worth, table.further)
        if ask.queue is not None:
            told = live.slates.priorities(told, names, ask.queue)
        least = _least(placement.least_gain)
        odds = cleared(odds, told, table.safe_rows, least, by.risk_appetite, notes.held)
    if placement.diversity_floor:
        others = [row for row, (_, one) in enumerate(table.found) if "explore" in one.sources]
        odds = widened(odds, others, placement.diversity_floor) if others else odds
    odds = curbing.within(live.curbs, placement, odds, table)
    if placement.floors:
        odds = floored(odds, guarded(placement, table.worth, table.further), table.safe_rows)
    if placement.name in ask.snapshot.cautious:
        odds = cautious(odds, table.safe_rows)
    return odds


def _least(wanted: float | GainShare) -> Least:
    return Least(0.0, wanted.share) if isinstance(wanted, GainShare) else Least(wanted, 0.0)


def _said(wanted: float | GainShare) -> str:
    if isinstance(wanted, GainShare):
        return f"{wanted.share:.4g} of what that brings"
    return f"the least gain of {wanted:.4g}"
