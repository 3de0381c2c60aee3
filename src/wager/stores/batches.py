"""Rows on their way to the disk, grouped by query, in phases that keep deletions in their place."""

from collections.abc import Hashable

Row = tuple[object, ...]
Phase = dict[str, dict[Hashable, Row]]


class Batch:
    """What one transaction, or a group of them, writes.

    Within a phase a later row with the same key replaces an earlier one: a profile changed ten
    times is written once. Queries of a phase run in the order of `writes.sql`.
    """

    __slots__ = ("phases", "rows", "scrub")

    def __init__(self) -> None:
        self.rows = 0
        self.phases: list[Phase] = [{}]
        self.scrub = False  # somebody was erased: leave no trace in the log beside the database

    def __bool__(self) -> bool:
        return bool(self.phases[0])

    def add(self, query: str, key: Hashable, row: Row) -> None:
        self.rows += 1
        rows = self.phases[-1].get(query)
        if rows is None:
            self.phases[-1][query] = {key: row}
        else:
            rows[key] = row

    def cut(self, query: str, rows: list[Row]) -> None:
        """A deletion or a move: after all that came before, before all that comes later."""
        if not rows:
            return
        self.rows += len(rows)
        apart: Phase = {query: dict(enumerate(rows))}
        if self.phases[-1]:
            self.phases.append(apart)
        else:
            self.phases[-1] = apart
        self.phases.append({})

    def absorb(self, later: "Batch") -> None:
        """Put another batch behind this one."""
        first, *rest = later.phases
        mine = self.phases[-1]
        for query, rows in first.items():
            known = mine.get(query)
            if known is None:
                mine[query] = rows
            else:
                known.update(rows)
        self.phases.extend(rest)
        self.rows += later.rows
        self.scrub = self.scrub or later.scrub
