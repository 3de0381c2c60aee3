"""An event settles the bets that it is an outcome of, in the transaction that writes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from wager.domain.decisions import LoggedDecision, Outcome
from wager.domain.events import CANCELLED, ORDERED, REFUNDED, Event
from wager.domain.profiles import Profile
from wager.engine.live import Live
from wager.learn import attribution
from wager.stores.base import DecisionQuery, EventQuery
from wager.unify.orders import lines, refunded, with_order

IN_TIME = timedelta(minutes=1)
PAGE, MOST = 100, 500  # bets that are looked at, the newest first


class Settling:
    """Joins events to bets, and takes back what was joined where an order goes back."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def settle(self, event: Event, profile_id: str, profile: Profile) -> tuple[str, ...]:
        """Join an event to the bets it is an outcome of; the ids of those it settled."""
        if not attribution.may_settle(event, self.live.goals.values()):
            return ()
        bets, goes_back = self._bets(event, profile_id), event.name in (REFUNDED, CANCELLED)
        if not bets and not goes_back:
            return ()
        outcomes = self._outcomes(event, bets)
        if goes_back:
            ordered = self._ordered(event, profile_id)
            outcomes += attribution.taken_back(event, ordered)
            bets = list({one.decision.decision_id: one for one in (*bets, *ordered)}.values())
        elif event.name == ORDERED and event.received_at - event.at > IN_TIME:
            outcomes += self._gone_already(event, profile_id, bets, outcomes)
        if not outcomes:
            return ()
        settled: list[tuple[str, str, float, datetime]] = []
        for bet in bets:
            name = bet.decision.decision_id
            result = attribution.settled(bet, _of(bet, outcomes))
            if result is not None:
                settled.append((name, "won" if result.won else "lost", result.reward, event.at))
        self.live.stores.decisions.reward(outcomes, settled)
        return tuple(dict.fromkeys(one.decision_id for one in outcomes))

    def _bets(self, event: Event, profile_id: str) -> Sequence[LoggedDecision]:
        decisions = self.live.stores.decisions
        named = event.properties.get("decisionId")
        if isinstance(named, str):
            logged = decisions.get(named)
            known = logged is not None and logged.decision.profile_id == profile_id
            return [logged] if logged is not None and known else []
        return self._lately(event, event.name, event.at, profile_id)

    def _lately(
        self, event: Event, name: str, at: datetime, profile_id: str
    ) -> Sequence[LoggedDecision]:
        """The person's bets that an event of this name could have settled at that moment, as far
        back as it names items that were not yet among them."""
        windows = [one.window_minutes for one in self.live.goals.values() if one.event == name]
        if not windows:
            return []
        query = DecisionQuery(
            profile_id=profile_id,
            since=at - timedelta(minutes=max(windows)),
            until=at + timedelta(microseconds=1),
            limit=PAGE,
        )
        missing = attribution.items_of(event)
        found: list[LoggedDecision] = []
        while True:
            page = self.live.stores.decisions.list(query)
            found += page.decisions
            for bet in page.decisions:
                missing -= {one.item_id for one in bet.decision.choices}
            if not missing or page.cursor is None or len(found) >= MOST:
                return found
            query = replace(query, cursor=page.cursor)

    def _ordered(self, event: Event, profile_id: str) -> Sequence[LoggedDecision]:
        """The bets that the order may have settled which a refund is of."""
        moments = (line.get("orderedAt") for line in lines(event))
        at = next((one for one in moments if one is not None), None)
        if at is None:
            return []
        return self._lately(event, ORDERED, datetime.fromisoformat(at), profile_id)

    def _gone_already(
        self, order: Event, profile_id: str, bets: Sequence[LoggedDecision],
        outcomes: Sequence[Outcome],
    ) -> list[Outcome]:  # fmt: skip
        """What refunds take back that came before their order did."""
        taken: list[Outcome] = []
        for name in (REFUNDED, CANCELLED) if outcomes else ():
            query = EventQuery(profile_id=profile_id, name=name, newest_first=True, limit=PAGE)
            for refund in (stored.event for stored in self.live.stores.events.read(query)):
                of_it = refund.properties.get("ordered", order.message_id) == order.message_id
                if of_it and refunded(refund, [order]) is not None:
                    so_far = [
                        replace(bet, outcomes=(*bet.outcomes, *_of(bet, [*outcomes, *taken])))
                        for bet in bets
                    ]
                    taken += attribution.taken_back(with_order(refund, order), so_far)
        return taken

    def _outcomes(self, event: Event, bets: Sequence[LoggedDecision]) -> list[Outcome]:
        if "decisionId" in event.properties and "products" not in event.properties:
            goals = self.live.goals
            found = [
                attribution.named(event, bet, goals.get(bet.decision.goal or "", attribution.CLICK))
                for bet in bets
            ]
            outcomes = [one for one in found if one is not None]
        else:
            outcomes = attribution.by_window(event, bets, self.live.goals)
        return attribution.further(event, bets, self.live.goals, outcomes)


def _of(bet: LoggedDecision, outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.decision_id == bet.decision.decision_id]
