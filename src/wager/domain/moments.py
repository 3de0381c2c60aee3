"""What a moment and its person's groups look like in numbers, and what items bring by them."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from wager.domain.content import Item

Floats = NDArray[np.float64]
Group = tuple[str, float]  # of items: its name and how much it says of the item
Shares = Callable[[str], Sequence[Group]]
Cell = list[float]  # sums of [times shown, rewards, what had been said]

LIKENESS = 16  # dimensions in which items are alike
SPARE, ROOM = 64, 5_000
LARGEST = 1e12  # of a number that is told
MOMENTS_KEPT = 200
_NOTHING: Cell = [0.0, 0.0, 0.0]
_APART = frozenset(
    (
        "cart",
        "timezone",
        "locale",
        "consent",
        "hour",
        "weekday",
        "segment",
        "weekend",
        "userToken",
        "mood",
        "library",
    )
)


def told(context: Mapping[str, Any], segments: Sequence[str]) -> dict[str, float]:
    """What may make a difference now: segments, part of day, weekend, and words that are told.

    >>> told({"weekday": 6, "device": "phone", "basket": 3.0}, ("regular",))
    {'segment=regular': 1.0, 'weekend': 1.0, 'device=phone': 1.0}
    """
    found = {f"segment={name}": 1.0 for name in segments}
    if context.get("weekday") in (6, 7):
        found["weekend"] = 1.0
    for key, value in context.items():
        if key in _APART or not key:
            continue
        if isinstance(value, str | bool) and value is not False and len(str(value)) <= 40:
            found[f"{key}={value}"] = 1.0
    mood = context.get("mood")
    if isinstance(mood, dict) and isinstance(mood.get("label"), str):
        found[f"mood={mood['label']}"] = 1.0
    return found


def numbers(context: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that are told: how warm it is, what the basket is worth.

    >>> numbers({"hour": 7, "weather": "rain", "celsius": 4, "known": True})
    {'celsius': 4.0}
    """
    return {
        key: float(value)
        for key, value in context.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
        and key not in _APART and abs(value) < LARGEST
    }  # fmt: skip


def record(known: Mapping[str, int], name: str, shares: Sequence[Group], most: int) -> str:
    """Whose record an item's showings go to: `most` have their own, later ones share that of their
    first group, of which there are as many; all others share one."""
    if name in known or len(known) < most:
        return name
    name = shares[0][0] if shares else ""
    return name if name in known or len(known) < 2 * most else ""


def groups(item: Item | None) -> tuple[Group, ...]:
    """What an item shares with others: categories, tags and the level of its price."""
    if item is None:
        return ()
    categories, tags = item.categories[:3], sorted(item.tags)[:6]
    found = [(f"category:{name}", len(categories) ** -0.5) for name in categories]
    found += [(f"tag:{name}", len(tags) ** -0.5) for name in tags]
    if item.price:
        found.append((f"price:{int(np.log2(item.price + 1.0))}", 0.5))
    return tuple(found)


def likeness(shares: Sequence[Group]) -> Floats:
    """A vector (LIKENESS,) whose product with another's is large where items share much."""
    found = np.zeros(LIKENESS)
    found[0] = 0.7
    width = LIKENESS - 1
    for name, weight in shares:
        found[1:] += weight * _signs(name) / np.sqrt(2.0 * width)
    return found


@lru_cache(maxsize=10_000)
def _signs(name: str) -> Floats:
    bits = crc32(name.encode(errors="surrogatepass")) * 2654435761 >> 7
    return np.array([(bits >> place & 1) * 2.0 - 1.0 for place in range(LIKENESS - 1)])


