"""What the console writes: escaped, adding up, and as precise as it says."""

import html
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wager.console.answers import Bet, Candidate, Shown
from wager.console.content import why_not_showable
from wager.console.format import RULES, Unit, clock, zone
from wager.console.markup import Markup, join, tag
from wager.console.people import value_text, weight_now
from wager.console.plots import waterfall
from wager.console.slip import odds_rows
from wager.console.why import steps, use_cases
from wager.domain.decisions import Choice, Contender, Reason, SafeChoice

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)


class Reader(HTMLParser):
    """Collects what a browser would see as elements and as text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[str | None] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(), st.text())
def test_text_and_attributes_come_through_as_they_are(inside: str, beside: str) -> None:
    written = tag("p", inside, title=beside)
    assert written == f'<p title="{html.escape(beside)}">{html.escape(inside)}</p>'
    read = Reader(str(tag("p", "<script>", inside.replace("\r", ""), title="<b>")))
    assert read.elements == ["p"]
    assert read.attributes == ["<b>"]


def test_only_markup_is_markup() -> None:
    assert join(["<b>", Markup("<i>"), None]) == "&lt;b&gt;<i>"


weights = st.floats(-1, 1).map(lambda weight: round(weight, 6))


@given(st.lists(weights, min_size=1, max_size=8), weights)
def test_the_waterfall_ends_where_the_sum_ends(adding: list[float], expected: float) -> None:
    reasons = [Reason(kind="k", text=f"r{n}", weight=one) for n, one in enumerate(adding)]
    plot = waterfall(reasons, expected, Unit(1.0))
    *steps, (last, total) = plot.rows[1:]
    assert (last, total) == ("expected", expected)
    drawn = sum(float(one) for _, one in steps)
    assert drawn == pytest.approx(expected, abs=max(abs(expected), 1e-6) * 0.006)
    offsets, above, below = (
        [one["value"] for one in series["data"]] for series in plot.option["series"]
    )
    for offset, up, down, (_, weight) in zip(offsets, above, below, plot.rows[1:], strict=True):
        assert up >= 0 >= down
        assert up - down == pytest.approx(100 * abs(float(weight)), abs=1e-6)
        assert offset * up >= 0 or up == 0  # the offset lies on the side of the bar it carries


def _bet(odds: list[float]) -> Bet:
    candidates = tuple(
        Candidate(item_id=f"p-{number}", propensity=one) for number, one in enumerate(odds)
    )
    return Bet(
        decision_id="d", placement="home", profile_id="p", at=NOW, level="crowd",
        candidates=candidates, default=SafeChoice(item_id="p-0", expected_reward=0.1,
        item_ids=("p-0",)),
    )  # fmt: skip


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=30), st.data())
def test_the_odds_shown_add_up_and_name_what_was_drawn(
    raw: list[float], data: st.DataObject
) -> None:
    odds = [one / sum(raw) for one in raw]
    drawn = data.draw(st.integers(0, len(odds) - 1))
    choice = Choice(
        slot=0, item_id=f"p-{drawn}", level="crowd", propensity=odds[drawn],
        expected_reward=0.1, standard_error=0.01,
    )  # fmt: skip
    rows = odds_rows(_bet(odds), choice, {})
    assert sum(chance for _, chance, _ in rows) == pytest.approx(1.0)
    assert [chance for _, chance, is_drawn in rows if is_drawn] == [odds[drawn]]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (Shown(item_id="a"), ""),
        (Shown(item_id="a", stock=0), "out of stock"),
        (Shown(item_id="a", stock=1), ""),
        (
            Shown(item_id="a", available_from=NOW + timedelta(hours=1)),
            "not before 5 Jan 2026, 19:00",
        ),
        (Shown(item_id="a", available_until=NOW), "not since 5 Jan 2026, 18:00"),
    ],
)
def test_why_an_item_is_not_shown(item: Shown, said: str) -> None:
    assert why_not_showable(item, NOW) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "yes"), (False, "no"), (None, "nothing"), (3, "3"), (0.5, "0.5"), ("x", "x"),
        ("2026-01-05T18:00:00+00:00", "5 Jan 2026, 18:00"), ([1, "b"], "1, b"),
        ("2026-99-05T18:00:00+00:00", "2026-99-05T18:00:00+00:00"),
    ],
)  # fmt: skip
def test_values_read_as_a_person_reads_them(value: object, said: str) -> None:
    assert value_text(value) == said


def test_a_leaning_halves_with_each_half_life() -> None:
    assert weight_now(8.0, NOW, 60.0, NOW + timedelta(days=120)) == pytest.approx(2.0)


def test_money_is_no_share() -> None:
    revenue = Unit("properties.revenue")
    assert (revenue.text(0.384), revenue.margin(0.05, 0.384)) == ("0.384", "± 0.05")
    assert (Unit(1).margin(0.021, 0.31), Unit(1).margin(0.0004, 0.0042)) == ("± 2", "± 0.04")


def test_a_later_day_names_its_day() -> None:
    berlin = zone("Europe/Berlin")
    assert clock(NOW, NOW, berlin) == "19:00:00"
    assert clock(NOW + timedelta(days=1), NOW, berlin) == "6 Jan 19:00"
    assert zone("../etc/passwd") is UTC


def test_the_use_cases_of_a_bet_say_who_won_and_what_the_others_had() -> None:
    contenders = (
        Contender(
            use_case="own", lever=2.0, context_value=1.0, item_id="a", priority=0.2, slots=(0,)
        ),
        Contender(use_case="news", lever=1.0, context_value=3.0),
    )
    bet = msgspec.structs.replace(_bet([1.0]), use_cases=contenders, beside=("vip",))
    said = use_cases(bet, {"a": "Apple"})
    assert said is not None
    for words in ("won slot 1; best: Apple, priority 0.2 (lever 2)", "no slot", "for other people"):
        assert words in said
    assert use_cases(_bet([1.0]), {}) is None


def test_every_rule_of_the_reference_has_its_words() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "reasons.md"
    told = page.read_text(encoding="utf-8")
    for heading in ("## Rules\n", "## Whom not to talk to\n"):
        table = told.split(heading)[1].split("\n## ")[0]
        named = re.findall(r"^\| `([a-z-]+)` \|", table, flags=re.MULTILINE)
        assert named, heading
        assert [name for name in named if name not in RULES] == []


def test_a_step_down_is_led_by_the_level_it_speaks_of() -> None:
    said = [
        Reason(kind="evidence", text="not segment: the person is in no segment"),
        Reason(kind="hedge", text="not worth it: the safe choice has most of the odds"),
    ]
    first, second = (str(one) for one in steps(said))
    assert '<span class="level segment">segment</span> the person is in no segment' in first
    assert "not worth it: the safe choice" in second
