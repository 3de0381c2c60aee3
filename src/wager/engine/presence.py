"""Who is using the account at this moment, and whether that is sure enough to go by."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from wager.domain.asking import Ask
from wager.domain.decisions import Reason
from wager.domain.profiles import Profile, Use
from wager.unify.persons import Persons, persons, present, theirs
from wager.unify.uses import HOURS_OF_USE, short, taste
from wager.unify.view import view

KEPT, PARTS_KEPT = 20_000, 1000


class Seen(NamedTuple):
    """Why it is not sure enough who of an account is there, or who it is: its words, and the odds
    of each person, in tenths, so that few parts of an account have to be kept."""

    doubt: Reason | None = None
    who: Reason | None = None
    odds: tuple[float, ...] = ()


class Presence:
    """Tells the people in shared accounts apart; kept until there is a new use."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Mapping[str, Use], Persons | None]] = OrderedDict()
        self._parts: OrderedDict[tuple[str, tuple[float, ...]], tuple[int, Profile]] = OrderedDict()

    def doubt(self, ask: Ask, device: str | None) -> Seen:
        """Why nothing of one person's own may be assumed, or who is there where it may.

        Neither, where one person uses the account or the placement does not ask. `device` is the
        name that the request gives it.
        """
        needed = ask.placement.identity_threshold
        found = self.present(ask, device) if needed > 0 else None
        if found is None:
            return Seen()
        odds = found[1]
        surest = max(odds)
        people = f"{len(odds)} people seem to use this account"
        if surest < needed:
            text = f"{people}, and who is there is {surest:.0%} sure, {needed:.0%} needed"
            return Seen(Reason(kind="who", text=text))
        number = odds.index(surest) + 1
        text = f"{people}; it is number {number}, {surest:.0%} sure: what is theirs counts"
        tenths = [round(one, 1) for one in odds]
        present = tuple(one / sum(tenths) for one in tenths)
        return Seen(None, Reason(kind="who", text=text), present)

    def as_theirs(self, ask: Ask, odds: tuple[float, ...]) -> Ask:
        """The ask with what is likely theirs who is there in place of all of the account, where
        somebody was recognised; what keeps an item out (bought, never again) is everybody's."""
        if not odds or ask.level != "context":
            return ask
        profile, name = ask.profile, (ask.profile.profile_id, odds)
        kept = self._parts.get(name)
        if kept is None or kept[0] != profile.version:
            found = self._persons(profile)
            part = profile if found is None else theirs(profile, found, odds, ask.shelf.items)
            kept = self._parts[name] = profile.version, part
            if len(self._parts) > PARTS_KEPT:
                self._parts.popitem(last=False)
        self._parts.move_to_end(name)
        known = view(kept[1], ask.now) if ask.known else ask.known
        return replace(ask, profile=kept[1], present=odds, known=known)

    def forget(self, profile_ids: Iterable[str]) -> None:
        """People were erased."""
        gone = frozenset(profile_ids)
        for profile_id in gone:
            self._kept.pop(profile_id, None)
        for name in [name for name in self._parts if name[0] in gone]:
            del self._parts[name]

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
