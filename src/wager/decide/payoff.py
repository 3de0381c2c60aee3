"""What each candidate is expected to be worth, how sure that is, and how the sum comes about."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from wager.decide.features import PRIOR_MEAN, PRIOR_STRENGTH
from wager.domain.asking import Ask
from wager.domain.models import Payoffs
from wager.domain.moments import LIKENESS, Cell, Group, groups, numbers

Floats = NDArray[np.float64]

ALIKE = 0.12  # by how much of the usual reward a person's taste for what is alike differs
PLAYED = 0.09  # of the rungs' variance: they overlap, and all of it explores more than pays
UNKNOWN = 60.0  # choices that what is known of a placement is worth before its first bet
ITSELF = 0.06  # and by how much the taste for one item beyond that


class Worth(msgspec.Struct, frozen=True):
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
    share = np.vecdot(x @ payoffs.covariance, x)
    before = said.copy()
    corrections = _correct(ask, names, payoffs, share, before)
    item, segment, person, floor, honesty = corrections
    mean = said + (item + segment + person)
    if payoffs.base >= 0 and not payoffs.costly:
        # rewards are not negative, so neither is what is expected
        np.maximum(-mean, 0.0, out=floor)
        mean += floor
    deviation = np.sqrt(payoffs.noise * share)
    told = mean if payoffs.honest is None else np.interp(mean, *payoffs.honest)
    np.subtract(told, mean, out=honesty)
    return Worth(mean, told, deviation, x, payoffs.mean, said, before, corrections.T)


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
    """What item, segments and person change (5, candidates), the other two being 0 still; adds what
    is not known of them to `share`, and what everybody's record changes to `before`. Nothing comes
    last among the names, if at all."""
    corrections = np.zeros((5, len(names)))
    fit, items = payoffs.fit, ask.shelf.items
    named = [name for name in names if name is not None]
    count = len(named)
    if fit is None or not named:
        share[:count] += 1.0 / UNKNOWN
        return corrections

    def shares(name: str) -> Sequence[Group]:
        return groups(items.get(name))

    own = dict(payoffs.people.get(ask.profile.profile_id, {}))  # another thread may be adding to it
    both = fit.expect([*own, *named], shares, fit.moment(ask.context, ask.segments))
    expected = both[len(own) :]
    beyond, by_segments, unsure, likeness, cell = expected[:, :5].T
    np.add(beyond, cell, out=corrections[0, :count])
    corrections[1, :count] = by_segments
    before[:count] += beyond + by_segments
    told = numbers(ask.context) if payoffs.curve is not None else {}
    if payoffs.curve is not None and told:
        by_numbers, doubt = payoffs.curve.expect(named, shares, told)
        corrections[0, :count] += by_numbers
        unsure = unsure + doubt
    usual = payoffs.noise / max(payoffs.usual, 0.01) ** 2
    alike, itself = usual / ALIKE**2, usual / ITSELF**2
    if own:
        corrections[2, :count], doubt = _taste(own, named, both[:, 5:], (alike, itself))
        doubt += unsure
    else:
        doubt = unsure + likeness / alike + 1.0 / itself
    doubt *= PLAYED
    share[:count] += doubt
    return corrections


def _taste(
    own: Mapping[str, Cell], named: Sequence[str], both: Floats, strengths: tuple[float, float]
) -> tuple[Floats, Floats]:
    """What the person's own record changes of each of the named, and how unsure that leaves it: a
    regression on likeness, and what each item still misses.

    `both` is the likeness (own and named, LIKENESS); `strengths` are of the priors of the leaning
    and of each item, in showings.
    """
    alike, itself = strengths
    count, rewards, said = np.array(list(own.values())).T
    missed, shown, z = rewards - said, both[: len(own)], both[len(own) :]
    precision = (shown.T * count).dot(shown)
    precision.reshape(-1)[:: LIKENESS + 1] += alike
    right = np.empty((1 + len(named), LIKENESS))
    right[0], right[1:] = missed.dot(shown), z
    solved = dposv(precision.T, right.T, overwrite_a=True, overwrite_b=True)[1].T
    leaning = solved[0]
    missed -= count * shown.dot(leaning)
    count += itself
    beside = np.empty((len(own) + 1, 2))  # the last is an item without a record
    beside[:-1, 0], beside[:-1, 1], beside[-1] = missed / count, 1.0 / count, (0.0, 1.0 / itself)
    place = {name: at for at, name in enumerate(own)}
    more, doubt = beside.take([place.get(name, -1) for name in named], axis=0).T
    more += z.dot(leaning)
    doubt += np.vecdot(z, solved[1:])
    return more, doubt
