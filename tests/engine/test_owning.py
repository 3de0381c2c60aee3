"""What was bought is left out, with all that is the same thing, until it is due or goes back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

import wager
from wager.domain.decisions import Decision
from wager.engine.engine import Engine
from wager.engine.history import orders
from wager.errors import BadDefinition, BadInput
from wager.learn.history import Notes
from wager.testing.shopping import START, Clock, Shop, order, track

ITEMS: list[dict[str, Any]] = [
    {"itemId": "seat-oak", "parentId": "seat", "attributes": {"repurchase": "durable"}},
    {"itemId": "seat-pine", "parentId": "seat"},
    {"itemId": "bidet", "attributes": {"repurchase": "durable", "substitutes": "toilet-seats"}},
    {"itemId": "lid", "attributes": {"substitutes": ["toilet-seats", "lids"]}},
    {"itemId": "soap", "attributes": {"repurchase": "consumable", "repurchaseDays": 30}},
    {"itemId": "pumpkin", "attributes": {"repurchase": "seasonal"}},
    {"itemId": "stamp-1", "parentId": "stamps", "attributes": {"repurchase": "collectible"}},
    {"itemId": "stamp-2", "parentId": "stamps", "attributes": {"repurchase": "collectible"}},
    {"itemId": "news", "attributes": {"repurchase": "subscription"}},
    {"itemId": "machine", "attributes": {"durable": True, "accessories": ["beans"]}},
    {"itemId": "beans", "title": "Beans"},
    {"itemId": "descaler", "attributes": {"accessoryOf": ["machine"]}},
    {"itemId": "bib", "categories": ["Toddler"], "attributes": {"ageFrom": 0.5, "ageTo": 3}},
    {"itemId": "train", "categories": ["Toddler"]},
    *({"itemId": f"plain-{n}"} for n in range(6)),
]


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Clock()
    with wager.open("memory://", now=clock) as engine:
        engine.publish(
            items=ITEMS,
            placements=[{"name": "home", "slots": 3, "default": "plain-0"},
                        {"name": "mail", "slots": 2, "default": "plain-1"},
                        {"name": "page", "slots": 24}],
        )  # fmt: skip
        for number in range(8):
            order(engine, clock, f"other-{number}", *(f"plain-{n}" for n in range(6)))
        engine.learn()
        yield engine, clock


def out(engine: Engine, user: str, placement: str = "home") -> dict[str, str]:
    """What is left out for that person, and by which rule, of everything there is."""
    everything = [item["itemId"] for item in ITEMS]
    decision = engine.decide(placement=placement, user_id=user, candidates=everything)
    return {one.item_id: one.rule for one in decision.excluded}


def shown(decision: Decision) -> set[str | None]:
    return {choice.item_id for choice in decision.choices}


def test_a_durable_is_out_with_its_variants_in_every_placement_at_once(shop: Shop) -> None:
    engine, clock = shop
    assert out(engine, "ada") == {}
    order(engine, clock, "ada", "seat-oak")
    kept_out = {"seat-oak": "already-bought", "seat-pine": "already-bought"}
    assert out(engine, "ada") == out(engine, "ada", "mail") == kept_out
    assert out(engine, "bob") == {}
    clock.forward(days=3000)
    assert out(engine, "ada") == kept_out


def test_substitutes_are_out_too(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "bidet")
    assert out(engine, "ada") == {"bidet": "already-bought", "lid": "already-bought"}


@pytest.mark.parametrize("event", ["Order Refunded", "Order Cancelled"])
def test_what_goes_back_may_be_shown_again(shop: Shop, event: str) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "bidet", order_id="o-1")
    assert out(engine, "ada")
    clock.forward(days=1)
    track(engine, clock, "ada", event, order_id="o-1")
    assert out(engine, "ada") == {}


@pytest.mark.parametrize(("item", "days"), [("soap", 30), ("pumpkin", 300)])
def test_what_is_used_up_is_out_until_it_is_due(shop: Shop, item: str, days: int) -> None:
    engine, clock = shop
    order(engine, clock, "ada", item)
    clock.forward(days=days, minutes=-1)
    assert out(engine, "ada") == {item: "not-due-yet"}
    clock.forward(minutes=2)
    assert out(engine, "ada") == {}


def test_of_what_is_collected_only_the_piece_one_has_is_out(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "stamp-1", "news")
    assert out(engine, "ada") == {"stamp-1": "already-bought", "news": "already-bought"}


def test_a_gift_keeps_nothing_out(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "seat-oak", "soap", gift=True)
    assert out(engine, "ada") == {}


def test_instead_of_the_durable_come_its_accessories(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "machine")
    for _ in range(5):
        track(engine, clock, "ada", "Product Viewed", product_id="plain-0")
    found = {
        choice.item_id: choice.reasons
        for choice in engine.decide(placement="page", user_id="ada").choices
    }
    assert "machine" not in found
    assert {"beans", "descaler"} <= found.keys()
    assert any(reason.text == "Because you bought machine" for reason in found["descaler"])


@pytest.mark.parametrize(
    "attributes",
    [{"repurchase": "sometimes"}, {"repurchaseDays": -1}, {"repurchaseDays": "30"},
     {"substitutes": 7}, {"accessoryOf": [1]}],
)  # fmt: skip
def test_words_on_buying_again_that_mean_nothing_are_refused(
    shop: Shop, attributes: dict[str, Any]
) -> None:
    engine, _ = shop
    with pytest.raises(BadInput, match=next(iter(attributes))):
        engine.publish(items=[{"itemId": "odd", "attributes": attributes}])


# ---- outgrown


def identify(engine: Engine, clock: Clock, user: str, **traits: Any) -> None:
    message = {"type": "identify", "userId": user, "timestamp": clock().isoformat()}
    assert engine.collect([message | {"traits": traits}]).accepted == 1


@pytest.mark.parametrize(
    "traits",
    [{"children": [{"birthMonth": "2024-05"}, {"birthMonth": "2012-01"}]},
     {"children": ["2024-05-17"]}, {"childBirthMonth": "2024-05"},
     {"childBirthDate": "2024-05-17"}, {"childAge": 1.3}, {"children": [{"age": 1.3}]}],
)  # fmt: skip
def test_a_child_grows_older_by_itself(shop: Shop, traits: dict[str, Any]) -> None:
    engine, clock = shop
    assert out(engine, "ada") == {}
    identify(engine, clock, "ada", **traits)
    age = engine.people.get("user_id", "ada").traits["youngestChildAge"].value
    assert age == pytest.approx(1.8, abs=0.05)
    assert out(engine, "ada") == {}
    clock.forward(days=500)
    assert engine.people.get("user_id", "ada").traits["youngestChildAge"].value > 3
    assert out(engine, "ada") == {"bib": "wrong-life-stage"}


def test_children_of_another_age_only(shop: Shop) -> None:
    engine, clock = shop
    identify(engine, clock, "ada", children=[{"birthMonth": "2012-01"}, {"name": "Tom"}, 7])
    assert out(engine, "ada") == {"bib": "wrong-life-stage"}
    assert engine.people.get("user_id", "ada").traits["oldestChildAge"].value > 14


def test_a_leaning_of_six_years_ago_brings_no_toddler_content(shop: Shop) -> None:
    engine, clock = shop
    for _ in range(5):
        order(engine, clock, "ada", "train", "bib")
        track(engine, clock, "ada", "Item Liked", itemId="train")
    tastes = {"train", "bib"}
    assert tastes & candidates(engine, "ada")
    clock.forward(days=6 * 365)
    assert not tastes & candidates(engine, "ada")
    track(engine, clock, "ada", "Product Viewed", product_id="plain-0")
    assert not tastes & candidates(engine, "ada"), "nor when they come back"


def candidates(engine: Engine, user: str) -> set[str | None]:
    decision = engine.decide(placement="home", user_id=user)
    return {one.item_id for one in decision.candidates if one.level == "context"}


# ---- learnt


def year(engine: Engine, clock: Clock) -> None:
    """60 people: a kettle each, of four, once; tea every ten days."""
    engine.publish(
        items=[
            *({"itemId": f"kettle-{n}", "categories": ["Kettles"]} for n in range(4)),
            {"itemId": "tea", "categories": ["Tea"]},
        ]
    )
    messages = []
    for person in range(60):
        days = [(person % 30, f"kettle-{person % 4}"), *((n * 10, "tea") for n in range(30))]
        for day, item in days:
            at = START - timedelta(days=305 - day)
            messages.append(
                {
                    "type": "track",
                    "event": "Order Completed",
                    "userId": f"u-{person}",
                    "messageId": f"y-{person}-{day}-{item}",
                    "timestamp": at.isoformat(),
                    "properties": {"products": [{"product_id": item}]},
                }
            )
    engine.collect(messages)
    engine.learn()
    engine.learning.rebuild(lambda lines: {name: [] for _, name, _ in lines})


def test_what_nobody_needs_twice_is_learnt_with_its_category(shop: Shop) -> None:
    engine, clock = shop
    order(engine, clock, "ada", "kettle-1")
    year(engine, clock)
    everything = ["kettle-0", "kettle-1", "tea", "plain-0"]
    decision = engine.decide(placement="home", user_id="ada", candidates=everything)
    found = {one.item_id: one.rule for one in decision.excluded}
    assert found == {"kettle-0": "already-bought", "kettle-1": "already-bought"}
    engine.publish(items=[{"itemId": "kettle-0", "attributes": {"repurchase": "collectible"}}])
    decision = engine.decide(placement="home", user_id="ada", candidates=everything)
    assert [one.item_id for one in decision.excluded] == ["kettle-1"], "declared goes before learnt"


def test_what_is_used_up_about_now_is_offered(shop: Shop) -> None:
    engine, clock = shop
    year(engine, clock)
    who = engine.people.stored("user_id", "u-3")
    last = who.purchases["tea"].last_at
    for days, due in ((3, []), (10, ["tea"]), (40, [])):
        found = engine.live.standing(who, last + timedelta(days=days)).due
        assert [name for name, _ in found] == due
    assert engine.learning.status()["cycles"] == {"durable": 1, "consumable": 2}


def test_how_likely_it_is_bought_again_is_a_feature_of_the_bet(shop: Shop) -> None:
    engine, clock = shop
    year(engine, clock)
    who = engine.people.stored("user_id", "u-3")
    again = engine.live.standing(who, clock()).again
    soon = engine.live.standing(who, who.purchases["tea"].last_at + timedelta(days=3)).again
    assert soon["tea"] > 0.8, "once in ten days"
    assert again["tea"] < soon["tea"] / 2.0, "nobody came back after more than ten"
    assert soon["kettle-3"] < 0.2
    decision = engine.decide(placement="page", user_id="u-3")
    values = {one.item_id: np.frombuffer(one.features, "<f4") for one in decision.candidates}
    column = decision.feature_names.index("due")
    assert values["tea"][column] == pytest.approx(again["tea"])
    assert values["plain-0"][column] == 0.0


def test_for_one_person_it_is_what_the_history_says_of_all(shop: Shop) -> None:
    engine, clock = shop
    year(engine, clock)
    notes = Notes()
    for _ in notes.noting(orders(engine.live.stores.events)):
        pass
    lines, today = notes.lines(), int(clock().timestamp() // 86400)
    items, repeats = engine.live.items, engine.live.kinship.repeats
    pairs = lines.pairs()
    rows = np.array([repeats.row(name, items[name].categories) for name in pairs.names])
    said = repeats.probabilities(rows[pairs.what], pairs.at(today))
    who = engine.people.stored("user_id", "u-3")
    mine = pairs.who == list(dict.fromkeys(one for one, _, _ in orders(engine.live.stores.events))
                             ).index(who.profile_id)  # fmt: skip
    expected = {pairs.names[n]: p for n, p in zip(pairs.what[mine], said[mine], strict=True)}
    found = engine.live.standing(who, clock()).again
    assert found == pytest.approx(expected, rel=0.05)


def test_a_declared_category_goes_before_what_was_learnt_and_after_its_items(shop: Shop) -> None:
    engine, clock = shop
    year(engine, clock)
    everything = ["kettle-1", "kettle-3", "tea"]

    def left_out() -> set[str]:
        found = engine.decide(placement="home", user_id="u-3", candidates=everything)
        return {one.item_id for one in found.excluded}

    assert left_out() == {"kettle-1", "kettle-3"}, "learnt"
    kettles = {"name": "kettles", "categories": ["Kettles"], "repurchase": "durable"}
    tea = {"name": "Tea", "repurchaseDays": 900.0, "halfLifeDays": 7.0}
    assert engine.publish(categories=[kettles, tea]) == []
    assert left_out() == {"kettle-3", "tea"}
    assert engine.live.kinship.known("tea")[1] == 7.0
    known = {one.item_id: one.known_from for one in engine.people.outlook("user_id", "u-3").owned}
    assert known == {"kettle-3": "declared for Kettles", "tea": "declared for Tea"}
    engine.publish(categories=[kettles | {"oneIsEnough": True}])
    assert left_out() == {"kettle-1", "kettle-3", "tea"}
    engine.publish(items=[{"itemId": "tea", "categories": ["Tea"],
                           "attributes": {"repurchaseDays": 1}}])  # fmt: skip
    assert left_out() == {"kettle-1", "kettle-3"}
    for name in ("kettles", "Tea"):
        engine.publishing.delete("categories", name).result()
    assert engine.live.kinship.learnt.one_of_a_kind == {"Kettles"}
    assert engine.live.kinship.known("tea")[1] != 7.0


def test_what_looks_wrong_with_a_category_is_said(shop: Shop) -> None:
    engine, _ = shop
    wanted = [{"name": name, "categories": ["Soap", "Nothing"]} for name in ("a", "b")]
    found = engine.publish(categories=wanted)
    assert "category 'a' speaks of 'Nothing', which no item names yet" in found
    assert any("'a' speaks of category 'Nothing' too" in one for one in found)
    with pytest.raises(BadDefinition, match="halfLifeDays"):
        engine.publish(categories=[{"name": "a", "halfLifeDays": 0.0}])


def test_a_short_half_life_turns_old_habits_into_old_ones(shop: Shop) -> None:
    """Tea thrice, a while ago, stands before a kettle bought since then, until tea fades fast."""
    engine, clock = shop
    engine.publish(items=[{"itemId": "tea", "categories": ["Tea"]},
                          {"itemId": "kettle", "categories": ["Kettles"]}])  # fmt: skip
    for _ in range(3):
        order(engine, clock, "ada", "tea")
        clock.forward(minutes=1)
    clock.forward(days=30)
    order(engine, clock, "ada", "kettle")
    who = engine.people.stored("user_id", "ada")
    before = engine.live.standing(who, clock())
    assert list(before.own) == ["tea", "kettle"]
    assert list(before.leanings) == ["Tea", "Kettles"]
    engine.publish(categories=[{"name": "Tea", "halfLifeDays": 7.0}])
    after = engine.live.standing(who, clock())
    assert list(after.own) == ["kettle", "tea"]
    assert list(after.leanings) == ["Kettles", "Tea"]
    assert after.faded["tea"] < before.faded["tea"] / 3.0


def test_what_was_learnt_of_buying_again_outlives_a_restart(tmp_path: Any) -> None:
    clock = Clock()
    url = f"sqlite:///{tmp_path}/shop.db"
    with wager.open(url, now=clock) as engine:
        year(engine, clock)
        before = engine.live.kinship.learnt
        again = engine.live.standing(engine.people.stored("user_id", "u-3"), clock()).again
    with wager.open(url, now=clock) as engine:
        assert engine.live.kinship.learnt == before
        who = engine.people.stored("user_id", "u-3")
        assert engine.live.standing(who, clock()).again == pytest.approx(again)
        assert engine.live.kinship.terms("kettle-2") is not None
