"""wager and Vowpal Wabbit in a simulated shop that neither can look into (see `world.py`).

The figure is the share of the possible gain: (value - best fixed choice) / (oracle - best fixed
choice), where the best fixed choice is the ranking that would have been best over the whole run.
"""

import argparse
import math
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev
from time import process_time
from typing import Any, Protocol

import numpy as np
from scipy.stats import t as student

import wager
from benchmarks.peers import Peer, environment
from benchmarks.world import World
from wager.domain.decisions import Decision

VW_PACKAGES = ("vowpalwabbit==9.11.9",)
CROSSED = "-q si -q st -q mi -q mt -q ui -q ut --ignore_linear s --ignore_linear m"
VW_SETTINGS = {
    "vw squarecb": f"--cb_explore_adf --squarecb --gamma_scale 10 --cb_type mtr {CROSSED}",
    "vw squarecb 100": f"--cb_explore_adf --squarecb --gamma_scale 100 --cb_type mtr {CROSSED}",
    "vw cover": f"--cb_explore_adf --cover 4 --cb_type mtr {CROSSED}",
    "vw bag": f"--cb_explore_adf --bag 5 --cb_type mtr {CROSSED}",
}
LEARN_EVERY = 10
AUDITED = 1_000


class Contestant(Protocol):
    """Sees visits, shows items."""

    def show(self, told: dict[str, Any]) -> list[str]: ...

    def close(self) -> None: ...


