"""The ladder of corrections: by item, by segment, by person, each shrunk towards the one above."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from wager.decide.features import WIDTH
from wager.decide.payoff import ITSELF, Worth, nothing_learnt, worth
from wager.domain.asking import Ask, Shelf
from wager.domain.content import Item
from wager.domain.definitions import Placement
from wager.domain.models import Cell, Payoffs, Snapshot
from wager.domain.moments import groups, told
from wager.domain.profiles import Profile
from wager.learn.moments import Moments

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOISE, BASE = 0.05, 0.1


def item(name: str, category: str) -> Item:
    return Item(item_id=name, categories=[category])


SHELF = Shelf(
    items={one.item_id: one for one in (item("a", "x"), item("b", "x"), item("c", "y"))},
    kinds={},
    categories={},
)


def ask(profile_id: str = "p", segments: tuple[str, ...] = ()) -> Ask:
    return Ask(
        placement=Placement(name="home"),
        profile=Profile(profile_id=profile_id, created_at=NOON, updated_at=NOON),
        now=NOON,
        local=NOON,
        snapshot=Snapshot(version="m0"),
        shelf=SHELF,
        segments=segments,
    )


def shown(world: Mapping[tuple[str, str], float], times: int = 400) -> Moments:
    """Each item shown that often to people of a segment, with this mean reward."""
    fold = Moments(WIDTH)
    for _, segment in world:
        fold.columns.setdefault(f"segment={segment}", len(fold.columns))
        fold.since[f"segment={segment}"] = 0
    for (name, segment), mean in world.items():
        row = fold.row(name, groups(SHELF.items[name]))
        for _ in range(times):
            c = fold.moment(told({}, (segment,)), 1)
            fold.add(c, row, np.zeros(WIDTH), 1.0, 1.0)
            fold.gain(row, c, mean, 1.0, 1.0)
    return fold


def learnt(fold: Moments, people: dict[str, dict[str, Cell]] | None = None) -> Payoffs:
    return Payoffs(
        mean=np.zeros(WIDTH), covariance=np.zeros((WIDTH, WIDTH)), noise=NOISE, base=BASE,
        people=people or {}, fit=fold.fit(np.zeros(WIDTH), NOISE, BASE),
    )  # fmt: skip


def found(payoffs: Payoffs, *names: str, who: str = "p", segments: tuple[str, ...] = ()) -> Worth:
    return worth(ask(who, segments), np.zeros((len(names), WIDTH)), names, payoffs)


def test_before_the_first_bet_the_prior_speaks() -> None:
    x = np.zeros((1, WIDTH))
    x[:, 0] = 1.0
    values = worth(ask(), x, ["a"], nothing_learnt())
    assert values.mean[0] == values.said[0] > 0
    assert values.corrections.sum() == 0


def test_an_item_is_worth_what_it_brought_and_shrunk_towards_the_others() -> None:
    values = found(
        learnt(shown({("a", "s"): 0.3, ("c", "s"): 0.1}, 2_000)), "a", "c", segments=("s",)
    )
    assert values.mean.tolist() == pytest.approx([0.3, 0.1], abs=0.02)
    few = found(learnt(shown({("a", "s"): 0.3, ("c", "s"): 0.1}, 5)), "a", "c", segments=("s",))
    assert few.mean[0] - few.mean[1] < 0.7 * (values.mean[0] - values.mean[1])
    assert few.deviation[0] > 1.1 * values.deviation[0]


def test_a_new_item_is_worth_what_its_category_is_and_less_sure() -> None:
    values = found(
        learnt(shown({("a", "s"): 0.3, ("c", "s"): 0.1}, 2_000)), "a", "b", segments=("s",)
    )
    usual = found(learnt(shown({("a", "s"): 0.1, ("c", "s"): 0.1}, 2_000)), "b", segments=("s",))
    assert values.mean[1] > usual.mean[0] + 0.02
    assert values.deviation[1] > values.deviation[0]


def test_segments_that_differ_are_told_apart() -> None:
    world = {("a", "s"): 0.3, ("a", "t"): 0.1, ("c", "s"): 0.1, ("c", "t"): 0.3}
    payoffs = learnt(shown(world, 2_000))
    for segment, better in (("s", 0), ("t", 1)):
        values = found(payoffs, "a", "c", segments=(segment,))
        assert values.mean[better] > values.mean[1 - better] + 0.1
        assert values.corrections[better, 1] > values.corrections[1 - better, 1]


def test_a_person_is_corrected_by_what_everybody_leaves_unsaid() -> None:
    fold = shown({("a", "s"): 0.1, ("c", "s"): 0.1})
    payoffs = learnt(fold, {"p": {"a": [10.0, 9.0, 1.0]}})
    mine = found(payoffs, "a", "b", "c", segments=("s",))
    other = found(payoffs, "a", "b", "c", who="q", segments=("s",))
    assert mine.mean[0] - other.mean[0] > mine.mean[1] - other.mean[1] > 0.0
    assert mine.mean[1] - other.mean[1] > mine.mean[2] - other.mean[2]
    assert mine.deviation[0] < other.deviation[0]
    strength = NOISE / BASE**2 / ITSELF**2
    assert mine.corrections[0, 2] > 0.5 * (9.0 - 1.0) / (10.0 + strength)


def test_structs_of_the_log_hold_plain_numbers() -> None:
    values = found(learnt(shown({("a", "s"): 0.1}, 3)), "a")
    assert msgspec.json.encode(values.mean.tolist())
