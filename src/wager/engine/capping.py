"""Frequency caps: what was shown lately is counted in the ledger, never above the limit."""

from collections import Counter as Counts
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wager.decide.restraint import has_tag
from wager.domain.asking import Ask
from wager.domain.content import Item
from wager.domain.decisions import BETTER_LEFT_ALONE, Decision, LoggedDecision, Reason
from wager.domain.definitions import Cap, Placement, UseCase
from wager.domain.profiles import Profile
from wager.domain.stages import responded_at
from wager.engine.granting import reservation
from wager.stores.base import DecisionQuery, Ledger, Stores

IN_FORCE = ("pilot", "live")
PEOPLE_REMEMBERED = 20_000
PAGE, PAGES = 500, 4
NO_LIMIT = 1e12
_SILENT = ("placement", "channel", "person", "household")


@dataclass(frozen=True, slots=True)
class Counter:
    """A cap, in force from `start` until `until`; `name` is what it counts for one person or
    household, `about` the tag, placement or use case in it, `case` the use case that declares it
    and that alone it holds back."""

    cap: Cap
    name: str
    about: str = ""
    case: str = ""
    start: datetime | None = None
    until: datetime | None = None

    @property
    def seconds(self) -> float:
        return self.cap.window_minutes * 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caps leave: nothing at all (`silence`), or no more of some items, tags and use cases
    (`full`)."""

    silence: Reason | None = None
    resting: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[str, int] = field(default_factory=dict)
    full: Mapping[str, Reason] = field(default_factory=dict)


def counters(
    placements: Mapping[str, Placement], use_cases: Sequence[UseCase]
) -> dict[str, tuple[Counter, ...]]:
    """The caps of each placement: its own, and those of its use cases that are pilot or live.

    Caps of one kind, name and window share their count, whichever placements declare them.
    """
    found: dict[str, list[Counter]] = {}
    for placement in placements.values():
        for cap in placement.caps:
            found.setdefault(placement.name, []).append(_counter(cap, placement.name))
    for case in use_cases:
        if case.state in IN_FORCE:
            for cap in case.caps:
                found.setdefault(case.placement, []).append(
                    _of_case(_counter(cap, case.name), case)
                )
    return {name: tuple(dict.fromkeys(each)) for name, each in found.items()}


def _of_case(one: Counter, case: UseCase) -> Counter:
    """What an item or a tag may be shown holds whoever shows it; all else is the use case's own."""
    name = "" if one.cap.per in ("item", "tag") else case.name
    return replace(one, start=case.start, until=case.until, case=name)


def running(caps: Sequence[Counter], now: datetime) -> Sequence[Counter]:
    """Those of the caps that are in force at a moment."""
    if all(one.start is None and one.until is None for one in caps):
        return caps
    return [
        one
        for one in caps
        if (one.start is None or one.start <= now) and (one.until is None or now < one.until)
    ]


def _counter(cap: Cap, declared_by: str) -> Counter:
    named = {"tag": cap.tag or "", "placement": declared_by, "useCase": declared_by}
    about = named.get(cap.per, "")
    how = "" if cap.counts == "decided" else f":{cap.counts}"
    return Counter(cap, f"{cap.per}:{about}:{cap.window_minutes:g}{how}", about)


