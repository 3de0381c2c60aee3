"""Merging: nothing that is missing is ever printed, nothing merged in is markup, all work ends."""

import base64
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wager.errors import BadDefinition
from wager.render.liquid import environment
from wager.render.merge import TEMPLATE_LIMIT, check, merge

TRAITS: dict[str, object] = {
    "name": "Ada",
    "space": "  ",
    "nothing": None,
    "word": "null",
    "tags": ["a", "b"],
    "holes": ["a", None],
    "spent": 12.5,
    "orders": 3,
    "vip": True,
}
VALUES = {
    "profile": {"traits": TRAITS, "affinities": {"category:tea": 0.8}, "counts": {}},
    "context": {"city": "Ulm"},
    "item": {"title": "Tea", "price": 3.5},
    "now": datetime(2026, 1, 5, 18, 3, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no tags at all", "no tags at all"),
        ("Hello {{ profile.traits.name }}", "Hello Ada"),
        ("{{ profile.traits.absent | default: 'you' }}", "you"),
        ("{{ profile.traits.absent | upcase | default: 'you' }}", "you"),
        ("{{ 'Hi ' | append: profile.traits.absent | default: 'Hello' }}", "Hello"),
        ("{{ profile.traits.space | default: 'you' }}", "you"),
        ("{{ profile.traits.word | default: 'you' }}", "you"),
        ("{{ profile.traits.orders | default: 'none' }}", "3"),
        ("{{ profile.traits.name | default: profile.traits.absent }}", "Ada"),
        ("{{ profile.traits.absent | default: '' }}.", "."),
        (
            "{% if profile.traits.absent %}Hi {{ profile.traits.absent }}{% else %}Hi{% endif %}",
            "Hi",
        ),
        ("{% if profile.traits.absent > 3 %}many{% else %}few{% endif %}", "few"),
        ("{% for t in profile.traits.tags %}{{ t }}{{ forloop.index }} {% endfor %}", "a1 b2 "),
        ("{% for t in profile.traits.absent %}{{ t }}{% else %}none{% endfor %}", "none"),
        ("{{ profile.traits.tags | join: ', ' }}", "a, b"),
        ("{{ profile.traits.spent | times: 2 }}", "25"),
        ("{{ profile.traits.orders }} {{ profile.traits.vip }}", "3 true"),
        ("{{ item.title }} {{ item.price }} {{ context.city }}", "Tea 3.5 Ulm"),
        ("{{ now | date: '%H:%M' }}", "18:03"),
        ("{{ '2026-01-05' | date: '%d.%m.%Y' }}", "05.01.2026"),
        ("{% assign n = profile.traits.name %}{{ n | upcase }}", "ADA"),
        ("{% capture b %}<b>{{ profile.traits.name }}</b>{% endcapture %}{{ b }}", "<b>Ada</b>"),
        ("{% liquid echo profile.traits.name %}", "Ada"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ],
)
def test_fills_what_is_there(template: str, text: str) -> None:
    merged = merge(template, VALUES)
    assert (merged.text, merged.missing) == (text, ())


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ("{{ profile.traits.absent }}", "profile.traits.absent"),
        ("{{ profile.traits.nothing }}", "profile.traits.nothing"),
        ("{{ profile.traits.space }}", "profile.traits.space"),
        ("{{ profile.traits.word }}", "profile.traits.word"),
        ("{{ profile.traits.absent | upcase }}", "profile.traits.absent"),
        ("{{ profile.traits.absent | default: nil }}", "profile.traits.absent | default: "),
        ("{{ profile.traits.absent | default: context.no }}", "context.no"),
        ("{{ 'Hi ' | append: profile.traits.absent }}", "profile.traits.absent"),
        ("{% assign n = profile.traits.absent %}{{ n }}", "profile.traits.absent"),
        ("{% for t in profile.traits.absent %}{{ t }}{% endfor %}", "profile.traits.absent"),
        ("{{ profile.traits.holes }}", "profile.traits.holes"),
        ("{{ profile.traits }}", "profile.traits"),
        ("{{ profile.traits.tags[7] }}", "profile.traits.tags.7"),
        ("{{ profile.traits.name.first }}", "profile.traits.name.first"),
        ("{{ nobody.knows }}", "nobody.knows"),
        ("{{ nil }}", ""),
        ("{{ today }}", "today"),
        ("{% echo profile.traits.nothing %}", "profile.traits.nothing"),
    ],
)
def test_says_what_is_missing(template: str, missing: str) -> None:
    merged = merge("Dear " + template, VALUES)
    assert merged.text is None
    assert merged.missing == (missing,)


def test_the_servers_clock_is_never_asked() -> None:
    assert merge("{{ now }}", {}).missing == ("now",)
    with pytest.raises(BadDefinition, match="date cannot read 'now'"):
        merge("{{ 'now' | date: '%Y' }}", {})


def test_names_the_persons_fields_that_were_used() -> None:
    merged = merge(
        "{{ profile.traits.name }} {{ context.city }}{% if profile.traits.vip %}!{% endif %}"
        "{{ profile.traits.absent | default: '' }}{{ profile.traits.name }}",
        VALUES,
    )
    assert merged.used == ("profile.traits.name", "profile.traits.vip")


