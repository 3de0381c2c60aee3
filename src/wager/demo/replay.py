"""December 2017 asked and answered over HTTP: a bet before each basket, then what was bought.

Run as a program it is a client of a running server; each second it prints one line of JSON that
says how far it is. A replay shows calibration and hit rate, not cause: nobody saw these bets.
"""

import argparse
import http.client
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wager.demo.completejourney import END, REPLAY_FROM, CompleteJourney, Moment
from wager.demo.retelling import CONTEXT
from wager.errors import WagerError

SAID_EVERY_SECONDS = 1.0
SERVER_GONE = 3  # the exit code where the server has stopped: an ordinary end
Post = Callable[[str, object], Any]


class Standing(msgspec.Struct, rename="camel"):
    """How the replay goes: of the items shown on `home`, how many were in the basket.

    `ahead` counts all baskets of this run; `next_bet` is the answer on the basket after the last.
    """

    at: datetime = REPLAY_FROM
    ahead: int = 0
    baskets: int = 0
    shown: int = 0
    bought: int = 0
    expected: float = 0.0
    offers: int = 0
    redeemed: int = 0
    done: bool = False
    next_bet: Any = None


class Client:
    """One kept connection to the server."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: object) -> Any:
        """The answer; a problem is raised in its own words."""
        self._connection.request("POST", path, msgspec.json.encode(body), self._headers)
        response = self._connection.getresponse()
        answer = msgspec.json.decode(response.read())
        if response.status >= 400:
            raise WagerError(f"{path} answered {response.status}: {answer.get('detail')}")
        return answer


def replay(post: Post, moments: Iterator[Moment], *, hours_per_second: float) -> Iterator[Standing]:
    """Each moment in its order, at `hours_per_second` of that December (0: as fast as it goes)."""
    standing = Standing()
    began, first = time.monotonic(), None
    for moment in moments:
        first = first or moment.at
        if hours_per_second > 0:
            due = (moment.at - first).total_seconds() / 3600.0 / hours_per_second
            time.sleep(max(0.0, due - (time.monotonic() - began)))
        if moment.kind == "basket":
            _bet(post, moment, standing)
        post("/v1/batch", {"batch": moment.payloads})
        standing.at = moment.at
        yield standing
    standing.done = True
    yield standing


def _bet(post: Post, moment: Moment, standing: Standing) -> None:
    bought = {line["product_id"] for line in moment.payloads[0]["properties"]["products"]}
    home = post("/v1/decide", asked("home", moment))
    standing.baskets += 1
    for choice in home["choices"]:
        standing.shown += 1
        standing.bought += choice["itemId"] in bought
        standing.expected += choice["expectedReward"]
    if moment.coupons:
        offer = post("/v1/decide", asked("offer", moment))
        redeemed = {one["properties"]["itemId"] for one in moment.payloads[1:]}
        chosen = {one["itemId"] for one in offer["choices"] if one["itemId"] is not None}
        standing.offers += len(chosen)
        standing.redeemed += len(chosen & redeemed)


def asked(placement: str, moment: Moment) -> dict[str, Any]:
    """The request of a bet just before a basket; the same at every run, so a repeat is harmless.

    An offer is chosen among the coupons that the household was sent.
    """
    request: dict[str, Any] = {
        "placement": placement,
        "userId": moment.user_id,
        "decisionId": f"{moment.name}-{placement}",
        "at": moment.at,
        "context": CONTEXT,
    }
    if placement == "offer":
        request["candidates"] = moment.coupons[:1000]
    return request


def main() -> None:
    """`python -m wager.demo.replay URL`; the key comes from WAGER_SECRET_KEY."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--since", type=datetime.fromisoformat, default=REPLAY_FROM)
    parser.add_argument("--hours-per-second", type=float, default=1.0)
    parser.add_argument("--baskets", type=int, default=None)
    parser.add_argument("--households", type=int, default=None)
    options = parser.parse_args()
    client = Client(options.url, os.environ["WAGER_SECRET_KEY"])
    try:
        _tell(client, options)
    except (OSError, http.client.HTTPException):
        sys.exit(SERVER_GONE)


def _tell(client: Client, options: argparse.Namespace) -> None:
    journey = CompleteJourney(households=options.households)
    ahead, _ = journey.count(options.since, END)
    moments = journey.moments(options.since, END)
    said = 0.0
    for standing in replay(client.post, moments, hours_per_second=options.hours_per_second):
        standing.ahead = min(ahead, options.baskets or ahead)
        last = standing.done or standing.baskets == options.baskets
        if last and options.baskets is not None:
            standing.next_bet = client.post("/v1/decide", asked("home", _next(journey, standing)))
        if last or time.monotonic() - said >= SAID_EVERY_SECONDS:
            said = time.monotonic()
            sys.stdout.write(msgspec.json.encode(standing).decode() + "\n")
            sys.stdout.flush()
        if last:
            return


def _next(journey: CompleteJourney, standing: Standing) -> Moment:
    """The basket after the last one; in the end the last one again."""
    baskets = (one for one in journey.moments(standing.at, END) if one.kind == "basket")
    found = next(baskets)
    return next((one for one in baskets if one.at > standing.at), found)


if __name__ == "__main__":
    main()
