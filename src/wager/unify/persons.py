"""Who is it? How many people use an account, and how likely each is to be there now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import structs
from numpy.typing import NDArray
from scipy.special import gammaln

from wager.domain.content import Item
from wager.domain.profiles import Profile, Purchase, Use
from wager.unify.uses import HOURS_OF_USE, TASTES, taste

Floats = NDArray[np.float64]

PARTS = 8
LEAST_USES, LEAST_OF_ONE = 10, 4
MOST_PERSONS = 4
SURE = 3.0  # log Bayes factor from which two people are believed: 20 to 1
ROUNDS = 8
BY_TASTE = 0.1  # of a use: how much the taste alone says of who chose
LEAST_THEIRS = 0.35
DOUBT = 0.5  # of a purchase: how much the taste alone says of whose a leaning is
BUCKET_SECONDS = 3600 * HOURS_OF_USE
_BLOCKS = (slice(0, PARTS), slice(PARTS, PARTS + 2), slice(PARTS + 2, PARTS + 2 + TASTES))
_WIDTH = PARTS + 2 + TASTES
_STRENGTH = (16.0, 8.0, 32.0)  # pseudo-observations of each block, spread as the account's own


@dataclass(frozen=True, slots=True)
class Persons:
    """The people that one account's uses tell apart: for each, how often and how it uses it."""

    uses: Floats  # (persons,)
    counts: Floats  # (persons, PARTS + 2 + TASTES)
    devices: Mapping[str, Floats]  # uses of a device by each person
    when: Mapping[int, Floats]  # uses within three hours since 1970 by each person


def persons(uses: Iterable[Use]) -> Persons | None:
    """The people in an account, or None where its uses are those of one person.

    They are told apart by their devices, or, on one device, by hour, weekend and taste. Two are
    believed where the uses are 20 times likelier so (the Bayes factor of Dirichlet-multinomials
    whose prior is centred on the account as a whole; on one device the unknown labels count against
    it), for a person with two devices is one person.

    References: Kass, Raftery (1995), Bayes factors; Biernacki, Celeux, Govaert (2000), ICL.
    """
    known = list(uses)
    if len(known) < LEAST_USES:
        return None
    x = _table(known)
    names = [use.device for use in known]
    labels = _by_device(names)
    if labels is None or _gain(x, labels) < SURE:
        labels = _by_habit(x)
        if labels is None:
            return None
    people = int(labels.max()) + 1
    member = np.eye(people)[labels]  # (uses, persons)
    devices = {
        name: member[[one == name for one in names]].sum(axis=0) for name in dict.fromkeys(names)
    }
    when: dict[int, Floats] = {}
    for use, one in zip(known, member, strict=True):
        when[use.at] = when.get(use.at, 0.0) + one
    return Persons(member.sum(axis=0), member.T @ x, devices, when)


def present(
    found: Persons, *, part: int, weekend: bool, device: str | None, tastes: Sequence[int]
) -> tuple[float, ...]:
    """The probability that each of them is there now, by hour, weekend, device and what is looked
    at; what is not known (None, empty) says nothing."""
    now = _table([Use(0, part, weekend, "", tuple(tastes))])[0]
    logs = np.log((found.uses + 1.0) / (found.uses.sum() + len(found.uses)))
    prior = _prior(found.counts)
    for block in _BLOCKS:
        counts = found.counts[:, block] + prior[block]
        logs += np.log(counts / counts.sum(axis=1, keepdims=True)) @ now[block]
    if device is not None and device in found.devices:
        logs += np.log((found.devices[device] + 0.5) / (found.uses + 0.5 * len(found.devices)))
    odds = np.exp(logs - logs.max())
    return tuple((odds / odds.sum()).tolist())