class Wager:
    """The engine through its Python face, on a clock that the visits set."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self.engine = wager.open("memory://", now=lambda: self.at)
        self.engine.publish(
            items=[_document(item) for item in about["items"]],
            segments=[
                {"name": name, "condition": f'profile.traits.segment == "{name}"'}
                for name in about["segments"]
            ],
            goals=[
                {"name": "click", "event": "Item Clicked", "windowMinutes": about["windowMinutes"]}
            ],
            placements=[
                {"name": "home", "slots": about["slots"], "goal": "click", "riskAppetite": 0.01}
            ],
        )
        self.known: set[str] = set()
        self.bets: dict[int, Decision] = {}
        self.won: set[tuple[int, int]] = set()
        self.audit: list[tuple[Decision, np.ndarray]] = []
        self.seconds = 0.0

    def show(self, told: dict[str, Any]) -> list[str]:
        began = process_time()
        self._hear(told)
        if told["done"]:
            return []
        step = told["round"]
        if step % LEARN_EVERY == 0:
            self.engine.learn()
        asked = {
            "placement": "home",
            "user_id": told["account"],
            "context": told["context"],
            "candidates": told["candidates"],
        }
        bet = self.engine.decide(**asked)
        self.seconds += process_time() - began
        if step in (1_000, 4_000):
            self._audit(asked)
        self.bets[step] = bet
        if told["bought"]:
            self._collect([self._event(told, "Order Completed", {"product_id": name})
                           for name in told["bought"]])  # fmt: skip
        return [str(one.item_id) for one in bet.choices]

    def _hear(self, told: dict[str, Any]) -> None:
        events = []
        if not told["done"]:
            self.at = datetime.fromtimestamp(told["at"], UTC)
            if told["arrived"]:
                self.engine.publish(items=[_document(item) for item in told["arrived"]])
            if told["account"] not in self.known:
                self.known.add(told["account"])
                traits = {"segment": told["segment"]}
                events.append({**self._event(told, ""), "type": "identify", "traits": traits})
        for step, slot, name in told["outcomes"]:
            self.won.add((step, slot))
            bet = self.bets[step]
            properties = {"decisionId": bet.decision_id, "itemId": name}
            who = {"account": bet.identity[0].split(":", 1)[1]}
            events.append(self._event(who, "Item Clicked", properties))
        if events:
            self._collect(events)

    def _event(
        self, who: dict[str, Any], name: str, properties: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "type": "track",
            "event": name,
            "userId": who["account"],
            "messageId": secrets.token_hex(12),
            "timestamp": self.at.isoformat(),
            "properties": properties or {},
        }

    def _collect(self, events: list[dict[str, Any]]) -> None:
        collected = self.engine.collect(events)
        assert collected.accepted == len(events), collected

    def _audit(self, asked: dict[str, Any]) -> None:
        """Ask the same 1,000 times more: how often each item came first."""
        bet = self.engine.decide(**asked, preview=True)
        firsts = [
            self.engine.decide(**asked, preview=True).choices[0].item_id for _ in range(AUDITED)
        ]
        names = [one.item_id for one in bet.candidates]
        self.audit.append((bet, np.array([firsts.count(name) for name in names])))

    def settled(self) -> list[tuple[float, float]]:
        """(said, won) of each choice."""
        return [
            (one.expected_reward, float((step, one.slot) in self.won))
            for step, bet in self.bets.items()
            for one in bet.choices
        ]

    def close(self) -> None:
        self.engine.close()


def _document(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "itemId": item["itemId"],
        "title": item["itemId"],
        "kind": "product",
        "categories": [item["category"]],
        "tags": dict.fromkeys(item["tags"], 1.0),
        "price": item["price"],
        "currency": "EUR",
        "attributes": {"durable": True} if item["durable"] else {},
    }


class VowpalWabbit:
    """The peer in its own environment; it is told every visit as it is."""

    def __init__(self, about: dict[str, Any], arguments: str) -> None:
        python = environment("vw", VW_PACKAGES)
        self._peer = Peer(python, Path(__file__).with_name("shop_vw.py"), arguments)
        self._peer.ask(about)

    def show(self, told: dict[str, Any]) -> list[str]:
        shown: list[str] = self._peer.ask(told)
        return shown

    def close(self) -> None:
        self._peer.close()


@dataclass
class Run:
    """One contestant in one world."""

    score: dict[str, dict[str, float]]
    settled: list[tuple[float, float]] = field(default_factory=list)
    audit: list[tuple[Decision, np.ndarray]] = field(default_factory=list)
    milliseconds: float = 0.0

    def share(self, part: str = "all", zero: str = "fixed") -> float:
        sums = self.score[part]
        possible = sums["oracle"] - sums[zero]
        return (sums["value"] - sums[zero]) / possible if possible > 0 else math.nan


def run(make: Callable[[dict[str, Any]], Contestant], seed: int, rounds: int, **kind: bool) -> Run:
    world = World(seed, rounds, **kind)
    contestant = make(world.about)
    try:
        shown: list[str] = []
        while not (told := world.visit(shown))["done"]:
            shown = contestant.show(told)
        contestant.show(told)
        result = Run(world.score())
        if isinstance(contestant, Wager):
            result.settled, result.audit = contestant.settled(), contestant.audit
            result.milliseconds = 1e3 * contestant.seconds / rounds
        return result
    finally:
        contestant.close()
        world.close()


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and half the width of its 95 % interval over seeds."""
    values = [one for one in values if not math.isnan(one)]
    if len(values) < 2:
        return (values[0] if values else math.nan), math.nan
    half = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return fmean(values), half


