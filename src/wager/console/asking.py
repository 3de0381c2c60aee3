"""Questions to the API that several pages ask: names of definitions, titles, units of goals."""

import asyncio
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from wager.console.answers import Answer, Bet, Person
from wager.console.api import Api, Problem, path_of
from wager.console.format import Unit
from wager.domain.definitions import Goal, Placement

T = TypeVar("T")
MOST_TITLES = 40


class Stored(Answer, Generic[T], frozen=True):
    """A definition in force, and, where it was asked for by its name, what looks wrong with it."""

    definition: T
    warnings: list[str] = []


class Definition(Answer, frozen=True):
    """Any definition, by its name."""

    name: str


class Title(Answer, frozen=True):
    item_id: str
    title: str = ""


async def definitions(api: Api, kind: str, definition: type[T]) -> list[T]:
    """The definitions of a kind as they are in force."""
    answer = await api.get(f"/v1/{kind}", dict[str, msgspec.Raw])
    stored = msgspec.json.decode(answer.get(kind, b"[]"), type=list[Stored[msgspec.Raw]])
    return [msgspec.json.decode(one.definition, type=definition) for one in stored]


async def names_of(api: Api, kind: str) -> list[str]:
    """The names of all definitions of a kind."""
    return [one.name for one in await definitions(api, kind, Definition)]


class Units:
    """What the rewards of a bet are counted in: by its goal, or by that of its placement."""

    def __init__(self, goals: Iterable[Goal], placements: Iterable[Placement]) -> None:
        self._goals = {one.name: Unit(one.value) for one in goals}
        self._placements = {one.name: one.goal for one in placements}

    @classmethod
    async def ask(cls, api: Api) -> "Units":
        return cls(
            await definitions(api, "goals", Goal), await definitions(api, "placements", Placement)
        )

    def of(self, bet: Bet) -> Unit:
        return self.of_goal(bet.goal or self._placements.get(bet.placement))

    def of_goal(self, goal: str | None) -> Unit:
        """What a goal is counted in; that of the built-in click where none is named."""
        return self._goals.get(goal or "", Unit())


async def profile_id_of(api: Api, person: str) -> str:
    """The id of the profile that is written `kind:value`, or by its id alone; empty for nobody."""
    kind, _, value = person.partition(":")
    if not person:
        return ""
    path = path_of("v1", "profiles", *((kind, value) if value else ("profile_id", person)))
    return (await api.get(path, Person)).profile_id


async def item_titles(api: Api, item_ids: Iterable[str]) -> dict[str, str]:
    """The titles of some items; one that is gone or has none is missing."""
    wanted = list(dict.fromkeys(item_ids))[:MOST_TITLES]
    found = await asyncio.gather(*(_title(api, item_id) for item_id in wanted))
    return {one.item_id: one.title for one in found if one is not None and one.title}


async def _title(api: Api, item_id: str) -> Title | None:
    try:
        return await api.get(path_of("v1", "items", item_id), Title)
    except Problem as problem:
        if problem.status == 404:
            return None
        raise
