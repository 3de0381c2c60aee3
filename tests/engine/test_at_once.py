"""Everything at once: items and definitions come and go while others decide, learn and report."""

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import wager
from wager.domain.content import Item
from wager.domain.rarity import NOTHING_KNOWN
from wager.engine.engine import Engine
from wager.engine.publishing import ItemQuery
from wager.errors import NotFound

ITEMS, PEOPLE, ROUNDS = 200, 20, 40
PLACEMENT = {"name": "home", "slots": 3, "default": "p-0"}


@pytest.fixture(autouse=True)
def hasty() -> Iterator[None]:
    """Threads take turns a thousand times as often as they would."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(usual)


class Crowd:
    """What each thread does in one round, by chances of its own."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.rng = engine, np.random.default_rng(seed)

    def any(self, many: int) -> int:
        return int(self.rng.integers(many))

    def publish(self) -> None:
        self.engine.publish(
            items=[
                {
                    "itemId": f"p-{self.any(ITEMS)}",
                    "categories": [f"c-{self.any(5)}"],
                    "tags": {f"t-{self.any(5)}": 0.5},
                    "price": float(1 + self.any(90)),
                }
                for _ in range(20)
            ]
        )
        try:
            self.engine.publishing.delete_item(f"p-{1 + self.any(ITEMS - 1)}")
        except NotFound as error:
            assert "no item" in error.detail

    def define(self) -> None:
        tag: dict[str, Any] = {"tag": f"t-{self.any(5)}"}
        self.engine.publish(
            placements=[PLACEMENT | {"exclusive": [f"t-{self.any(5)}"], "mustInclude": [tag]}],
            usecases=[
                {"name": f"u-{self.any(3)}", "placement": "home", "goal": "click", "state": "live",
                 "tags": [f"t-{self.any(5)}"]}
            ],
        )  # fmt: skip

    def decide(self) -> None:
        for _ in range(5):
            user = f"u-{self.any(PEOPLE)}"
            made = self.engine.decide(placement="home", user_id=user, explain=True)
            told = {"decisionId": made.decision_id, "itemId": made.choices[0].item_id}
            line = {"product_id": f"p-{self.any(ITEMS)}", "price": 2.0}
            bought = {"event": "Order Completed", "properties": {"products": [line]}}
            clicked = {"event": "Item Clicked", "properties": told}
            for one in (bought, clicked) if told["itemId"] else (bought,):
                self.engine.collect([{"type": "track", "userId": user} | one])

    def learn(self) -> None:
        self.engine.live.rarity = NOTHING_KNOWN  # so that items are compared anew
        self.engine.learn()

    def read(self) -> None:
        for name in ("overview", "stock", "diversity", "tactics", "health"):
            self.engine.measuring.report(name)
        self.engine.publishing.items(ItemQuery(text="p-"))


def test_nothing_falls_over() -> None:
    failed: list[BaseException] = []

    def again(work: Callable[[], None]) -> None:
        try:
            for _ in range(ROUNDS):
                work()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failed.append(error)

    with wager.open("memory://") as engine:
        engine.publish(
            items=[{"itemId": f"p-{number}"} for number in range(ITEMS)],
            goals=[{"name": "click", "event": "Item Clicked"}],
            placements=[PLACEMENT],
        )
        works = [Crowd(engine, seed) for seed in range(7)]
        jobs = [works[0].publish, works[1].publish, works[2].define, works[3].decide,
                works[4].decide, works[5].learn, works[6].read]  # fmt: skip
        threads = [threading.Thread(target=again, args=(job,)) for job in jobs]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        for error in failed:
            raise error


def test_the_shelf_is_ordered_while_no_item_comes_or_goes() -> None:
    with wager.open("memory://") as engine:
        engine.publish(items=[{"itemId": "p-0", "categories": ["c"]}])
        engine.live.rarity = NOTHING_KNOWN
        other = threading.Thread(target=engine.live.compare_items)
        with engine.stores.transaction():
            engine.stores.catalog.put(
                [Item(item_id=f"p-{n}", categories=["c"], price=float(n)) for n in range(60)]
            )
            engine.live.load_items()
            other.start()
            other.join(0.3)
            assert other.is_alive(), "it waits"
        other.join()
        assert engine.live.shelf.thirds == {("c", None): (19.0, 39.0)}
