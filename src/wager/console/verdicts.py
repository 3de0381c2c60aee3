"""How an estimate reads: the value with its interval, or what is missing before there is one."""

from collections.abc import Callable

import msgspec

from wager.console.format import Unit, number, percent, whole
from wager.console.markup import Markup, tag
from wager.domain.estimates import Estimate, NotEnough, Verdict


def words(found: Verdict | None, write: Callable[[float], str] = number) -> str:
    """
    >>> words(Estimate(value=0.5, low=0.4, high=0.6, count=9, method="m"))
    '0.5 (0.4 to 0.6)'
    >>> words(NotEnough(needed=100, seen=3, what="profiles"))
    'not enough yet: needs 100 people, seen 3'
    """
    match found:
        case Estimate(value=value, low=low, high=high):
            return f"{write(value)} ({write(low)} to {write(high)})"
        case NotEnough():
            return f"not enough yet: {lacking(found)}"
        case None:
            return "not enough yet"


def gain(found: Verdict | None, unit: Unit) -> str:
    """What something brings more, in the goal's unit; of shares in percentage points.

    >>> gain(Estimate(value=0.16, low=-0.01, high=0.31, count=9, method="m"), Unit(1.0))
    '+16 points (−1.0 to +31)'
    """
    if isinstance(found, Estimate):
        interval = f"{unit.gain(found.low)} to {unit.gain(found.high)}"
        return f"{unit.gain(found.value)} {unit.of_gains} ({interval})".replace("  ", " ")
    return words(found)


def won(found: Verdict | None) -> str:
    """A share of decisions won; its interval ends at nothing and at all.

    >>> won(Estimate(value=0.1, low=-0.01, high=0.21, count=9, method="m"))
    '10 % (0 % to 21 %)'
    """
    return words(within(found), sharp)


def within(found: Verdict | None) -> Verdict | None:
    """A share with its interval cut at 0 and 1."""
    if not isinstance(found, Estimate):
        return found
    return msgspec.structs.replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))


def lacking(found: NotEnough) -> str:
    """
    >>> lacking(NotEnough(needed=30, seen=2, what="profiles in each group"))
    'needs 30 people in each group, seen 2'
    """
    if found.what.startswith("won in the holdout"):
        return (
            f"needs about {whole(found.needed)} decisions of the held-out won, seen "
            f"{whole(found.seen)}"
        )
    what = found.what.replace("profiles", "people")
    what = f"decisions {what}" if what.startswith("won in") or what == "won" else what
    return f"needs {whole(found.needed)} {what}, seen {whole(found.seen)}"


def sharp(share: float) -> str:
    """A share of people or showings, in percent without decimals."""
    return percent(share, 0)


def table(heads: tuple[str, ...], rows: list[list[str | Markup]], *numbers: str) -> Markup:
    """Rows under their heads; on a phone each cell is led by its head."""

    def cell(name: str, child: str | Markup, is_first: bool) -> Markup:
        classes = "number" if name in numbers else None
        return tag("td", child, class_=classes, data_name=None if is_first else name.lower())

    head = [
        tag("th", name, class_="number" if name in numbers else None, scope="col") for name in heads
    ]
    lines = [
        tag(
            "tr",
            [
                cell(name, child, place == 0)
                for place, (name, child) in enumerate(zip(heads, row, strict=True))
            ],
        )
        for row in rows
    ]
    return tag("table", tag("thead", tag("tr", head)), tag("tbody", lines), class_="wide")
