"""What the journeys share: the store, the clock, definitions in force, the shelf, the snapshot."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import count, islice
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import structs

from wager.decide.candidates import Standing, standing
from wager.decide.diversity import LEADING
from wager.decide.eligibility import is_lasting
from wager.decide.ownership import Kinship
from wager.domain import lifestages
from wager.domain.asking import DAY, Shelf
from wager.domain.content import Item
from wager.domain.definitions import Category, Goal, Placement, Segment, UseCase, Vocabulary
from wager.domain.models import Cycles, Snapshot
from wager.domain.prices import Thirds, thirds
from wager.domain.profiles import Profile
from wager.domain.rarity import Rarity, Words
from wager.domain.repeats import Repeats
from wager.engine.budgets import Budgets
from wager.engine.capping import Counter, counters
from wager.engine.curbing import Curbs
from wager.engine.granting import Granting
from wager.engine.pacing import Pacing
from wager.engine.recent import Recent
from wager.engine.settings import Settings
from wager.engine.slates import Slates
from wager.engine.tagging import Tagging
from wager.learn.attribution import CLICK
from wager.measure.assignment import held_out
from wager.measure.proof import Winner
from wager.stores.base import Stores
from wager.unify.segments import CompiledSegment, compile_segment

Clock = Callable[[], datetime]
STANDINGS = 20_000
Kept = tuple[int, int, object, object, Standing]


class Live:
    """State that follows from the store and is kept in memory; only the engine holds one."""

    def __init__(self, stores: Stores, settings: Settings, clock: Clock) -> None:
        self.stores, self.settings, self.now = stores, settings, clock
        self._start, self._count = secrets.token_hex(12), count()
        self.draw_key = self._key("draw-key")
        self.holdout_key = self._key("holdout-key")
        self.placements: dict[str, Placement] = {}
        self.caps: dict[str, tuple[Counter, ...]] = {}
        self.goals: dict[str, Goal] = {}
        self.segments: dict[str, CompiledSegment] = {}
        self.condition_errors: dict[str, int] = {}
        self.segments_changed = False
        self.declared: Mapping[str, Category] = {}
        self.signing_secret: str | None = None
        self.snapshot = Snapshot(version="0")
        self.recent = Recent()
        self.curbs: Curbs = {}
        self.winners: Mapping[str, Winner] = {}
        self.rarity, self._rarity_day = Rarity(), 0
        # How often items changed in more than their stock, and what they are about as of when.
        self._catalog, self._words = 0, (-1, Words())
        self._thirds: Thirds = {}
        self.items: dict[str, Item] = {}
        self.slates = Slates(self.items)
        self.tagging = Tagging(self.items)
        self.budgets = Budgets(stores.ledger)
        self.grants = Granting(stores)
        self.pacing = Pacing(self.items)
        self.templated: set[str] = set()
        self.plain: dict[tuple[str, object], dict[str, Any]] = {}
        self._kinds: dict[str, dict[str, None]] = {}
        self._categories: dict[tuple[str, str], dict[str, None]] = {}
        self._lasting: dict[str, str] = {}
        self.kinship = Kinship(self.items)
        self._ages: dict[str, tuple[float, float]] = {}
        self.shelf = Shelf(items=self.items, kinds={}, categories={})
        self._items_seen = 0
        self._standings: OrderedDict[tuple[str, tuple[float, ...]], Kept] = OrderedDict()
        self._zones: dict[str, tzinfo | None] = {}
        self.load_definitions()
        self.load_items()

    def _key(self, name: str) -> bytes:
        kept = self.stores.kept(name)
        if kept is None:
            kept = secrets.token_bytes(32)
            self.stores.keep(name, kept)
        return kept

    def new_id(self) -> str:
        """An id that was never given before: random for each start, then counted."""
        return f"{self._start}{next(self._count):08x}"

    def load_definitions(self) -> None:
        """Read what is in force; after any definition was written."""
        of = self.stores.definitions.list
        self.placements = {
            one.definition.name: cast(Placement, one.definition) for one in of("placements")
        }
        self.goals = {CLICK.name: CLICK} | {
            one.definition.name: cast(Goal, one.definition) for one in of("goals")
        }
        use_cases = [cast(UseCase, one.definition) for one in of("usecases")]
        self.caps = counters(self.placements, use_cases)
        self.segments = {
            one.definition.name: compile_segment(cast(Segment, one.definition))
            for one in of("segments")
        }
        self._declare(
            {one.definition.name: cast(Category, one.definition) for one in of("categories")}
        )
        self.slates.define(self.placements.values(), use_cases, self.snapshot.rates)
        vocabularies = (cast(Vocabulary, one.definition) for one in of("vocabularies"))
        self.tagging.define(vocabularies, self.placements.values())

    def load_items(self) -> None:
        """Read what changed in the catalog, and find it again by kind and category."""
        put, deleted, self._items_seen = self.stores.catalog.changed(self._items_seen)
        moved = [item for item in put if _only_stock_moved(self.items.get(item.item_id), item)]
        self.items.update((item.item_id, item) for item in moved)
        if len(moved) == len(put) and not deleted:
            return
        for item in put:
            self._forget(item.item_id)
            self.grants.limit(item.item_id, item.limit)
            self.items[item.item_id] = item
            self._kinds.setdefault(item.kind, {})[item.item_id] = None
            for category in item.categories:
                self._categories.setdefault((item.kind, category), {})[item.item_id] = None
            self.kinship.put(item)
            self.tagging.put(item)
            years = lifestages.years(item)
            if years is not None:
                self._ages[item.item_id] = years
            if _is_templated(item):
                self.templated.add(item.item_id)
            elif is_lasting(item):
                self._lasting[item.item_id] = item.kind
        for item_id in deleted:
            self._forget(item_id)
        if put or deleted:
            self._catalog += 1
            self.plain.clear()
            self.rank_shelf()

    def _forget(self, item_id: str) -> None:
        item = self.items.pop(item_id, None)
        self.tagging.forget(item_id)
        if item is not None:
            self.grants.limit(item_id, None)
            self._lasting.pop(item_id, None)
            self.kinship.forget(item)
            self._ages.pop(item_id, None)
            self._kinds.get(item.kind, {}).pop(item_id, None)
            for category in item.categories:
                self._categories.get((item.kind, category), {}).pop(item_id, None)
            self.templated.discard(item_id)

    def rank_shelf(self) -> None:
        """Order each category by what is popular; the rest by what came last."""
        rates = self.snapshot.rates
        categories = {
            key: sorted(names, key=lambda name: -rates.of(name))[:60]
            for key, names in self._categories.items()
        }
        self.shelf = Shelf(
            items=self.items,
            kinds={kind: list(names)[-400:] for kind, names in self._kinds.items()},
            categories=categories,
            lasting=self._lasting,
            leading=self._leading(categories),
            alike=self.kinship.alike,
            accessories=self.kinship.accessories,
            ages=self._ages,
            thirds=self._thirds,
        )
        self.slates.rank(rates)

    def _leading(
        self, categories: Mapping[tuple[str, str], Sequence[str]]
    ) -> dict[tuple[str, str], Sequence[str]]:
        """The first few of each category whose first category it is, the most popular first."""
        items, rates = self.items, self.snapshot.rates
        found = [
            (
                key,
                list(islice((one for one in names if items[one].categories[0] == key[1]), LEADING)),
            )
            for key, names in categories.items()
        ]
        found.sort(key=lambda pair: -rates.of(pair[1][0]) if pair[1] else 0.0)
        return {key: names for key, names in found if names}

    def _declare(self, declared: Mapping[str, Category]) -> None:
        """Categories in force; of two that speak of the same one the first by name counts."""
        if declared == self.declared:
            return
        self.declared = declared
        by_category: dict[str, Category] = {}
        for _, one in sorted(declared.items()):
            for name in one.categories or [one.name]:
                by_category.setdefault(name, one)
        self.kinship.declare(by_category)
        self.rank_shelf()

    def take_cycles(self, cycles: Cycles, repeats: Repeats) -> None:
        """How things are bought again was learnt anew; what follows from it is worked out again."""
        with self.stores.transaction():  # no item comes or goes meanwhile
            self.kinship.learn(cycles, repeats)
            self.rank_shelf()

    def standing(
        self, profile: Profile, now: datetime, present: tuple[float, ...] = ()
    ) -> Standing:
        """What follows from this version of the profile, or of the part of it that is one person's,
        kept until it changes or the day does."""
        name = profile.profile_id, present
        kept = self._standings.get(name)
        also_bought, shelf = self.snapshot.also_bought, self.shelf
        version, today = profile.version, int(now.timestamp() // DAY)
        if (
            kept is not None
            and kept[0] == version
            and kept[1] == today
            and kept[2] is also_bought
            and kept[3] is shelf
        ):
            self._standings.move_to_end(name)
            return kept[4]
        before = kept[4].had if kept and kept[1] == today and kept[3] is shelf else None
        made = standing(profile, self.snapshot, shelf, today, self.kinship, before)
        self._standings[name] = version, today, also_bought, shelf, made
        if len(self._standings) > STANDINGS:
            self._standings.popitem(last=False)
        return made

    def compare_items(self) -> None:
        """Work out anew how rare everything is with everybody and what is cheap among its like,
        where a quarter more or less of it is known, and once a day."""
        now, known, baskets = int(self.now().timestamp() // DAY), self.rarity, self.snapshot.baskets
        if (
            self._rarity_day == now
            and abs(baskets - known.baskets) <= 0.25 * known.baskets
            and abs(len(self.items) - known.items) <= 0.25 * known.items
        ):
            return
        catalog, priced = self._catalog, self._thirds
        if self._words[0] != catalog:
            items = list(self.items.values())
            self._words, priced = (catalog, Words(items)), thirds(items)
        self.rarity, self._rarity_day = Rarity(self._words[1], self.snapshot.rates, baskets), now
        if priced != self._thirds:  # else what follows from the shelf need not be worked out anew
            with self.stores.transaction():  # no item comes or goes meanwhile
                self._thirds = priced
                self.rank_shelf()

    def zone(self, name: object) -> tzinfo | None:
        """The time zone of that name; None where there is no such zone."""
        if not isinstance(name, str):
            return None
        if name not in self._zones:
            try:
                self._zones[name] = ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._zones[name] = None
            if len(self._zones) > 2000:
                self._zones.pop(next(iter(self._zones)))
        return self._zones.get(name)

    def held_out_from(self, profile_id: str) -> tuple[str, ...]:
        """The placements that this profile id is held out from by the draw."""
        return tuple(
            name
            for name, placement in self.placements.items()
            if placement.holdout_share
            and held_out(self.holdout_key, profile_id, name, placement.holdout_share)
        )

    def is_held_out(self, profile: Profile, placement: Placement) -> bool:
        """By the draw, or because one of the profiles merged into this one was."""
        if placement.holdout_share <= 0:
            return False
        return placement.name in profile.held_out or held_out(
            self.holdout_key, profile.profile_id, placement.name, placement.holdout_share
        )

    def costs(self, placement: str) -> bool:
        """Whether a dislike costs something there: then less than nothing can be expected."""
        declared = self.placements.get(placement)
        named = declared.goal if declared is not None else None
        return self.goals.get(named or CLICK.name, CLICK).dislike_cost > 0

    def count_errors(self, errors: Mapping[str, int]) -> None:
        """Conditions that stopped for something absent or of the wrong type."""
        for name, more in errors.items():
            self.condition_errors[name] = self.condition_errors.get(name, 0) + more


def _only_stock_moved(before: Item | None, item: Item) -> bool:
    """Nothing that is kept of an item follows from how many there are, but from whether it is
    counted at all."""
    if before is None or before.stock is None or item.stock is None:
        return False
    return structs.replace(before, stock=item.stock, stock_at=item.stock_at) == item


def _is_templated(item: Item) -> bool:
    return any("{{" in text or "{%" in text for text in _strings(item))


def _strings(item: Item) -> Iterable[str]:
    yield item.title
    yield item.description
    waiting: list[Any] = [item.renditions]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
