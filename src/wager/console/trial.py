"""What this person would be shown: choose place, day and hour, say never again, see it change."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from wager.console import why
from wager.console.answers import Bet, Blocked, Named, Person
from wager.console.api import Problem, path_of
from wager.console.asking import Units, item_titles
from wager.console.format import Unit, percent, rule, sentence, short, whole, zone
from wager.console.markup import Markup, join, tag
from wager.console.slip import level_badge, title, words
from wager.console.theme import Sheet, box, empty, guarded, show
from wager.domain.decisions import Choice
from wager.domain.events import LIKED

STALE = timedelta(days=30)
STRONGEST = 4
WORDS = {
    "Item Liked": "liked",
    "Item Disliked": "never again",
    "Item Unblocked": "taken back",
}
ON_CHANGE = "(e) => emit(e.target.name, e.target.value)"
ON_INPUT = """(e) => { if (e.target.name === 'hour')
  document.getElementById('hour-words').textContent = e.target.value.padStart(2, '0') + ':00' }"""
ON_CLICK = """(e) => { const button = e.target.closest('button[data-event]');
  if (button) emit(button.dataset.event, button.dataset.scope, button.dataset.value) }"""


class Trial:
    """One person, one placement, one moment; asked again and again with the same draw.

    The decision id stays the same, so that what changes is due to what was said, not to chance.
    """

    def __init__(self, person: Person, asker: Named | None, placements: list[str]) -> None:
        self.person, self.asker, self.placements = person, asker, placements
        self.blocked: Mapping[str, Blocked] = person.blocked
        self.where = zone(person.timezone)
        self.placement = placements[0] if placements else ""
        now = datetime.now(UTC)
        self.is_past = now - person.last_known > STALE
        local = (person.last_known if self.is_past else now).astimezone(self.where)
        self.day, self.hour = local.date(), local.hour
        self.draw = f"trial-{secrets.token_hex(8)}"
        self.bet: Bet | None = None

    def read(self, asked: Mapping[str, str]) -> None:
        """Take over what the address or a field says; what cannot be read changes nothing."""
        if asked.get("placement") in self.placements:
            self.placement = asked["placement"]
        hour = asked.get("hour", "")
        if hour.isdecimal() and int(hour) < 24:
            self.hour = int(hour)
        try:
            self.day = date.fromisoformat(asked.get("day", ""))
        except ValueError:
            return

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, time(self.hour), tzinfo=self.where)

    def address(self) -> str:
        return "?" + urlencode(
            {"placement": self.placement, "day": self.day.isoformat(), "hour": self.hour}
        )

    def request(self) -> dict[str, Any]:
        """The question, as `POST /v1/decide` takes it; it is logged nowhere."""
        return {
            "placement": self.placement,
            **self.identity(),
            "decisionId": self.draw,
            "at": self.at.isoformat(),
            "preview": True,
            "explain": True,
            "context": {"channel": "web", **self._timezone()},
        }

    def feedback(self, event: str, scope: str, value: str) -> dict[str, Any]:
        """A like, a dislike or an undo, as `POST /v1/track` takes it."""
        about = {"itemId": value} if scope == "item" else {"scope": scope, scope: value}
        is_of_then = self.is_past and event == LIKED  # a like of today would outweigh all of then
        return {
            "type": "track",
            "event": event,
            **self.identity(),
            "messageId": f"console-{secrets.token_hex(12)}",
            "timestamp": (self.at if is_of_then else datetime.now(UTC)).isoformat(),
            "properties": about,
        }

    def identity(self) -> dict[str, str]:
        if self.asker is None:
            return {}
        name = "userId" if self.asker.kind == "user_id" else "anonymousId"
        return {name: self.asker.value}

    def _timezone(self) -> dict[str, str]:
        return {"timezone": self.person.timezone} if self.person.timezone else {}


async def trial(sheet: Sheet, trial: Trial, titles: dict[str, str]) -> None:
    """Put the card on the page; every change asks at once."""
    with box("card", "section"):
        show(tag("h2", "What they would be shown"))
        if trial.asker is None or not trial.placements:
            show(_cannot_ask(trial))
            return
        trial.read(sheet.request.query_params)
        form = ui.element("form").classes("trial-choice").props("onsubmit='return false'")
        with form:
            show(*_choices(trial)).classes("contents")
        answer = show()
    panel = Panel(sheet, trial, titles, answer)
    form.on("change", guarded(sheet, panel.change), js_handler=ON_CHANGE)
    form.on("input", js_handler=ON_INPUT)
    answer.on("click", guarded(sheet, panel.feedback), js_handler=ON_CLICK)
    await panel.ask()


class Panel:
    """The answers on the card, and what the buttons on it do."""

    def __init__(self, sheet: Sheet, trial: Trial, titles: dict[str, str], answer: ui.html) -> None:
        self.sheet, self.trial, self.titles, self.answer = sheet, trial, titles, answer
        self.units: Units | None = None

    async def change(self, event: GenericEventArguments) -> None:
        """Another placement, day or hour was chosen."""
        name, value = event.args
        self.trial.read({str(name): str(value)})
        ui.run_javascript(
            f"history.replaceState(null, '', {msgspec.json.encode(self.trial.address()).decode()})"
        )
        await self.ask()

    async def feedback(self, event: GenericEventArguments) -> None:
        """Like, never again or take back; then ask again and say what changed."""
        said, scope, value = (str(one) for one in event.args)
        if said not in WORDS:
            return
        before = self.trial.bet
        await self.sheet.api.post("/v1/track", object, self.trial.feedback(said, scope, value))
        kind = self.trial.asker.kind if self.trial.asker else ""
        name = self.trial.asker.value if self.trial.asker else ""
        person = await self.sheet.api.get(path_of("v1", "profiles", kind, name), Person)
        self.trial.blocked = person.blocked
        about = f"{self.titles.get(value, value)}: {WORDS[said]}."
        await self.ask(about=about, before=before)
        ui.run_javascript("document.getElementById('shown')?.focus()")

    async def ask(self, about: str = "", before: Bet | None = None) -> None:
        """Ask for a preview and write what came of it."""
        try:
            bet = await self.sheet.api.post("/v1/decide", Bet, self.trial.request())
        except Problem as problem:
            self.answer.content = tag("p", problem.detail, class_="note", role="alert")
            return
        self.units = self.units or await Units.ask(self.sheet.api)
        wanted = {one.item_id for one in bet.choices if one.item_id}
        wanted |= {one.value for one in self.trial.blocked.values() if one.scope == "item"}
        self.titles.update(await item_titles(self.sheet.api, wanted - self.titles.keys()))
        self.titles.update({one.item_id: title(one) for one in bet.choices if one.item_id})
        self.trial.bet = bet
        changed = _changed(before, bet, self.titles) if before else ""
        unit = self.units.of(bet)
        self.answer.content = _answer(bet, unit, f"{about} {changed}".strip(), self._blocks())

    def _blocks(self) -> Markup | None:
        if not self.trial.blocked:
            return None
        rows = [
            tag(
                "li",
                tag(
                    "span",
                    f"{_named(one, self.titles)} ",
                    tag("span", f"since {short(one.at)}", class_="soft small"),
                ),
                " ",
                _button(
                    "Item Unblocked", "Take back", one.scope, one.value, _named(one, self.titles)
                ),
            )
            for one in self.trial.blocked.values()
        ]
        return tag("div", tag("h2", "Never again"), tag("ul", rows), class_="gap", id="blocked")


def _named(block: Blocked, titles: Mapping[str, str]) -> str:
    if block.scope == "item":
        return titles.get(block.value, block.value)
    return f"everything {'by' if block.scope == 'creator' else 'tagged'} {block.value}"


def _cannot_ask(trial: Trial) -> Markup:
    if not trial.placements:
        return empty(
            "There is no placement yet. Name one with ", tag("code", "PUT /v1/placements/home"), "."
        )
    return empty("A bet is asked for a user id or an anonymous id, and neither is known here.")


def _choices(trial: Trial) -> Iterable[Markup]:
    options = [
        tag("option", one, value=one, selected=one == trial.placement) for one in trial.placements
    ]
    yield tag(
        "div",
        tag("label", "Placement", for_="trial-placement"),
        tag("select", options, id="trial-placement", name="placement"),
    )
    yield tag(
        "div",
        tag("label", "Day", for_="trial-day"),
        tag("input", id="trial-day", name="day", type="date", value=trial.day.isoformat()),
    )
    zone_name = trial.person.timezone or "UTC"
    yield tag(
        "div",
        tag(
            "label",
            "Hour ",
            tag("span", f"{trial.hour:02d}:00", id="hour-words", class_="strong"),
            f" ({zone_name})",
            for_="trial-hour",
        ),
        tag("input", id="trial-hour", name="hour", type="range", min=0, max=23, value=trial.hour),
        class_="whole",
    )
    if trial.is_past:
        yield tag(
            "p",
            "The last that is known of this person is of "
            f"{short(trial.person.last_known, trial.where)}, so that moment is asked for.",
            class_="soft small whole",
        )


def _answer(bet: Bet, unit: Unit, said: str, blocks: Markup | None) -> Markup:
    down = why.steps(bet.stepped_down)
    dropped = ", ".join(
        f"{whole(count)} {rule(name)}" for name, count in sorted(bet.dropped.items())
    )
    return join(
        [
            tag("p", said, class_="note fresh", id="changed") if said else None,
            tag(
                "div",
                [_shown(one, unit) for one in bet.choices],
                id="shown",
                tabindex=-1,
                aria_label="What they would be shown",
                role="group",
            ),
            empty("Nothing would be shown: no item is eligible.") if not bet.choices else None,
            tag("p", f"Held out of {bet.placement}: always gets the safe choice.", class_="note")
            if bet.holdout
            else None,
            tag("p", f"Left out: {dropped}.", class_="soft small gap") if dropped else None,
            tag(
                "details",
                tag("summary", why.question(bet)),
                tag("ul", down),
                class_="small gap",
            )
            if down
            else None,
            blocks,
        ]
    )


def _shown(choice: Choice, unit: Unit) -> Markup:
    name = title(choice)
    margin = unit.margin(choice.standard_error, choice.expected_reward)
    odds = f"odds {percent(choice.propensity)}"
    expected = f"expected {unit.text(choice.expected_reward)} {margin}"
    return tag(
        "div",
        tag(
            "div",
            tag("span", name, class_="strong"),
            level_badge(choice.level),
            _buttons(choice.item_id, name) if choice.item_id is not None else None,
            class_="split",
        ),
        words(choice),
        tag("p", f"{odds} · {expected}", class_="soft small"),
        tag("ul", _reasons(choice, unit)) if choice.reasons else None,
        class_="shown",
        data_item=choice.item_id or "",
    )


def _reasons(choice: Choice, unit: Unit) -> list[Markup]:
    """The strongest reasons with what each adds, then what is said in words only."""
    weighty = [one for one in choice.reasons if one.weight]
    weighty.sort(key=lambda one: -abs(one.weight))
    lines = []
    for one in weighty[:STRONGEST]:
        adds = f"{'+' if one.weight > 0 else ''}{unit.plain(one.weight, choice.expected_reward)}"
        if not adds.strip("+−0."):
            continue  # too little to be said at all
        lines.append(tag("li", tag("b", adds), tag("span", sentence(one.text)), class_="reason"))
    return lines + [
        tag("li", sentence(one.text), class_="small") for one in choice.reasons if not one.weight
    ]


def _buttons(item_id: str, name: str) -> Markup:
    like = _button("Item Liked", "Like", "item", item_id, name)
    never = _button("Item Disliked", "Never again", "item", item_id, name)
    return tag("div", like, never, class_="buttons end")


def _button(event: str, word: str, scope: str, value: str, name: str) -> Markup:
    return tag(
        "button",
        word,
        type="button",
        class_="quiet",
        data_event=event,
        data_scope=scope,
        data_value=value,
        aria_label=f"{word}: {name}",
    )


def _changed(before: Bet, after: Bet, titles: Mapping[str, str]) -> str:
    """What went and what came, by title."""
    was = [one.item_id for one in before.choices if one.item_id]
    now = [one.item_id for one in after.choices if one.item_id]
    went = [titles.get(one, one) for one in was if one not in now]
    came = [titles.get(one, one) for one in now if one not in was]
    if not went and not came:
        return "The same items are shown; their odds may have moved."
    gone = f"{', '.join(went)} went" if went else "Nothing went"
    return f"{gone}; {', '.join(came) or 'nothing'} came instead."
