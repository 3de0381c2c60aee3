"""A server in a process of its own with a small shop, and Chromium that looks at its console."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    sync_playwright,
)

SERVE = Path(__file__).with_name("serve.py")
CHROMIUM = Path("/usr/bin/chromium")
ABSENT = f"no Chromium at {CHROMIUM}: apt-get install chromium"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
KEYS = {
    "WAGER_SECRET_KEY": "the-secret-key-of-the-console",
    "WAGER_PUBLIC_KEY": "the-public-key-of-the-console",
    "WAGER_SIGNING_SECRET": "the-signing-secret-of-the-console-long-enough",
}
SIZES = {"laptop": (1280, 800), "phone": (390, 844)}
TITLES = (
    "Frozen pizza", "Ice cream", "Baby wipes", "Whole milk", "Bananas", "Ground coffee",
    "Cheddar <b>sharp</b>", "Sourdough bread", "Oat drink", "Free-range eggs", "Tomato passata",
    "Olive oil",
)  # fmt: skip
PEOPLE = 12
CAPPED = {
    "goal": "buy", "default": "p-4", "identityThreshold": 0.99,
    "caps": [{"per": "placement", "limit": 2, "windowMinutes": 10080}],
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here looks through Chromium: skipped where it is absent, a failure in CI."""
    here = [item for item in items if item.path.parent == SERVE.parent]
    for item in here:
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM.exists() and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason=ABSENT))


@pytest.fixture(scope="session")
def keys() -> dict[str, str]:
    """The keys of the server, by their environment variables."""
    return KEYS


@contextmanager
def _served(store: Path) -> Iterator[str]:
    """Where a server in a process of its own answers over this store; stopped cleanly."""
    with subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", str(SERVE), f"sqlite:///{store}"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | KEYS,
        cwd=store.parent,
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        assert told.startswith("http://127.0.0.1:"), "the server did not start"
        yield told
        process.terminate()
        assert process.wait(30) == 0, "the server did not stop cleanly"


