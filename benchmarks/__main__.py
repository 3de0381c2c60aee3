"""Speed and size on this machine: `python -m benchmarks [demo decide items ...] [--runs N]`.

Medians of several runs, with the smallest and the largest; the bare server is measured in the same
run, because the machine's own speed comes and goes.
"""

import argparse
import os
import platform
import random
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import load, shops
from benchmarks.bandits import bandits
from benchmarks.inside import inside, items
from benchmarks.offpolicy import offpolicy
from benchmarks.repurchase import repurchase
from benchmarks.serving import CLIENT_CPU, KEY, Server, pin, wager_up, yardstick
from benchmarks.shop_world import shop_world
from benchmarks.topn import topn
from benchmarks.who import who

DECISIONS, ALONE, EVENTS, BATCH = 6_000, 1_500, 60_000, 500
PEOPLE = (10_000, 100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), choices=[*SCENARIOS, []])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run of shop-world, bandits, topn"
    )
    parser.add_argument(
        "--seeds", type=int, default=10, help="how many worlds of shop-world, bandits"
    )
    parser.add_argument("--seed", type=int, nargs="*", help="these worlds of shop-world")
    parser.add_argument("--people", type=int, nargs="*", default=list(PEOPLE))
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, {platform.system()}")  # fmt: skip
    pin(CLIENT_CPU)
    for name in options.scenarios:
        print(f"\n{name}")
        SCENARIOS[name](options)


def row(what: str, figures: Sequence[float], unit: str) -> float:
    middle = statistics.median(figures)
    print(f"  {what:<54} {middle:>10,.2f} {unit}  ({min(figures):,.2f} to {max(figures):,.2f})")
    return middle


def demo(_: argparse.Namespace) -> None:
    """History, models and a server that answers; its memory after 3,000 decisions."""
    store, took = shops.demonstration()
    if took is None:
        print("  the store was there already: delete benchmarks/out to time its making")
    else:
        print(f"  history imported and models built in {took:,.1f} s")
    began = time.perf_counter()
    with wager_up(store) as server:
        print(f"  server answering after {time.perf_counter() - began:,.1f} s")
        load.run(server.port, decisions(server, 3_000), 8)
        print(f"  memory of the server {server.memory_mb():,.0f} MB, store {_mb(store):,.0f} MB")


def people(server: Server, count: int) -> list[str]:
    """User ids that the store knows."""
    found: list[str] = []
    after = ""
    while len(found) < count:
        page = server.ask("GET", f"/v1/profiles?limit=500&after={after}")
        for profile in page["profiles"]:
            found += [one["value"] for one in profile["identities"] if one["kind"] == "user_id"]
        after = page.get("cursor") or page.get("after") or ""
        if not after:
            break
    return found


def decisions(server: Server, count: int, users: Sequence[str] = ()) -> list[bytes]:
    users = users or people(server, 3_000)
    rng = random.Random(1)
    return [
        load.request("/v1/decide", {"placement": "home", "userId": rng.choice(users)}, key=KEY)
        for _ in range(count)
    ]


def decide(options: argparse.Namespace) -> None:
    """92,000 items, 2,469 households, six slots, at most 30 candidates, the log durable."""
    store, _ = shops.demonstration()
    many, alone, middle, bare, ratio = [], [], [], [], []
    with wager_up(store) as server, yardstick(4_000) as peer:
        users = people(server, 3_000)
        load.run(server.port, decisions(server, 1_000, users), 8)
        for _ in range(options.runs):
            crowded = load.run(server.port, decisions(server, DECISIONS, users), 16)
            single = load.run(server.port, decisions(server, ALONE, users), 1)
            empty = load.run(
                peer.port, [load.request("/answer", {"placement": "home"}, key=KEY)] * DECISIONS, 16
            )
            assert crowded.failed == single.failed == empty.failed == 0
            many.append(crowded.per_second)
            alone.append(single.percentile(99))
            middle.append(single.percentile(50))
            bare.append(empty.per_second)
            ratio.append(crowded.per_second / empty.per_second)
        memory = server.memory_mb()
    row("decisions with 16 clients", many, "/s")
    row("one client: median", middle, "ms")
    row("one client: 99 of 100 within", alone, "ms")
    row("bare Starlette answering 4 kB, 16 clients", bare, "/s")
    row("decisions / bare answers", ratio, "x ")
    print(f"  memory of the server {memory:,.0f} MB")


