"""What there is to show and what the team declares: items and definitions, checked and kept."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import msgspec

from wager.decide import ownership
from wager.domain.content import Item
from wager.domain.definitions import (
    DEFINITIONS,
    Category,
    Definition,
    DefinitionKind,
    Experiment,
    Goal,
    Placement,
    Rule,
    Segment,
    UseCase,
    Vocabulary,
    noun,
)
from wager.engine import goals, risking, winning
from wager.engine.live import Live
from wager.engine.terms import clashes, impossible
from wager.errors import BadDefinition, BadInput, NotFound, UnknownName
from wager.learn.attribution import CLICK
from wager.plan import conflicts
from wager.render.merge import check
from wager.stores.base import ProfileQuery, Stored
from wager.unify.segments import compile_segment

KINDS: tuple[DefinitionKind, ...] = tuple(DEFINITIONS)
PEOPLE_LOOKED_AT = 200


class ItemQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items: a text in title or id, kind, category, whether they may be shown now."""

    text: str = ""
    kind: str | None = None
    category: str | None = None
    state: str | None = None
    limit: int = 50
    cursor: str | None = None


class ItemPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[Item]
    total: int
    cursor: str | None = None


class Publishing:
    """Writes items and definitions; what is in force changes with the commit."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def put_items(self, items: Sequence[Item]) -> tuple[int, "Future[None]"]:
        """Create or replace items; one with an unusable id or words on buying again is refused."""
        for item in items:
            wrong = ownership.problem(item) if item.attributes else None
            if not item.item_id.isprintable() or item.item_id != item.item_id.strip():
                wrong = "an id is printable and has no spaces around it, so that events can name it"
            if wrong is not None:
                raise BadInput(f"item {item.item_id!r}: {wrong}")
        now = self.live.now()
        items = [
            item
            if item.stock is None or item.stock_at is not None
            else msgspec.structs.replace(item, stock_at=now)
            for item in items
        ]
        with self.live.stores.transaction() as commit:
            count = self.live.stores.catalog.put(items)
            self.live.load_items()
        return count, commit.durable

    def item(self, item_id: str) -> Item:
        """One item as it is in force."""
        found = self.live.items.get(item_id)
        if found is None:
            raise NotFound(f"no item has the id {item_id!r}")
        return found

    def delete_item(self, item_id: str) -> "Future[None]":
        """Take an item out; it is not shown from now on."""
        with self.live.stores.transaction() as commit:
            if not self.live.stores.catalog.delete(item_id):
                raise NotFound(f"no item has the id {item_id!r}")
            self.live.load_items()
        return commit.durable

    def items(self, query: ItemQuery) -> ItemPage:
        """A page of items in the order of their ids; the cursor is the last id of the page."""
        if not 1 <= query.limit <= 1000:
            raise BadInput(f"`limit` is {query.limit}; it may be 1 to 1000")
        if query.state not in (None, "showable", "unavailable"):
            raise BadInput(f"`state` is {query.state!r}; it may be 'showable' or 'unavailable'")
        matching = sorted(self._matching(query), key=lambda item: item.item_id)
        after = query.cursor or ""
        rest = [item for item in matching if item.item_id > after]
        page = rest[: query.limit]
        more = page[-1].item_id if len(rest) > query.limit else None
        return ItemPage(items=page, total=len(matching), cursor=more)

    def _matching(self, query: ItemQuery) -> Iterator[Item]:
        text, now = query.text.casefold(), self.live.now()
        for item in list(self.live.items.values()):
            if query.kind is not None and item.kind != query.kind:
                continue
            if query.category is not None and query.category not in item.categories:
                continue
            if text and text not in item.title.casefold() and text not in item.item_id.casefold():
                continue
            if query.state is not None and (query.state == "showable") != showable(item, now):
                continue
            yield item

    # ---- definitions

    def put(
        self, kind: str, document: Mapping[str, Any]
    ) -> tuple[Stored, list[str], "Future[None]"]:
        """Check a document and write it as the newest version; warnings say what looks wrong."""
        which = _kind(kind)
        definition = self.read(which, document)
        warnings = self.warnings(definition)
        stores = self.live.stores
        with stores.transaction() as commit:
            stores.definitions.put(which, definition)
            stored = stores.definitions.get(which, definition.name)
            self.live.load_definitions()
            self.live.segments_changed |= which == "segments"
        if stored is None:
            raise NotFound(f"{kind} {definition.name!r} was deleted at the same moment")
        return stored, warnings, commit.durable

    def read(self, kind: DefinitionKind, document: Mapping[str, Any]) -> Definition:
        """The document as a definition; an error names the field and what it may be."""
        try:
            definition = msgspec.convert(dict(document), DEFINITIONS[kind])
        except msgspec.ValidationError as error:
            raise BadDefinition(f"{kind} {document.get('name')!r}: {error}") from error
        if isinstance(definition, Segment):
            compile_segment(definition)
        if isinstance(definition, Placement) and definition.template is not None:
            problems = check(definition.template)
            if problems:
                raise BadDefinition(f"template of {definition.name!r}: {'; '.join(problems)}")
        if isinstance(definition, Placement | UseCase):
            _check_caps(definition)
        why = None
        if isinstance(definition, Placement):
            why = (
                impossible(definition)
                or goals.impossible(definition)
                or risking.impossible(definition)
            )
        elif isinstance(definition, UseCase):
            why = conflicts.impossible(definition)
        if why is not None:
            raise BadDefinition(why)
        if isinstance(definition, Experiment) and sum(definition.variants.values()) > 1.0 + 1e-9:
            raise BadDefinition(
                f"the shares of experiment {definition.name!r} sum to "
                f"{sum(definition.variants.values()):g}; they may sum to 1 at most"
            )
        return definition

    def warnings(self, definition: Definition) -> list[str]:
        """What will work but is likely not what was meant."""
        match definition:
            case Placement():
                return list(self._placement_warnings(definition))
            case Segment():
                return list(self._segment_warnings(definition))
            case UseCase():
                return list(self._use_case_warnings(definition))
            case Category():
                return list(self._category_warnings(definition))
            case Vocabulary():
                lacking = self.live.tagging.without(definition)
                said = f"{lacking} items have no tag of vocabulary {definition.name!r}"
                return [f"{said}: where it is required they are not shown"] if lacking else []
            case Experiment() | Goal():
                return []

    def _placement_warnings(self, placement: Placement) -> Iterator[str]:
        if placement.goal is not None and placement.goal not in self.live.goals:
            yield (
                f"placement {placement.name!r} names goal {placement.goal!r}, which is not "
                f"defined yet; until then clicks within {CLICK.window_minutes:g} minutes count"
            )
        named = placement.default
        for item_id in (
            [named] if isinstance(named, str) else named if isinstance(named, list) else []
        ):
            if item_id not in self.live.items:
                yield f"default {item_id!r} of placement {placement.name!r} is no item yet"
        for segment in placement.exclude:
            if segment not in self.live.segments:
                yield f"placement {placement.name!r} excludes segment {segment!r}, not defined yet"
        for name in placement.required_tags:
            if self.live.stores.definitions.get("vocabularies", name) is None:
                yield f"placement {placement.name!r} requires vocabulary {name!r}, not defined yet"
        yield from goals.unknown(placement, self.live.goals)
        yield from risking.unknown(placement, self.live.segments)
        yield from clashes(placement, self.live.items)
        if (winner := winning.of(self.live, placement)) is not None:
            yield winning.said(placement, winner)
        if named is None and not placement.allow_nothing:
            yield f"placement {placement.name!r} has no default: what is popular stands in"
        if placement.holdout_share == 0 and not isinstance(named, Rule) and placement.goal:
            yield f"placement {placement.name!r} holds nobody out: its lift cannot be known"

    def _use_case_warnings(self, case: UseCase) -> Iterator[str]:
        for what, name, known in (
            ("placement", case.placement, self.live.placements),
            ("goal", case.goal, self.live.goals),
        ):
            if name not in known:
                yield f"use case {case.name!r} names {what} {name!r}, which is not defined yet"
        placement, items = self.live.placements.get(case.placement), self.live.items
        if placement is None:
            return
        yield from conflicts.doubts(case, placement, items, self.live.segments)
        if case.state in ("pilot", "live"):
            stored = self.live.stores.definitions.list("usecases")
            others = [one.definition for one in stored if isinstance(one.definition, UseCase)]
            yield from conflicts.conflicts(case, others, placement, items)

    def _category_warnings(self, declared: Category) -> Iterator[str]:
        known = {category for _, category in self.live.shelf.categories}
        others = [one for one in self.live.declared.values() if one.name != declared.name]
        for name in declared.categories or [declared.name]:
            if name not in known:
                yield f"category {declared.name!r} speaks of {name!r}, which no item names yet"
            for other in others:
                if name in (other.categories or [other.name]):
                    yield f"{other.name!r} speaks of category {name!r} too: the first name counts"

    def _segment_warnings(self, segment: Segment) -> Iterator[str]:
        needed = [name for name in compile_segment(segment).traits if name]
        if not needed:
            return
        seen: set[str] = set()
        for profile in self.live.stores.profiles.list(ProfileQuery(limit=PEOPLE_LOOKED_AT)):
            seen.update(profile.traits)
        for name in needed:
            if name not in seen:
                yield (
                    f"segment {segment.name!r} asks for trait {name!r}, which no stored profile "
                    f"among the first {PEOPLE_LOOKED_AT} has"
                )

    def get(self, kind: str, name: str, version: int | None = None) -> Stored:
        """One definition, the newest version unless another is named."""
        found = self.live.stores.definitions.get(_kind(kind), name, version)
        if found is None:
            known = [one.definition.name for one in self.list(kind)]
            raise NotFound(f"no {noun(kind)} is named {name!r}; known: {known}")
        return found

    def list(self, kind: str) -> list[Stored]:
        """The newest version of each definition of a kind, by name."""
        return self.live.stores.definitions.list(_kind(kind))

    def delete(self, kind: str, name: str) -> "Future[None]":
        """Take a definition out of force."""
        with self.live.stores.transaction() as commit:
            if not self.live.stores.definitions.delete(_kind(kind), name):
                raise NotFound(f"no {noun(kind)} is named {name!r}")
            self.live.load_definitions()
            self.live.segments_changed |= kind == "segments"
        return commit.durable


def _check_caps(definition: Placement | UseCase) -> None:
    for cap in definition.caps:
        where = f"a cap of {definition.name!r} per {cap.per}"
        if (cap.per == "tag") != (cap.tag is not None):
            raise BadDefinition(f"{where}: `tag` is named by caps per tag, and by these alone")
        if cap.per == "useCase" and isinstance(definition, Placement):
            raise BadDefinition(f"{where}: only a use case may declare it; say `placement` here")
        if cap.unanswered and cap.per in ("item", "tag", "household"):
            raise BadDefinition(f"{where}: `unanswered` counts decisions of one person only")


def showable(item: Item, now: datetime) -> bool:
    """Whether the item itself may be shown now: in stock and within its dates."""
    if item.stock is not None and item.stock <= 0:
        return False
    if item.available_from is not None and item.available_from > now:
        return False
    return item.available_until is None or item.available_until > now


def _kind(kind: str) -> DefinitionKind:
    for known in KINDS:
        if known == kind:
            return known
    raise UnknownName("definition kind", kind, KINDS)
