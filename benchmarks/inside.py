"""What a decision costs without HTTP, and how that grows with the items that there are.

python -m benchmarks inside    # the demonstration's store: processor time of each decision
python -m benchmarks items     # 1,000, 10,000 and 100,000 items: in process and over HTTP
py-spy record --gil -r 250 -o decide.svg -- python -m benchmarks inside
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import wager
from benchmarks import load, shops
from benchmarks.serving import KEY, wager_up, yardstick
from wager.domain.decisions import DecideRequest
from wager.engine.engine import Engine
from wager.stores.base import ProfileQuery

TOGETHER, ROUNDS, EACH, ALONE = 16, 5, 2_000, 1_000
ITEMS = (1_000, 10_000, 100_000)


def inside(_: argparse.Namespace) -> None:
    """Processor time of one decision on the demonstration's store, the log durable."""
    store, _ = shops.demonstration()
    with wager.open(f"sqlite:///{store}") as engine:
        answering, whole = cost(engine)
    print(f"  of the thread that decides {answering:,.0f} us, with the writer's {whole:,.0f} us")


def items(_: argparse.Namespace) -> None:
    """What more items cost: opening, one decision in process and over HTTP, memory."""
    heads = (
        "items",
        "store MB",
        "open s",
        "inside us",
        "one ms",
        "bare ms",
        "one / bare",
        "many/s",
    )
    print("  " + " ".join(f"{head:>12}" for head in (*heads, "many / bare", "memory MB")))
    for count in ITEMS:
        store = shops.stocked(count)
        size, began = store.stat().st_size / 1e6, time.perf_counter()
        with wager.open(f"sqlite:///{store}") as engine:
            opened = time.perf_counter() - began
            names = list(people(engine))
            answering, _whole = cost(engine)
        served = over_http(store, names)
        print(f"  {count:>12,} {size:>12,.0f} {opened:>12.1f} {answering:>12,.0f} {served}")


def cost(engine: Engine) -> tuple[float, float]:
    """Microseconds of processor time for each decision: of the thread that decides, and of all;
    sixteen at a time wait for their commit. Medians, once everybody was decided for."""
    rng, names = random.Random(1), list(people(engine))
    _decide(engine, names)
    engine.learn()
    gc.freeze()
    answering, whole = [], []
    for _ in range(ROUNDS):
        asked = rng.choices(names, k=EACH)
        thread, process = time.thread_time(), time.process_time()
        _decide(engine, asked)
        answering.append((time.thread_time() - thread) / EACH * 1e6)
        whole.append((time.process_time() - process) / EACH * 1e6)
        engine.learn()
    gc.unfreeze()
    return statistics.median(answering), statistics.median(whole)


def _decide(engine: Engine, names: Sequence[str]) -> None:
    decide = engine.deciding.decide
    for first in range(0, len(names), TOGETHER):
        placed = [
            decide(DecideRequest(placement="home", user_id=name))[1]
            for name in names[first : first + TOGETHER]
        ]
        for durable in placed:
            durable.result()


def people(engine: Engine) -> Iterator[str]:
    """The user id of everybody."""
    after = ""
    while page := engine.stores.profiles.list(ProfileQuery(after=after, limit=500)):
        for profile in page:
            yield from (one.value for one in profile.identities if one.kind == "user_id")
        after = page[-1].profile_id


def over_http(store: Path, names: Sequence[str]) -> str:
    """The columns of the table that need a server."""
    rng = random.Random(2)
    with wager_up(store) as server, yardstick(4_000) as peer:
        asked = [{"placement": "home", "userId": name} for name in rng.choices(names, k=EACH)]
        requests = [load.request("/v1/decide", one, key=KEY) for one in asked]
        empty = [load.request("/answer", one, key=KEY) for one in asked]
        load.run(server.port, requests, TOGETHER)
        many, bare = load.run(server.port, requests, TOGETHER), load.run(peer.port, empty, TOGETHER)
        one = load.run(server.port, requests[:ALONE], 1)
        idle = load.run(peer.port, empty[:ALONE], 1)
        memory = server.memory_mb()
    assert many.failed == bare.failed == one.failed == idle.failed == 0
    alone, nothing = one.percentile(50), idle.percentile(50)
    return (f"{alone:>12.2f} {nothing:>12.2f} {alone / nothing:>12.2f} {many.per_second:>12,.0f} "
            f"{many.per_second / bare.per_second:>12.3f} {memory:>12,.0f}")  # fmt: skip
