"""Whatever happens in between (merges, restarts, other caps), no window holds more than its cap.

What was shown is counted here by hand, and compared with each decision in shops made by chance.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.capping import Capping, Limits
from wager.engine.engine import Engine
from wager.testing.shopping import Clock

PEOPLE = ("u-0", "u-1", "u-2", "a-0", "a-1", "a-2")
KINDS = ("person", "channel", "placement", "item", "tag", "household")
HOUSEHOLD = ("u-0", "u-1")
STEPS = 100


@dataclass
class Shown:
    """One decision that showed something; `at_home` says whether a household's cap counted it."""

    at: datetime
    person: str
    at_home: bool
    decision: Decision

    def items(self) -> list[str]:
        return [one.item_id for one in self.decision.choices if one.item_id is not None]


@dataclass
class Shop:
    """Two placements with caps drawn by chance, and by hand what was shown to whom."""

    url: str
    chance: random.Random
    clock: Clock = field(default_factory=Clock)
    merged: dict[str, str] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    too_many: int = 0
    silent_without_cause: int = 0

    def __post_init__(self) -> None:
        self.engine = self.opened()
        self.caps: list[dict[str, Any]] = [
            {"per": kind, "limit": self.chance.randint(1, 4),
             "windowMinutes": self.chance.choice([30, 90, 300]),
             **({"tag": "t"} if kind == "tag" else {})}
            for kind in self.chance.sample(KINDS, 3)
        ]  # fmt: skip
        common = {"caps": self.caps, "fatigue": None, "riskAppetite": 0.4}
        tags: list[dict[str, float]] = [{"t": 1.0} if number < 3 else {} for number in range(8)]
        self.engine.publish(
            items=[{"itemId": f"i-{number}", "tags": one} for number, one in enumerate(tags)],
            placements=[{"name": "two", "slots": 2, **common}, {"name": "one", **common}],
        )
        home = {"type": "group", "groupId": "h", "traits": {"type": "household"}}
        self.engine.collect([{**home, "userId": user} for user in HOUSEHOLD])

    def opened(self) -> Engine:
        return wager.open(self.url, now=self.clock)

    def who(self, person: str) -> str:
        return self.merged.get(person, person)

    def step(self) -> None:
        self.clock.forward(minutes=self.chance.choice([0, 1, 5, 20, 40]))
        person, lot = self.chance.choice(PEOPLE), self.chance.random()
        if lot < 0.05 and person.startswith("a") and person not in self.merged:
            self.merged[person] = self.chance.choice(PEOPLE[:3])
            call = {"type": "identify", "anonymousId": person, "userId": self.merged[person]}
            self.engine.collect([call])
        elif lot < 0.1:
            self.engine.close()
            self.engine = self.opened()
        else:
            self.ask(person)

    def ask(self, person: str) -> None:
        name = "user_id" if person.startswith("u") else "anonymous_id"
        decision = self.engine.decide(
            placement=self.chance.choice(["one", "two"]),
            context={"channel": self.chance.choice(["web", "push"])},
            **{name: person},
        )
        home = self.who(person) in HOUSEHOLD
        now = Shown(self.clock.at, person, home, decision)
        full = [self.is_full(cap, now) for cap in self.caps]
        self.too_many += any(self.is_over(cap, now) for cap in self.caps)
        self.silent_without_cause += decision.silence == "capped" and not any(full)
        if now.items():
            self.shown.append(now)

    def is_full(self, cap: dict[str, Any], now: Shown) -> bool:
        """Whether nothing more at all might be shown by this cap."""
        if cap["per"] in ("item", "tag"):
            return False
        return self.count(cap, now, lambda one: 1) >= cap["limit"]

    def is_over(self, cap: dict[str, Any], now: Shown) -> bool:
        """Whether what was shown now is too much by this cap."""
        if cap["per"] == "item":
            return any(
                self.count(cap, now, lambda one, name=item: one.items().count(name)) >= cap["limit"]  # type: ignore[misc]
                for item in now.items()
            )
        if cap["per"] == "tag":
            tagged = _tagged(now)
            return tagged > 0 and self.count(cap, now, _tagged) + tagged > cap["limit"]
        return bool(now.items()) and self.is_full(cap, now)

    def count(self, cap: dict[str, Any], now: Shown, each: Callable[[Shown], int]) -> int:
        since = now.at - timedelta(minutes=cap["windowMinutes"])
        return sum(
            each(one) for one in self.shown if one.at > since and self.counts(cap["per"], one, now)
        )

    def counts(self, kind: str, one: Shown, now: Shown) -> bool:
        if kind == "household" and now.at_home:
            return one.at_home
        if self.who(one.person) != self.who(now.person):
            return False
        then, here = one.decision, now.decision
        if kind == "channel":
            return bool(then.context["channel"] == here.context["channel"])
        return kind != "placement" or then.placement == here.placement


def _tagged(one: Shown) -> int:
    return sum(name in ("i-0", "i-1", "i-2") for name in one.items())


def played(path: Path, seed: int) -> Shop:
    shop = Shop(f"sqlite:///{path / f'{seed}.db'}", random.Random(seed))
    for _ in range(STEPS):
        shop.step()
    shop.engine.close()
    return shop


@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_than_its_cap_nor_is_anybody_silenced_for_nothing(
    tmp_path: Path, seed: int
) -> None:
    shop = played(tmp_path, seed)
    assert len(shop.shown) > 10
    assert (shop.too_many, shop.silent_without_cause) == (0, 0)


def test_caps_that_are_not_kept_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Capping, "limits", lambda self, ask, caps: Limits())
    monkeypatch.setattr(Capping, "take", lambda self, ask, caps, decision: True)
    assert all(played(tmp_path, seed).too_many > 0 for seed in (1,))
