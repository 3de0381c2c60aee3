"""The demonstration's store: definitions, items, eleven months of history, models."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import resources
from itertools import groupby
from typing import Any, Protocol

import msgspec

from wager.batch.tables import also_bought_in_child
from wager.batch.taste import taste_in_child
from wager.demo.completejourney import BEGIN, END, REPLAY_FROM, Moment
from wager.demo.reading import History, in_pages, read_history, read_items
from wager.demo.retelling import ZONE, Payload
from wager.domain.content import Item
from wager.domain.events import Arrival
from wager.engine.engine import Engine
from wager.errors import Conflict, NotFound, StoreError
from wager.stores.base import DecisionQuery

MARKER = "demo"
KINDS = ("goals", "segments", "placements")
EVENTS_AT_ONCE = 500
COMMITS_UNDER_WAY = 8
REHEARSE_FROM = datetime(2017, 11, 17, tzinfo=UTC)


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """How far the demonstration is, kept with its store, so that a second run goes on from it."""

    history: bool = False
    models: bool = False
    rehearsed: bool = False
    households: int | None = None


class Bars(Protocol):
    """Shows how far a step is; `start` with the same words only corrects its total."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, count: int) -> None: ...


def marker(engine: Engine) -> Marker:
    kept = engine.stores.kept(MARKER)
    return msgspec.json.decode(kept, type=Marker) if kept else Marker()


def keep(engine: Engine, mark: Marker) -> None:
    engine.stores.keep(MARKER, msgspec.json.encode(mark))


def set_up(engine: Engine, bars: Bars, *, households: int | None = None) -> None:
    """Do what has not been done yet; what was begun and cut off is done again, harmlessly."""
    mark = marker(engine)
    if mark.history and mark.households != households:
        held = "all" if mark.households is None else mark.households
        raise Conflict(f"this store holds {held} households; start over with `wager demo --fresh`")
    if not mark.history:
        _publish(engine, bars, households)
        _take_in(engine, bars, households)
        mark = Marker(history=True, households=households)
        keep(engine, mark)
    if not mark.models:
        bars.start("models: what is popular, what is also bought", None)
        with ThreadPoolExecutor(1) as beside:  # also-bought is worked out in a child process
            folded = beside.submit(engine.learn)
            engine.learning.rebuild(also_bought_in_child, taste_in_child)
            folded.result()
        engine.learning.checkpoint()
        mark = msgspec.structs.replace(mark, models=True)
        keep(engine, mark)
    if not mark.rehearsed:
        _rehearse(engine, bars, households)
        keep(engine, msgspec.structs.replace(mark, rehearsed=True))


def replayed_to(engine: Engine) -> datetime:
    """The basket that December was replayed to; it is asked again, which changes nothing."""
    query = DecisionQuery(placement="home", since=REPLAY_FROM, until=END, limit=1)
    latest = engine.deciding.list(query).decisions
    return latest[0].decision.at if latest else REPLAY_FROM


def _publish(engine: Engine, bars: Bars, households: int | None) -> None:
    own = definitions()
    items = [msgspec.convert(one, Item) for one in own["items"]]
    what = "items: products and coupons"
    bars.start(what, None)
    for page in read_items(households):
        bars.start(what, page.total)
        _, durable = engine.publishing.put_items([*items, *page.items])
        durable.result()
        items = []
        bars.advance(len(page.items))
    for kind in KINDS:
        for document in own[kind]:
            _, _, durable = engine.publishing.put(kind, document)
            durable.result()


def definitions() -> dict[str, list[dict[str, Any]]]:
    """The YAML files of this package: the same documents that `wager apply` takes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in resources.files("wager.demo").joinpath("definitions").iterdir():
        found |= msgspec.yaml.decode(file.read_bytes(), type=dict[str, list[dict[str, Any]]])
    return found


def _take_in(engine: Engine, bars: Bars, households: int | None) -> None:
    """The history, person by person: a profile is then written once for many baskets. What is
    learnt follows the events' own time, so the order of arrival changes nothing."""
    waiting: deque[Future[None]] = deque()
    what = "history: baskets from January 2017 on"
    bars.start(what, None)
    for page in read_history(BEGIN, REHEARSE_FROM, "person", households):
        bars.start(what, page.total)
        waiting.append(_collect(engine, page.moments))
        while len(waiting) > COMMITS_UNDER_WAY:
            waiting.popleft().result()
        bars.advance(sum(moment.kind == "basket" for moment in page.moments))
    for durable in waiting:
        durable.result()


def _rehearse(engine: Engine, bars: Bars, households: int | None) -> None:
    """The last two weeks of the history, a day at a time: before a day's baskets are taken in,
    what a bet on each would have been worth is learnt, so that December's odds begin near true."""
    what = "rehearsal: late November, guessed, then seen"
    bars.start(what, None)
    for total, day in _days(read_history(REHEARSE_FROM, REPLAY_FROM, "time", households)):
        bars.start(what, total)
        told = [moment for moment in day if moment.kind == "basket"]
        seen = engine.stores.events.seen([moment.name for moment in told])
        for moment in told:
            if moment.name not in seen:
                _guess(engine, moment)
        for page in in_pages(day, EVENTS_AT_ONCE):
            _collect(engine, page).result()
        engine.learn()
        bars.advance(len(told))
    engine.learning.checkpoint()


def _days(pages: Iterable[History]) -> Iterator[tuple[int, list[Moment]]]:
    """The moments of each day (UTC), with the total that their pages told."""
    told = ((page.total, moment) for page in pages for moment in page.moments)
    for (total, _), day in groupby(told, key=lambda one: (one[0], one[1].at.date())):
        yield total, [moment for _, moment in day]


def _guess(engine: Engine, moment: Moment) -> None:
    try:
        profile = engine.people.stored("user_id", moment.user_id)
    except NotFound:
        return  # its first basket: nothing was known
    bought = {str(line["product_id"]) for line in moment.payloads[0]["properties"]["products"]}
    engine.learning.rehearse(profile, "home", at=moment.at, zone=ZONE, bought=bought)


def _collect(engine: Engine, moments: Sequence[Moment]) -> "Future[None]":
    payloads: list[Payload] = [told for moment in moments for told in moment.payloads]
    arrival = Arrival(received_at=datetime.now(UTC), source="complete-journey")
    collected, durable = engine.collecting.collect(payloads, arrival)
    if collected.quarantined:
        first = collected.quarantined[0]
        raise StoreError(
            f"{len(collected.quarantined)} events of the history were not taken in; the first: "
            f"{first.detail}; start over with `wager demo --fresh`"
        )
    return durable
