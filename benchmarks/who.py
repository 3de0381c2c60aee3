"""Who is it? Pairs of people who share one account, made of those in MovieTweetings.

Each pair's first four fifths are one account's history, told apart only by the device that each
uses at home; then either is there again, on a device nobody has seen. How often is the right one
recognised, how honest is the probability, what does stepping down save, and what does it bring to
go by the recognised person's own choices instead of the whole account's?
"""

import argparse
import gzip
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from wager.decide.ownership import Kinship, owned
from wager.domain.content import Item
from wager.domain.events import ORDERED, Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile, Use
from wager.domain.taste import Taste
from wager.learn.factors import History, Shape, learn_taste, supported
from wager.unify.golden import fold
from wager.unify.persons import BUCKET_SECONDS, Persons, persons, present, theirs
from wager.unify.uses import TASTES

PAIRS, LEAST_RATINGS, LEAST_USES = 300, 30, 12
FIRST, SURE, DAY = 0.8, 0.7, 86400.0
START = datetime(1970, 1, 1, tzinfo=UTC)
Rating = tuple[int, str]  # seconds since 1970, film


def data() -> Path | None:
    """The folder of the set, where `WAGER_DATA` names one that has it."""
    folder = Path(os.environ.get("WAGER_DATA", "")) / "movietweetings_100k"
    return folder if os.environ.get("WAGER_DATA") and folder.exists() else None


