"""A store that is closed and opened again at any moment goes on as if it never had been."""

import uuid
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unify.test_golden import same

import wager
from wager.engine.engine import Engine
from wager.errors import CannotUnmerge, NotFound
from wager.stores.base import DecisionQuery, ProfileQuery

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEMS = [f"p-{number}" for number in range(5)]
WORLD: dict[str, Any] = {
    "items": [{"itemId": name, "categories": [f"c-{name[-1]}"]} for name in ITEMS],
    "goals": [{"name": "click", "event": "Item Clicked", "windowMinutes": 90}],
    "segments": [{"name": "vip", "condition": "profile.traits.vip == true"}],
    "placements": [
        {
            "name": "home", "slots": 2, "goal": "click", "default": "p-0", "holdoutShare": 0.2,
            "caps": [{"per": "item", "limit": 3, "windowMinutes": 180}],
        }
    ],
}  # fmt: skip
Step = tuple[Any, ...]
WHO = st.sampled_from(
    [{"userId": "u"}, {"userId": "v"}, {"anonymousId": "a"}, {"anonymousId": "b"}]
)
NAMES = st.sampled_from(["Item Liked", "Item Disliked", "Item Unblocked", "Product Added"])
STEPS = st.one_of(
    st.tuples(st.just("decide"), WHO),
    st.tuples(st.just("decide"), WHO),
    st.tuples(st.just("click"), st.integers(0, 5)),
    st.tuples(st.just("did"), WHO, NAMES, st.sampled_from(ITEMS)),
    st.tuples(st.just("order"), WHO, st.sampled_from(ITEMS), st.sampled_from([None, True])),
    st.tuples(st.just("refund"), st.integers(0, 5)),
    st.tuples(st.just("mark"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("trait"), WHO, st.booleans()),
    st.tuples(st.just("join"), st.sampled_from("uv"), st.sampled_from("ab")),
    st.tuples(st.just("part"), st.sampled_from("ab")),
    st.tuples(st.just("erase"), WHO),
    st.tuples(st.just("learn")),
    st.tuples(st.just("hours"), st.integers(1, 5)),
    st.tuples(st.just("bad")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("restart")),
)


class Twin:
    """An engine that is told what to do; ids and draws are the same for all of them."""

    def __init__(self, url: str, *, restarts: bool = False) -> None:
        self.url, self.restarts = url, restarts
        self.at, self.number, self.ids = START, 0, 0
        self.bets: list[tuple[dict[str, str], str, list[str]]] = []
        self.orders: list[tuple[dict[str, str], str]] = []
        self.said: list[str] = []
        self.engine = self.opened()
        self.engine.publish(**WORLD)

    def opened(self) -> Engine:
        engine = wager.open(self.url, now=lambda: self.at)
        engine.live.draw_key = b"the same for both"
        engine.live.holdout_key = b"the same for both"
        engine.live.new_id = self.new_id  # type: ignore[method-assign]
        return engine

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def do(self, step: Step) -> None:
        self.number += 1
        self.at += timedelta(seconds=20)
        with mock.patch.object(uuid, "uuid4", lambda: uuid.UUID(int=int(self.new_id()[3:]))):
            getattr(self, step[0])(*step[1:])

    def tell(self, **payload: Any) -> None:
        payload = {"type": "track", "messageId": f"m-{self.number}"} | payload
        payload["timestamp"] = self.at.isoformat()
        self.engine.collect([payload])

    def decide(self, who: dict[str, str]) -> None:
        names = {"userId": "user_id", "anonymousId": "anonymous_id"}
        asked = {names[key]: value for key, value in who.items()}
        made = self.engine.decide(
            placement="home", decision_id=f"d-{self.number}", candidates=ITEMS, **asked
        )
        shown = [str(one.item_id) for one in made.choices if one.item_id is not None]
        self.bets.append((who, made.decision_id, shown))

    def click(self, which: int) -> None:
        if self.bets:
            who, decision_id, shown = self.bets[which % len(self.bets)]
            for name in shown[:1]:
                told = {"decisionId": decision_id, "itemId": name}
                self.tell(event="Item Clicked", properties=told, **who)

    def did(self, who: dict[str, str], name: str, item: str) -> None:
        self.tell(event=name, properties={"itemId": item}, **who)

    def order(self, who: dict[str, str], item: str, gift: bool | None) -> None:
        name = f"o-{self.number}"
        told: dict[str, Any] = {"order_id": name, "products": [{"product_id": item, "price": 2}]}
        self.tell(
            event="Order Completed", properties=told | ({"gift": gift} if gift else {}), **who
        )
        self.orders.append((who, name))

    def refund(self, which: int) -> None:
        if self.orders:
            who, name = self.orders[which % len(self.orders)]
            self.tell(event="Order Refunded", properties={"order_id": name}, **who)

    def mark(self, which: int, gift: bool) -> None:
        if self.orders:
            who, name = self.orders[which % len(self.orders)]
            self.tell(event="Gift Marked", properties={"order_id": name, "gift": gift}, **who)

    def trait(self, who: dict[str, str], vip: bool) -> None:
        self.tell(type="identify", traits={"vip": vip}, **who)

    def join(self, user: str, device: str) -> None:
        self.tell(type="identify", userId=user, anonymousId=device)

    def part(self, device: str) -> None:
        try:
            self.engine.parting.unmerge("anonymous_id", device)[1].result()
        except (NotFound, CannotUnmerge) as nothing_to_part:
            self.said.append(nothing_to_part.detail)

    def erase(self, who: dict[str, str]) -> None:
        names = {"userId": "user_id", "anonymousId": "anonymous_id"}
        [(key, value)] = who.items()
        try:
            self.engine.people.erase(names[key], value)[1].result()
        except NotFound as nobody:
            self.said.append(nobody.detail)

    def learn(self) -> None:
        self.engine.learn()

    def hours(self, many: int) -> None:
        self.at += timedelta(hours=many)

    def bad(self) -> None:
        self.tell(event="", properties=[])

    def restart(self) -> None:
        if self.restarts:
            self.engine.close()
            self.engine = self.opened()

    def state(self) -> dict[str, Any]:
        """All that can be asked of it, by names that both know."""
        self.engine.learn()
        profiles = msgspec.to_builtins(self.engine.people.list(ProfileQuery(limit=100)))
        bets = msgspec.to_builtins(self.engine.deciding.list(DecisionQuery(limit=1000)).decisions)
        return {
            "people": {one["profileId"]: one for one in profiles},
            "bets": bets,
            "said": self.said,
            "quarantine": [one.code for one in self.engine.collecting.quarantine()],
            "lift": msgspec.to_builtins(self.engine.measuring.report("lift")),
        }


class Forgetful(Twin):
    """The sabotaged twin: a restart loses the bets of one person."""

    def restart(self) -> None:
        with self.engine.stores.transaction():
            self.engine.stores.decisions.erase("id-1")
        super().restart()


def difference(kind: type[Twin], steps: list[Step]) -> list[str]:
    """What is not the same, with and without the restarts."""
    with TemporaryDirectory() as folder:
        twins = [kind(f"sqlite:///{folder}/shop.db", restarts=True), Twin("memory://")]
        for step in steps:
            for twin in twins:
                twin.do(step)
        restarted, whole = (twin.state() for twin in twins)
        for twin in twins:
            twin.engine.close()
    return [part for part, told in restarted.items() if not same(told, whole[part])]


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=30))
def test_restarts_change_nothing(steps: list[Step]) -> None:
    assert difference(Twin, steps) == []


def test_a_restart_that_forgets_is_found_out() -> None:
    steps: list[Step] = [("decide", {"userId": "u"}), ("restart",)]
    assert difference(Forgetful, steps) == ["bets"]
