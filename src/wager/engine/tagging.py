"""Which items lack a tag that a placement requires; and how far the catalog is tagged."""

from collections.abc import Collection, Iterable, Mapping

from wager.domain.content import Item
from wager.domain.definitions import Placement, Vocabulary
from wager.understand.tags import coverage, free, lacks

Report = dict[str, object]


class Tagging:
    """Kept in step with the catalog, so that a decision has only to look it up."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._vocabularies: dict[str, Vocabulary] = {}
        self._required: dict[str, list[Vocabulary]] = {}
        self._untagged: dict[str, set[str]] = {}

    def define(
        self, vocabularies: Iterable[Vocabulary], placements: Iterable[Placement]
    ) -> None:  # fmt: skip
        """Other definitions are in force; a vocabulary that is not defined requires nothing."""
        self._vocabularies = {one.name: one for one in vocabularies}
        self._required = {
            one.name: [
                self._vocabularies[name] for name in one.required_tags if name in self._vocabularies
            ]
            for one in placements
            if one.required_tags
        }
        self._untagged = {name: set() for name in self._required}
        for item in self._items.values() if self._required else ():
            self.put(item)

    def put(self, item: Item) -> None:
        """There is an item, or it is another than before."""
        for name, required in self._required.items():
            if lacks(required, item):
                self._untagged[name].add(item.item_id)
            else:
                self._untagged[name].discard(item.item_id)

    def forget(self, item_id: str) -> None:
        """There is no such item any more."""
        for untagged in self._untagged.values():
            untagged.discard(item_id)

    def untagged(self, placement: str) -> Collection[str]:
        """The items that may not be shown there for want of a tag."""
        return self._untagged.get(placement, ())

    def without(self, vocabulary: Vocabulary) -> int:
        """How many items that should have a tag of it have none."""
        found = coverage(vocabulary, list(self._items.values()))
        return found.items - found.tagged

    def report(self, placement: str | None) -> Report:
        """How far the catalog is tagged, and what that keeps out of the placements."""
        items = list(self._items.values())
        found: list[Report] = []
        for name, one in sorted(self._vocabularies.items()):
            seen = coverage(one, items)
            share = seen.tagged / seen.items if seen.items else None
            counted: Report = {"vocabulary": name, "items": seen.items, "tagged": seen.tagged}
            found.append(counted | {"share": share, "byTag": seen.by_tag, "missing": seen.missing})
        return {
            "vocabularies": found,
            "placements": {
                name: {"requires": [one.name for one in required], "keptOut": len(kept_out)}
                for name, required in sorted(self._required.items())
                if placement in (None, name)
                for kept_out in (self._untagged[name],)
            },
            "free": free(self._vocabularies, items),
        }