def read(folder: Path) -> tuple[dict[str, Item], dict[str, list[Rating]]]:
    """Films with their genres, and each person's ratings in the order of time."""
    films: dict[str, Item] = {}
    with gzip.open(folder / "movies.dat.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            name, title, genres = (*line.rstrip("\n").split("::"), "")[:3]
            films[name] = Item(item_id=name, title=title, categories=genres.split("|"))
    ratings: dict[str, list[Rating]] = {}
    with gzip.open(folder / "ratings.dat.gz", "rt") as lines:
        for line in lines:
            person, film, _, second = line.strip().split("::")
            ratings.setdefault(person, []).append((int(second), film))
    return films, {one: sorted(of) for one, of in ratings.items() if len(of) >= LEAST_RATINGS}


def account(films: dict[str, Item], by_device: dict[str, Sequence[Rating]]) -> Profile:
    """One profile of all that was chosen on these devices, by the engine's own fold."""
    events = [
        Event(
            message_id=f"{device}-{second}-{film}", kind="track", name=ORDERED,
            at=datetime.fromtimestamp(second, UTC), received_at=datetime.fromtimestamp(second, UTC),
            identities=(Identity("anonymous_id", device),),
            properties={"products": [{"product_id": film, "quantity": 1.0}]},
        )
        for device, ratings in by_device.items()
        for second, film in ratings
    ]  # fmt: skip
    return fold(Profile(profile_id="p", created_at=START, updated_at=START), events, films)


def uses(films: dict[str, Item], ratings: Sequence[Rating]) -> list[Use]:
    return list(account(films, {"x": ratings}).uses.values())


class Pair(NamedTuple):
    """An account of two: what each chose before and after, and the uses that come after, each with
    who it was."""

    profile: Profile
    before: list[list[Rating]]
    after: list[list[Rating]]
    later: list[tuple[int, Use]]


def pairs(
    films: dict[str, Item], ratings: dict[str, list[Rating]], rng: np.random.Generator
) -> Iterator[Pair]:
    """Accounts of two people each, drawn at random, who both used it often enough."""
    names, made = sorted(ratings), 0
    while made < PAIRS:
        two = [ratings[str(one)] for one in rng.choice(names, 2, replace=False)]
        before = [one[: int(FIRST * len(one))] for one in two]
        after = [one[int(FIRST * len(one)) :] for one in two]
        later = [(number, use) for number, one in enumerate(after) for use in uses(films, one)]
        profile = account(films, {"0": before[0], "1": before[1]})
        by_device = [sum(use.device == name for use in profile.uses.values())
                     for name in {use.device for use in profile.uses.values()}]  # fmt: skip
        if len(by_device) == 2 and min(by_device) >= LEAST_USES and later:
            made += 1
            yield Pair(profile, before, after, later)


def who(options: argparse.Namespace) -> None:
    """Recognition, honesty, and what is saved, over pairs drawn at run time."""
    folder = data()
    if folder is None:
        print("  skipped: WAGER_DATA names no folder with movietweetings_100k")
        return
    films, ratings = read(folder)
    taste, gains = taste_of(folder, ratings), Gains()
    seed = int(np.random.SeedSequence().entropy) % 2**32
    rng = np.random.default_rng(seed)
    told, surest, right, shown = 0, [], [], []
    for pair in pairs(films, ratings, rng):
        found = persons(pair.profile.uses.values())
        if found is None:
            continue
        told += 1
        mine, seen = _numbered(pair.profile), []
        for number, use in pair.later:
            odds = present(
                found, part=use.part, weekend=use.weekend, device=None, tastes=use.tastes[:1]
            )
            guess = int(np.argmax(odds))
            if odds[guess] >= SURE:
                seen.append((number, odds, use.at * BUCKET_SECONDS))
            surest.append(odds[guess])
            right.append(guess == mine[number])
            shown.append(_loss(found.counts[:, -TASTES:], guess, use))
        gains.add(pair, found, seen, films, taste)
    alone = sum(
        persons(account(films, {"0": ratings[str(one)]}).uses.values()) is not None
        for one in rng.choice(sorted(ratings), PAIRS, replace=False)
    )
    sure, hit = np.array(surest), np.array(right)
    loss = np.array(shown)  # (uses, 2): to the likeliest person, to the account
    print(f"  seed {seed}; {told} of {PAIRS} pairs told apart; {alone} of {PAIRS} single people on "
          "one device taken for two")  # fmt: skip
    print(f"  the right one recognised: {hit.mean():.3f} of {len(hit):,} (said {sure.mean():.3f})")
    for least in (0.6, 0.7, 0.8, 0.9):
        on = sure >= least
        served = np.where(on, loss[:, 0], loss[:, 1])
        print(f"  sure of {least:.1f}: {on.mean():5.2f} of the uses, right {hit[on].mean():.3f}; "
              f"steps down else: wrong person {(on & ~hit).mean():.3f} of all instead of "
              f"{(~hit).mean():.3f}; surprise {served.mean():.3f} nats instead of "
              f"{loss[:, 0].mean():.3f} (never stepping down) and {loss[:, 1].mean():.3f} "
              "(always)")  # fmt: skip

    gains.show()


def taste_of(folder: Path, ratings: dict[str, list[Rating]]) -> Taste:
    """What people of the same taste choose, without what is looked at afterwards."""
    people: dict[str, int] = {}
    items: dict[str, int] = {}
    rows = []
    with gzip.open(folder / "ratings.dat.gz", "rt") as lines:
        for line in lines:
            person, film, _, second = line.strip().split("::")
            own = ratings.get(person)
            if own is None or int(second) < own[int(FIRST * len(own))][0]:
                numbers = people.setdefault(person, len(people)), items.setdefault(film, len(items))
                rows.append((*numbers, int(second) / DAY))
    person_of, chosen, days = np.array(rows).T
    history = History(person_of.astype(int), chosen.astype(int), days, tuple(items))
    return learn_taste(supported(history, Shape()), Shape())


class Gains:
    """Ten films for who is there, from what the account chose, from what the recognised person is
    thought to have chosen of it, and from what the right person did: what they choose later."""

    def __init__(self) -> None:
        self.pairs: list[NDArray[np.float64]] = []  # (ways, [NDCG, hit]) of each pair

    def add(
        self, pair: Pair, found: Persons, seen: Sequence[tuple[int, Sequence[float], float]],
        films: dict[str, Item], taste: Taste,
    ) -> None:  # fmt: skip
        known = {film for one in pair.before for _, film in one}
        wanted = [{film for _, film in one} & taste.places.keys() - known for one in pair.after]
        own = [account(films, {"0": one}) for one in pair.before]
        rows = []
        for number, odds, second in seen:
            if wanted[number]:
                part = theirs(pair.profile, found, odds, films)
                ways = (pair.profile, _halved(pair.profile), part, own[number])
                tops = [_top(one, second, known, taste) for one in ways]
                rows.append([_scores(one, wanted[number]) for one in tops])
        if rows:
            self.pairs.append(np.mean(rows, axis=0))

    def show(self) -> None:
        """Means over the pairs, and how much more that is than of the whole account and of the
        control, with standard errors."""
        table = np.array(self.pairs)  # (pairs, ways, [NDCG, hit])
        print(f"  ten films where it is {SURE:.0%} sure who is there, over {len(table)} pairs:")
        names = ("the whole account", "the same at half strength (a control)",
                 "the recognised person", "the right person's own history")  # fmt: skip
        for way, name in enumerate(names):
            more = [table[:, way, 0] - table[:, other, 0] for other in (0, 1)]
            gains = [f"{one.mean():+.4f} +- {one.std() / len(one) ** 0.5:.4f}" for one in more]
            print(
                f"    {name:38} NDCG@10 {table[:, way, 0].mean():.4f}, hits "
                f"{table[:, way, 1].mean():.3f}; gain {gains[0]}, over the control {gains[1]}"
            )


def _halved(profile: Profile) -> Profile:
    """Everything counts half, whoever chose it: what dividing an account in two does by itself."""
    kept = {
        name: structs.replace(one, recent=one.recent / 2) for name, one in profile.purchases.items()
    }
    return structs.replace(profile, purchases=kept)


def _top(profile: Profile, second: float, known: set[str], taste: Taste) -> list[str]:
    today = int(second / DAY)
    had = taste.had(owned(profile, Kinship({}), today).history)
    found = taste.similar(had, 10 + len(known))
    return [name for name, _ in found if name not in known][:10]


def _scores(top: Sequence[str], wanted: set[str]) -> tuple[float, float]:
    discount = 1.0 / np.log2(np.arange(10) + 2.0)
    hits = np.array([name in wanted for name in top] + [False] * (10 - len(top)))
    return float(hits @ discount / discount[: min(10, len(wanted))].sum()), float(hits.any())


def _numbered(profile: Profile) -> dict[int, int]:
    """Which of the persons found is the one that used device 0, and which used 1."""
    counts: dict[str, int] = {}
    for use in profile.uses.values():
        counts[use.device] = counts.get(use.device, 0) + 1
    often = sorted(counts, key=lambda name: -counts[name])
    return {number: often.index(f"{crc32(str(number).encode()):08x}") for number in (0, 1)}


def _loss(counts: np.ndarray, guess: int, use: Use) -> tuple[float, float]:
    """How surprising a use is (nats a choice) to the taste of one, and to that of the account."""
    smooth = counts + 0.25
    one = np.log(smooth[guess] / smooth[guess].sum())
    both = np.log(smooth.sum(axis=0) / smooth.sum())
    chosen = list(use.tastes)
    return -float(one[chosen].mean()), -float(both[chosen].mean())
