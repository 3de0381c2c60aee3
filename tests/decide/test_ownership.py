"""What follows from purchases stays right while it is learnt anew in another thread."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product

import numpy as np
from msgspec.structs import replace

from wager.decide.ownership import Kinship, owned, terms
from wager.domain.content import Item
from wager.domain.definitions import Category
from wager.domain.models import Cycles
from wager.domain.profiles import Profile, Purchase
from wager.domain.repeats import BINS, STRATA, TERMS, Repeats

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TODAY = int(NOON.timestamp() // 86400)
WEIGHTS = (0.0, 1.0, *[0.0] * (TERMS - 2))
MANY = Repeats({"tea": 2}, np.ones((4, STRATA, BINS)), WEIGHTS)
FEW = Repeats({"tea": 0}, np.ones((2, STRATA, BINS)), WEIGHTS)


def learning() -> Kinship:
    """While the first item's curve is looked for, buying again is learnt anew."""

    class Interrupted(Repeats):
        def row(self, item_id: str, categories: Sequence[str]) -> int:
            found = super().row(item_id, categories)
            kinship.learn(Cycles(), FEW)
            return found

    kinship = Kinship({"tea": Item(item_id="tea", title="Tea")})
    kinship.learn(Cycles(), Interrupted(MANY.rows, MANY.curves, MANY.weights))
    return kinship


def test_what_was_learnt_before_is_not_kept_among_what_was_learnt_since() -> None:
    kinship = learning()
    kinship.known("tea")
    assert kinship.known("tea")[2] == FEW.rows["tea"]


def test_curves_of_before_are_not_read_by_numbers_of_since() -> None:
    bought = Purchase(times=1, recent=1.0, last_at=NOON, own_at=NOON)
    person = Profile(profile_id="p", created_at=NOON, updated_at=NOON, purchases={"tea": bought})
    assert set(owned(person, learning(), TODAY).again) == {"tea"}


def test_what_followed_from_the_same_purchases_on_that_day_still_does() -> None:
    bought = Purchase(times=1, recent=1.0, last_at=NOON, own_at=NOON)
    person = Profile(profile_id="p", created_at=NOON, updated_at=NOON, purchases={"tea": bought})
    kinship = Kinship({"tea": Item(item_id="tea", title="Tea")})
    kinship.learn(Cycles(), MANY)
    found = owned(person, kinship, TODAY)
    assert owned(replace(person, version=9), kinship, TODAY, found) is found
    twice = replace(person, purchases={"tea": replace(bought, times=2)})
    assert owned(twice, kinship, TODAY, found) == owned(twice, kinship, TODAY) != found
    kinship.learn(Cycles(of={"tea": ("durable", 300.0, 0.0)}), MANY)
    assert set(owned(person, kinship, TODAY, found).holds) == {"tea"} != set(found.holds)


def test_terms_that_are_kept_by_category_are_those_of_each_item() -> None:
    said = [{}, {"department": "food"}, {"durable": True}, {"repurchase": "collectible"},
            {"repurchaseDays": 9}, {"substitutes": "mugs"}]  # fmt: skip
    categories = [[], ["food"], ["one", "food"], ["told"], ["spent"], ["set", "one"]]
    items = {
        f"{number}": Item(
            item_id=f"{number}", title="", attributes=attributes, categories=named, parent_id=parent
        )
        for number, (named, attributes, parent, _) in enumerate(
            product(categories, said, (None, "parent"), range(2))
        )
    }
    learnt = Cycles(
        of={"category:food": ("consumable", 20.0, 28.0), "category:spent": ("consumable", 5.0, 7.0)}
        | {name: ("durable", 300.0, 0.0) for name in items if int(name) % 2},
        one_of_a_kind=frozenset(["one"]),
        half_lives={"": 50.0, "food": 10.0},
    )
    kinship = Kinship(items)
    kinship.learn(learnt, MANY)
    kinship.declare({
        "told": Category(name="told", repurchase_days=3.0),
        "spent": Category(name="spent", repurchase="consumable"),
        "set": Category(name="set", repurchase="collectible", half_life_days=5.0),
    })  # fmt: skip
    for name, item in items.items():
        found, half_life, _ = kinship.known(name)
        assert found == terms(item, kinship.learnt, kinship.categories), item
        assert half_life == {"food": 10.0, "one": 10.0, "set": 5.0}.get(
            (item.categories or [""])[0], 50.0
        )
