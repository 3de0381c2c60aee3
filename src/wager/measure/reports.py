"""The reports: what the book of bets says, in the figures that API, console and CLI show."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from wager.domain.definitions import LEVELS
from wager.domain.estimates import Estimate, NotEnough, Verdict
from wager.measure import comparison, overview
from wager.measure.book import ALL, Book, Series, about, worth_of
from wager.measure.metrics import Group, Rewards

Report = dict[str, object]

HOURS_SHOWN = 24 * 31
REASONS_SHOWN = 50
REPLAY_NOTE = (
    "A replay of what really happened: it shows calibration and hit rate, not cause. "
    "Nobody saw these choices, so they cannot have changed what was bought."
)
LIVE_NOTE = (
    "Who is held out was drawn by chance, so the difference is what the bets caused. "
    "The interval holds however often one looks."
)
MERGED_NOTE = (
    "Profiles that were merged of several are left out of the lift: they are held out if any of "
    "them was, so their group was not drawn with the same share as the others'."
)
TRADE_OFF_NOTE = (
    "Closer to some may be further from others: while a use case is in force, the lift of all bets "
    "of its placement with the people it is for, with the others, and over both. What is mandatory "
    "is shown to the held-out too, so its effect is in neither."
)
STAKEHOLDERS_NOTE = (
    "Per decision, in each goal's own unit. `gained` is what was expected of what was shown beyond "
    "the safe choice (below 0: given up); `realised` is the lift over the held-out."
)
SIDES: tuple[Literal["inside", "elsewhere"], ...] = ("inside", "elsewhere")
GROUPS: tuple[Literal["bet", "holdout"], ...] = ("bet", "holdout")
SHADOW_NOTE = (
    "Worked out from the logged odds, per slot: what the shadow would have earned in each, given "
    "the slots before it as they were shown. `meanWeight` is 1, give or take chance, where the "
    "logged odds are true; less, where the shadow would have shown what the live policy could not."
)
LEVELS_NOTE = (
    "Each bet was placed on the highest level that the evidence carried, not on one drawn by "
    "chance: people differ between levels, so the differences are not caused by the level alone. "
    "`trials` are drawn by chance (`levelTrialShare`), so their lift is what the level caused."
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is asked for: one placement or all, from a moment on or from the beginning."""

    placement: str | None = None
    since: datetime | None = None


def overview_of(book: Book, asked: Asked) -> Report:
    """How many bets, on which level, how many won, and was it worth it."""
    part = book.tally.select(since=asked.since, placement=asked.placement)
    facts = part.total()
    report = _counts(facts)
    if part.hours:
        hours = [where.number for where in part.hours]
        report["since"], report["until"] = _at(min(hours)), _at(max(hours) + 1)
    report["byLevel"] = {level: int(n) for level, n in overview.of(facts, "bets").items()}
    report["byHour"] = _by_hour(part)
    report["byPlacement"] = {
        name: _counts(facts) for name, facts in sorted(part.by_placement().items())
    }
    report["winRate"] = _win_rate(book, asked, facts)
    with_odds = _sum(facts, "with odds")
    if with_odds:
        report["expectedRate"] = _sum(facts, "odds") / with_odds
    report["lift"], report["liftReplayed"] = _overall_lift(book, asked.placement or ALL)
    report["stake"] = _sum(facts, "stake")
    report["stepDowns"] = most(overview.of(facts, "step"))
    report["silenced"] = most(overview.of(facts, "silenced"))
    report["dropped"] = most(overview.of(facts, "dropped"))
    if report["replayed"]:
        report["note"] = REPLAY_NOTE
    return report


def lift_of(book: Book, asked: Asked) -> Report:
    """For each placement the bets against the held-out, in the goal's unit."""
    names = {name for name in _series(book) if "/" not in name} - {ALL}
    if asked.placement is not None:
        names = {asked.placement}
    placements: dict[str, Report] = {}
    for name in sorted(names):
        live, replay = (_compared(book, name, replayed=replayed) for replayed in (False, True))
        if live is not None and replay is not None:
            live["replay"] = replay
        if (one := live or replay) is not None:
            placements[name] = one
    report: Report = {"placements": placements}
    if book.left:
        report["leftOut"], report["leftOutNote"] = len(book.left), MERGED_NOTE
    return report


def tradeoffs_of(book: Book, asked: Asked) -> Report:
    """For each use case: lift with those it is for, lift elsewhere, and over both.

    Each is that of all bets of its placement while it was in force, against the held-out.
    """
    cases: dict[str, Report] = {}
    for name in sorted(_series(book)):
        placement, slash, rest = name.partition("/")
        if not slash or (asked.placement is not None and placement != asked.placement):
            continue
        use_case, _, side = rest.rpartition("/")
        if side in SIDES and use_case not in cases:
            cases[use_case] = _tradeoff(book, use_case, placement)
    return {"useCases": cases, "note": TRADE_OFF_NOTE}


