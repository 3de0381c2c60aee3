"""No more is promised than there is: what is being shown is likely to be sold, too."""

from collections import deque
from collections.abc import Mapping

from wager.domain.content import Item
from wager.domain.decisions import Decision
from wager.domain.definitions import Goal
from wager.domain.events import ORDERED

BUCKETS = 60.0  # of a window: what was shown together is over together


class Pacing:
    """Adds up how many of an item are likely to be ordered by those who were shown it lately.

    With p what a bet on an order is told to win with, the sum of p over the showings whose windows
    are not over is the demand that is expected of them. Where it reaches the stock, the item rests.
    Kept in memory: after a restart it begins anew.
    """

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._shown: dict[str, deque[tuple[float, float]]] = {}  # until when (seconds), and p
        self._full: set[str] = set()

    def placed(self, decision: Decision, goal: Goal | None) -> None:
        """A bet is shown: what it is likely to sell of what is counted."""
        if goal is None or goal.event != ORDERED or isinstance(goal.value, str) or goal.value <= 0:
            return
        for one in decision.choices:
            item = None if one.item_id is None else self._items.get(one.item_id)
            if item is not None and item.stock is not None:
                likely = min(max(one.expected_reward / goal.value, 0.0), 1.0)
                now, window = decision.at.timestamp(), goal.window_minutes * 60.0
                step = window / BUCKETS
                due = (now + window) // step * step + step
                shown = self._shown.setdefault(item.item_id, deque())
                if shown and shown[-1][0] == due:
                    shown[-1] = due, shown[-1][1] + likely
                else:
                    shown.append((due, likely))
                if self._is_full(item.item_id, now):
                    self._full.add(item.item_id)

    def short(self, now: float) -> Mapping[str, str]:
        """The items of which those who were shown them are likely to buy all that there are."""
        if not self._full:
            return {}
        self._full = {name for name in self._full if self._is_full(name, now)}
        return dict.fromkeys(self._full, "short")

    def promised(self, item_id: str, now: float) -> float:
        """How many those who were shown it are likely to order in the windows that still run."""
        shown = self._shown.get(item_id, ())
        return sum(likely for until, likely in list(shown) if until > now)

    def _is_full(self, item_id: str, now: float) -> bool:
        item, shown = self._items.get(item_id), self._shown.get(item_id, deque())
        while shown and shown[0][0] <= now:
            shown.popleft()
        if item is None or item.stock is None or not shown:
            self._shown.pop(item_id, None)
            return False
        return sum(likely for _, likely in shown) >= item.stock