class Capping:
    """Says what the caps leave, and takes from them what a decision shows."""

    def __init__(self, stores: Stores, items: Mapping[str, Item]) -> None:
        self._stores = stores
        self._items = items
        self._shown: OrderedDict[str, tuple[tuple[str, ...], Counts[str]]] = OrderedDict()

    def limits(self, ask: Ask, caps: Sequence[Counter]) -> Limits:
        """What may still be shown; asked in the transaction that `take` is called in."""
        capped: set[str] = set()
        rooms: dict[str, int] = {}
        full: dict[str, Reason] = {}
        for one in caps:
            if one.cap.per in ("useCase", *_SILENT):
                if self._left(ask, one) < 1.0:
                    if not one.case:
                        return Limits(silence=_full(one))
                    full[one.case] = _full(one)
            elif one.cap.per == "tag":
                tag, left = str(one.cap.tag), int(self._left(ask, one))
                rooms[tag] = min(left, rooms.get(tag, left))
            else:
                shown = self._shown_to(ask, max(each.seconds for each in caps))
                capped.update(
                    name
                    for name, times in shown.items()
                    if times >= one.cap.limit and self._left(ask, one, name) < 1.0
                )
        return Limits(resting=dict.fromkeys(capped, "capped"), rooms=rooms, full=full)

    def take(self, ask: Ask, caps: Sequence[Counter], decision: Decision) -> bool:
        """Count what the decision shows; False, and nothing is counted, if it is too much."""
        shown = [one.item_id for one in decision.choices if one.item_id is not None]
        if not shown or decision.silence not in (None, BETTER_LEFT_ALONE):
            return True
        serves = {one.use_case for one in decision.choices}
        taken = all(
            self._reserve(ask, one, name, amount, f"{decision.decision_id}{part}", serves)
            for one in caps
            for name, amount, part in self._parts(one, decision, shown)
        )
        if not taken:
            for reservation in reservations(decision):
                self._stores.ledger.release(reservation)
        known = self._shown.get(ask.profile.profile_id)
        if known is not None:
            known[1].update(shown)
        return taken

    def _parts(
        self, one: Counter, decision: Decision, shown: Sequence[str]
    ) -> Iterator[tuple[str, int, str]]:
        """What a decision takes of one counter: (item or "", how many, the reservation's end).

        What has to be seen is reserved item by item, so that the unseen can be given back."""
        cap, seen = one.cap, one.cap.counts == "seen"
        serves = cap.per == "useCase" and any(
            choice.use_case == one.about for choice in decision.choices
        )
        if cap.per in _SILENT or serves:
            yield "", 1, "/" if seen else ""
            return
        for name in shown:
            if cap.per == "item":
                yield name, 1, f"/{name}" if seen else ""
        if cap.per == "tag":
            about = [name for name in shown if has_tag(self._items[name], str(cap.tag))]
            if seen:
                yield from (("", 1, f"/{name}") for name in about)
            elif about:
                yield "", len(about), ""

    def _reserve(
        self, ask: Ask, one: Counter, item: str, amount: int, reservation: str,
        serves: Collection[str | None],
    ) -> bool:  # fmt: skip
        """What serves another use case than the cap's own is counted, and has no limit there."""
        free = one.cap.unanswered or (one.case and one.case not in serves)
        limit = NO_LIMIT if free else float(one.cap.limit)
        return all(
            self._stores.ledger.reserve(
                _key(owner, one, ask, item),
                reservation,
                ask.now,
                limit=limit - self._elsewhere(ask, one, item, one.seconds),
                window_seconds=one.seconds,
                amount=float(amount),
            )
            for owner in _owners(one.cap, ask.profile)
        )

    def _left(self, ask: Ask, one: Counter, item: str = "") -> float:
        return one.cap.limit - self.spent(ask, one, item)

    def spent(self, ask: Ask, one: Counter, item: str = "", *, ahead: float = 0.0) -> float:
        """What is counted now; with `ahead` what will be in so many seconds if nothing is shown."""
        spent = self._stores.ledger.spent
        window = seconds = max(one.seconds - ahead, 1e-6)
        if one.cap.unanswered and (answered := responded_at(ask.profile)) is not None:
            seconds = min(seconds, max((ask.now - answered).total_seconds(), 1e-6))
        most = max(
            spent(_key(owner, one, ask, item), ask.now, window_seconds=seconds)
            for owner in _owners(one.cap, ask.profile)
        )
        return most + self._elsewhere(ask, one, item, window)

    def _elsewhere(self, ask: Ask, one: Counter, item: str, seconds: float) -> float:
        """What was counted for the profiles that have been merged into this one."""
        if one.cap.per == "household" and ask.profile.households:
            return 0.0
        if not ask.profile.merged_from:
            return 0.0
        spent = self._stores.ledger.spent
        return sum(
            spent(_key(f"profile:{other}", one, ask, item), ask.now, window_seconds=seconds)
            for other in ask.profile.merged_from
        )

    def _shown_to(self, ask: Ask, seconds: float) -> Mapping[str, int]:
        """How often at most each item was counted for the person, from the log the first time.

        It spares asking the ledger about all the others; what is missing here, `take` finds.
        """
        profile = ask.profile
        known = self._shown.get(profile.profile_id)
        if known is None or known[0] != profile.merged_from:
            shown = (choice for made in self.logged(ask, seconds) for choice in made.choices)
            items = Counts(one.item_id for one in shown if one.item_id is not None)
            known = profile.merged_from, items
            self._shown[profile.profile_id] = known
            if len(self._shown) > PEOPLE_REMEMBERED:
                self._shown.popitem(last=False)
        return known[1]

    def logged(self, ask: Ask, seconds: float) -> Iterator[Decision]:
        """What was decided for the person within so many seconds, the newest of it."""
        query = DecisionQuery(
            profile_id=ask.profile.profile_id,
            since=ask.now - timedelta(seconds=seconds),
            limit=PAGE,
        )
        cursor: str | None = None
        for _ in range(PAGES):
            page = self._stores.decisions.list(_after(query, cursor))
            yield from (logged.decision for logged in page.decisions)
            cursor = page.cursor
            if cursor is None:
                return

    def forget(self, profile_ids: Iterable[str]) -> None:
        """People were erased."""
        for one in profile_ids:
            self._shown.pop(one, None)


