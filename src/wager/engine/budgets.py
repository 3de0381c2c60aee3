"""What learning may cost: a placement's budgets for regret, kept in the ledger."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from math import ceil
from typing import Self

from msgspec.structs import replace

from wager.domain.asking import DAY, Ask
from wager.domain.decisions import Reason
from wager.domain.restraints import RegretBudget
from wager.engine.bets import Bet
from wager.engine.risking import purse
from wager.stores.base import Ledger

PARTS = 100.0  # what is taken from the ledger at once is this part of the budget


class Budgets:
    """Lets bets explore while there is something left to pay for it.

    A budget is taken from the ledger in hundredths, in the transaction of the bet that needs it;
    what is left of one is spent by the bets that follow. After a kill the rest of one hundredth
    counts as spent, so that more than the budget never is.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._held: dict[str, float] = {}
        self._refused: dict[str, tuple[RegretBudget, float]] = {}  # when so much was spent
        self._count = count()

    def bet(
        self, ask: Ask, decision_id: str, place: Callable[[Ask, str], Bet], *, preview: bool
    ) -> Bet:  # fmt: skip
        """The bet as the policy places it; where that costs more than what is left, the best."""
        budget = ask.placement.regret_budget
        if budget is None:
            return place(ask, decision_id)
        name = key(ask.placement.name, purse(ask.placement, ask.segments))
        if self._is_open(name, budget, ask.now):
            bet = place(ask, decision_id)
            if preview or self._take(name, ask.now, budget, bet.regret, decision_id):
                return bet
        return place(replace(ask, spent=_spent(budget)), decision_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """What a transaction that fails took is not taken."""
        if kind is not None:
            self._held.clear()

    def report(self, name: str, budget: RegretBudget, now: datetime) -> dict[str, object]:
        """The budget, what of it is spent in the window that ends now, and whether bets explore."""
        spent = self._spent(name, budget, now)
        return {
            "amount": budget.amount,
            "days": budget.days,
            "spent": spent,
            "left": max(budget.amount - spent, 0.0),
            "exploring": self._is_open(name, budget, now),
        }

    def _spent(self, name: str, budget: RegretBudget, now: datetime) -> float:
        return self._ledger.spent(name, now, window_seconds=budget.days * DAY)

    def _is_open(self, name: str, budget: RegretBudget, now: datetime) -> bool:
        """Whether something is left; what a bet was refused does not count until more is."""
        if self._held.get(name, 0.0) > 0.0:
            return True
        spent = self._spent(name, budget, now)
        refused = self._refused.get(name)
        if refused is not None and refused[0] == budget and spent >= refused[1]:
            return False
        return budget.amount - spent >= budget.amount / PARTS * (1.0 - 1e-9)

    def _take(
        self, name: str, now: datetime, budget: RegretBudget, regret: float, decision_id: str
    ) -> bool:  # fmt: skip
        part = budget.amount / PARTS
        held = self._held.get(name, 0.0)
        if regret > held:
            wanted = part * ceil((regret - held) / part)
            if not self._ledger.reserve(
                name,
                f"{decision_id}//regret:{next(self._count)}",
                now,
                limit=budget.amount,
                window_seconds=budget.days * DAY,
                amount=wanted,
            ):
                self._held[name] = 0.0
                self._refused[name] = budget, self._spent(name, budget, now)
                return False
            held += wanted
        self._held[name] = held - regret
        return True


def key(placement: str, segment: str | None = None) -> str:
    """The name in the ledger of a placement's budget, or of one that a segment has there."""
    own = "" if segment is None else f":segment:{segment}"
    return f"placement:{placement}:regret{own}"


def _spent(budget: RegretBudget) -> Reason:
    text = f"{budget.amount:g} in {budget.days:g} days were spent on learning: the best is shown"
    return Reason(kind="regret-budget", text=text)