def shop_world(options: argparse.Namespace) -> None:
    """Share of the possible gain, newcomers, drift, no harm, calibration, audit; paired seeds."""
    count, rounds = (2, 1_500) if options.quick else (options.seeds, 12_000)
    seeds = options.seed or [secrets.randbits(31) for _ in range(count)]
    print(f"  {len(seeds)} worlds of {rounds:,} visits, seeds {' '.join(map(str, seeds))}")
    runs: dict[str, list[Run]] = {"wager": []} | {name: [] for name in VW_SETTINGS}
    for seed in seeds:
        runs["wager"].append(run(Wager, seed, rounds))
        for name, arguments in VW_SETTINGS.items():
            runs[name].append(run(_peer(arguments), seed, rounds))
        shares = "  ".join(f"{name} {each[-1].share():.3f}" for name, each in runs.items())
        print(f"  seed {seed}: {shares}", flush=True)
    _gains(runs)
    _no_harm(seeds[: max(len(seeds) // 2, 1)], rounds)
    _shuffled(seeds[: max(len(seeds) // 5, 1)], rounds)
    _calibration(runs["wager"])
    _audits(runs["wager"])


def _peer(arguments: str) -> Callable[[dict[str, Any]], Contestant]:
    return lambda about: VowpalWabbit(about, arguments)


def _gains(runs: dict[str, list[Run]]) -> None:
    best = max(VW_SETTINGS, key=lambda name: fmean(one.share() for one in runs[name]))
    ours, theirs = runs["wager"], runs[best]
    print(f"  share of the possible gain ({best} is the best of {len(VW_SETTINGS)} settings)")
    for part in ("all", "new people", "new items", "after drift"):
        mine, half = interval([one.share(part) for one in ours])
        peer, other = interval([one.share(part) for one in theirs])
        apart, width = interval(
            [one.share(part) - two.share(part) for one, two in zip(ours, theirs, strict=True)]
        )
        print(
            f"    {part:<12} wager {mine:6.3f} +- {half:.3f}   vw {peer:6.3f} +- {other:.3f}   "
            f"apart {apart:+.3f} +- {width:.3f}   ratio {mine / peer:.2f}"
        )
    print(f"  wager {fmean(one.milliseconds for one in ours):.2f} ms of CPU a visit, all in all")


def _no_harm(seeds: Sequence[int], rounds: int) -> None:
    """Where tastes do not differ: the value beside the best broad content, known in hindsight."""
    found = []
    for seed in seeds:
        sums = run(Wager, seed, rounds, differ=False).score["all"]
        found.append(sums["value"] / sums["fixed"])
    mean, half = interval(found)
    print(f"  tastes do not differ: value / best broad content {mean:.4f} +- {half:.4f}")


def _shuffled(seeds: Sequence[int], rounds: int) -> None:
    """Rewards that have nothing to do with what was shown: there is nothing to gain."""
    found = [run(Wager, seed, rounds, shuffled=True).share(zero="random") for seed in seeds]
    mean, half = interval(found)
    print(f"  shuffled rewards: share of the gain over chance {mean:+.4f} +- {half:.4f}")


def _calibration(runs: Sequence[Run]) -> None:
    """Error by decile of what was said, weighted by how many, over the mean reward."""
    pairs = np.array([pair for one in runs for pair in one.settled])
    pairs = pairs[np.argsort(pairs[:, 0])]
    tenths = np.array_split(pairs, 10)
    error = sum(abs(float((one[:, 0] - one[:, 1]).sum())) for one in tenths) / pairs[:, 1].sum()
    print(f"  calibration over {len(pairs):,} settled bets: error by decile {error:.2%}")
    for one in tenths:
        said, won = one.mean(axis=0)
        print(f"    said {said:.4f}  won {won:.4f}  ({len(one):,})")


def _audits(runs: Sequence[Run]) -> None:
    """The logged odds against 1,000 draws from the same snapshot: the largest distance in sigma."""
    worst = 0.0
    audited = [each for one in runs for each in one.audit]
    for bet, counts in audited:
        odds = np.array([one.propensity for one in bet.candidates])
        sigma = np.sqrt(AUDITED * odds * (1.0 - odds))
        far = np.abs(counts - AUDITED * odds) / np.maximum(sigma, 1.0)
        worst = max(worst, float(far.max()))
    print(f"  propensities: {len(audited)} decisions asked {AUDITED:,} times, "
          f"largest distance {worst:.1f} sigma")  # fmt: skip
    if worst > 6.0:
        sys.exit("the logged propensities are not those that were drawn from")
