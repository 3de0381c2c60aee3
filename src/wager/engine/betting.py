"""One bet: the steps of `decide` one after the other, for one person in one placement."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from wager.decide.candidates import NAMED_BY_DEFAULT, Origin, Standing, gather
from wager.decide.eligibility import gate, left_out, why_not
from wager.decide.features import rows
from wager.decide.ladder import at_level
from wager.decide.payoff import Worth, nothing_learnt, with_nothing, worth
from wager.decide.policies import Left, Odds
from wager.decide.reasons import NOTHING_SAID, reasons, words_use
from wager.decide.restraint import Surprise, has_tag, is_full
from wager.decide.slate import Slate, draw
from wager.domain.asking import Ask
from wager.domain.content import Item, sold_in
from wager.domain.decisions import (
    BETTER_LEFT_ALONE,
    Candidate,
    Choice,
    Reason,
    SafeChoice,
    ShadowOdds,
)
from wager.domain.definitions import LEVELS, Level, Shadow
from wager.domain.models import Payoffs
from wager.engine.bets import LOGGED_FEATURES, Bet, Drawn, Table, nothing
from wager.engine.goals import further_worth, stakes
from wager.engine.hedging import Notes, hedged, standing_back, weighed_of
from wager.engine.live import Live
from wager.engine.shadowing import below, certain, named, odds_beside, watched
from wager.render.merge import merged_or_why
from wager.render.renditions import Rendered, content

LOGGED_TYPE = np.dtype("<f4")
_RANK = {level: rank for rank, level in enumerate(LEVELS)}
PLAIN_KEPT = 50_000
_UNLEARNT = nothing_learnt()


class Bettor:
    """Places bets from what is live; reads, and writes nothing."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def bet(self, ask: Ask, decision_id: str) -> Bet:
        """Candidates, eligibility, features, payoff, odds, draw, reasons: in that order."""
        table = self._table(ask)
        if not table.found:
            safe = SafeChoice(item_id=None, expected_reward=0.0)
            return Bet("neutral", "default", (), safe, **left_out(table.dropped))
        lefts: list[Left] | None = None if ask.placement.shadow is None else []
        held = Notes()
        slate = self._slate(ask, table, decision_id, lefts, held)
        notes = standing_back(ask)
        notes += held.reasons(ask.placement)
        if ask.spent is not None:
            notes.append(ask.spent)
        drawn_rows = [row for row, _ in slate.choices]
        said = [table.said(row, slot) for slot, row in enumerate(drawn_rows)]
        looked, told = [one.looked for one in said], [one.told for one in said]
        why = reasons(ask, table.found, table.worth, drawn_rows, looked, told)
        held.step_down(table, drawn_rows)
        drawn = map(Drawn, range(len(said)), slate.choices, said, why)
        choices = tuple([self._choice(ask, table, one, notes) for one in drawn])
        return Bet(
            level=max((one.level for one in choices), key=_RANK.__getitem__, default="neutral"),
            policy=ask.placement.policy,
            choices=choices,
            default=self._safe(table),
            candidates=_candidates(table, slate.odds),
            notes=tuple(notes),
            stake=self._stake(table, choices),
            regret=held.regret(table),
            shadow=None if lefts is None else self._in_shadow(ask, table, lefts, drawn_rows),
            goals=stakes(ask.placement, table, drawn_rows),
            weighed=weighed_of(self.live, ask, table, drawn_rows),
            **left_out(table.dropped),
        )

    def _slate(
        self, ask: Ask, table: Table, decision_id: str, lefts: list[Left] | None, held: Notes
    ) -> Slate:  # fmt: skip
        """Odds, then the draw. Where the placement has terms, any candidate may be the best left,
        not only the first few. `lefts` notes what was left for each slot."""
        placement, live = ask.placement, self.live
        names = [name for name, _ in table.found]
        terms, groups = live.slates.terms(ask, names), live.slates.groups(placement, names)
        if ask.rooms:
            quotas = [self._quota(tag, room, table) for tag, room in ask.rooms.items()]
            terms = replace(terms, quotas=quotas)
        grouped = sum(map(bool, groups))
        slots = len(names) if terms.first or ask.rooms else placement.slots + grouped
        greedy = ask.spent is not None
        by = named(
            "greedy" if greedy else placement.policy, 0.0 if greedy else placement.risk_appetite
        )
        odds = hedged(live, ask, table, by, slots, held)
        return draw(
            odds if lefts is None else watched(odds, lefts), groups, placement.slots,
            key=live.draw_key, decision_id=decision_id, terms=terms,
        )  # fmt: skip

    def _in_shadow(
        self, ask: Ask, table: Table, lefts: list[Left], drawn: Sequence[int]
    ) -> ShadowOdds:  # fmt: skip
        """The same slots by a policy that is shown to nobody, from its own levels' candidates."""
        shadow = ask.placement.shadow
        by = shadow if isinstance(shadow, Shadow) else named(shadow, Shadow().risk_appetite)
        level = below(ask, by)
        other = table if level == ask.level else self._table(at_level(ask, level))
        if level in ("neutral", "customization"):
            odds: Odds = certain(other)
        else:
            odds = hedged(self.live, ask, other, by, len(other.found), Notes())
        return odds_beside(by, odds, other, table, lefts, drawn)

    def silent_bet(self, ask: Ask, why: Reason) -> Bet:
        """For whom is not talked to: nothing, or the safe choice where the placement says so."""
        if ask.placement.instead == "default" or why.kind == BETTER_LEFT_ALONE:
            return self.safe_bet(ask, why)
        safe = SafeChoice(item_id=None, expected_reward=0.0)
        return Bet("neutral", "silence", (nothing(why),), safe)

    def safe_bet(self, ask: Ask, why: Reason) -> Bet:
        """The default in every slot: for the held-out, and where nothing may be assumed.

        What it would be worth is worked out all the same, so that it can be compared.
        """
        safe, dropped = self.safe_choices(ask)
        found = [(name, Origin(sources=NAMED_BY_DEFAULT)) for name in safe]
        who = self.live.standing(ask.profile, ask.now, ask.present)
        x, values = self._worth(ask, who, found)
        table = Table(
            [*found],
            x,
            values,
            dropped,
            safe,
            further_worth(ask, x, found, self.payoffs),
            self.payoffs(ask.placement.name),
        )
        notes: list[Reason] = []
        choices = [self._safe_choice(ask, table, slot, why, notes) for slot in range(len(safe))]
        if not safe and ask.placement.allow_nothing:
            choices.append(nothing(why))
        return Bet(
            level=max((one.level for one in choices), key=LEVELS.index, default="neutral"),
            policy="default",
            choices=tuple(choices),
            default=self._safe(table),
            candidates=_candidates(table, np.ones(len(found))) if found else (),
            goals=stakes(ask.placement, table, range(len(safe))),
            weighed=weighed_of(self.live, ask, table, range(len(safe))),
            notes=tuple(notes),
            **left_out(dropped),
        )

    def _safe_choice(
        self, ask: Ask, table: Table, slot: int, why: Reason, notes: list[Reason]
    ) -> Choice:
        name = table.safe[slot]
        shown, level, words = self._content(ask, table, slot, "neutral", notes)
        said = table.said(slot, slot)
        return Choice(
            slot=slot,
            item_id=name,
            level=level,
            propensity=1.0,
            expected_reward=said.told,
            raw_reward=said.raw,
            standard_error=said.looked * float(table.worth.deviation[slot]),
            looked=said.looked,
            content=shown,
            reasons=(why, *words),
        )

    def _table(self, ask: Ask) -> Table:
        safe, dropped = self.safe_choices(ask)
        who = self.live.standing(ask.profile, ask.now, ask.present)
        gathered = gather(ask, who, safe, gate(ask, self._why_not))
        surprise = Surprise(ask, who, safe)
        surprise.left_out(gathered.kept, gathered.dropped)
        named = list(gathered.kept.items())
        x, values = self._worth(ask, who, named)
        found: list[tuple[str | None, Origin]] = [*named]
        if ask.placement.allow_nothing:
            found.append((None, Origin()))
            values = with_nothing(values, ask.placement.exposure_cost)
            x = values.x
        further = further_worth(ask, x, found, self.payoffs)
        return Table(
            found, x, values, [*gathered.dropped.items(), *dropped], safe, further,
            self.payoffs(ask.placement.name), surprise,
        )  # fmt: skip

    def _worth(
        self, ask: Ask, who: Standing, found: Sequence[tuple[str, Origin]]
    ) -> tuple[np.ndarray[Any, np.dtype[np.float64]], Worth]:
        x = rows(ask, who, found)
        return x, worth(ask, x, [name for name, _ in found], self.payoffs(ask.placement.name))

    def payoffs(self, placement: str) -> Payoffs:
        """What was learnt for the placement, or the prior."""
        return self.live.snapshot.payoffs.get(placement, _UNLEARNT)

    def safe_choices(self, ask: Ask) -> tuple[list[str], list[tuple[str, str]]]:
        """What must be there and the eligible defaults, filled to the slots with what is popular,
        then with anything, as far as the placement's terms allow.

        Where the candidates were handed in, none but them is among it.
        """
        wanted, slots = ask.placement.default, ask.placement.slots
        named = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
        only = None if ask.limited_to is None else dict.fromkeys(ask.limited_to)
        chosen: dict[str, None] = {}
        dropped: dict[str, str] = {}
        why_not, rooms = gate(ask, self._why_not), dict(ask.rooms)
        first, has_room = self.live.slates.first(ask, why_not), self.live.slates.room(ask)
        fill = not (ask.placement.allow_nothing and wanted is None)
        for name in chain(first, named, self._fill(ask) if fill else (), only or ()):
            if name in chosen or name in dropped or (only is not None and name not in only):
                continue
            rule = why_not(name)
            if rule is None and len(chosen) < slots:
                if rooms and not self._has_room(rooms, name):
                    continue
                if has_room is None or has_room(name):
                    chosen[name] = None
            elif rule not in (None, "wrong-kind"):
                dropped[name] = str(rule)
            if only is None and len(chosen) == slots:
                break
        return list(chosen), list(dropped.items())

    def _has_room(self, rooms: dict[str, int], name: str) -> bool:
        """Whether one more of the item's tags may be chosen; if so, it is counted."""
        item = self.live.items[name]
        if is_full(rooms, item):
            return False
        rooms.update({tag: room - 1 for tag, room in rooms.items() if has_tag(item, tag)})
        return True

    def _fill(self, ask: Ask) -> Iterator[str]:
        yield from (name for name, _ in ask.snapshot.popular)
        for kind in ask.placement.kinds or list(ask.shelf.kinds):
            yield from ask.shelf.kinds.get(kind, ())

    def _why_not(self, ask: Ask, name: str) -> str | None:
        rule = why_not(ask, name)
        if rule is None and ask.queue is not None and self.live.slates.rests(ask.queue, name):
            return "capped"
        if rule is None and name in self.live.templated:
            rendered = self._rendered(ask, name, self._values(ask, name))
            if rendered.missing or rendered.problem is not None:
                return "missing-merge-field"
        return rule

    def _quota(self, tag: str, room: int, table: Table) -> tuple[list[int], int]:
        items = self.live.items
        rows = [
            row
            for row, (name, _) in enumerate(table.found)
            if name is not None and has_tag(items[name], tag)
        ]
        return rows, room

    def _values(self, ask: Ask, name: str | None) -> dict[str, Any]:
        """What templates may use; at the neutral level nothing of the person is among it."""
        item = self._sold(ask, name) if name in self.live.items else None
        known = ask.known if ask.level != "neutral" else {}
        about = {"itemId": name, "title": item.title, "price": item.price} if item else {}
        return {
            "profile": known, "context": ask.context, "item": about,
            "bet": {"level": ask.level, "certainty": 0.5},
        }  # fmt: skip

    def _rendered(self, ask: Ask, name: str, values: dict[str, Any]) -> Rendered:
        channel = ask.context.get("channel")
        return content(self._sold(ask, name), channel if isinstance(channel, str) else None, values)

    def _sold(self, ask: Ask, name: str) -> Item:
        """The item with the price that it has where this is."""
        item = self.live.items[name]
        return sold_in(item, ask.context.get("region")) or item

    def _content(
        self, ask: Ask, table: Table, row: int, level: Level, notes: list[Reason]
    ) -> tuple[dict[str, Any], Level, tuple[Reason, ...]]:
        """What is shown, in words for this person; words that use the profile raise the level."""
        name = table.found[row][0]
        if name is None:
            return {}, level, ()
        template = ask.placement.template
        if template is None and name not in self.live.templated:
            return self._plain(ask, name), level, ()
        bet = {"level": level, "certainty": table.certainty(row)}
        values = self._values(ask, name) | {"bet": bet}
        rendered = self._rendered(ask, name, values)
        shown, used = dict(rendered.content), list(rendered.used)
        if template is not None:
            text, fields, problem = merged_or_why(template, values)
            if text is not None:
                shown["text"] = text
                used.extend(fields)
            elif not notes:
                notes.append(Reason(kind="template", text=f"words not merged: {problem}"))
        if not used:
            if ask.level == "customization" and not notes:
                notes.append(NOTHING_SAID)
            return shown, level, ()
        return shown, max(level, "customization", key=LEVELS.index), (words_use(used),)

    def _plain(self, ask: Ask, name: str) -> dict[str, Any]:
        """An item's content without anything merged in: the same for everybody, so it is kept."""
        if self.live.items[name].regions:
            return self._rendered(ask, name, {}).content
        channel = ask.context.get("channel")
        key = (name, channel if isinstance(channel, str) else None)
        kept = self.live.plain.get(key)
        if kept is None:
            kept = self.live.plain[key] = self._rendered(ask, name, {}).content
            if len(self.live.plain) > PLAIN_KEPT:
                self.live.plain.pop(next(iter(self.live.plain)))
        return kept

    def _choice(self, ask: Ask, table: Table, drawn: Drawn, notes: list[Reason]) -> Choice:
        (row, propensity), said = drawn.choice, drawn.said
        name, origin = table.found[row]
        shown, level, words = self._content(ask, table, row, origin.level, notes)
        return Choice(
            slot=drawn.slot,
            item_id=name,
            level=level,
            propensity=propensity,
            expected_reward=said.told,
            raw_reward=said.raw,
            standard_error=said.looked * float(table.worth.deviation[row]),
            looked=said.looked,
            content=shown,
            reasons=(*drawn.why, *words) if words else drawn.why,
            surprise=table.surprises(row),
        )

    def _safe(self, table: Table) -> SafeChoice:
        if not table.safe:
            return SafeChoice(item_id=None, expected_reward=0.0)
        row = table.safe_rows[0]
        told, raw = float(table.worth.told[row]), float(table.worth.mean[row])
        return SafeChoice(
            item_id=table.safe[0],
            expected_reward=told,
            item_ids=tuple(table.safe),
            raw_reward=None if raw == told else raw,
        )

    def _stake(self, table: Table, choices: Sequence[Choice]) -> float:
        """What the safe choice was expected to bring in the slots that were bet instead."""
        if not table.safe:
            return 0.0
        told, safe = table.worth.told, table.safe
        bet = sum([one.item_id not in safe for one in choices])
        rewards = sorted([max(float(told[row]), 0.0) for row in table.safe_rows])
        return sum(rewards[:bet])


def _candidates(table: Table, odds: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Candidate, ...]:
    values = np.empty((len(table.found), len(LOGGED_FEATURES)), dtype=LOGGED_TYPE)
    values[:, :-1] = table.x
    values[:, -1] = table.worth.before
    logged, width = values.tobytes(), len(LOGGED_FEATURES) * LOGGED_TYPE.itemsize
    return tuple(map(
        Candidate,
        [name for name, _ in table.found],
        odds.tolist(),
        table.worth.told.tolist(),
        table.worth.deviation.tolist(),
        [origin.level for _, origin in table.found],
        [
            b"" if name is None else logged[row * width : (row + 1) * width]
            for row, (name, _) in enumerate(table.found)
        ],
    ))  # fmt: skip
