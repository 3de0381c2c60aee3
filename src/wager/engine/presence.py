"""Who is using the account at this moment, and whether that is sure enough to go by."""

from collections import OrderedDict
from collections.abc import Mapping

from wager.domain.asking import Ask
from wager.domain.decisions import Reason
from wager.domain.profiles import Profile, Use
from wager.unify.persons import Persons, persons, present
from wager.unify.uses import HOURS_OF_USE, short, taste

KEPT = 20_000


class Presence:
    """Tells the people in shared accounts apart; kept until there is a new use."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Mapping[str, Use], Persons | None]] = OrderedDict()

    def doubt(self, ask: Ask, device: str | None) -> tuple[Reason | None, Reason | None]:
        """Why nothing of one person's own may be assumed, and who is there where it may.

        Neither, where one person uses the account or the placement does not ask. `device` is the
        name that the request gives it.
        """
        needed = ask.placement.identity_threshold
        found = self.present(ask, device) if needed > 0 else None
        if found is None:
            return None, None
        odds = found[1]
        surest = max(odds)
        people = f"{len(odds)} people seem to use this account"
        if surest < needed:
            text = f"{people}, and who is there is {surest:.0%} sure, {needed:.0%} needed"
            return Reason(kind="who", text=text), None
        number = odds.index(surest) + 1
        return None, Reason(kind="who", text=f"{people}; it is number {number}, {surest:.0%} sure")

    def present(self, ask: Ask, device: str | None) -> tuple[Persons, tuple[float, ...]] | None:
        """The people in the account and the probability of each; None where it is one person's."""
        found = self._persons(ask.profile)
        if found is None:
            return None
        items = ask.shelf.items
        tastes = [
            taste(one) for name in ask.cart if name in items for one in items[name].categories
        ]
        return found, present(
            found,
            part=ask.local.hour // HOURS_OF_USE,
            weekend=ask.local.weekday() >= 5,
            device=None if device is None else short(device),
            tastes=tastes[:1],
        )

    def _persons(self, profile: Profile) -> Persons | None:
        kept = self._kept.get(profile.profile_id)
        if kept is not None and kept[0] is profile.uses:
            self._kept.move_to_end(profile.profile_id)
            return kept[1]
        found = persons(profile.uses.values())
        self._kept[profile.profile_id] = profile.uses, found
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found