def stakeholders_of(book: Book, asked: Asked, owners: Mapping[str, str]) -> Report:
    """For each owner of a goal what bets gained or gave up of it: expected when they were placed,
    and realised against the held-out.

    `owners` says whose each goal is.
    """
    found: dict[str, list[Report]] = {}
    for name, facts in sorted(
        book.tally.select(since=asked.since, placement=asked.placement).by_placement().items()
    ):
        expected, default, own = (
            overview.of(facts, what) for what in ("goal expected", "goal default", "own goal")
        )
        for goal, count in sorted(overview.of(facts, "goal bets").items()):
            realised = _lift(book, name if goal in own else worth_of(goal, name))
            one: Report = {"placement": name, "goal": goal, "decisions": int(count)}
            one["expected"] = expected.get(goal, 0.0) / count
            one["default"] = default.get(goal, 0.0) / count
            one["gained"] = (expected.get(goal, 0.0) - default.get(goal, 0.0)) / count
            one["realised"] = realised
            found.setdefault(owners.get(goal, ""), []).append(one)
    return {"owners": found, "note": STAKEHOLDERS_NOTE}


def _lift(book: Book, name: str) -> Verdict:
    """Of live bets; of replayed ones where there are no others."""
    live, replay = (
        comparison.lift(
            _rewards(book, name, "bet", replayed).rewards(),
            _rewards(book, name, "holdout", replayed).rewards(),
        )
        for replayed in (False, True)
    )
    return live if isinstance(live, Estimate) or not isinstance(replay, Estimate) else replay


def _tradeoff(book: Book, use_case: str, placement: str) -> Report:
    """Of live bets; of replayed ones where there are no others."""
    inside, elsewhere = (about(use_case, placement, side) for side in SIDES)
    replayed = not any(
        series.placement in (inside, elsewhere) and not series.replayed for series in book.rewards
    )
    bet, holdout = (
        {name: _rewards(book, name, group, replayed) for name in (inside, elsewhere)}
        for group in GROUPS
    )
    both = [one[inside].merge(one[elsewhere]).rewards() for one in (bet, holdout)]
    return {
        "placement": placement,
        "inside": comparison.lift(bet[inside].rewards(), holdout[inside].rewards()),
        "elsewhere": comparison.lift(bet[elsewhere].rewards(), holdout[elsewhere].rewards()),
        "net": comparison.lift(*both),
        "decisions": {
            "inside": bet[inside].rewards().decisions,
            "elsewhere": bet[elsewhere].rewards().decisions,
        },
        "replayed": replayed,
    }


def _series(book: Book) -> set[str]:
    return {series.placement for series in book.rewards}


def calibration_of(book: Book, asked: Asked, comparable: Mapping[str, bool]) -> Report:
    """Said against won, by tenths; of all placements only where both are odds of winning.

    `comparable` says for each placement whether its goal pays the same for each win. Log-loss is
    given where it does, against always saying the base rate.
    """
    names = [asked.placement] if asked.placement else [n for n, same in comparable.items() if same]
    hour = int(asked.since.timestamp()) // overview.HOUR if asked.since is not None else None
    found = book.calibrated(placements=names, since_hour=hour, raw="told")
    raw = book.calibrated(placements=names, since_hour=hour, raw="raw")
    report: Report = {
        "placement": asked.placement,
        "deciles": found.deciles(),
        "rawDeciles": raw.deciles(),
        "count": found.count,
    }
    match found.error():
        case NotEnough() as too_little:
            report["notEnough"] = too_little
        case error:
            report["error"], report["errorByChance"] = error, found.error_by_chance()
            report["rawError"] = raw.error()
    if all(comparable.get(name, False) for name in names):
        report["skill"], report["rawSkill"] = found.skill(), raw.skill()
    return report


def shadow_of(book: Book, asked: Asked) -> Report:
    """For each placement and shadow: what it would have brought in a slot."""
    found: list[Report] = []
    for (placement, policy, appetite, levels), fold in sorted(book.shadows.items()):
        if asked.placement in (None, placement):
            found.append(
                {
                    "placement": placement,
                    "policy": policy,
                    "riskAppetite": appetite,
                    "levels": list(levels),
                    "bets": int(fold.count),
                    "effective": int(fold.effective),
                    "meanWeight": fold.mean_weight,
                    "live": fold.rewards / fold.count if fold.count else 0.0,
                    "value": fold.value(),
                    "robust": fold.robust_value(),
                    "gain": fold.gain(),
                }
            )
    return {"shadows": found, "note": SHADOW_NOTE}


