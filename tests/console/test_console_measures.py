"""Alarms, caps, use cases and what is due, as the console words them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from wager.console import attention, caps, sides
from wager.console.alarms import alarm, in_force, past
from wager.console.asking import Stored
from wager.console.format import Unit
from wager.console.markup import join
from wager.console.outlook import how, varied, who
from wager.console.plots import waterfall
from wager.console.reported import (
    Bettor,
    Compared,
    Counted,
    Diversity,
    Group,
    Health,
    Hedge,
    HeldBack,
    Ledger,
    Lifts,
    Limited,
    Segments,
    Spent,
    Stake,
    Stakeholders,
    Stock,
    Tactic,
    Tactics,
    TradeOffs,
    Trust,
)
from wager.console.settings import ON_OTHER_CARDS, settings
from wager.domain.alarms import Alarm
from wager.domain.decisions import Reason
from wager.domain.definitions import Cap, Floor, Goal, Placement, QuietHours, UseCase
from wager.domain.estimates import Estimate, NotEnough
from wager.domain.outlook import Outlook, Owned, Room, Somebody, Variety
from wager.domain.sequences import After, Things

NOW = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
TOO_FEW = NotEnough(needed=20, seen=3, what="showings")


def test_a_reason_that_takes_away_is_hollow_and_no_alarm() -> None:
    reasons = [
        Reason(kind="popular", text="popular", weight=0.3),
        Reason(kind="popular", text="seen", weight=-0.1),
    ]
    plot = waterfall(reasons, 0.2, Unit(1.0))
    assert "--harm" not in str(plot.option)
    adds, takes = (plot.option["series"][1]["data"][place]["itemStyle"] for place in (0, 1))
    assert (adds["color"], takes["color"]) == ("var(--crowd)", "var(--card)")
    assert takes["borderColor"] == adds["color"]


def test_an_alarm_says_where_since_when_and_what_is_done() -> None:
    text = "bets brought 2 where 9 were said"
    one = Alarm(placement="home", kind="fewer-wins", text=text, began_at=NOW, noticed_at=NOW,
                fallback=True)  # fmt: skip
    said = str(alarm(one))
    assert 'role="alert"' in said and "/console/placements/home" in said
    assert "bets bring less than was said</b>, since 5 Jan 2026, 18:00 UTC. Bets brought" in said
    assert "the safe choice has 4 of 5 odds" in said
    over = msgspec.structs.replace(one, over_at=NOW + timedelta(hours=3))
    assert in_force([over]) == ""
    assert "Bets bring less than was said, for 3 hours." in str(past([over]))
    assert "1 alarm in force, above." in str(past([over, one]))
    moved = Alarm(placement="home", kind="inputs", text="due is 0.2 on average, and was 0",
                  began_at=NOW, noticed_at=NOW)  # fmt: skip
    assert "The feature due is 0.2 on average, and was 0. Nothing is changed" in str(alarm(moved))


def test_what_is_full_stands_first_and_free_items_are_folded() -> None:
    def room(**more: object) -> Room:
        told = {"placements": ("home",), "per": "item", "limit": 2, "window_minutes": 1440.0,
                "unanswered": False, "spent": 1, "left": 1, **more}  # fmt: skip
        return Room(**told)  # type: ignore[arg-type]

    found = [
        room(item_id="free"),
        room(per="person"),
        room(item_id="full", spent=2, left=0, free_at=NOW + timedelta(days=1)),
    ]
    said = str(caps.rooms(found, {"full": "Olives <b>"}, UTC))
    head, folded = said.split("<details", 1)
    assert head.index("Olives &lt;b&gt;") < head.index("everything together")
    assert "none</span>, again from 6 Jan 2026, 18:00" in head
    assert "1 item is counted, and still free" in folded and "free" not in head
    assert "No cap has counted" in str(caps.rooms([], {}, UTC))


def test_caps_of_a_placement_and_of_its_use_cases_in_force() -> None:
    cap = Cap(per="useCase", limit=1, window_minutes=60.0, counts="seen")
    cases = [
        UseCase(name=state, placement="home", goal="click", state=state, caps=[cap])  # type: ignore[arg-type]
        for state in ("live", "draft")
    ]
    said = str(caps.in_force(Placement(name="home"), cases, {"capped": 3}, {"capped": 1}))
    assert "use case live" in said and "draft" not in said
    assert "once in 60 minutes, given back if nobody saw it" in said
    assert "kept items out 1 time, and kept the placement quiet in 3 decisions" in said
    assert "No cap" in str(caps.in_force(Placement(name="home"), [], {}, {}))
    assert caps.quiet(Placement(name="home"), {}) is None
    quiet = str(caps.quiet(Placement(name="home", exclude=["mourning"]), {"quiet-hours": 2}))
    assert "segments/mourning" in quiet and "are not talked to" in quiet and "quiet time" in quiet


def test_settings_show_what_was_set_first_and_every_other_folded_away() -> None:
    quiet = QuietHours(start="22:00", until="07:00")
    said = str(settings(Placement(name="home", risk_appetite=0.1, quiet_hours=quiet, levels=[])))
    head, folded = said.split("<details", 1)
    for name, value in (("riskAppetite", "10 %"), ("quietHours", "from 22:00, to 07:00")):
        assert f'<code>{name}</code></td><td data-name="value">{value}</td>' in head
    assert "Share of the odds that is spread evenly over all candidates, to learn." in head
    assert '<code>levels</code></td><td data-name="value">none' in head
    assert "ignored 5, windowMinutes 7 days" in folded, "the default of `fatigue`"
    fields = {one.encode_name for one in msgspec.structs.fields(Placement)} - ON_OTHER_CARDS
    assert all(f"<code>{name}</code>" in said for name in fields), "new ones appear by themselves"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"state": "draft"}, "draft"),
        ({"state": "live"}, "live"),
        ({"state": "live", "start": NOW + timedelta(days=1)}, "live, from 6 Jan 2026, 18:00"),
        ({"state": "pilot", "until": NOW}, "pilot, over since 5 Jan 2026, 18:00"),
        ({"state": "live", "until": NOW + timedelta(days=1)}, "live until 6 Jan 2026, 18:00"),
    ],
)
def test_where_a_use_case_stands(more: dict[str, object], said: str) -> None:
    case = UseCase(name="a", placement="home", goal="click", **more)  # type: ignore[arg-type]
    assert sides.state(case, NOW) == said


def test_use_cases_are_ranked_and_tell_their_conflicts() -> None:
    def stored(name: str, lever: float, *warnings: str) -> Stored[UseCase]:
        case = UseCase(name=name, placement="home", goal="click", state="live", lever=lever)
        return Stored(definition=case, warnings=list(warnings))

    said = str(sides.use_cases([stored("b", 1.0), stored("a", 2.0, "x", "y")], TradeOffs(), NOW))
    assert said.index(">a<") < said.index(">b<")
    assert "2 conflicts" in said and "Wants any item for everybody; counts 2 times." in said
    assert "No team wants a slot" in str(sides.use_cases([], TradeOffs(), NOW))


def test_goals_name_their_owner_floor_and_what_was_given_up() -> None:
    declared = Placement(
        name="home", goal="buy", goals={"like": 0.5}, floors=[Floor(goal="like", share=0.9)]
    )
    stake = Stake(placement="home", goal="like", expected=0.02, default=0.03, gained=-0.01,
                  realised=TOO_FEW)  # fmt: skip
    goals = [Goal(name="like", event="Item Liked", owner="care")]
    said = str(sides.goals(declared, goals, Stakeholders(owners={"care": [stake]})))
    for words in ("given up", "0.01", "weight 0.5; at least 90 %", "· care"):
        assert words in said


def test_variety_over_people_or_what_is_missing() -> None:
    some = Estimate(value=0.5, low=0.4, high=0.6, count=200, method="m")
    found = Diversity(people=200, sampled=1000, entropy=some, repetition=some, novelty=some)
    assert "50 % (40 % to 60 %)" in str(sides.variety(Placement(name="home"), found))
    none = Diversity(entropy=TOO_FEW)
    assert "Not enough yet: needs 20 showings, seen 3" in str(
        sides.variety(Placement(name="home", diversity_floor=0.3), none)
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"state": "due", "usual_days": 10.0, "known_from": "learnt"},
            "bought 5 Jan 2026, usually again after 10 days (by all orders of it)",
        ),
        (
            {"state": "not-due", "usual_days": 10.0, "known_from": "learnt of Dairy",
             "until": NOW + timedelta(days=7)},
            "bought 5 Jan 2026, usually again after 10 days (by all orders of Dairy), not offered "
            "before 12 Jan 2026",
        ),
        (
            {"state": "lasts", "cycle": "durable"},
            "bought 5 Jan 2026, durable (as declared), for good",
        ),
    ],
)  # fmt: skip
def test_what_is_due_says_how_it_is_known(more: dict[str, object], said: str) -> None:
    told = {"item_id": "p", "title": "P", "bought_at": NOW, "cycle": "consumable",
            "known_from": "declared", **more}  # fmt: skip
    assert how(Owned(**told), UTC) == said  # type: ignore[arg-type]


def test_what_learning_may_cost_and_has_cost() -> None:
    placement = Placement(name="home")
    assert sides.hedge(placement, Hedge(placements={"home": HeldBack()})) is None
    spent = Spent(amount=50, days=7, spent=50, exploring=False)
    said = str(sides.hedge(placement, Hedge(placements={"home": HeldBack(regret_budget=spent)})))
    for words in ("50 in 7 days", "50, 100 %", "only the best is shown"):
        assert words in said


def test_whether_what_bets_gain_is_real() -> None:
    placement = Placement(name="home")
    assert sides.trusted(placement, Hedge()) is None

    def said(share: float) -> str:
        learnt = Trust(share=share, real=0.31, standard_error=0.2, choices=2400)
        return str(sides.trusted(placement, Hedge(placements={"home": HeldBack(learnt=learnt)})))

    assert "31 % is real (± 20 %, by 2,400 choices)" in said(0.4)
    assert "bets have 40 % of the odds, and the safe choice the rest" in said(0.4)
    assert "Nothing is held back" in said(1.0)


def test_what_follows_a_purchase_is_said_of_its_use_case() -> None:
    after = After(bought=Things(kinds=["stay"]), within_minutes=1440, unless=Things(items=["p"]))
    case = UseCase(name="tickets", placement="home", goal="buy", state="live", after=after)
    assert (
        "for everybody, until 24 hours after kinds stay were bought, unless items p were since;"
    ) in sides.wants(case)


def test_who_placed_the_bets_and_what_they_won() -> None:
    assert sides.ledger(Ledger()) is None
    spring = Bettor(owner="garden", placement="home", use_case="spring", bets=40, won=3, lost=30,
                    staked=2.5, brought=6.0, profit=3.5)  # fmt: skip
    own = Bettor(owner="shop", placement="home", bets=7)
    said = str(sides.ledger(Ledger(bettors=[own, spring], note="a bet is a slot")))
    for words in ("spring", "garden", "3 of 33", "2.5", "3.5", "the placement itself", "a slot"):
        assert words in said


def test_who_is_there_and_the_floor_under_variety() -> None:
    parts = (0.0,) * 7 + (1.0,)
    people = tuple(
        Somebody(probability=one, share=0.5, parts=parts, weekend=0.3) for one in (0.7, 0.3)
    )
    variety = Variety(entropy=0.2, repetition=0.5, novelty=0.1, showings=40, by_category={"a": 40})
    found = Outlook(profile_id="p", at=NOW, caps=(), owned=(), people=people, unsure=("tv",),
                    variety=variety, floors={"tv": 0.4})  # fmt: skip
    said = str(who(found))
    assert "2 people seem to use this account" in said and "70 %" in said and "21 to 24 h" in said
    assert "not sure enough for tv" in said
    assert "they are below it, so 40 % of the odds go to other things" in str(varied(found))


def test_what_to_look_at_is_what_loses_waits_or_runs_out() -> None:
    worse = Estimate(value=-0.2, low=-0.3, high=-0.1, count=90, method="m")
    better = Estimate(value=0.2, low=0.1, high=0.3, count=90, method="m")
    lifts = Lifts(placements={"bad": Compared(lift=worse), "good": Compared(lift=better)})
    (line,) = attention.losing(lifts)
    assert "bad: bets bring less" in str(join(line)) and "results?placement=bad" in str(join(line))
    tried = [
        Tactic(placement="home", goal="g", kind="feature", tactic=name, lift=lift, capped=capped)
        for name, lift, capped in (
            ("due", worse, False), ("cart", worse, True), ("liked", better, False),
        )
    ]  # fmt: skip
    (line,) = attention.tactics(Tactics(tactics=tried))
    assert "home: 1 tactic brings less" in str(join(line)), "what is held down is seen to already"
    said = list(attention.waiting(Health(quarantine=2, condition_errors={"vip": 3})))
    assert "2 events could not be read" in str(join(said[0]))
    assert "segment vip failed 3 times" in str(join(said[1]))
    (line,) = attention.harmed(
        Segments(segments={"sad": Group(left_alone_in=["home"]), "glad": Group()})
    )
    assert "Bets harm people in sad" in str(join(line))
    stock = Stock(
        limited={"a": Limited(limit=2, granted=2), "b": Limited(limit=2, left=1)},
        sold_out=3,
        nearly=[Counted(item_id="c", stock=1), Counted(item_id="d", stock=90)],
    )
    (line,) = attention.scarce(stock)
    assert "1 offer all given out, 3 items sold out, 1 item nearly" in str(join(line))
    assert list(attention.scarce(Stock())) == []
    (line,) = attention.unknown([Placement(name="a"), Placement(name="b", holdout_share=0.1)])
    assert "Nobody is held out of a:" in str(join(line))
    warnings = ["it names goal x", "placement 'a' holds nobody out: its lift cannot be known"]
    (line,) = attention.doubtful([Stored(definition=Placement(name="a"), warnings=warnings)])
    assert "it names goal x" in str(join(line))


def test_what_to_look_at_shows_six_and_folds_the_rest() -> None:
    assert "Nothing loses, waits or runs out" in str(attention.card([]))
    many = str(attention.card([[f"line {number}"] for number in range(8)]))
    assert "2 more" in many and many.index("line 5") < many.index("2 more") < many.index("line 6")
