"""What another policy would have earned, against the truth: `python -m benchmarks offpolicy`.

A row of a data set is a context, its classes are the items; the reward is 1 with a chance of .9 for
the right one and of .1 for all others, so the truth is known. A learner plays on what was drawn and
logs what it expects; a shadow stands beside it. Three logs: by Thompson odds with a greedy shadow,
by even odds, and by odds that lean to what is worse. The error is that of the estimate over the
truth, in the mean over sets and seeds.
"""

import argparse
import secrets
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.bandits import SETS, world
from wager.decide.policies import POLICIES
from wager.domain.estimates import Estimate
from wager.learn.contextual import Contextual
from wager.measure.offpolicy import OffPolicy, Seen

Floats = NDArray[np.float64]
STEPS, EXPLORE, OPPOSED = 4_000, 0.05, 0.6
LOGS = ("learner", "even", "opposed")
QUICK = SETS[:3]


def offpolicy(options: argparse.Namespace) -> None:
    """Errors of four estimators, and their ratio to inverse propensity scoring."""
    sets, seeds = (QUICK, 1) if options.quick else (SETS, options.seeds)
    errors: dict[str, dict[str, list[float]]] = {}
    silent = 0
    for log in LOGS:
        for name in sets:
            for _ in range(seeds):
                found, truth = errors_of(log, name, secrets.randbits(32))
                silent += not found
                for estimator, value in found.items():
                    at = errors.setdefault(estimator, {}).setdefault(log, [])
                    at.append(abs(value - truth) / truth)
    print("  " + f"{'estimator':<28}" + "".join(f"{log:>22}" for log in LOGS) + f"{'mean':>10}")
    for estimator, by_log in errors.items():
        means = [float(np.mean(by_log.get(log, np.nan))) for log in LOGS]
        base = [float(np.mean(errors["inverse propensity"].get(log, np.nan))) for log in LOGS]
        ratios = [one / other for one, other in zip(means, base, strict=True)]
        cells = [f"{one:12.1%} = {ratio:4.2f} x" for one, ratio in zip(means, ratios, strict=True)]
        print(
            "  " + f"{estimator:<28}" + "".join(f"{cell:>22}" for cell in cells)
            + f"{float(np.nanmean(ratios)):8.2f} x"
        )  # fmt: skip
    print(
        f"  {silent} logs of {len(LOGS) * len(sets) * seeds} had too few bets in common: no verdict"
    )


def errors_of(log: str, name: str, seed: int) -> tuple[Mapping[str, float], float]:
    """The estimates of one log, none where wager gives no verdict; and the truth."""
    rows, truth = play(log, name, seed)
    fold = OffPolicy()
    for w, r, q, average in rows.tolist():
        fold.add(Seen(w, w * r, w * q - average, r))
    w, r, q, average = rows.T
    estimates = {
        "inverse propensity": float((w * r).mean()),
        "self-normalised": float((w * r).sum() / w.sum()),
        "doubly robust": float((average + w * (r - q)).mean()),
    }
    chosen = fold.value()
    if not isinstance(chosen, Estimate):
        return {}, truth
    return estimates | {"wager (control variates)": chosen.value}, truth


def play(log: str, name: str, seed: int) -> tuple[Floats, float]:
    """Rows (steps, 4) of weight, reward, what was expected of the choice and of the shadow."""
    bets = world(name, seed, STEPS)
    items = [str(one) for one in range(int(bets.y.max()) + 1)]
    rng, left = np.random.default_rng(seed), np.ones(len(items), dtype=bool)
    learner, rows, truth = Contextual(bets.x.shape[1], seed=seed), [], 0.0
    for x, right in zip(bets.x, bets.y.tolist(), strict=True):
        mean, deviation = learner.expect(x, items)
        live, shadow = _odds(log, mean, deviation, left)
        chance = np.full(len(items), 0.1)
        chance[right] = 0.9
        drawn = min(int(np.searchsorted(live.cumsum(), rng.random())), len(items) - 1)
        reward = float(rng.random() < chance[drawn])
        rows.append(
            (shadow[drawn] / live[drawn], reward, float(mean[drawn]), float(shadow @ mean))
        )  # fmt: skip
        truth += float(shadow @ chance) / STEPS
        learner.add(x, items[drawn], reward)
    return np.array(rows), truth


def _odds(
    log: str, mean: Floats, deviation: Floats, left: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Those of the log and those of its shadow."""
    thompson = POLICIES["thompson"](mean, deviation, EXPLORE, 1)(left)
    if log == "learner":
        return thompson, POLICIES["greedy"](mean, deviation, EXPLORE, 1)(left)
    if log == "even":
        return np.full(len(mean), 1.0 / len(mean)), POLICIES["softmax"](
            mean, deviation, EXPLORE, 1
        )(left)
    return POLICIES["softmax"](-mean, deviation, OPPOSED, 1)(left), thompson
