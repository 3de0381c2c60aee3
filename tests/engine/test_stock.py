"""Limited quantities: what is sold is gone at once, and no more is granted than there is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.domain.events import Arrival
from wager.engine.engine import Engine
from wager.engine.granting import Granting
from wager.engine.pacing import Pacing

START = datetime(2026, 3, 2, tzinfo=UTC)
CLIENTS = 16


class Shop:
    def __init__(self, url: str = "memory://") -> None:
        self.at, self.turn = START, 0
        self.engine: Engine = wager.open(url, now=lambda: self.at)

    def sell(self, name: str, item_id: str, quantity: float = 1, **more: Any) -> None:
        self.turn += 1
        line = {"product_id": item_id, "quantity": quantity}
        event = {"type": "track", "event": name, "userId": "ada", "messageId": f"m-{self.turn}"}
        properties = {"products": [line]} | more.pop("properties", {})
        self.engine.collect([event | {"properties": properties} | more])

    def stock(self, item_id: str) -> int | None:
        kept = self.engine.stores.catalog.get(item_id)
        assert kept == self.engine.live.items[item_id]
        return kept.stock

    def rule(self, item_id: str) -> str | None:
        decision = self.engine.decide(placement="home", user_id="bob", preview=True)
        return next((one.rule for one in decision.excluded if one.item_id == item_id), None)


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    items = [{"itemId": "mug", "stock": 3}, {"itemId": "tea"}, {"itemId": "cup", "stock": 5}]
    made.engine.publish(items=items, placements=[{"name": "home", "default": ["mug", "tea"]}])
    yield made
    made.engine.close()


# ---- stock


def test_what_is_sold_is_gone_at_once_and_what_comes_back_is_there_again(shop: Shop) -> None:
    shop.sell("Order Completed", "mug", 2)
    assert shop.stock("mug") == 1
    assert shop.rule("mug") is None
    shop.sell("Order Completed", "mug")
    assert shop.stock("mug") == 0
    assert shop.rule("mug") == "out-of-stock"
    shop.sell("Order Completed", "mug", 4)
    assert shop.stock("mug") == 0
    shop.sell("Order Refunded", "mug")
    shop.sell("Order Cancelled", "mug")
    assert shop.stock("mug") == 2
    assert shop.rule("mug") is None
    assert shop.stock("tea") is None
    assert shop.stock("cup") == 5


def test_a_repeat_takes_nothing_neither_a_message_nor_an_order(shop: Shop) -> None:
    shop.sell("Order Completed", "mug", properties={"order_id": "o-1"}, messageId="same")
    shop.sell("Order Completed", "mug", properties={"order_id": "o-1"}, messageId="same")
    shop.sell("Order Completed", "mug", properties={"order_id": "o-1"})
    assert shop.stock("mug") == 2
    shop.sell("Order Refunded", "mug", properties={"order_id": "o-1", "products": []})
    assert shop.stock("mug") == 3  # the whole order, which the refund does not spell out


def test_who_counts_anew_begins_anew_and_the_past_takes_nothing(shop: Shop) -> None:
    shop.sell("Order Completed", "mug", 2)
    shop.at += timedelta(days=1)
    shop.engine.publish(items=[{"itemId": "mug", "stock": 9}])
    shop.sell("Order Completed", "mug", timestamp=(shop.at - timedelta(hours=1)).isoformat())
    assert shop.stock("mug") == 9
    shop.sell("Order Completed", "mug")
    assert shop.stock("mug") == 8
    counted = (shop.at + timedelta(hours=1)).isoformat()
    shop.engine.publish(items=[{"itemId": "mug", "stock": 7, "stockAt": counted}])
    shop.sell("Order Completed", "mug")
    assert shop.stock("mug") == 7
    shop.engine.publish(items=[{"itemId": "mug"}])
    shop.sell("Order Completed", "mug")
    assert shop.stock("mug") is None


def test_what_a_browser_claims_empties_no_shelf(shop: Shop) -> None:
    order = {"type": "track", "event": "Order Completed", "anonymousId": "x"}
    claimed = order | {"properties": {"products": [{"product_id": "mug", "quantity": 3}]}}
    arrival = Arrival(received_at=shop.at, public=True)
    taken, durable = shop.engine.collecting.collect([claimed], arrival)
    durable.result()
    assert taken.accepted == 1
    assert shop.stock("mug") == 3


def test_many_orders_at_once_are_all_counted_and_none_is_shown_when_sold_out(shop: Shop) -> None:
    shop.engine.publish(items=[{"itemId": "mug", "stock": 100}])

    def client(number: int) -> list[bool]:
        late = []
        for turn in range(8):
            line = {"product_id": "mug", "quantity": 1}
            order = {"type": "track", "event": "Order Completed", "userId": f"u-{number}"}
            name = f"{number}-{turn}"
            sent = order | {"messageId": name, "properties": {"products": [line]}}
            shop.engine.collect([sent])
            gone = shop.engine.live.items["mug"].stock == 0
            decision = shop.engine.decide(placement="home", user_id=f"v-{number}")
            late.append(gone and decision.choices[0].item_id == "mug")
        return late

    with ThreadPoolExecutor(CLIENTS) as pool:
        shown = [one for each in pool.map(client, range(CLIENTS)) for one in each]
    assert not any(shown)
    assert shop.stock("mug") == 0  # 128 were ordered


def test_what_is_left_survives_a_restart_and_a_sale_ranks_no_shelf(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/shop.db"
    first = Shop(url)
    first.engine.publish(items=[{"itemId": "mug", "stock": 3}, {"itemId": "tea"}])
    shelf = first.engine.live.shelf
    first.sell("Order Completed", "mug", 2)
    assert first.engine.live.shelf is shelf
    assert shelf.items["mug"].stock == 1
    first.engine.close()
    second = Shop(url)
    second.turn = first.turn
    assert second.stock("mug") == 1
    second.sell("Order Completed", "mug")
    assert second.stock("mug") == 0
    second.engine.close()


# ---- no more is promised than there is


def promised(shop: Shop, people: int) -> tuple[int, float]:
    """How many of these people were shown the last mugs, and how many were likely to be sold."""
    shown, likely = 0, 0.0
    for number in range(people):
        choice = shop.engine.decide(placement="buy", user_id=f"v-{number}").choices[0]
        shown += choice.item_id == "mug"
        likely += choice.expected_reward / 0.5 if choice.item_id == "mug" else 0.0
    return shown, likely


def selling(shop: Shop, stock: int, event: str = "Order Completed") -> None:
    goal = {"name": "sold", "event": event, "value": 0.5, "windowMinutes": 60}
    buy = {"name": "buy", "goal": "sold", "default": "mug", "levels": ["neutral"]}
    shop.engine.publish(items=[{"itemId": "mug", "stock": stock}], goals=[goal], placements=[buy])


def is_paced(shop: Shop) -> None:
    selling(shop, 3)
    shown, likely = promised(shop, 400)
    each = likely / shown
    assert 3.0 <= likely < 3.0 + each
    assert shown < 400
    asked = {"placement": "buy", "user_id": "late", "preview": True}
    assert ("mug", "short") in {
        (one.item_id, one.rule) for one in shop.engine.decide(**asked).excluded
    }
    shop.at += timedelta(minutes=62)
    assert shop.engine.decide(**asked).choices[0].item_id == "mug"


def test_no_more_is_promised_than_is_likely_to_be_there(shop: Shop) -> None:
    is_paced(shop)


def test_a_pace_that_is_not_kept_is_found_out(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pacing, "short", lambda *_: {})
    with pytest.raises(AssertionError):
        is_paced(shop)


def test_a_click_sells_nothing_and_more_stock_is_more_room(shop: Shop) -> None:
    selling(shop, 3, event="Item Clicked")
    assert promised(shop, 200)[0] == 200
    selling(shop, 3)
    few = promised(shop, 400)[0]
    selling(shop, 6)
    assert 0.9 * few <= promised(shop, 400)[0] <= 1.1 * few  # as many again


# ---- what is granted to so many people


def offers(shop: Shop, limit: int) -> None:
    shop.engine.publish(
        items=[{"itemId": "coupon", "title": "10 % off", "limit": limit}, {"itemId": "tea"}],
        placements=[{"name": "home", "default": ["coupon", "tea"]}],
    )


def shown(shop: Shop, person: str) -> Decision:
    return shop.engine.decide(placement="home", user_id=person)


def granted(shop: Shop) -> int:
    return shop.engine.live.grants.granted("coupon", shop.at)


def exact(shop: Shop, limit: int) -> None:
    """Sixteen clients, each for ten people, want one of so many."""
    offers(shop, limit)

    def client(number: int) -> list[str | None]:
        found = [shown(shop, f"u-{number}-{turn}") for turn in range(10)]
        return [one.choices[0].item_id for one in found]

    with ThreadPoolExecutor(CLIENTS) as pool:
        first = [one for each in pool.map(client, range(CLIENTS)) for one in each]
    assert first.count("coupon") == limit
    assert first.count("tea") == 10 * CLIENTS - limit
    assert granted(shop) == limit


def test_not_one_too_many_is_granted(shop: Shop) -> None:
    exact(shop, 37)
    late = shop.engine.decide(placement="home", user_id="late")
    assert [(one.item_id, one.rule) for one in late.excluded if one.item_id == "coupon"] == [
        ("coupon", "all-granted")
    ]


def test_a_grant_that_is_not_counted_is_found_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Granting, "take", lambda *_: True)
    with pytest.raises(AssertionError):
        exact(shop, 37)


def test_who_has_one_keeps_it_and_needs_no_second(shop: Shop) -> None:
    offers(shop, 1)
    for _ in range(3):
        assert shown(shop, "ada").choices[0].item_id == "coupon"
        assert shown(shop, "bob").choices[0].item_id == "tea"
    assert granted(shop) == 1


def seen(shop: Shop, person: str, decision: Decision) -> None:
    shop.turn += 1
    what = {"decisionId": decision.decision_id, "itemId": "coupon"}
    event = {"type": "track", "event": "Item Viewed", "userId": person, "properties": what}
    shop.engine.collect([event | {"messageId": f"m-{shop.turn}"}])


def test_what_nobody_saw_is_free_again_and_what_was_seen_is_not(shop: Shop) -> None:
    offers(shop, 2)
    seen(shop, "ada", shown(shop, "ada"))
    shown(shop, "bob")
    assert shown(shop, "cyd").choices[0].item_id == "tea"
    shop.at += timedelta(minutes=31)
    shop.engine.learn()
    assert granted(shop) == 1
    assert shown(shop, "cyd").choices[0].item_id == "coupon"
    assert shown(shop, "bob").choices[0].item_id == "tea"
    assert shown(shop, "ada").choices[0].item_id == "coupon"


def test_a_showing_that_goes_on_takes_over(shop: Shop) -> None:
    offers(shop, 1)
    shown(shop, "ada")
    shop.at += timedelta(minutes=20)
    again = shown(shop, "ada")
    shop.at += timedelta(minutes=20)
    shop.engine.learn()  # the first is over, unseen; the second still shows it
    report = shop.engine.measuring.report("stock")
    coupon = {"title": "10 % off", "limit": 1, "granted": 1, "left": 0}
    assert report["limited"] == {"coupon": coupon}
    mug = {"itemId": "mug", "title": "", "stock": 3, "stockAt": START, "promised": 0.0}
    assert report["lowest"][0] == report["nearly"][0] == mug  # type: ignore[index]
    assert (report["counted"], report["soldOut"]) == (2, 0)
    assert shown(shop, "bob").choices[0].item_id == "tea"
    seen(shop, "ada", again)
    shop.at += timedelta(minutes=60)
    shop.engine.learn()
    assert granted(shop) == 1
    assert shown(shop, "ada").choices[0].item_id == "coupon"


def test_who_only_asks_takes_none_and_who_is_erased_leaves_no_name(shop: Shop) -> None:
    offers(shop, 1)
    shop.engine.decide(placement="home", user_id="ada", preview=True)
    shop.engine.decide(placement="home", user_id="ada", at=shop.at - timedelta(days=1))
    assert granted(shop) == 0
    decision = shown(shop, "ada")
    assert shop.engine.live.grants.limited == {"coupon": 1}
    shop.engine.people.erase("user_id", "ada")
    spent = shop.engine.stores.ledger.spent
    key = f"profile:{decision.profile_id}:granted:coupon"
    assert spent(key, shop.at, window_seconds=None) == 0.0
    assert granted(shop) == 1
    shop.engine.publish(items=[{"itemId": "coupon"}])
    assert shop.engine.live.grants.limited == {}
