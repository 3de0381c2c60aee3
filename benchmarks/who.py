"""Who is it? Pairs of people who share one account, made of those in MovieTweetings.

Each pair's first four fifths are one account's history, told apart only by the device that each
uses at home; then either is there again, on a device nobody has seen. How often is the right one
recognised, how honest is the probability, and what does stepping down save?
"""

import argparse
import gzip
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import numpy as np

from wager.domain.content import Item
from wager.domain.events import CLICKED, Event
from wager.domain.identity import Identity
from wager.domain.profiles import Profile, Use
from wager.unify.golden import fold
from wager.unify.persons import persons, present
from wager.unify.uses import TASTES

PAIRS, LEAST_RATINGS, LEAST_USES = 300, 30, 12
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
            message_id=f"{device}-{second}-{film}", kind="track", name=CLICKED,
            at=datetime.fromtimestamp(second, UTC), received_at=datetime.fromtimestamp(second, UTC),
            identities=(Identity("anonymous_id", device),), properties={"itemId": film},
        )
        for device, ratings in by_device.items()
        for second, film in ratings
    ]  # fmt: skip
    return fold(Profile(profile_id="p", created_at=START, updated_at=START), events, films)


def uses(films: dict[str, Item], ratings: Sequence[Rating]) -> list[Use]:
    return list(account(films, {"x": ratings}).uses.values())


def pairs(
    films: dict[str, Item], ratings: dict[str, list[Rating]], rng: np.random.Generator
) -> Iterator[tuple[Profile, list[tuple[int, Use]]]]:
    """Accounts of two, and the uses that come after, each with who it was."""
    names, made = sorted(ratings), 0
    while made < PAIRS:
        two = [ratings[str(one)] for one in rng.choice(names, 2, replace=False)]
        cut = [int(0.8 * len(one)) for one in two]
        later = [
            (number, use)
            for number, (one, at) in enumerate(zip(two, cut, strict=True))
            for use in uses(films, one[at:])
        ]
        profile = account(films, {"0": two[0][: cut[0]], "1": two[1][: cut[1]]})
        by_device = [sum(use.device == name for use in profile.uses.values())
                     for name in {use.device for use in profile.uses.values()}]  # fmt: skip
        if len(by_device) == 2 and min(by_device) >= LEAST_USES and later:
            made += 1
            yield profile, later


def who(options: argparse.Namespace) -> None:
    """Recognition, honesty, and what is saved, over pairs drawn at run time."""
    folder = data()
    if folder is None:
        print("  skipped: WAGER_DATA names no folder with movietweetings_100k")
        return
    films, ratings = read(folder)
    seed = int(np.random.SeedSequence().entropy) % 2**32
    rng = np.random.default_rng(seed)
    told, surest, right, shown = 0, [], [], []
    for profile, later in pairs(films, ratings, rng):
        found = persons(profile.uses.values())
        if found is None:
            continue
        told += 1
        mine = _numbered(profile)
        for number, use in later:
            odds = present(
                found, part=use.part, weekend=use.weekend, device=None, tastes=use.tastes[:1]
            )
            guess = int(np.argmax(odds))
            surest.append(odds[guess])
            right.append(guess == mine[number])
            shown.append(_loss(found.counts[:, -TASTES:], guess, use))
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