@pytest.fixture(scope="session")
def served() -> Callable[[Path], AbstractContextManager[str]]:
    """Serves another store than the small shop's: `with served(path) as address`."""
    return _served


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server answers that has a small shop in it."""
    with _served(tmp_path_factory.mktemp("console") / "shop.db") as told:
        with _client(told) as client:
            _fill(client)
        yield told


def _client(address: str) -> httpx.Client:
    signed = {"Authorization": f"Bearer {KEYS['WAGER_SECRET_KEY']}"}
    return httpx.Client(base_url=address, headers=signed, timeout=60, trust_env=False)


@pytest.fixture
def shop(address: str) -> Iterator[Callable[..., Any]]:
    """Asks the API: `shop("GET", "/v1/...", params=..., json=...)` is the decoded answer."""
    with _client(address) as client:

        def ask(method: str, path: str, **more: Any) -> Any:
            return client.request(method, path, **more).raise_for_status().json()

        yield ask


def _fill(client: httpx.Client) -> None:
    """Items, definitions, a few months of orders, bets with what came of them, one bad event."""
    items: list[dict[str, Any]] = [
        {"itemId": f"p-{number}", "title": title, "price": 2.5, "currency": "EUR",
         "categories": ["frozen" if number < 2 else "fresh"],
         "attributes": {"repurchaseDays": 5} if number == 3 else {}}
        for number, title in enumerate(TITLES)
    ]  # fmt: skip
    items[9]["stock"] = 0
    items[8]["stock"] = 3
    items.append({"itemId": "ticket", "title": "Tasting evening", "kind": "offer", "limit": 2})
    items[10]["availableFrom"] = "2100-01-01T00:00:00Z"
    _sent(client, "POST", "/v1/items", items)
    goal = {"event": "Order Completed", "windowMinutes": 1440}
    _sent(client, "PUT", "/v1/goals/buy", goal)
    _sent(client, "PUT", "/v1/segments/regulars", {"condition": "profile.counts.orders >= 3.0"})
    new = {"condition": "profile.counts.orders < 1.0", "description": "Who never bought"}
    _sent(client, "PUT", "/v1/segments/new", new)
    home = {
        "slots": 3,
        "goal": "buy",
        "default": "p-4",
        "diversityFloor": 0.4,
        "goals": {"like": 0.5},
        "floors": [{"goal": "like", "share": 0.9}],
        "caps": [
            {"per": "placement", "limit": 40, "windowMinutes": 1440},
            {"per": "item", "limit": 30, "windowMinutes": 1440},
        ],
    }
    like = {"event": "Item Liked", "owner": "customer care"}
    _sent(client, "PUT", "/v1/goals/like", like)
    _sent(client, "PUT", "/v1/placements/capped", CAPPED)
    for name, lever in (("own-brand", 2.0), ("breakfast", 1.5)):
        case = {
            "placement": "capped",
            "goal": "buy",
            "owner": "campaigns",
            "state": "live",
            "items": ["p-3", "p-4"],
            "lever": lever,
        }
        _sent(client, "PUT", f"/v1/usecases/{name}", case)
    _sent(client, "PUT", "/v1/placements/home", home)
    _sent(client, "PUT", "/v1/placements/offer", {"goal": "buy", "allowNothing": True})
    deal = {"kinds": ["offer"], "default": "ticket", "exclude": ["regulars"]}
    _sent(client, "PUT", "/v1/placements/deal", deal)
    _sent(client, "POST", "/v1/batch", {"batch": [*_people(), *_orders()]})
    unreadable = {"type": "track", "event": "Product Viewed", "messageId": "bad-1"}
    _sent(client, "POST", "/v1/batch", {"batch": [unreadable]})
    for number in range(PEOPLE):
        _bet(client, number)
    for who in ("u-0", "u-1"):
        _sent(client, "POST", "/v1/decide", {"placement": "deal", "userId": who})
    _shared(client)


def _shared(client: httpx.Client) -> None:
    """An account that two people use: milk in the mornings, pizza late at night."""
    now = datetime.now(UTC)
    orders = []
    for day in range(1, 29):
        for product, hour in (("p-0", 22), ("p-3", 7)):
            at = (now - timedelta(days=day)).replace(hour=hour, minute=10)
            bought = {"order_id": f"f-{day}-{hour}", "products": [{"product_id": product}]}
            orders.append(
                {"type": "track", "event": "Order Completed", "userId": "family",
                 "messageId": f"f-{day}-{hour}", "timestamp": at.isoformat(), "properties": bought}
            )  # fmt: skip
    _sent(client, "POST", "/v1/batch", {"batch": orders})
    for _ in range(2):
        _sent(client, "POST", "/v1/decide", {"placement": "capped", "userId": "family"})


def _people() -> list[dict[str, Any]]:
    return [
        {"type": "identify", "userId": f"u-{number}", "messageId": f"i-{number}",
         "traits": {"email": f"ada{number}@example.com", "householdSize": 1 + number % 5}}
        for number in range(PEOPLE)
    ]  # fmt: skip


def _orders() -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    found = []
    for number in range(PEOPLE):
        for order in range(number % 6):
            products = [{"product_id": f"p-{(number + order + n) % 9}", "price": 2.5, "quantity": 1}
                        for n in range(3)]  # fmt: skip
            at = now - timedelta(days=7 * order + number + 1)
            properties = {"order_id": f"{number}-{order}", "revenue": 7.5, "products": products}
            found.append(
                {"type": "track", "event": "Order Completed", "userId": f"u-{number}",
                 "messageId": f"o-{number}-{order}", "timestamp": at.isoformat(),
                 "context": {"timezone": "Europe/Berlin"}, "properties": properties}
            )  # fmt: skip
    return found


def _bet(client: httpx.Client, number: int) -> None:
    """A bet for one person; every third one buys the first of what was shown."""
    who = {"userId": f"u-{number}"}
    context = {"channel": "web", "timezone": "Europe/Berlin"}
    asked = {"placement": "home", **who, "context": context, "decisionId": f"bet-{number}"}
    first = _sent(client, "POST", "/v1/decide", asked)["choices"][0]["itemId"]
    if number % 3 == 0:
        line = {"product_id": first, "price": 2.5, "quantity": 1}
        bought = {"order_id": f"after-{number}", "revenue": 2.5, "products": [line]}
        event = {"event": "Order Completed", **who, "messageId": f"won-{number}"}
        _sent(client, "POST", "/v1/track", event | {"properties": bought})


def _sent(client: httpx.Client, method: str, path: str, body: object) -> Any:
    response = client.request(method, path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a head.

    Playwright keeps an event loop running in this thread, which must be gone before others run
    theirs: hence one for each module.
    """
    if not CHROMIUM.exists():
        pytest.fail(ABSENT)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@dataclass
class Watch:
    """What must not happen while pages are looked at."""

    address: str
    wrong: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error on the page: {error}"))
        page.on("request", lambda request: self._left(request.url))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _left(self, url: str) -> None:
        if not url.startswith((f"{self.address}/", "data:", "blob:")):
            self.wrong.append(f"left the server: {url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status} of {response.url}")


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens a browser's window of a size, closed after the test."""
    opened: list[BrowserContext] = []

    def begin(size: str = "laptop", **more: Any) -> BrowserContext:
        width, height = SIZES[size]
        opened.append(browser.new_context(viewport={"width": width, "height": height}, **more))
        return opened[-1]

    yield begin
    for context in opened:
        context.close()


@pytest.fixture
def sign_in(
    open_context: Callable[..., BrowserContext], address: str
) -> Iterator[Callable[..., Page]]:
    """Opens the console, signed in. When the test is over, nothing may have gone wrong there
    (but on a page that is opened with `watched=False`)."""
    watch = Watch(address)

    def begin(size: str = "laptop", *, watched: bool = True, **more: Any) -> Page:
        page = open_context(size, **more).new_page()
        if watched:
            watch.over(page)
        page.goto(f"{address}/console/login")
        page.fill("#key", KEYS["WAGER_SECRET_KEY"])
        page.press("#key", "Enter")
        page.wait_for_url(f"{address}/console/")
        return page

    yield begin
    assert not watch.wrong


@pytest.fixture
def visit(address: str) -> Callable[[Page, str], None]:
    """Opens a page of the console and waits until it is written."""

    def go(page: Page, path: str) -> None:
        page.goto(f"{address}/console{path}")
        page.wait_for_selector("main h1, main h2")

    return go
