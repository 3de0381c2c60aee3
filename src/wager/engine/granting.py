"""Offers of which there are only so many: granted to a person when shown, given back unseen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from wager.domain.asking import Ask
from wager.domain.decisions import BETTER_LEFT_ALONE, Decision, LoggedDecision
from wager.stores.base import DecisionQuery, Stores

NO_LIMIT = 1e12
LATER = 200  # decisions of one person that are looked at for a showing that goes on


class Granting:
    """Counts the people that a limited item was granted to, in the ledger, never above its limit.

    A decision that shows it to somebody new reserves one; who has one keeps it. It is confirmed by
    whatever the person does with it; where the bet's window ends and nobody saw it, it is free
    again. `full` are the items of which none is left, as far as anybody asked.
    """

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self.limited: dict[str, int] = {}
        self._full: set[str] = set()

    def limit(self, item_id: str, limit: int | None) -> None:
        """How many of an item there are; None is no limit."""
        if limit is None:
            self.limited.pop(item_id, None)
        else:
            self.limited[item_id] = limit

    def gone(self, ask: Ask) -> Mapping[str, str]:
        """The limited items that this person cannot get any more."""
        if not self._full:
            return {}
        self._full = {name for name in self._full if self._is_full(name, ask.now)}
        return {name: "all-granted" for name in self._full if not self._has(ask, name)}

    def take(self, ask: Ask, decision: Decision) -> bool:
        """Reserve what the decision shows; False, and nothing is reserved, if there are too few."""
        if decision.silence not in (None, BETTER_LEFT_ALONE):
            return True
        wanted = [
            name for name in _shown(decision) if name in self.limited and not self._has(ask, name)
        ]
        person = ask.profile.profile_id
        if all(self._reserve(decision.decision_id, person, name, ask.now) for name in wanted):
            return True
        for name in wanted:
            self._stores.ledger.release(reservation(decision.decision_id, name))
        self._full = {name for name in self.limited if self._is_full(name, ask.now)}
        return False

    def granted(self, item_id: str, now: datetime) -> int:
        """How many have it, or are just being shown it."""
        return round(self._stores.ledger.spent(_of_item(item_id), now, window_seconds=None))

    def _is_full(self, item_id: str, now: datetime) -> bool:
        return item_id in self.limited and self.granted(item_id, now) >= self.limited[item_id]

    def give_back(self, bets: Sequence[LoggedDecision]) -> None:
        """What was reserved by bets whose window has passed, and was not seen; a later bet that
        still shows it to the same person takes it over."""
        ledger = self._stores.ledger
        for bet in bets:
            seen = {one.item_id for one in bet.outcomes}
            for name in _shown(bet.decision):
                if name not in self.limited or name in seen:
                    continue
                later = list(self._later(bet.decision, name))
                if any(one.item_id == name for each in later for one in each.outcomes):
                    continue
                if not ledger.release(reservation(bet.decision.decision_id, name)):
                    continue
                still = [each.decision for each in later if each.state == "open"]
                if still:
                    newest = max(still, key=lambda one: one.at)
                    self._reserve(newest.decision_id, newest.profile_id, name, newest.at)

    def _later(self, decision: Decision, item_id: str) -> Iterator[LoggedDecision]:
        """Other decisions since then that showed the item to the same person."""
        query = DecisionQuery(profile_id=decision.profile_id, since=decision.at, limit=LATER)
        for logged in self._stores.decisions.list(query).decisions:
            other = logged.decision
            if other.decision_id != decision.decision_id and item_id in _shown(other):
                yield logged

    def _has(self, ask: Ask, item_id: str) -> bool:
        spent = self._stores.ledger.spent
        return any(
            spent(_of_person(each, item_id), ask.now, window_seconds=None) >= 1.0
            for each in (ask.profile.profile_id, *ask.profile.merged_from)
        )

    def _reserve(self, decision_id: str, profile_id: str, item_id: str, at: datetime) -> bool:
        reserve, name = self._stores.ledger.reserve, reservation(decision_id, item_id)
        limit = float(self.limited[item_id])
        return reserve(_of_item(item_id), name, at, limit=limit, window_seconds=None) and reserve(
            _of_person(profile_id, item_id), name, at, limit=NO_LIMIT, window_seconds=None
        )


def reservation(decision_id: str, item_id: str) -> str:
    """The name under which a decision has taken one of an item."""
    return f"{decision_id}//{item_id}"


def _shown(decision: Decision) -> list[str]:
    return [one.item_id for one in decision.choices if one.item_id is not None]


def _of_item(item_id: str) -> str:
    return f"item:{item_id}:granted"


def _of_person(profile_id: str, item_id: str) -> str:
    return f"profile:{profile_id}:granted:{item_id}"
