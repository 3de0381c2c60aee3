"""What there is only so much of: offers with a limit, and what is sold out or nearly."""

from datetime import datetime
from heapq import nsmallest
from typing import Any

from wager.domain.content import Item
from wager.engine.live import Live

SHOWN = 50


def stock_of(live: Live, now: datetime) -> dict[str, Any]:
    """The limited offers with what was granted of them; the items with the least stock, and those
    of them that are not sold out, each with what it is likely to lose to those who see it now."""
    counted = [item for item in list(live.items.values()) if item.stock is not None]
    there = [item for item in counted if _stock(item) > 0]
    return {
        "limited": {
            name: _granted(live, name, limit, now) for name, limit in live.grants.limited.items()
        },
        "counted": len(counted),
        "soldOut": len(counted) - len(there),
        "lowest": [_counted(live, item, now) for item in nsmallest(SHOWN, counted, key=_rank)],
        "nearly": [_counted(live, item, now) for item in nsmallest(SHOWN, there, key=_rank)],
    }


def _granted(live: Live, name: str, limit: int, now: datetime) -> dict[str, Any]:
    granted = live.grants.granted(name, now)
    return {
        "title": live.items[name].title,
        "limit": limit,
        "granted": granted,
        "left": max(limit - granted, 0),
    }


def _counted(live: Live, item: Item, now: datetime) -> dict[str, Any]:
    return {
        "itemId": item.item_id,
        "title": item.title,
        "stock": item.stock,
        "stockAt": item.stock_at,
        "promised": live.pacing.promised(item.item_id, now.timestamp()),
    }


def _rank(item: Item) -> tuple[int, str]:
    return _stock(item), item.item_id


def _stock(item: Item) -> int:
    return item.stock or 0
