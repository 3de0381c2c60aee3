"""From what was folded to what deciding reads: asked for when there is something new to say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic, thread_time

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.content import Item
from wager.domain.models import Payoffs
from wager.domain.moments import Group, groups
from wager.engine.live import Live
from wager.learn.rewards import Rewards

GROWN, SECONDS = 0.02, 5.0  # the share of new evidence, or the age, that is worth a new fit
RESTS = 60.0  # times as long as a fit took
MUCH, QUICK = 1_000, 0.05  # changes up to which everything new is, where a fit takes no longer
TRIED = 20.0  # showings after which an item is not untried any more


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What was fitted after how many changes, when by the engine's clock and by the machine's,
    and how long that worked (seconds)."""

    changes: int
    at: tuple[float, float]
    took: float
    payoffs: Payoffs

    def is_due(self, changes: int, now: tuple[float, float]) -> bool:
        """Whether it is worth a new fit, also where less is known than before: it has faded. On
        whichever clock it is older: in a simulation hours pass within a second."""
        new = changes - self.changes
        age = max(here - there for here, there in zip(now, self.at, strict=True))
        if new < 0 or (self.changes <= MUCH and self.took <= QUICK):
            return new != 0
        return age > RESTS * self.took and (
            new > GROWN * self.changes or (new > 0 and age > SECONDS)
        )


class Fitting:
    """Keeps each placement's payoffs, and what each item shares with others."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._fitted: dict[str, _Fitted] = {}
        self._shared: dict[str, tuple[Item | None, Sequence[Group]]] = {}

    def payoffs(self, placement: str, fold: Rewards) -> Payoffs:
        """What the fold says; one that hardly changed is asked again after some seconds."""
        kept, began = self._fitted.get(placement), thread_time()
        now = self._live.now().timestamp(), monotonic()
        if kept is None or kept.is_due(fold.changes, now):
            payoffs = replace(
                fold.payoffs(PRIOR_MEAN, PRIOR_STRENGTH), untried=self._untried(placement, fold)
            )
            took = thread_time() - began
            kept = self._fitted[placement] = _Fitted(fold.changes, now, took, payoffs)
        return replace(kept.payoffs, costly=True) if self._live.costs(placement) else kept.payoffs

    def forget(self, *placements: str) -> None:
        """Other folds have these names now."""
        for name in placements:
            self._fitted.pop(name, None)

    def _untried(self, placement: str, fold: Rewards) -> Sequence[tuple[str, Sequence[str]]]:
        """The newest items of the kinds that are shown there which were hardly ever shown, with
        their categories."""
        found, shelf, cells = self._live.placements.get(placement), self._live.shelf, fold.cells
        kinds = found.kinds if found is not None and found.kinds else shelf.kinds
        return [
            (name, shelf.items[name].categories)
            for kind in kinds
            for name in shelf.kinds.get(kind, ())
            if name in shelf.items and (name not in cells.items or cells.items[name][0] < TRIED)
        ]

    def shares(self, item_id: str) -> Sequence[Group]:
        """The groups of an item, worked out once for each of its versions."""
        item, kept = self._live.items.get(item_id), self._shared.get(item_id)
        if kept is None or kept[0] is not item:
            kept = self._shared[item_id] = item, groups(item)
        return kept[1]