def test_escapes_in_html_and_not_in_text() -> None:
    values = {"profile": {"traits": {"name": "<b>O'Neil & Co"}}}
    template = "<i>{{ profile.traits.name }}</i>"
    assert merge(template, values).text == "<i>&lt;b&gt;O&#39;Neil &amp; Co</i>"
    assert merge(template, values, form="text").text == "<i><b>O'Neil & Co</i>"


SHAPES = (
    "{{ profile.traits.x | %s }}",
    "{{ 'a' | %s }}",
    "{%% assign y = profile.traits.x | %s %%}{{ y | append: y }}",
)


@pytest.mark.parametrize("name", sorted(environment("html").filters))
def test_no_filter_lets_markup_through(name: str) -> None:
    attack = "<img src=x onerror=alert(1)>"
    forms = [attack, quote(attack), base64.b64encode(attack.encode()).decode(), "&lt;img&gt;"]
    for form in [*forms, *([form] for form in forms)]:
        values = {"profile": {"traits": {"x": form}}}
        for arguments in ("", ": 'a'", ": 1", ": 'a', 'b'", ": profile.traits.x"):
            for shape in SHAPES:
                try:
                    text = merge(shape % (name + arguments), values).text
                except BadDefinition:
                    continue
                assert "<img" not in (text or ""), (name, arguments, form, text)


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..5000) %}{{ 'xxxxxxxxxxxxxxxxxxxx' }}{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}"
        "{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign a = 'x' %}{% for i in (1..15) %}{% assign a = a | append: a %}{% endfor %}"
        "{{ a | replace: 'x', a }}",
        "{{ (1..100000000) | join }}",
        "{{ (1..100000000) | reverse | size }}",
        "{% assign a = 7 %}{% for i in (1..100) %}{% assign a = a | times: a %}{% endfor %}{{ a }}",
        "{% assign a = '1,2,3,4,5,6,7,8,9' | split: ',' %}{% for i in (1..50) %}"
        "{% assign a = a | concat: a %}{% endfor %}{{ a | uniq | size }}",
        "{% assign s = 'xxxxxxxxxx' %}"
        "{% for i in (1..10) %}{% assign s = s | append: s %}{% endfor %}"
        "{% assign a = s | split: '' | slice: 0, 900 %}{{ a | join: s }}",
        "{% for i in (1..900) %}" + "{{ 'a' | upcase | downcase }}" * 20 + "{% endfor %}",
    ],
)
def test_work_without_end_is_stopped(template: str) -> None:
    with pytest.raises(BadDefinition, match="was stopped"):
        merge(template, VALUES)


def test_a_wide_date_format_is_refused() -> None:
    with pytest.raises(BadDefinition, match="cannot write the format"):
        merge("{{ now | date: '%999999999d' }}", VALUES)


def test_a_template_that_fails_says_so() -> None:
    with pytest.raises(BadDefinition, match="divided_by"):
        merge("{{ 1 | divided_by: 0 }}", {})
    with pytest.raises(BadDefinition, match="upcase needs one plain value"):
        merge("{{ profile.traits.tags | upcase }}", VALUES)
    with pytest.raises(BadDefinition, match="join needs plain values"):
        merge("{{ profile.traits.holes | join }}", VALUES)
    with pytest.raises(BadDefinition, match="at most 16384"):
        merge("{{ x }}" + "x" * TEMPLATE_LIMIT, {})


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ user.name }}", "'user' is not known here"),
        ("{{ profile.trait.name }}", "'profile.trait' is not known here"),
        ("{{ item.titel }}", "'item.titel' is not known here"),
        ("{% if %}x{% endif %}", "cannot be read: missing expression"),
        ("{{ profile.traits.name | uppercase }}", "no filter is named 'uppercase'"),
        ("{% cycle 'a', 'b' %}", "unexpected tag 'cycle'"),
        ("{% include 'x' %}", "unexpected tag 'include'"),
        ("{% for t in profile.traits.tags %}{{ s }}{% endfor %}", "'s' is not known here"),
        ("{{ today }}", "'today' is not known here"),
    ],
)
def test_check_says_what_is_wrong(template: str, words: str) -> None:
    problems = check(template)
    assert len(problems) == 1
    assert words in problems[0]


def test_check_accepts_what_works() -> None:
    assert check("plain") == []
    assert (
        check(
            "{% for t in profile.traits.tags %}{{ t }}{{ forloop.index }}{% endfor %}"
            "{% assign n = item.title %}{{ n }}{{ context.anything.at.all }}{{ now | date }}"
        )
        == []
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_whatever_the_value_no_raw_null_is_printed(value: object) -> None:
    merged = merge("{{ profile.traits.x }}", {"profile": {"traits": {"x": value}}}, form="text")
    if merged.text is not None:
        assert merged.text.strip() not in ("", "None", "null", "nil", "nan", "undefined")
    if value is None:
        assert merged.missing == ("profile.traits.x",)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%|.:()'x1 \n", max_size=40))
def test_any_text_merges_or_is_refused(template: str) -> None:
    try:
        merge(template, {"x": 1})
    except BadDefinition as error:
        assert error.detail