def events(users: Sequence[str], count: int) -> list[dict[str, Any]]:
    rng = random.Random(2)
    names = ("Product Viewed", "Product Viewed", "Product Viewed", "Product Added", "Item Clicked")
    return [
        {
            "type": "track",
            "event": rng.choice(names),
            "userId": rng.choice(users),
            "messageId": uuid.uuid4().hex,
            "timestamp": "2026-06-01T10:00:00Z",
            "properties": {"product_id": str(rng.randrange(1_000_000))},
        }
        for _ in range(count)
    ]


def collect(options: argparse.Namespace) -> None:
    """`POST /v1/batch` in batches of 500 events of the demonstration's 2,469 households."""
    store, _ = shops.demonstration()
    rates, bare, ratio = [], [], []
    with wager_up(store) as server, yardstick(100) as peer:
        users = people(server, 3_000)
        for _ in range(options.runs):
            sent = events(users, EVENTS)
            batches = [{"batch": sent[first : first + BATCH]} for first in range(0, EVENTS, BATCH)]
            measured, empty = (
                load.run(port, [load.request(path, batch, key=KEY) for batch in batches], 4)
                for port, path in ((server.port, "/v1/batch"), (peer.port, "/answer"))
            )
            assert measured.failed == empty.failed == 0
            rates.append(measured.per_second * BATCH)
            bare.append(empty.per_second * BATCH)
            ratio.append(measured.per_second / empty.per_second)
    row("events folded and durable", rates, "/s")
    row("events thrown away by bare Starlette", bare, "/s")
    row("folded and durable / thrown away", ratio, "x ")


def growth(options: argparse.Namespace) -> None:
    """What more people cost: store, opening it, reading one profile, one decision, memory."""
    heads = ("people", "store MB", "open s", "profile ms", "decide ms", "bare ms")
    heads = (*heads, "profile / bare", "decide / bare", "memory MB")
    print("  " + " ".join(f"{head:>14}" for head in heads))
    for count in options.people:
        store = shops.made_up(count)
        size, rng, began = _mb(store), random.Random(3), time.perf_counter()
        with wager_up(store) as server, yardstick(4_000) as peer:
            opened = time.perf_counter() - began
            names = [f"u-{rng.randrange(count)}" for _ in range(ALONE)]
            asked = [{"placement": "home", "userId": name} for name in names]
            read, bet, empty = (
                load.run(port, requests, 1)
                for port, requests in (
                    (
                        server.port,
                        [
                            load.request(
                                f"/v1/profiles/user_id/{name}", None, key=KEY, method="GET"
                            )
                            for name in names
                        ],
                    ),
                    (server.port, [load.request("/v1/decide", one, key=KEY) for one in asked]),
                    (peer.port, [load.request("/answer", one, key=KEY) for one in asked]),
                )
            )
            assert read.failed == bet.failed == empty.failed == 0
            profile_ms, decide_ms, bare_ms = (one.percentile(50) for one in (read, bet, empty))
            latencies = (profile_ms, decide_ms, bare_ms, profile_ms / bare_ms, decide_ms / bare_ms)
            print(f"  {count:>14,} {size:>14,.0f} {opened:>14.1f} "
                  + " ".join(f"{latency:>14.2f}" for latency in latencies)
                  + f" {server.memory_mb():>14,.0f}", flush=True)  # fmt: skip


def _mb(store: Path) -> float:
    return sum(one.stat().st_size for one in store.parent.glob(f"{store.name}*")) / 1e6


SCENARIOS: dict[str, Callable[[argparse.Namespace], None]] = {
    "demo": demo,
    "decide": decide,
    "collect": collect,
    "growth": growth,
    "inside": inside,
    "items": items,
    "who": who,
    "repurchase": lambda _: repurchase(),
    "shop-world": shop_world,
    "bandits": bandits,
    "topn": topn,
    "offpolicy": offpolicy,
}

if __name__ == "__main__":
    main()
