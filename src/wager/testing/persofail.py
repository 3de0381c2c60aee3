"""Persofail: stories of what nobody should have to see, played against your own placements."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any, Literal

import msgspec

from wager.domain.decisions import Decision
from wager.domain.definitions import Definition, DefinitionKind, Level, Placement
from wager.engine.engine import Engine
from wager.engine.settings import Settings
from wager.errors import BadInput, NotFound
from wager.stores.memory import MemoryStores

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # an ordinary Wednesday
SAFE = 12  # harmless things that are there in every story
DRAWS = 12
RAW = re.compile(r"\{\{|\{%|\bNone\b|\bnull\b|\bundefined\b|\bNaN\b")
UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
NAMED = {"bought": "Order Completed", "refunded": "Order Refunded", "cancelled": "Order Cancelled"}
# Rules of what is known of the person: what a placement leaves out for other reasons, its caps for
# example, is no sign that something was forgotten or misunderstood.
OF_THE_PERSON = frozenset(
    ("already-bought", "in-cart", "never-again", "not-due-yet", "wrong-life-stage")
)
Verdict = Literal["passed", "failed", "not applicable"]
Configuration = Mapping[DefinitionKind, Sequence[Definition]]


class Happening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened `ago` (and was told of only `told` ago)."""

    ago: str
    told: str | None = None
    who: str = "person"
    also: str | None = None
    bought: list[str] = []
    refunded: list[str] = []
    cancelled: list[str] = []
    order: str | None = None
    gift: bool = False
    gift_of: list[str] = msgspec.field(default=[], name="giftOf")
    event: str | None = None
    item: str | None = None
    properties: dict[str, Any] = {}
    identify: dict[str, Any] | None = None
    consent: dict[str, bool] = {}


class Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often the placement is asked, how long apart, and how what was shown is taken."""

    times: int = DRAWS
    every: str = "0m"
    react: str | None = None
    context: dict[str, Any] = {}


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be so: items never shown, or shown in so many answers at most; items that may be
    shown; of a group one at a time; words that no reason says; levels; no raw template."""

    never: list[str] = []
    at_most: dict[str, int] = msgspec.field(default={}, name="atMost")
    offered: list[str] = []
    once: list[list[str]] = []
    unsaid: list[str] = []
    level: list[Level] = []
    clean: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One story; `hint` says what a configuration that fails it could declare."""

    name: str
    story: str
    expect: Expected
    items: dict[str, dict[str, Any]] = {}
    events: list[Happening] = []
    ask: Asking = Asking()
    needs: Literal["", "kinds"] = ""
    hint: str = "this is wager's own part: please report it"


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one story: where it failed, what was seen there, and what would mend it."""

    name: str
    story: str
    verdict: Verdict
    seen: list[str] = field(default_factory=list)
    hint: str = ""


