"""The engine holds the journeys together, and is what a program that embeds wager calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from wager.domain.content import Item
from wager.domain.decisions import DecideRequest, Decision
from wager.domain.events import Arrival, Collected
from wager.engine.collecting import Collecting, Hooks
from wager.engine.deciding import Deciding
from wager.engine.forgetting import Forgetting
from wager.engine.learning import Learning
from wager.engine.live import Live
from wager.engine.measuring import Measuring
from wager.engine.parting import Parting
from wager.engine.people import People
from wager.engine.publishing import Publishing
from wager.engine.settings import Settings
from wager.engine.settling import Settling
from wager.engine.stock import Stock
from wager.errors import BadInput, StoreError
from wager.stores.base import Stores
from wager.stores.open import open_store


def open(
    url: str, *, settings: Settings | None = None, now: Callable[[], datetime] | None = None
) -> "Engine":
    """Open the engine on a store: `memory://`, `sqlite:///shop.db`.

    `now` stands in for the clock in tests. The store stays locked until `close`.
    """
    stores = open_store(url)
    try:
        return Engine(stores, settings=settings or Settings(), now=now or _now)
    except msgspec.MsgspecError as error:
        stores.close()
        raise StoreError(
            f"what was learnt cannot be read from {url} ({error}); `wager doctor` says more, "
            "`wager restore` puts a backup in its place"
        ) from error
    except BaseException:
        stores.close()
        raise


def _now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """Everything that the HTTP API can do, in one process.

    The journeys (`collecting`, `deciding`, ...) return what they wrote with a future that
    completes when it is durable; the methods here wait for it.
    """

    def __init__(self, stores: Stores, *, settings: Settings, now: Callable[[], datetime]) -> None:
        self.stores = stores
        self.settings = settings
        self.live = Live(stores, settings, now)
        self.learning = Learning(self.live, lambda: self.collecting.regroup())
        self.deciding = Deciding(self.live)
        self.measuring = Measuring(self.live)
        self.live.compare_items()
        forgetting = (self.measuring.forget, self.learning.forget, self.deciding.forget)
        self.forgetting = Forgetting(stores, forgetting)
        self.forgetting.keep()
        self.people = People(self.live, self.deciding.capping, self.forgetting)
        self.parting = Parting(self.live, self.forgetting)
        self.publishing = Publishing(self.live)
        self.collecting = Collecting(
            stores,
            self.live,
            Hooks(Settling(self.live).settle, self.live.held_out_from, Stock(self.live).take),
        )

    def publish(
        self,
        *,
        items: Iterable[Item | Mapping[str, Any]] = (),
        **definitions: Sequence[Mapping[str, Any]],
    ) -> list[str]:
        """Write items and definitions (`placements=[...]`, `goals=[...]`, `segments=[...]`).

        Returns warnings: what will work but is likely not what was meant. Goals come first, so
        that a placement finds its own.
        """
        self._put_items(items)
        warnings: list[str] = []
        for kind in sorted(definitions, key=lambda name: name == "placements"):
            for document in definitions[kind]:
                _, found, durable = self.publishing.put(kind, document)
                durable.result()
                warnings.extend(found)
        return warnings

    def _put_items(self, items: Iterable[Item | Mapping[str, Any]]) -> None:
        read = [one if isinstance(one, Item) else _item(one) for one in items]
        if read:
            _, durable = self.publishing.put_items(read)
            durable.result()

    def collect(self, payloads: Sequence[object]) -> Collected:
        """Take in Segment payloads (dicts); returns when they are durable."""
        result, durable = self.collecting.collect(payloads, Arrival(received_at=self.live.now()))
        durable.result()
        return result

    def decide(self, **request: Any) -> Decision:
        """What this person should see here, now: the fields of `POST /v1/decide` in snake_case.

        Returns when the bet is durably logged. For several placements at once: `decide_page`.
        """
        if "placements" in request and "placement" not in request:
            raise BadInput("`decide` answers one placement; ask `decide_page` for several at once")
        decisions, durable = self.deciding.decide(_request(request))
        durable.result()
        return decisions[0]

    def decide_page(self, **request: Any) -> list[Decision]:
        """One decision for each of `placements`, no item twice."""
        decisions, durable = self.deciding.decide(_request(request))
        durable.result()
        return decisions

    def learn(self) -> dict[str, int | str]:
        """Fold what came in since the last time; the server does this every second."""
        self.forgetting.keep()
        learnt = self.learning.learn()
        self.live.compare_items()
        self.measuring.keep_up()
        return learnt

    def close(self) -> None:
        """Keep what was learnt, wait for what is under way, let go of the store."""
        self.learning.checkpoint()
        self.measuring.checkpoint()
        self.stores.close()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _item(document: Mapping[str, Any]) -> Item:
    try:
        return msgspec.convert(dict(document), Item)
    except msgspec.ValidationError as error:
        raise BadInput(f"item {document.get('itemId')!r}: {error}") from error


def _request(fields: dict[str, Any]) -> DecideRequest:
    known = DecideRequest.__struct_fields__
    for name in fields:
        if name not in known:
            raise BadInput(f"decide has no field {name!r}; it has: {', '.join(known)}")
    try:
        return msgspec.convert(
            {DecideRequest.__struct_encode_fields__[known.index(name)]: value
             for name, value in fields.items()},
            DecideRequest,
        )  # fmt: skip
    except msgspec.ValidationError as error:
        raise BadInput(str(error)) from error