def levels_of(book: Book, asked: Asked) -> Report:
    """For each level: bets, how many won, and whether that is what was expected."""
    facts = book.tally.select(since=asked.since, placement=asked.placement).total()
    like = _wins(book, asked.placement or ALL)
    by = {
        what: overview.of(facts, what)
        for what in ("bets", "won", "lost", "expected", "reward", "odds", "with odds")
    }
    levels: dict[str, Report] = {}
    for level in LEVELS:
        won, lost = by["won"].get(level, 0.0), by["lost"].get(level, 0.0)
        one: Report = {
            "bets": int(by["bets"].get(level, 0.0)),
            "settled": int(won + lost),
            "won": int(won),
            "winRate": comparison.share(won, won + lost, like=like),
        }
        if won + lost:
            one["expectedReward"] = by["expected"].get(level, 0.0) / (won + lost)
            one["reward"] = by["reward"].get(level, 0.0) / (won + lost)
        if with_odds := by["with odds"].get(level, 0.0):
            one["expectedRate"] = by["odds"].get(level, 0.0) / with_odds
        levels[level] = one
    return {"levels": levels, "trials": _level_trials(book, asked), "note": LEVELS_NOTE}


def _level_trials(book: Book, asked: Asked) -> list[Report]:
    """Where levels are drawn by chance: what each brings beyond the next below it."""
    found: list[Report] = []
    for name in sorted(_series(book)):
        placement, _, rest = name.partition("/")
        pair, _, kind = rest.rpartition("/")
        if kind == "trial" and asked.placement in (None, placement):
            upper, _, lower = pair.partition(">")
            groups = [_rewards(book, name, one, replayed=False).rewards() for one in GROUPS]
            if any(one.decisions for one in groups):
                counts = [one.decisions for one in groups]
                one: Report = {"placement": placement, "level": upper, "over": lower}
                one["lift"], one["decisions"] = comparison.lift(*groups), counts
                found.append(one)
    return found


def most(counts: Mapping[str, float], limit: int = REASONS_SHOWN) -> dict[str, int]:
    """The most frequent ones first."""
    names = sorted(counts, key=lambda name: (-counts[name], name))[:limit]
    return {name: int(counts[name]) for name in names}


def _counts(facts: Mapping[overview.Fact, float]) -> Report:
    bets, won, lost = (int(_sum(facts, what)) for what in ("bets", "won", "lost"))
    return {
        "bets": bets,
        "open": max(bets - won - lost, 0),
        "won": won,
        "lost": lost,
        "holdout": int(_sum(facts, "holdout")),
        "replayed": int(_sum(facts, "replayed")),
    }


def _sum(facts: Mapping[overview.Fact, float], what: str) -> float:
    return sum(overview.of(facts, what).values())


def _at(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * overview.HOUR, UTC)


def _by_hour(part: overview.Tally) -> list[Report]:
    """Bets hour by hour, the newest month of them."""
    by_hour = part.by_hour()
    return [
        {
            "at": _at(hour),
            "bets": int(_sum(by_hour[hour], "bets")),
            "won": int(_sum(by_hour[hour], "won")),
        }
        for hour in sorted(by_hour)[-HOURS_SHOWN:]
    ]


def _rewards(
    book: Book, placement: str, group: Literal["bet", "holdout"], replayed: bool
) -> Rewards:
    return book.rewards.get(Series(placement, group, replayed)) or Rewards()


def _wins(book: Book, placement: str) -> Group:
    return comparison.together(
        *(_rewards(book, placement, "bet", replayed).wins() for replayed in (False, True))
    )


def _win_rate(book: Book, asked: Asked, facts: Mapping[overview.Fact, float]) -> Verdict:
    won = _sum(facts, "won")
    like = _wins(book, asked.placement or ALL)
    return comparison.share(won, won + _sum(facts, "lost"), like=like)


def _overall_lift(book: Book, placement: str) -> tuple[Verdict, bool]:
    """In share of decisions won; of live bets if they are enough, else of replayed ones."""
    live, replay = (
        comparison.lift(
            _rewards(book, placement, "bet", replayed).wins(),
            _rewards(book, placement, "holdout", replayed).wins(),
        )
        for replayed in (False, True)
    )
    use_replay = isinstance(replay, Estimate) and not isinstance(live, Estimate)
    return (replay if use_replay else live), use_replay


def _compared(book: Book, placement: str, *, replayed: bool) -> Report | None:
    bet = _rewards(book, placement, "bet", replayed).rewards()
    holdout = _rewards(book, placement, "holdout", replayed).rewards()
    if not bet.decisions and not holdout.decisions:
        return None
    return {
        "bet": _group(bet),
        "holdout": _group(holdout),
        "lift": comparison.lift(bet, holdout),
        "relative": comparison.relative(bet, holdout),
        "replayed": replayed,
        "note": REPLAY_NOTE if replayed else LIVE_NOTE,
    }


def _group(group: Group) -> Report:
    return {
        "profiles": group.profiles,
        "decisions": group.decisions,
        "reward": group.total,
        "mean": comparison.mean(group),
    }
