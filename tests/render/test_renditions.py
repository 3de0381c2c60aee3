"""Renditions: the channel's form over the item's own words, whole or not at all."""

from wager.domain.content import Item
from wager.render.renditions import content

ADA = {"profile": {"traits": {"name": "Ada & Co"}}}
TEA = Item(
    item_id="tea",
    title="Tea",
    description="Black",
    price=3.5,
    currency="EUR",
    attributes={"image": "tea.png", "note": "{{ not a template }}"},
    renditions={
        "email": {
            "subject": "Tea for {{ profile.traits.name }}",
            "blocks": [{"t": "{{ item.title }}"}],
        },
        "sms": {"title": "{{ profile.traits.name }}: tea at {{ item.price }} {{ item.currency }}"},
        "push": {"title": "{{ profile.traits.nickname }}!"},
        "kiosk": {"title": "{% for i in (1..99999) %}x{% endfor %}"},
    },
)


def test_without_a_rendition_the_items_own_words() -> None:
    for channel in (None, "web"):
        rendered = content(TEA, channel, {})
        assert rendered.content == {
            "kind": "product",
            "title": "Tea",
            "description": "Black",
            "price": 3.5,
            "currency": "EUR",
            "attributes": {"image": "tea.png", "note": "{{ not a template }}"},
        }
        assert (rendered.used, rendered.missing, rendered.problem) == ((), (), None)


def test_a_rendition_lies_over_them_and_is_filled_at_any_depth() -> None:
    rendered = content(TEA, "email", ADA)
    assert rendered.content["title"] == "Tea"
    assert rendered.content["subject"] == "Tea for Ada &amp; Co"
    assert rendered.content["blocks"] == [{"t": "Tea"}]
    assert rendered.used == ("profile.traits.name",)


def test_plain_text_channels_are_not_escaped() -> None:
    assert content(TEA, "sms", ADA).content["title"] == "Ada & Co: tea at 3.5 EUR"


def test_one_missing_field_leaves_nothing_to_show() -> None:
    rendered = content(TEA, "push", ADA)
    assert rendered.content == {}
    assert rendered.missing == ("profile.traits.nickname",)


def test_a_template_that_fails_is_a_problem_of_the_item_not_of_the_decision() -> None:
    rendered = content(TEA, "kiosk", ADA)
    assert rendered.content == {}
    assert rendered.problem is not None
    assert "was stopped" in rendered.problem


def test_the_item_is_not_changed() -> None:
    content(TEA, "email", ADA)
    assert TEA.renditions["email"]["blocks"] == [{"t": "{{ item.title }}"}]


def test_words_of_the_description_are_templates_too() -> None:
    greeting = Item(
        item_id="hello", kind="greeting", title="Welcome", description="{{ context.city }}"
    )
    assert content(greeting, None, {"context": {}}).missing == ("context.city",)
    assert content(greeting, None, {"context": {"city": "Ulm"}}).content["description"] == "Ulm"
