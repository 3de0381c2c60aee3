"""What each candidate is expected to be worth, how sure that is, and how the sum comes about."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.asking import Ask
from wager.domain.models import Payoffs
from wager.domain.moments import Group, groups

Floats = NDArray[np.float64]

ALIKE = 0.12  # by how much of the usual reward a person's taste for what is alike differs
PLAYED = 0.09  # of the rungs' variance: they overlap, and all of it explores more than pays
UNKNOWN = 60.0  # choices that what is known of a placement is worth before its first bet
ITSELF = 0.06  # and by how much the taste for one item beyond that


@dataclass(frozen=True, slots=True)
class Worth:
    """Expected reward and standard error of each candidate, and the parts that add up to it.

    Feature times weight adds up to `said`, what the regression alone said; the corrections are by
    what came of earlier bets, and a floor at 0. `told` is the mean put right by what came of bets
    that said as much: it is what is said, while odds follow from the mean.
    """

    mean: Floats
    told: Floats
    deviation: Floats
    x: Floats  # (candidates, WIDTH)
    weights: Floats  # (WIDTH,)
    said: Floats
    before: Floats  # (candidates,) what is said before cells of items and people put it right
    corrections: Floats  # (candidates, 5): item, segment x item, person x item, floor, honesty


def nothing_learnt() -> Payoffs:
    """The payoffs of a placement before its first bet: the prior."""
    return Payoffs(mean=PRIOR_MEAN, covariance=np.diag(1.0 / PRIOR_STRENGTH), noise=0.05, base=0.02)


def worth(ask: Ask, x: Floats, names: Sequence[str | None], payoffs: Payoffs) -> Worth:
    """The ladder: a regression for everybody, corrected by item, by segment, by person.

    Every rung is a regression on what the ones above it missed (`learn.moments`); its variance is
    the noise times c (A + K)^-1 c, and the variances add up.
    """
    said = x @ payoffs.mean
    share = np.einsum("ij,ij->i", x @ payoffs.covariance, x)
    before = said.copy()
    corrections = _correct(ask, names, payoffs, share, before)
    mean = said + corrections[:, :4].sum(axis=1)
    if (
        payoffs.base >= 0 and not payoffs.costly
    ):  # rewards are not negative, so neither is what is expected
        corrections[:, 3] = np.maximum(-mean, 0.0)
        mean += corrections[:, 3]
    deviation = np.sqrt(payoffs.noise * share)
    told = mean if payoffs.honest is None else np.interp(mean, *payoffs.honest)
    corrections[:, 4] = told - mean
    return Worth(mean, told, deviation, x, payoffs.mean, said, before, corrections)


def with_nothing(values: Worth, saved: float) -> Worth:
    """Nothing as one more arm: surely worth what an impression costs."""
    zero = np.zeros((1, values.x.shape[1]))
    sure = float(values.deviation.min()) / 4.0 if len(values.deviation) else 1e-3
    return replace(
        values,
        mean=np.append(values.mean, saved),
        told=np.append(values.told, saved),
        deviation=np.append(values.deviation, sure),
        x=np.vstack([values.x, zero]),
        said=np.append(values.said, saved),
        before=np.append(values.before, saved),
        corrections=np.vstack([values.corrections, np.zeros((1, 5))]),
    )


def _correct(
    ask: Ask, names: Sequence[str | None], payoffs: Payoffs, share: Floats, before: Floats
) -> Floats:
    """What item, segments and person change; adds what is not known of them to `share`, and what
    everybody's record changes to `before`."""
    corrections = np.zeros((len(names), 5))
    fit, items = payoffs.fit, ask.shelf.items
    rows = [row for row, name in enumerate(names) if name is not None]
    named = [name for name in names if name is not None]
    if fit is None or not named:
        share[rows] += 1.0 / UNKNOWN
        return corrections

    def shares(name: str) -> Sequence[Group]:
        return groups(items.get(name))

    table = fit.expect(named, shares, fit.moment(ask.context, ask.segments))
    corrections[rows, :2] = table[:, :2]
    corrections[rows, 0] += table[:, 4]
    before[rows] += table[:, :2].sum(axis=1)
    usual = payoffs.noise / max(payoffs.usual, 0.01) ** 2
    alike, itself = usual / ALIKE**2, usual / ITSELF**2
    person = payoffs.people.get(ask.profile.profile_id)
    if not person:
        share[rows] += PLAYED * (table[:, 2] + table[:, 3] / alike + 1.0 / itself)
        return corrections
    own = list(person)
    count, rewards, said = np.array([person[name] for name in own]).T
    shown = fit.alike(own, shares)
    inverse = np.linalg.inv((shown.T * count) @ shown + alike * np.eye(shown.shape[1]))
    leaning = inverse @ (shown.T @ (rewards - said))
    missed = (rewards - said - count * (shown @ leaning)) / (count + itself)
    of_own = dict(zip(own, zip(missed.tolist(), (1.0 / (count + itself)).tolist(), strict=True),
                      strict=True))  # fmt: skip
    nothing = (0.0, 1.0 / itself)
    more = np.array([of_own.get(name, nothing) for name in named])
    z = fit.alike(named, shares)
    corrections[rows, 2] = z @ leaning + more[:, 0]
    doubt = table[:, 2] + np.einsum("ij,ij->i", z @ inverse, z) + more[:, 1]
    share[rows] += PLAYED * doubt
    return corrections