def _after(query: DecisionQuery, cursor: str | None) -> DecisionQuery:
    return DecisionQuery(
        profile_id=query.profile_id, since=query.since, limit=query.limit, cursor=cursor
    )


def reservations(decision: Decision) -> list[str]:
    """Every name under which a decision may have taken something."""
    name = decision.decision_id
    shown = [one.item_id for one in decision.choices if one.item_id is not None]
    seen = (f"{name}/{item_id}" for item_id in shown)
    return [name, f"{name}/", *seen, *(reservation(name, item_id) for item_id in shown)]


def unseen(logged: LoggedDecision) -> list[str]:
    """What is given back of a bet whose window has passed: what nobody saw or acted upon."""
    seen = {one.item_id for one in logged.outcomes}
    name = logged.decision.decision_id
    shown = [one.item_id for one in logged.decision.choices if one.item_id is not None]
    back = [f"{name}/{item_id}" for item_id in shown if item_id not in seen]
    return back if seen else [f"{name}/", *back]


def give_back(
    ledger: Ledger, caps: Mapping[str, Sequence[Counter]], bets: Sequence[LoggedDecision]
) -> None:
    """What was counted against caps that count what is seen, and was not seen."""
    for bet in bets:
        counted = caps.get(bet.decision.placement, ())
        if any(one.cap.counts == "seen" for one in counted):
            for reservation in unseen(bet):
                ledger.release(reservation)


def _owners(cap: Cap, profile: Profile) -> Sequence[str]:
    """Whose account it is: the person's, or that of each household (who has none is one)."""
    if cap.per == "household" and profile.households:
        return [f"household:{name}" for name in profile.households]
    return [f"profile:{profile.profile_id}"]


def _key(owner: str, one: Counter, ask: Ask, item: str) -> str:
    channel = f":{ask.context.get('channel', '')}" if one.cap.per == "channel" else ""
    return f"{owner}:cap:{one.name}{channel}:{item}"


def _full(one: Counter) -> Reason:
    cap = one.cap
    within = f"{cap.limit} in {_span(cap.window_minutes)}"
    if cap.unanswered:
        text = f"{within} without a response, which is the most for this {_SAID[cap.per]}"
        return Reason(kind="unanswered", text=text)
    return Reason(kind="capped", text=f"{within} were shown, the most for this {_SAID[cap.per]}")


def _span(minutes: float) -> str:
    """
    >>> _span(30), _span(1440), _span(10080)
    ('30 minutes', '24 hours', '7 days')
    """
    for unit, size in (("days", 1440.0), ("hours", 60.0)):
        if minutes >= 2 * size:
            return f"{minutes / size:.4g} {unit}"
    return f"{minutes:g} minutes"


_SAID = {
    "placement": "person in this placement",
    "useCase": "person in this use case",
    "channel": "person in this channel",
    "person": "person",
    "household": "household",
}