def scenarios() -> list[Scenario]:
    """The stories that wager ships."""
    text = resources.files("wager.testing").joinpath("persofail.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=list[Scenario])


def play(definitions: Configuration, stories: Iterable[Scenario]) -> Iterator[Played]:
    """Each story against every placement of a configuration, in a memory of its own.

    The definitions are the caller's, the people and things are made up; nothing of the caller's
    store is read or written.
    """
    placements = [one for one in definitions.get("placements", ()) if isinstance(one, Placement)]
    if not placements:
        raise NotFound("there is no placement to play against; apply some first: wager apply DIR")
    for story in stories:
        fitting = [one for one in placements if story.needs != "kinds" or one.kinds]
        seen, silent = [], []
        for placement in fitting:
            stage = _Stage(definitions, story, placement)
            seen += [f"{placement.name}: {what}" for what in stage.play()]
            silent += [f"{placement.name}: {stage.silent}"] if stage.silent else []
        if seen:
            yield Played(story.name, story.story, "failed", seen, story.hint)
        elif len(silent) == len(fitting):
            yield Played(story.name, story.story, "not applicable", silent)
        else:
            yield Played(story.name, story.story, "passed")


class _Stage:
    """One story in one placement: its clock, its engine, its things."""

    def __init__(self, definitions: Configuration, story: Scenario, placement: Placement) -> None:
        self.story, self.placement = story, placement
        self.now = NOON
        self.silent = ""  # why nothing at all was shown, so that the story could not go wrong
        self.engine = Engine(MemoryStores(), settings=Settings(), now=lambda: self.now)
        self._items = self._things()
        self.engine.publish(items=self._items.values())
        for kind in ("segments", "goals", "categories", "usecases", "experiments", "placements"):
            for definition in definitions.get(kind, ()):
                document = msgspec.to_builtins(definition)
                _, _, durable = self.engine.publishing.put(kind, document)
                durable.result()

    def play(self) -> Iterator[str]:
        """What is not as it must be; nothing where all is well."""
        with self.engine:
            self._crowd()
            for number, one in enumerate(sorted(self.story.events, key=_told, reverse=True)):
                self._happen(one, f"e-{number}")
            self.now = NOON
            self.engine.learn()
            decisions = [self._ask(number) for number in range(self.story.ask.times)]
            if all(one.silence is not None for one in decisions):
                self.silent = f"nobody was talked to: {decisions[0].silence}"
            yield from self._wrong(decisions)

    def _things(self) -> dict[str, dict[str, Any]]:
        kind = self.placement.kinds[0] if self.placement.kinds else "product"
        things: dict[str, dict[str, Any]] = {f"safe-{n}": {} for n in range(1, SAFE + 1)}
        for name, told in (things | self.story.items).items():
            item = {"itemId": name, "kind": kind, "title": f"Thing {name}", **told}
            for moment in ("availableFrom", "availableUntil"):
                if moment in item:
                    item[moment] = (NOON + _span(item[moment])).isoformat()
            things[name] = item
        return things

    def _crowd(self) -> None:
        """Others have bought everything there is, so that all of it comes into question, and the
        harmless things more often, so that those are the safe choice."""
        safe = [name for name in self._items if name not in self.story.items]
        told = [Happening(ago="0m", bought=list(self._items) if n % 2 else safe) for n in range(16)]
        self.engine.collect(
            [
                self._payload(one, f"crowd-{n}", f"other-{n}", NOON - timedelta(days=2 + n))
                for n, one in enumerate(told)
            ]
        )

    def _happen(self, one: Happening, message_id: str) -> None:
        at = NOON - _span(one.ago)
        self.now = NOON - _span(one.told or one.ago)
        collected = self.engine.collect([self._payload(one, message_id, one.who, at)])
        if collected.quarantined:
            raise BadInput(f"story {self.story.name!r}: {collected.quarantined[0].detail}")

    def _payload(self, one: Happening, message_id: str, who: str, at: datetime) -> dict[str, Any]:
        anonymous = who == "phone"
        payload: dict[str, Any] = {
            "messageId": f"{self.story.name}-{message_id}", "timestamp": at.isoformat(),
            "anonymousId" if anonymous else "userId": who, "context": {"timezone": "UTC"},
        }  # fmt: skip
        if one.also is not None:
            payload["anonymousId"] = one.also
        if one.consent:
            payload["context"]["consent"] = {"categoryPreferences": one.consent}
        if one.identify is not None:
            return payload | {"type": "identify", "traits": one.identify}
        properties = dict(one.properties)
        name = one.event
        for word, event in NAMED.items():
            if named := getattr(one, word):
                name = event
                properties["products"] = [
                    {"product_id": item, "price": 10.0, "quantity": 1}
                    | ({"gift": True} if item in one.gift_of else {})
                    for item in named
                ]
        properties |= {"gift": True} if one.gift else {}
        properties |= {"order_id": one.order} if one.order else {}
        properties |= {"itemId": one.item, "product_id": one.item} if one.item else {}
        return payload | {"type": "track", "event": name, "properties": properties}

    def _ask(self, number: int) -> Decision:
        asking = self.story.ask
        self.now = NOON + number * _span(asking.every)
        decision = self.engine.decide(
            placement=self.placement.name, user_id="person", candidates=list(self._items),
            context={"timezone": "UTC", **asking.context}, decision_id=f"ask-{number}",
        )  # fmt: skip
        if asking.react is not None:
            for choice in decision.choices:
                if choice.item_id is not None:
                    told = Happening(
                        ago="0m", event=asking.react, item=choice.item_id,
                        properties={"decisionId": decision.decision_id},
                    )  # fmt: skip
                    message_id = f"r-{number}-{choice.slot}"
                    self.engine.collect([self._payload(told, message_id, "person", self.now)])
        return decision

    def _wrong(self, decisions: Sequence[Decision]) -> Iterator[str]:
        expect, count = self.story.expect, len(decisions)
        shown = Counter(
            name for one in decisions for name in {choice.item_id for choice in one.choices}
        )
        for name in expect.never:
            if shown[name]:
                yield f"{name!r} was shown in {shown[name]} of {count} answers"
        for name, most in expect.at_most.items():
            if shown[name] > most:
                yield f"{name!r} was shown in {shown[name]} of {count} answers, {most} at most"
        for name in expect.offered:
            rules = {
                left.rule for one in decisions for left in one.excluded if left.item_id == name
            } & OF_THE_PERSON
            if rules:
                yield f"{name!r} was left out by {', '.join(sorted(rules))}"
        for group in expect.once:
            for one in decisions:
                together = [choice.item_id for choice in one.choices if choice.item_id in group]
                if len(together) > 1:
                    yield f"{' and '.join(map(repr, together))} side by side"
                    break
        if expect.level and (wrong := {one.level for one in decisions} - set(expect.level)):
            yield f"the level was {', '.join(sorted(wrong))}"
        for words in expect.unsaid:
            if any(words in text for one in decisions for text in self._said(one)):
                yield f"a reason or the content says {words!r}"
        if expect.clean:
            for each in map(_content, decisions):
                if raw := RAW.search(each):
                    yield f"the content says {raw.group()!r}"
                    break

    def _said(self, decision: Decision) -> Iterator[str]:
        """What the reasons say, and what the content says that the thing itself does not."""
        for choice in decision.choices:
            yield from (reason.text for reason in choice.reasons)
            if choice.item_id is not None:
                own = set(map(str, self._items[choice.item_id].values()))
                yield from (text for text in map(str, choice.content.values()) if text not in own)


def _content(decision: Decision) -> str:
    return msgspec.json.encode([choice.content for choice in decision.choices]).decode()


def _told(one: Happening) -> timedelta:
    return _span(one.told or one.ago)


def _span(text: str) -> timedelta:
    """`2d`, `1h`, `-5m`.

    >>> _span("2d").days
    2
    """
    try:
        return timedelta(seconds=float(text[:-1]) * UNITS[text[-1:]])
    except (ValueError, KeyError) as error:
        raise BadInput(f"{text!r} is no span of time; write 5m, 2h or 30d") from error
