"""Classification as bets: `python -m benchmarks bandits [--seeds 10] [--quick]`.

A row of a data set is a context, its classes are the items, the reward is 1 for the right one. All
see the same rows in the same order, of seeds drawn at run time; the peers get numbers on one scale
(each by what was seen before it), wager the raw ones. Each peer plays with the best of its settings
on a seed of its own, which is not counted.
"""

import argparse
import json
import math
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import chisquare, t

from benchmarks.peers import environment
from wager.decide.policies import POLICIES
from wager.decide.slate import Odds, draw
from wager.learn.contextual import Contextual
from wager.stats.draws import pick, uniform

PACKAGES = ("vowpalwabbit==9.11.9", "mabwiser==2.7.4", "contextualbandits==0.3.30")
SCRIPT = Path(__file__).with_name("bandit_peers.py")
SETS = ("vowel", "digits", "segments", "satellite", "letter", "shuttle", "dna", "insurance")
SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "vw squarecb": ("vw", ("--squarecb", "--squarecb --gamma_scale 100", "--squarecb -l 2")),
    "vw synthcover": (
        "vw",
        ("--synthcover", "--synthcover --synthcoverpsi .01", "--synthcover -l 2"),
    ),
    "vw cover": ("vw", ("--cover 5", "--cover 5 --nounif", "--cover 5 --nounif -l 2")),
    "vw bag": ("vw", ("--bag 5", "--bag 5 --epsilon .02", "--bag 5 -l 2")),
    "mabwiser LinUCB": ("mabwiser", ('{"alpha": 0.1}', '{"alpha": 0.3}', '{"alpha": 1.0}')),
    "contextualbandits LinUCB": (
        "contextualbandits",
        ('{"alpha": 0.1}', '{"alpha": 0.3}', '{"alpha": 1.0}'),
    ),
}
EXPLORERS = ("vw squarecb", "vw synthcover", "vw cover", "vw bag")
TUNING_STEPS, EXPLORE, KEY = 1_000, 0.005, b"the benchmark's key"
AUDITED, REPLAYS = 10, 1_000


@dataclass(frozen=True)
class World:
    """Rows x (steps, inputs) of one data set in the order of one seed, and their classes y."""

    name: str
    x: np.ndarray[Any, np.dtype[np.float64]]
    y: np.ndarray[Any, np.dtype[np.int64]]