def chosen_by(found: Persons, choices: Sequence[tuple[int, Sequence[int]]]) -> Floats:
    """The probability (choices, persons) that each of them made a choice, given the three hours
    since 1970 that it fell in and what it was for.

    Who used the account in those hours counts ten times as much as whose taste it is.
    """
    counts = found.counts[:, _BLOCKS[2]] + _prior(found.counts)[_BLOCKS[2]]
    likely = np.log(counts / counts.sum(axis=1, keepdims=True)).T  # (TASTES, persons)
    logs = np.tile(np.log(found.uses / found.uses.sum()), (len(choices), 1))
    for row, (_, tastes) in enumerate(choices):
        if tastes:
            logs[row] += likely[list(tastes)].sum(axis=0) * len(tastes) ** -0.5
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    odds *= BY_TASTE / odds.sum(axis=1, keepdims=True)
    nobody = np.zeros(len(found.uses))
    odds += np.array([found.when.get(at, nobody) for at, _ in choices]).reshape(odds.shape)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def theirs(
    profile: Profile, found: Persons, odds: Sequence[float], items: Mapping[str, Item]
) -> Profile:
    """The account as that of who is there, with these odds of each person: what was bought and
    leant to, as far as it is likely theirs.

    A purchase counts with the probability that it is theirs, and is left out below `LEAST_THEIRS`;
    a leaning to a category with the share of its purchases that are, or where there are none, with
    how likely they look for it. What the person said (liked, never again) is everybody's.
    """
    purchases = profile.purchases
    categories = [items[name].categories if name in items else [] for name in purchases]
    choices = [
        (int(bought.last_at.timestamp()) // BUCKET_SECONDS, [taste(one) for one in named])
        for bought, named in zip(purchases.values(), categories, strict=True)
    ]
    chances = (chosen_by(found, choices) @ np.array(odds)).tolist() if choices else []
    kept: dict[str, Purchase] = {}
    all_of, part_of = dict[str, float](), dict[str, float]()
    for (name, bought), named, chance in zip(purchases.items(), categories, chances, strict=True):
        for one in named:
            all_of[one] = all_of.get(one, 0.0) + bought.recent
            part_of[one] = part_of.get(one, 0.0) + bought.recent * chance
        if chance >= LEAST_THEIRS:
            times = max(1, round(bought.times * chance))
            kept[name] = structs.replace(bought, recent=bought.recent * chance, times=times)
    leanings = dict(profile.affinities)
    leant = [name for name in leanings if name.startswith("category:")]
    looks_for = chosen_by(found, [(-1, [taste(name[9:])]) for name in leant]) @ np.array(odds)
    for name, chance in zip(leant, looks_for.tolist(), strict=True):
        known = all_of.get(name[9:], 0.0)
        share = (part_of.get(name[9:], 0.0) + DOUBT * chance) / (known + DOUBT)
        if (leaning := leanings[name]).weight > 0:
            leanings[name] = structs.replace(leaning, weight=leaning.weight * share)
    return structs.replace(profile, purchases=kept, affinities=leanings)


def _table(uses: Sequence[Use]) -> Floats:
    """One row a use: which part of the day, weekend or not, and what it was for (adding up to the
    square root of how much, because what is bought together speaks with one voice)."""
    x = np.zeros((len(uses), _WIDTH))
    for row, use in enumerate(uses):
        x[row, use.part] = 1.0
        x[row, PARTS + use.weekend] = 1.0
        for number in use.tastes:
            x[row, PARTS + 2 + number] += len(use.tastes) ** -0.5
    return x


def _by_device(names: Sequence[str]) -> NDArray[np.intp] | None:
    """A label for each use: the devices used most; what is used seldom goes with the first."""
    counts: dict[str, int] = {}
    for name in names:
        if name:
            counts[name] = counts.get(name, 0) + 1
    often = sorted((one for one in counts if counts[one] >= LEAST_OF_ONE), key=lambda n: -counts[n])
    if len(often) < 2:
        return None
    label = {name: number for number, name in enumerate(often[:MOST_PERSONS])}
    return np.array([label.get(name, 0) for name in names], dtype=np.intp)


def _by_habit(x: Floats) -> NDArray[np.intp] | None:
    """The best split in two by hour or taste, improved use by use; None where one person is as
    likely."""
    columns = np.argsort(-x.sum(axis=0), kind="stable")[:6]
    best: tuple[float, NDArray[np.intp] | None] = (SURE, None)
    for column in columns:
        labels = (x[:, column] > 0).astype(np.intp)
        for _ in range(ROUNDS):
            moved = _reassigned(x, labels)
            if moved is None or (moved == labels).all():
                break
            labels = moved
        if min(labels.sum(), (1 - labels).sum()) >= LEAST_OF_ONE:
            gain = _gain(x, labels) - _label_cost(labels)
            if gain > best[0]:
                best = gain, labels
    return best[1]


def _reassigned(x: Floats, labels: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Each use to whoever it is likeliest of; None where somebody is left with nothing."""
    member = np.eye(2)[labels]
    if not member.sum(axis=0).all():
        return None
    logs = np.log(member.mean(axis=0)) + np.zeros((len(x), 2))
    prior = _prior(x)
    for block in _BLOCKS:
        counts = member.T @ x[:, block] + prior[block]
        logs += x[:, block] @ np.log(counts / counts.sum(axis=1, keepdims=True)).T
    return np.asarray(logs.argmax(axis=1), dtype=np.intp)


def _gain(x: Floats, labels: NDArray[np.intp]) -> float:
    """How much likelier the uses are as those of several than of one: the log Bayes factor, for
    people who are alike or for people who are not, whichever fits."""
    apart = np.eye(int(labels.max()) + 1)[labels].T @ x
    gains = [
        float(_evidence(apart, prior).sum() - _evidence(x.sum(axis=0)[None], prior).sum())
        for prior in (_prior(x), _prior(x) / 4.0)
    ]
    return max(gains) - float(np.log(len(gains)))


def _prior(counts: Floats) -> Floats:
    """Pseudo-observations (values,): each block's strength, spread as the whole account is."""
    prior: Floats = counts.sum(axis=0) + 0.5
    for block, strength in zip(_BLOCKS, _STRENGTH, strict=True):
        prior[block] *= strength / prior[block].sum()
    return prior


def _evidence(counts: Floats, prior: Floats) -> Floats:
    """log of the marginal likelihood of counts (rows, values) under Dirichlet priors."""
    found = np.zeros(len(counts))
    for block in _BLOCKS:
        a, n = prior[block], counts[:, block]
        found += gammaln(a.sum()) - gammaln(n.sum(axis=1) + a.sum())
        found += (gammaln(n + a) - gammaln(a)).sum(axis=1)
    return found


def _label_cost(labels: NDArray[np.intp]) -> float:
    """Minus the log probability of the labels themselves, which nobody told."""
    ones, count = float(labels.sum()), float(len(labels))
    cost = gammaln(count + 2.0) - gammaln(ones + 1.0) - gammaln(count - ones + 1.0)
    return float(cost)
