"""A shop that nobody can look into: a process of its own that shows visits and tells outcomes.

`World` starts it and speaks with it over pipes, in frames of MessagePack. What a contestant is told
is the visit (account, traits, context, candidates with tags, category and price) and, as time goes
by, which of its choices were clicked. Who the visitors are, what they like and when that changes
stays inside; so does the score until the run is over.
"""

import struct
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DIMENSIONS = 6
START = 1_767_225_600.0  # 2026-01-01
DAYS = 60.0
PARTS = 4
DEVICES = ("phone", "desktop", "tablet")
_HEAD = struct.Struct("<I")


class World:
    """The other end of the pipes."""

    def __init__(self, seed: int, rounds: int, *, differ: bool = True, shuffled: bool = False):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.world"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.about = self._ask(
            {"seed": seed, "rounds": rounds, "differ": differ, "shuffled": shuffled}
        )

    def visit(self, shown: list[str]) -> dict[str, Any]:
        """The next visit, after what was shown on the last one (nothing before the first)."""
        return self._ask({"shown": shown})

    def score(self) -> dict[str, dict[str, float]]:
        """What the choices were worth, beside the oracle, the best fixed choice and chance."""
        return self._ask({"score": True})

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _ask(self, message: object) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        _write(self._process.stdin, message)
        return _read(self._process.stdout)


def _write(pipe: BinaryIO, message: object) -> None:
    body = msgspec.msgpack.encode(message)
    pipe.write(_HEAD.pack(len(body)) + body)
    pipe.flush()


def _read(pipe: BinaryIO) -> Any:
    head = pipe.read(_HEAD.size)
    return msgspec.msgpack.decode(pipe.read(_HEAD.unpack(head)[0])) if head else None


# ---- inside


@dataclass(frozen=True)
class Drawn:
    """The parameters of one world, drawn from ranges."""

    slots: int
    examined: Floats  # (slots,): the chance that each slot is looked at
    accounts: int
    segments: int
    categories: int
    tags: int
    items: int
    base: float
    quality: float
    by_segment: float
    by_person: float
    by_moment: float
    own: float
    drift_at: float
    delay: float
    lost: float
    households: float
    gifts: float
    bots: float
    newcomers: float


def draw(rng: np.random.Generator, differ: bool) -> Drawn:
    """Tastes either differ by segment, person and moment, or not at all."""
    slots = int(rng.choice([1, 3]))
    like = float(differ)
    return Drawn(
        slots=slots,
        examined=rng.uniform(0.5, 0.85) ** np.arange(slots),
        accounts=int(rng.integers(150, 501)),
        segments=int(rng.integers(3, 7)),
        categories=int(rng.integers(4, 8)),
        tags=int(rng.integers(6, 13)),
        items=int(rng.integers(12, 26)),
        base=rng.uniform(-2.6, -1.2),
        quality=rng.uniform(0.2, 0.6),
        by_segment=like * rng.uniform(0.5, 1.2),
        by_person=like * rng.uniform(0.2, 0.8),
        by_moment=like * rng.uniform(0.2, 0.8),
        own=rng.uniform(0.2, 0.6),
        drift_at=float(rng.uniform(0.4, 0.6)) if rng.random() < 0.6 else 2.0,
        delay=float(rng.choice([0.0, 3.0, 30.0])),
        lost=rng.uniform(0.0, 0.05),
        households=rng.uniform(0.0, 0.3),
        gifts=rng.uniform(0.0, 0.06),
        bots=rng.uniform(0.0, 0.04),
        newcomers=rng.uniform(0.3, 0.6),
    )


