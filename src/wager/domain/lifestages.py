"""Ages that move on by themselves: children's, from their birth or from when they were told."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from wager.domain.content import Item
from wager.domain.profiles import Field

NAMED = ("childBirthMonth", "childBirthDate")
_BIRTH = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:T.*)?")
DAYS_A_YEAR = 365.2425
UNBORN, NEVER_TOO_OLD = -1.0, 200.0


def births(traits: Mapping[str, Field]) -> list[tuple[int, int, int]]:
    """Year, month and day of each child's birth that was stated; a month without a day is its
    middle.

    `children` is a list of `{"birthMonth": "2024-05"}` or `{"birthDate": "2024-05-17"}`, or of
    such texts; `childBirthMonth` and `childBirthDate` are one child's.
    """
    told: list[Any] = [traits[name].value for name in NAMED if name in traits]
    children = traits.get("children")
    for child in (
        children.value if children is not None and isinstance(children.value, list) else ()
    ):
        if isinstance(child, dict):
            told.append(child.get("birthDate") or child.get("birthMonth"))
        else:
            told.append(child)
    found = [_BIRTH.fullmatch(each) for each in told if isinstance(each, str)]
    return sorted(
        {_date(match) for match in found if match is not None and 1 <= int(match[2]) <= 12}
    )


def _date(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match[1]), int(match[2]), int(match[3] or 15)


def ages(traits: Mapping[str, Field], now: datetime) -> list[float]:
    """Each stated child's age in years with fractions, the oldest first; below 0 before birth.

    >>> from datetime import UTC
    >>> stated = {"childBirthMonth": Field("2020-03", "api", datetime(2021, 1, 1, tzinfo=UTC))}
    >>> round(ages(stated, datetime(2026, 9, 15, tzinfo=UTC))[0], 1)
    6.5
    """
    found = [
        now.year - year + (now.month - month) / 12.0 + (now.day - day) / DAYS_A_YEAR
        for year, month, day in births(traits)
    ]
    return sorted([*found, *_told(traits, now)], reverse=True)


def _told(traits: Mapping[str, Field], now: datetime) -> Iterator[float]:
    """Ages in whole years that were stated (`childAge`, or `{"age": 5}` in `children`): the middle
    of that year then, and older by what has passed since."""
    for name in ("childAge", "children"):
        stated = traits.get(name)
        if stated is not None:
            since = (now - stated.at).total_seconds() / (86400.0 * DAYS_A_YEAR)
            children = stated.value if isinstance(stated.value, list) else [{"age": stated.value}]
            for child in children:
                age = child.get("age") if isinstance(child, dict) else None
                if isinstance(age, int | float) and not isinstance(age, bool) and 0 <= age <= 30:
                    yield age + 0.5 + since


def years(item: Item) -> tuple[float, float] | None:
    """From and to which age in years an item is made for (`ageFrom`, `ageTo`); None: for all."""
    if not item.attributes:
        return None
    youngest, oldest = _age(item, "ageFrom"), _age(item, "ageTo")
    if youngest is None and oldest is None:
        return None
    return (
        UNBORN if youngest is None else youngest,
        NEVER_TOO_OLD if oldest is None else oldest,
    )


def outside(years: tuple[float, float], traits: Mapping[str, Field], now: datetime) -> bool:
    """Whether children are stated and none of them is of that age; with none stated, nobody
    knows."""
    known = ages(traits, now)
    return bool(known) and not any(years[0] <= age < years[1] for age in known)


def _age(item: Item, name: str) -> float | None:
    value = item.attributes.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None
