"""Other libraries' bandits on one world, run by the Python of their own environment.

`python bandit_peers.py <peer> <setting as JSON> <world.npz>` prints one line of JSON: the rewards
and the CPU time for each act and learn. Features come standardised; writing them down as text is
not counted, reading them is.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Floats = Any
Played = tuple[list[int], float]


def vw(setting: str, x: Floats, y: Floats, u: Floats) -> Played:
    """Vowpal Wabbit: actions as lines, context crossed with the action."""
    from vowpalwabbit import pyvw

    classes = int(y.max()) + 1
    learner = pyvw.Workspace(f"--quiet --cb_explore_adf -q xa {setting}")
    actions = [f"|a {name}" for name in range(classes)]
    got, cpu = [], 0.0
    for row in range(len(y)):
        shared = "shared |x " + " ".join(
            f"{column}:{value:.5f}" for column, value in enumerate(x[row]) if value
        )
        began = time.process_time()
        odds = learner.predict([shared, *actions])
        cumulated = np.cumsum(odds)
        action = int(np.searchsorted(cumulated, u[row] * cumulated[-1]))
        reward = int(action == y[row])
        lines = list(actions)
        lines[action] = f"0:{-reward}:{odds[action]:.6f} {lines[action]}"
        learner.learn([shared, *lines])
        cpu += time.process_time() - began
        got.append(reward)
    learner.finish()
    return got, cpu


def mabwiser(setting: str, x: Floats, y: Floats, u: Floats) -> Played:
    """mabwiser's LinUCB; it knows no propensities, so chance is its own."""
    from mabwiser.mab import MAB, LearningPolicy

    classes = int(y.max()) + 1
    learner = MAB(list(range(classes)), LearningPolicy.LinUCB(**json.loads(setting)))
    got, cpu = [], 0.0
    for row in range(len(y)):
        context = x[row : row + 1]
        began = time.process_time()
        action = int(u[row] * classes) if row == 0 else int(learner.predict(context))
        reward = int(action == y[row])
        learner.partial_fit([action], [reward], context)
        cpu += time.process_time() - began
        got.append(reward)
    return got, cpu


def contextualbandits(setting: str, x: Floats, y: Floats, u: Floats) -> Played:
    """contextualbandits' LinUCB, updated one by one."""
    from contextualbandits.online import LinUCB

    classes = int(y.max()) + 1
    learner = LinUCB(classes, njobs=1, random_state=1, **json.loads(setting))
    got, cpu = [], 0.0
    for row in range(len(y)):
        context = x[row : row + 1]
        began = time.process_time()
        action = int(u[row] * classes) if row == 0 else int(learner.predict(context)[0])
        reward = int(action == y[row])
        learner.partial_fit(context, np.array([action]), np.array([float(reward)]))
        cpu += time.process_time() - began
        got.append(reward)
    return got, cpu


PEERS: dict[str, Callable[[str, Floats, Floats, Floats], Played]] = {
    "vw": vw,
    "mabwiser": mabwiser,
    "contextualbandits": contextualbandits,
}

if __name__ == "__main__":
    peer, setting, world = sys.argv[1:]
    with np.load(world) as held:
        rewards, seconds = PEERS[peer](setting, held["x"], held["y"], held["u"])
    print(json.dumps({"mean": float(np.mean(rewards)), "cpu_us": seconds / len(rewards) * 1e6}))