class Inside:
    """The whole run worked out beforehand: who comes when, and what each item would bring then.

    Nothing in it depends on what is shown, so all contestants meet the same visitors, and each
    (visit, item) has one luck of its own.
    """

    def __init__(self, seed: int, rounds: int, differ: bool, shuffled: bool) -> None:
        self.rng = rng = np.random.default_rng(seed)
        self.rounds, self.p = rounds, draw(rng, differ)
        self._items()
        self._people()
        self._visits()
        self.chance = self._chances()  # (rounds, items)
        pays = self.chance
        if shuffled:
            pays = rng.permutation(pays.ravel()).reshape(pays.shape)
        self.pays = pays
        self.luck = rng.random(pays.shape)
        self.delays = rng.geometric(1.0 / (1.0 + self.p.delay), pays.shape) - 1
        self.delays[rng.random(pays.shape) < self.p.lost] = -1
        self.window = int(6 * self.p.delay) + 1
        self.at_round = 0
        self.value = np.zeros(rounds)
        self.due: dict[int, list[tuple[int, int, str]]] = {}

    def _items(self) -> None:
        rng, p = self.rng, self.p
        like_category = rng.normal(size=(p.categories, DIMENSIONS))
        like_tag = rng.normal(size=(p.tags, DIMENSIONS))
        self.category = rng.integers(p.categories, size=p.items)
        self.tagged = [rng.choice(p.tags, int(rng.integers(1, 4)), False) for _ in range(p.items)]
        tags = np.array([like_tag[each].mean(axis=0) for each in self.tagged])
        own = p.own * rng.normal(size=(p.items, DIMENSIONS))
        self.likeness = (0.6 * like_category[self.category] + 0.6 * tags + own) / np.sqrt(2)
        self.price = rng.choice([5, 12, 30, 80], p.items)
        self.durable = rng.random(p.items) < 0.15
        late = rng.random(p.items) < 0.25
        self.since = np.where(late, rng.uniform(0.25, 0.75, p.items), 0.0) * self.rounds
        self.names = [f"p-{each}" for each in rng.permutation(1000)[: p.items]]

    def _people(self) -> None:
        """Accounts with one or two people each; some are bots; many come later than the first."""
        rng, p = self.rng, self.p
        self.segment = rng.integers(p.segments, size=(p.accounts, 2))
        self.person = rng.normal(size=(p.accounts, 2, DIMENSIONS))
        self.shared = rng.random(p.accounts) < p.households
        self.bot = rng.random(p.accounts) < p.bots
        self.bot_clicks = rng.choice([0.0, 0.3], p.accounts)
        late = rng.random(p.accounts) < p.newcomers
        self.joined = np.where(late, rng.uniform(0.05, 0.95, p.accounts), 0.0) * self.rounds
        self.often = rng.gamma(1.0, 1.0, p.accounts) * np.where(self.bot, 3.0, 1.0) + 0.05

    def _visits(self) -> None:
        rng, p, count = self.rng, self.p, self.rounds
        weights = np.where(self.joined[None, :] <= np.arange(count)[:, None], self.often, 0.0)
        weights[:, int(np.argmin(self.joined))] += 1e-9
        share = np.cumsum(weights, axis=1)
        self.account = (share < (rng.random(count) * share[:, -1])[:, None]).sum(axis=1)
        self.seconds = np.sort(rng.uniform(0.0, DAYS * 86400.0, count))
        hour = self.seconds % 86400.0 / 3600.0
        self.part = (hour // 6).astype(int)
        self.weekend = (self.seconds // 86400.0).astype(int) % 7 >= 5
        self.device = rng.integers(len(DEVICES), size=count)
        mostly = (self.part + self.account) % 2
        who = np.where(rng.random(count) < 0.85, mostly, 1 - mostly)
        self.who = np.where(self.shared[self.account], who, 0)
        self.gift = rng.random(count) < p.gifts
        self.says_gift = self.gift & (rng.random(count) < 0.5)
        self.elsewhere = rng.random((count, p.items)) < 0.002  # bought somewhere else meanwhile
        self.elsewhere &= self.durable[None, :]

    def _chances(self) -> Floats:
        """The chance of a click, were the item in the first slot; 0 where it cannot be shown."""
        rng, p = self.rng, self.p
        here = self.person[self.account, self.who]  # (rounds, dimensions)
        group = self.segment[self.account, self.who]
        presented = rng.integers(p.segments, size=self.rounds)
        group = np.where(self.gift, presented, group)
        scale = 1.0 / np.sqrt(DIMENSIONS)
        early = rng.normal(size=(p.segments, DIMENSIONS))
        turned = rng.random(p.segments) < 0.6
        late = np.where(turned[:, None], rng.normal(size=early.shape), early)
        self.after = np.arange(self.rounds) >= p.drift_at * self.rounds
        leaning = np.where(self.after[:, None], late[group], early[group])
        parts, devices = rng.normal(size=(PARTS, DIMENSIONS)), rng.normal(size=(3, DIMENSIONS))
        free = rng.normal(size=(2, DIMENSIONS))
        moment = parts[self.part] + devices[self.device] + free[self.weekend.astype(int)]
        taste = p.by_segment * 2.0 * leaning + p.by_moment * moment
        taste += p.by_person * 1.5 * np.where(self.gift[:, None], 0.0, here)
        quality = p.quality * rng.normal(size=p.items)
        moved = quality + np.where(p.drift_at < 1, p.quality, 0.0) * rng.normal(size=p.items)
        worth = np.where(self.after[:, None], moved, quality)
        chance = 1.0 / (1.0 + np.exp(-(p.base + worth + taste @ self.likeness.T * scale)))
        owned = self._owned()
        chance = np.where(owned, 0.05 * chance, chance)
        chance[self.bot[self.account]] = 0.0
        chance += (self.bot * self.bot_clicks)[self.account][:, None]
        self.there = self.since[None, :] <= np.arange(self.rounds)[:, None]
        return np.where(self.there, chance, 0.0)

    def _owned(self) -> NDArray[np.bool_]:
        owned = np.zeros((self.p.accounts, self.p.items), dtype=bool)
        rows = np.zeros((self.rounds, self.p.items), dtype=bool)
        for step in range(self.rounds):
            account = self.account[step]
            rows[step] = owned[account]
            owned[account] |= self.elsewhere[step]
        return rows

    # ---- what is told

    def about(self) -> dict[str, Any]:
        return {
            "slots": self.p.slots,
            "segments": [f"s-{each}" for each in range(self.p.segments)],
            "window": self.window,
            "windowMinutes": max(30.0, 3.0 * self.window * DAYS * 1440.0 / self.rounds),
            "items": [self._item(each) for each in np.flatnonzero(self.since <= 0)],
        }

    def _item(self, item: int) -> dict[str, Any]:
        return {
            "itemId": self.names[item],
            "category": f"c-{self.category[item]}",
            "tags": [f"t-{tag}" for tag in self.tagged[item]],
            "price": float(self.price[item]),
            "durable": bool(self.durable[item]),
        }

    def visit(self, shown: list[str]) -> dict[str, Any]:
        if shown:
            self._settle(self.at_round - 1, [self.names.index(name) for name in shown])
        step = self.at_round
        outcomes = self.due.pop(step, [])
        self.at_round += 1
        if step >= self.rounds:
            rest = [one for later in self.due.values() for one in later]
            return {"done": True, "outcomes": outcomes + rest}
        account = self.account[step]
        fresh = (self.since > step - 1) & (self.since <= step) & (self.since > 0)
        context: dict[str, Any] = {"device": DEVICES[self.device[step]]}
        if self.says_gift[step]:
            context["gift"] = True
        return {
            "done": False,
            "round": step,
            "at": START + float(self.seconds[step]),
            "account": f"a-{account}",
            "segment": f"s-{self.segment[account, 0]}",
            "partOfDay": int(self.part[step]),
            "weekend": bool(self.weekend[step]),
            "context": context,
            "candidates": [self.names[each] for each in np.flatnonzero(self.there[step])],
            "arrived": [self._item(each) for each in np.flatnonzero(fresh)],
            "bought": [self.names[each] for each in np.flatnonzero(self.elsewhere[step])],
            "outcomes": outcomes,
        }

    def _settle(self, step: int, shown: list[int]) -> None:
        """Each slot is looked at less than the one before; news of a click takes its time."""
        assert len(set(shown)) == len(shown) <= self.p.slots and self.there[step, shown].all()
        for slot, item in enumerate(shown):
            looked = float(self.p.examined[slot])
            self.value[step] += looked * self.chance[step, item]
            if self.luck[step, item] < looked * self.pays[step, item]:
                delay = int(self.delays[step, item])
                if 0 <= delay < self.window:
                    told = self.due.setdefault(step + 1 + delay, [])
                    told.append((step, slot, self.names[item]))

    # ---- the score

    def score(self) -> dict[str, dict[str, float]]:
        """Sums over visits of people (bots do not count), for all and for some of them."""
        people = ~self.bot[self.account]
        looked = np.zeros(self.p.items)
        looked[: self.p.slots] = self.p.examined
        oracle = (-np.sort(-self.chance, axis=1)) @ looked
        order = np.argsort(-(self.chance[people].sum(axis=0) / self.there[people].sum(axis=0)))
        ranked = self.there[:, order]
        place = np.where(ranked, np.cumsum(ranked, axis=1) - 1, self.p.items - 1)
        fixed = (self.chance[:, order] * np.where(ranked, looked[place], 0.0)).sum(axis=1)
        random = self.chance.sum(axis=1) / self.there.sum(axis=1) * looked.sum()
        parts = {"all": people, "new people": people & self._few_visits()}
        arrived = np.zeros(self.rounds, dtype=bool)
        for since in self.since[self.since > 0]:
            arrived[int(since) : int(since + 0.1 * self.rounds)] = True
        parts["new items"] = people & arrived
        drift = int(self.p.drift_at * self.rounds)
        soon = np.zeros(self.rounds, dtype=bool)
        soon[drift : drift + self.rounds // 4] = True
        parts["after drift"] = people & soon
        return {
            name: {
                "value": float(self.value[rows].sum()),
                "oracle": float(oracle[rows].sum()),
                "fixed": float(fixed[rows].sum()),
                "random": float(random[rows].sum()),
            }
            for name, rows in parts.items()
        }

    def _few_visits(self) -> NDArray[np.bool_]:
        """The first five visits of accounts that joined after the start."""
        seen: dict[int, int] = {}
        few = np.zeros(self.rounds, dtype=bool)
        for step, account in enumerate(self.account):
            seen[account] = seen.get(account, 0) + 1
            few[step] = self.joined[account] > 0 and seen[account] <= 5
        return few


def main() -> None:
    said = _read(sys.stdin.buffer)
    inside = Inside(said["seed"], said["rounds"], said["differ"], said["shuffled"])
    _write(sys.stdout.buffer, inside.about())
    while (said := _read(sys.stdin.buffer)) is not None:
        answer = inside.score() if "score" in said else inside.visit(said["shown"])
        _write(sys.stdout.buffer, answer)


if __name__ == "__main__":
    main()
