"""What is left of what is sold: orders take from an item's stock at once, what comes back adds."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from math import ceil

from msgspec.structs import replace

from wager.domain.content import Item
from wager.domain.events import CANCELLED, ORDERED, REFUNDED, Event
from wager.engine.live import Live
from wager.unify import orders

SIGNS = {ORDERED: -1, REFUNDED: 1, CANCELLED: 1}
DAY = 86400.0
REPEATED_WITHIN = 90 * DAY  # seconds in which an order's number is known again


class Stock:
    """Keeps the stock of items; called in the transaction that writes the events."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def take(self, events: Sequence[Event]) -> None:
        """What new orders, refunds and cancellations change; an order's number counts once.

        What a browser claims under a public key changes nothing: anybody could empty the shelves.
        """
        items = self._live.items
        told = [
            event
            for event in events
            if event.name in SIGNS
            and event.verified
            and any(_counts(event, items.get(line["product_id"])) for line in orders.lines(event))
            and (event.name != ORDERED or self._is_new(event))
        ]
        changed = moved(told, items)
        if changed:
            self._live.stores.catalog.put(changed)
            self._live.load_items()

    def _is_new(self, order: Event) -> bool:
        number = orders.order_id(order)
        if number is None:
            return True
        name = blake2b(number.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        return self._live.stores.ledger.reserve(
            f"order:{name}",
            f"order:{name}:{order.message_id}",
            order.received_at,
            limit=1.0,
            window_seconds=REPEATED_WITHIN,
        )


def moved(events: Iterable[Event], items: Mapping[str, Item]) -> list[Item]:
    """The items whose stock these events change, with what is left of them, never below 0."""
    left: dict[str, Item] = {}
    for event in events:
        for line in orders.lines(event):
            name = line["product_id"]
            item = left.get(name) or items.get(name)
            if item is not None and item.stock is not None and _counts(event, item):
                change = SIGNS[event.name] * ceil(float(line.get("quantity", 1.0)))
                left[name] = replace(item, stock=max(item.stock + change, 0))
    return list(left.values())


def _counts(event: Event, item: Item | None) -> bool:
    """Whether it did not happen before the item's stock was counted."""
    return (
        item is not None
        and item.stock is not None
        and (item.stock_at is None or event.at >= item.stock_at)
    )
