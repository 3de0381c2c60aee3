"""What settled bets say of the bookmaker himself: whether what was said of them came true."""

from dataclasses import replace

import msgspec

from wager.domain.decisions import LoggedDecision
from wager.domain.models import Payoffs
from wager.domain.settlement import news
from wager.learn.honesty import Honesty, choices, weight_at


class Judging(msgspec.Struct):
    """Feed it logged decisions whenever they changed; a part of the checkpoint of learning.

    `open` are the ids of the bets that are not settled.
    """

    honesty: dict[str, Honesty] = {}
    open: set[str] = set()

    def take(self, logged: LoggedDecision, *, since: int) -> None:
        """Count what was settled, or settled otherwise, since the cursor."""
        decision = logged.decision
        name = decision.decision_id
        found = news(logged, since=since, was_open=name in self.open)
        if logged.state == "open":
            self.open.add(name)
            return
        self.open.discard(name)
        if found.before == found.after or not decision.learns:
            return
        fold = self.honesty.setdefault(decision.placement, Honesty())
        weight = weight_at(decision.at.timestamp())
        for said, before, after in choices(decision, found.before, found.after):
            if before is None:
                fold.add(said, after, weight)
            elif before != after:
                fold.correct(said, before, after, weight)

    def put_right(self, placement: str, payoffs: Payoffs) -> Payoffs:
        """The payoffs with what to say instead of what they say."""
        fold = self.honesty.get(placement)
        return payoffs if fold is None else replace(payoffs, honest=fold.curve())