def world(name: str, seed: int, steps: int) -> World:
    """A shuffle of the set, and another where it is shorter than `steps`."""
    with np.load(_folder() / f"{name}.npz") as held:
        x, y = held["X"].astype(float), held["y"].astype(int)
    rng = np.random.default_rng(seed)
    rounds = -(-steps // len(y))
    order = np.concatenate([rng.permutation(len(y)) for _ in range(rounds)])[:steps]
    return World(name, x[order], y[order])


def _folder() -> Path:
    return Path(os.environ.get("WAGER_DATA", "")) / "bandits"


@dataclass(frozen=True)
class Played:
    """The mean reward of a run, and the CPU time of one act and learn in microseconds."""

    mean: float
    cpu_us: float


def play(world: World, seed: int) -> Played:
    """wager: the learner, the policy through its public face, the draw from its odds."""
    names = [str(one) for one in range(int(world.y.max()) + 1)]
    learner = Contextual(world.x.shape[1], seed=seed)
    everything = np.ones(len(names), dtype=bool)
    won, seconds = 0, 0.0
    for row, (x, right) in enumerate(zip(world.x, world.y.tolist(), strict=True)):
        began = time.process_time()
        mean, deviation = learner.expect(x, names)
        odds = POLICIES["thompson"](mean, deviation, EXPLORE, 1)
        logged = odds(everything).tolist()
        item = pick(logged, uniform(KEY, f"{seed}-{row}", 0))
        learner.add(x, names[item], float(item == right))
        seconds += time.process_time() - began
        won += item == right
    return Played(won / len(world.y), seconds / len(world.y) * 1e6)


def play_peer(python: Path, name: str, setting: str, world: World, seed: int) -> Played:
    """A peer on the same rows, in its own process."""
    count = np.arange(1, len(world.x) + 1)[:, None]
    mean = np.cumsum(world.x, axis=0) / count
    spread = np.sqrt(np.maximum(np.cumsum(world.x**2, axis=0) / count - mean**2, 0.0))
    x = np.divide(world.x - mean, spread, out=np.zeros_like(world.x), where=spread > 1e-9)
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "world.npz"
        u = np.random.default_rng(seed + 1).random(len(world.y))
        np.savez(held, x=np.clip(x, -5.0, 5.0), y=world.y, u=u)
        command = [str(python), str(SCRIPT), SETTINGS[name][0], setting, str(held)]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{name} {setting} ended with {done.returncode}: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Played(told["mean"], told["cpu_us"])


def tuned(python: Path, name: str, sets: Sequence[str], steps: int) -> str:
    """The setting with the largest mean reward over the sets, on a seed that is not counted.

    A run of less than a thousand steps takes the first, untried.
    """
    if steps < TUNING_STEPS:
        return SETTINGS[name][1][0]
    seed = secrets.randbits(31)
    worlds = [world(one, seed, steps) for one in sets]

    def mean(setting: str) -> float:
        return sum(play_peer(python, name, setting, one, seed).mean for one in worlds)

    return max(SETTINGS[name][1], key=mean)


def table(
    python: Path, players: Sequence[str], sets: Sequence[str], steps: int, seeds: Sequence[int]
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Prints rewards and CPU time by set; returns them as (seeds, sets, 2) by player."""
    chosen = {name: tuned(python, name, sets, min(steps, TUNING_STEPS)) for name in players}
    results: dict[str, list[list[tuple[float, float]]]] = {"wager": []}
    results |= {name: [] for name in players}
    for seed in seeds:
        worlds = [world(one, seed, steps) for one in sets]
        runs: dict[str, Callable[[World, int], Played]] = {"wager": play}
        for name, setting in chosen.items():
            runs[name] = _player(python, name, setting)
        for name, run in runs.items():
            played = [run(one, seed) for one in worlds]
            results[name].append([(one.mean, one.cpu_us) for one in played])
    made = {name: np.array(one) for name, one in results.items()}
    print(f"  {steps:,} steps, {len(seeds)} seeds")
    print(f"  {'':<26}" + "".join(f"{one[:9]:>10}" for one in sets) + f"{'all':>18}{'us':>8}")
    for name, figures in made.items():
        middle, half = interval(figures[:, :, 0].mean(axis=1))
        by_set = "".join(f"{one:>10.3f}" for one in figures[:, :, 0].mean(axis=0))
        print(f"  {name:<26}{by_set}{middle:>10.3f} ±{half:.3f}{figures[:, :, 1].mean():>9,.0f}"
              f"  {chosen.get(name, '')}")  # fmt: skip
    return made


def _player(python: Path, name: str, setting: str) -> Callable[[World, int], Played]:
    return lambda world, seed: play_peer(python, name, setting, world, seed)


def interval(figures: Any) -> tuple[float, float]:
    """Mean, and half of the 95 % interval over the seeds."""
    count = len(figures)
    if count < 2:
        return float(figures.mean()), math.nan
    half = float(t.ppf(0.975, count - 1)) * float(figures.std(ddof=1)) / math.sqrt(count)
    return float(figures.mean()), half


def goal(what: str, ratios: Any, wanted: float) -> None:
    """One line: the ratio over paired seeds, the goal, and whether it is reached."""
    middle, half = interval(np.atleast_1d(ratios))
    verdict = "reached" if middle >= wanted else "MISSED"
    print(f"  {what:<58}{middle:>7.3f} ±{half:.3f}   goal {wanted:.2f}   {verdict}")


def rewards_ratio(results: dict[str, Any], players: Sequence[str]) -> tuple[str, Any]:
    """wager's mean reward over that of the best of some players, by seed."""
    best = max(players, key=lambda name: float(results[name][:, :, 0].mean()))
    return best, results["wager"][:, :, 0].mean(axis=1) / results[best][:, :, 0].mean(axis=1)


def cpu_ratio(results: dict[str, Any], name: str) -> Any:
    """A player's CPU time over wager's, by seed."""
    return results[name][:, :, 1].mean(axis=1) / results["wager"][:, :, 1].mean(axis=1)


def fit(counts: Any, expected: Any) -> float:
    """The chi-square test's p; what is expected less than five times is taken together."""
    rare = expected < 5.0
    seen = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    if wanted[-1] < 5.0:
        seen, wanted = seen[:-1], wanted[:-1]
        wanted = wanted * (seen.sum() / wanted.sum())
    return float(chisquare(seen, wanted).pvalue) if len(wanted) > 1 else 1.0


def audit(seed: int) -> None:
    """Decisions replayed from a snapshot fall as their logged odds say; luck earns nothing."""
    told = world("segments", seed, 1_500)
    names = [str(one) for one in range(int(told.y.max()) + 1)]
    learner = Contextual(told.x.shape[1], seed=seed)

    def first(odds: Odds, decision_id: str) -> tuple[int, float]:
        return draw(odds, [()] * len(names), 1, key=KEY, decision_id=decision_id).choices[0]

    smallest = 1.0
    for row, (x, right) in enumerate(zip(told.x, told.y.tolist(), strict=True)):
        odds = POLICIES["thompson"](*learner.expect(x, names), EXPLORE, 1)
        if row and row % (len(told.y) // AUDITED) == 0:
            logged = odds(np.ones(len(names), dtype=bool))
            replays = [first(odds, f"replay-{seed}-{row}-{one}") for one in range(REPLAYS)]
            assert all(chance == logged[item] for item, chance in replays)
            counts = np.bincount([item for item, _ in replays], minlength=len(names))
            smallest = min(smallest, fit(counts, logged * REPLAYS))
        item = first(odds, f"{seed}-{row}")[0]
        learner.add(x, names[item], float(item == right))
    honest = "honest" if smallest > 1e-6 else "BROKEN"
    print(f"  propensities: smallest of the chi-square tests {smallest:.4f}   {honest}")
    lucky = World(told.name, told.x, np.random.default_rng(seed).permutation(told.y))
    score, chance = play(lucky, seed).mean, float(np.bincount(told.y).max()) / len(told.y)
    error = 4.0 * math.sqrt(chance / len(told.y))
    verdict = "as it must be" if abs(score - chance) < error else "SUSPICIOUS"
    print(f"  shuffled rewards: {score:.3f}, the commonest class is {chance:.3f}   {verdict}")


def bandits(options: argparse.Namespace) -> None:
    """Mean reward and CPU time against Vowpal Wabbit, mabwiser and contextualbandits."""
    if not _folder().is_dir():
        print("  skipped: WAGER_DATA names no folder with bandits/*.npz")
        return
    python = environment("bandits", PACKAGES)
    seeds = [secrets.randbits(31) for _ in range(1 if options.quick else options.seeds)]
    sets = SETS[:3:2] if options.quick else SETS
    long, short = (400, 300) if options.quick else (6_500, 2_000)
    explorers = table(python, EXPLORERS, sets, long, seeds)
    everyone = table(python, list(SETTINGS), sets[:6], short, seeds)
    best, ratio = rewards_ratio(explorers, EXPLORERS)
    goal(f"reward / the best explorer ({best})", ratio, 1.15)
    best, ratio = rewards_ratio(everyone, list(SETTINGS))
    goal(f"reward / the best of all ({best})", ratio, 1.0)
    fastest = max(EXPLORERS, key=lambda name: float(-explorers[name][:, :, 1].mean()))
    goal(f"CPU of the fastest explorer ({fastest}) / wager", cpu_ratio(explorers, fastest), 4.0)
    for name in ("mabwiser LinUCB", "contextualbandits LinUCB"):
        goal(f"CPU of {name} / wager", cpu_ratio(everyone, name), 20.0)
    audit(seeds[0])
