"""Eight clients mix dislikes and decisions on the same people: what is disliked stays away."""

import http.client
import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

import wager
from wager.domain.profiles import Profile

SECRET = "the-secret-key-of-the-journeys"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
CLIENTS, PEOPLE, ITEMS, SLOTS = 8, 25, 400, 4
ROUNDS, ROUNDS_OVER_HTTP = 20_000, 1_600
ITEM_IDS = [f"p-{number}" for number in range(ITEMS)]
PLACEMENT = {"name": "home", "slots": SLOTS, "default": {"rule": "popular"}, "holdoutShare": 0.1}


class Shop(Protocol):
    """How a client asks and tells: by the engine, or over HTTP."""

    def decide(self, user_id: str) -> list[str | None]: ...

    def dislike(self, user_id: str, item_id: str) -> None: ...

    def close(self) -> None: ...


class InProcess:
    def __init__(self, engine: wager.Engine) -> None:
        self._engine = engine

    def decide(self, user_id: str) -> list[str | None]:
        decision = self._engine.decide(placement="home", user_id=user_id)
        return [choice.item_id for choice in decision.choices]

    def dislike(self, user_id: str, item_id: str) -> None:
        assert self._engine.collect([disliked(user_id, item_id)]).accepted == 1

    def close(self) -> None:
        """The engine is the test's."""


class OverHttp:
    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def _post(self, route: str, body: object) -> Any:
        self._connection.request("POST", f"/v1/{route}", json.dumps(body), HEADERS)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
        return json.loads(answer)

    def decide(self, user_id: str) -> list[str | None]:
        answer = self._post("decide", {"placement": "home", "userId": user_id})
        return [choice["itemId"] for choice in answer["choices"]]

    def dislike(self, user_id: str, item_id: str) -> None:
        self._post("track", disliked(user_id, item_id))

    def close(self) -> None:
        self._connection.close()


def disliked(user_id: str, item_id: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Item Disliked",
        "userId": user_id,
        "properties": {"itemId": item_id},
    }


def bought(user: int) -> dict[str, Any]:
    """Enough of a past that there is something to bet on."""
    chance = random.Random(user)
    products = [{"product_id": chance.choice(ITEM_IDS), "quantity": 1} for _ in range(12)]
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"u-{user}",
        "messageId": f"o-{user}-{chance.random()}",
        "properties": {"products": products},
    }


class Hammer:
    """The clients, and what has been acknowledged of whom."""

    def __init__(self, shop: Callable[[], Shop], rounds: int) -> None:
        self._shop, self._rounds = shop, rounds // CLIENTS
        self._acknowledged: dict[str, set[str]] = {f"u-{user}": set() for user in range(PEOPLE)}
        self.shown_again: list[tuple[str, str]] = []
        self.dislikes = self.decisions = 0
        self._failed: list[BaseException] = []
        self._mutex = threading.Lock()

    def run(self) -> None:
        clients = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        if self._failed:
            raise self._failed[0]

    def _client(self, number: int) -> None:
        chance, shop = random.Random(number), self._shop()
        shown: list[tuple[str, str]] = []
        try:
            for _ in range(self._rounds):
                if shown and chance.random() < 0.2:
                    user, item = shown.pop(chance.randrange(len(shown)))
                    shop.dislike(user, item)
                    with self._mutex:
                        self._acknowledged[user].add(item)
                        self.dislikes += 1
                else:
                    user = f"u-{chance.randrange(PEOPLE)}"
                    shown = self._decided(shop, user)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            self._failed.append(error)
        finally:
            shop.close()

    def _decided(self, shop: Shop, user: str) -> list[tuple[str, str]]:
        with self._mutex:
            before = set(self._acknowledged[user])
        items = [item for item in shop.decide(user) if item is not None]
        with self._mutex:
            self.decisions += 1
            self.shown_again += [(user, item) for item in items if item in before]
        return [(user, item) for item in items]


@pytest.fixture
def engine() -> Iterator[wager.Engine]:
    with wager.open("memory://") as opened:
        opened.publish(items=[{"itemId": item} for item in ITEM_IDS], placements=[PLACEMENT])
        opened.collect([bought(user) for user in range(PEOPLE) for _ in range(3)])
        opened.learn()
        yield opened


def test_no_disliked_item_is_ever_shown_again(engine: wager.Engine) -> None:
    hammer = Hammer(lambda: InProcess(engine), ROUNDS)
    hammer.run()
    assert hammer.dislikes + hammer.decisions == ROUNDS
    assert hammer.dislikes > ROUNDS / 10
    assert hammer.shown_again == []


def test_over_http(start: Callable[[str], Any], tmp_path: Path) -> None:
    server = start(f"sqlite:///{tmp_path}/shop.db")
    server.ask("POST", "/v1/items", [{"itemId": item} for item in ITEM_IDS])
    server.ask("PUT", "/v1/placements/home", PLACEMENT)
    orders = [bought(user) for user in range(PEOPLE) for _ in range(3)]
    server.ask("POST", "/v1/batch", {"batch": orders})
    hammer = Hammer(lambda: OverHttp(server.url), ROUNDS_OVER_HTTP)
    hammer.run()
    assert hammer.dislikes > ROUNDS_OVER_HTTP / 10
    assert hammer.shown_again == []


class OneBehind:
    """The sabotage: a store whose reads of a profile are one change behind."""

    def __init__(self, profiles: Any) -> None:
        self._profiles = profiles
        self._before: dict[str, Profile | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._profiles, name)

    def put(self, profile: Profile, links: Any = ()) -> None:
        self._before[profile.profile_id] = self._profiles.get(profile.profile_id)
        self._profiles.put(profile, links)

    def get(self, profile_id: str) -> Profile | None:
        return self._before.get(profile_id) or self._profiles.get(profile_id)


def test_the_hammer_finds_a_store_that_is_one_change_behind(engine: wager.Engine) -> None:
    engine.stores.profiles = OneBehind(engine.stores.profiles)
    hammer = Hammer(lambda: InProcess(engine), 1000)
    hammer.run()
    assert hammer.shown_again
