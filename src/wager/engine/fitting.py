"""From what was folded to what deciding reads: asked for when there is something new to say."""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.content import Item
from wager.domain.models import Payoffs
from wager.domain.moments import Group, groups
from wager.engine.live import Live
from wager.learn.rewards import Rewards

GROWN, SECONDS = 0.02, 5.0  # the share of new evidence, or the age, that is worth a new fit
MUCH = 1_000  # changes up to which everything new is


class Fitting:
    """Keeps each placement's payoffs, and what each item shares with others."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._fitted: dict[str, tuple[int, float, Payoffs]] = {}
        self._shared: dict[str, tuple[Item | None, Sequence[Group]]] = {}

    def payoffs(self, placement: str, fold: Rewards) -> Payoffs:
        """What the fold says; one that hardly changed is asked again after some seconds."""
        kept, now = self._fitted.get(placement), monotonic()
        if kept is None or _is_due(fold.changes - kept[0], kept[0], now - kept[1]):
            kept = fold.changes, now, fold.payoffs(PRIOR_MEAN, PRIOR_STRENGTH)
            self._fitted[placement] = kept
        return replace(kept[2], costly=True) if self._live.costs(placement) else kept[2]

    def shares(self, item_id: str) -> Sequence[Group]:
        """The groups of an item, worked out once for each of its versions."""
        item, kept = self._live.items.get(item_id), self._shared.get(item_id)
        if kept is None or kept[0] is not item:
            kept = self._shared[item_id] = item, groups(item)
        return kept[1]


def _is_due(new: int, known: int, age: float) -> bool:
    """Also where less is known than before: it has faded."""
    much = known > MUCH
    return new < 0 or new > (GROWN * known if much else 0) or (new > 0 and age > SECONDS)