class Fit:
    """What each item brings by the columns of a moment: weights, and how unsure they are.

    `weights` (items, d) and `covariances` (items, d, d), over the noise, of items with a record of
    their own; another is worth what its groups are, put right by its `cells` (strength pseudo-
    observations), and is added when it is first asked for.
    """

    __slots__ = (
        "_alike", "_cells", "_covariances", "_groups", "_kept", "_known", "_rows",
        "_strength", "_weights", "columns", "segments",
    )  # fmt: skip

    def __init__(
        self, columns: Mapping[str, int], rows: Mapping[str, int],
        shares: Sequence[Sequence[Group]], parts: tuple[Floats, Floats],
        by_group: Mapping[str, tuple[Floats, Floats]], cells: tuple[Mapping[str, Cell], float],
    ) -> None:  # fmt: skip
        weights, covariances = parts
        self.columns = columns
        self.segments = np.array([name.startswith("segment=") for name in columns], dtype=float)
        self._rows, self._groups = dict(rows), by_group
        self._known = known = len(self._rows)
        self._cells, self._strength = cells
        count, d = known + SPARE, weights.shape[1]
        self._weights, self._covariances = np.zeros((count, d)), np.zeros((count, d, d))
        self._alike = np.zeros((count, LIKENESS))
        self._weights[:known], self._covariances[:known] = weights[:known], covariances[:known]
        for row in range(known):
            self._alike[row] = likeness(shares[row])
        self._kept: dict[bytes, dict[str, bytes]] = {}

    def moment(self, context: Mapping[str, Any], segments: Sequence[str]) -> Floats:
        """The columns (d,) of this moment; what was never learnt from is none."""
        c = np.zeros(len(self.columns))
        c[0] = 1.0
        for name, value in told(context, segments).items():
            column = self.columns.get(name)
            if column is not None:
                c[column] = value
        return c

    def expect(self, names: Sequence[str], shares: Shares, c: Floats) -> Floats:
        """Of each (names, 5 + LIKENESS): what it brings here beyond what is segments', by segments,
        its share of the noise, the square of its likeness, what its cell puts right, and its
        likeness. Kept for the next time at such a moment."""
        if len(self._kept) > MOMENTS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        kept = self._kept.setdefault(c.tobytes(), {})
        rows = list(map(kept.get, names))
        if None in rows:
            new = [name for name in names if name not in kept]
            kept.update(zip(new, self._records(new, shares, c), strict=True))
            rows = [kept[name] for name in names]
        return np.frombuffer(b"".join(rows)).reshape(-1, 5 + LIKENESS)  # type: ignore[arg-type]

    def _records(self, names: Sequence[str], shares: Shares, c: Floats) -> list[bytes]:
        places = self._places(names, shares)
        weights = self._weights[places]
        table = np.zeros((len(names), 5 + LIKENESS))
        table[:, 1] = weights @ (c * self.segments)
        table[:, 0] = weights @ c - table[:, 1]
        some = np.flatnonzero(c)
        inside = self._covariances[places[:, None, None], some[:, None], some]
        table[:, 2] = (inside @ c[some]) @ c[some]
        table[:, 5:] = self._alike[places]
        table[:, 3] = np.vecdot(table[:, 5:], table[:, 5:])
        for at in np.flatnonzero(places >= self._known).tolist():
            count, rewards, said = self._cells.get(names[at], _NOTHING)
            table[at, 4] = (rewards - said) / (count + self._strength)
        body, width = table.tobytes(), table.strides[0]
        return [body[at : at + width] for at in range(0, len(body), width)]

    def _places(self, names: Sequence[str], shares: Shares) -> NDArray[np.intp]:
        if len(self._rows) > ROOM:  # those without a record of their own are placed again
            self._rows = dict(islice(self._rows.items(), self._known))
        rows = self._rows
        places = list(map(rows.get, names))
        if None in places:
            places = [
                rows[name] if name in rows else self._place(name, shares(name)) for name in names
            ]
        return np.array(places, dtype=np.intp)

    def _place(self, name: str, shares: Sequence[Group]) -> int:
        row = len(self._rows)
        if row == len(self._weights):
            self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)])
            self._covariances = np.concatenate(
                [self._covariances, np.zeros_like(self._covariances)]
            )
            self._alike = np.concatenate([self._alike, np.zeros_like(self._alike)])
        weights, covariance = self._groups[""]
        for group, weight in shares:
            mean, spread = self._groups.get(group, self._groups["?"])
            weights = weights + weight * mean
            covariance = covariance + weight**2 * spread
        self._weights[row], self._covariances[row] = weights, covariance
        self._alike[row] = likeness(shares)
        self._rows[name] = row
        return row


class Curve(Protocol):
    """What items bring by the numbers of a moment, beyond all else: it does not change any more."""

    def expect(
        self, names: Sequence[str], shares: Shares, told: Mapping[str, float]
    ) -> tuple[Floats, Floats]:
        """Of each item (names,) what it brings beside others, and its share of the noise."""
        ...
