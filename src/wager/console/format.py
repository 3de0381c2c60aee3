"""How numbers, moments and the API's terms read in plain words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

RULES: Mapping[str, str] = {
    "never-again": "never again: the person said so",
    "out-of-stock": "out of stock",
    "wrong-region": "not sold here",
    "not-yet-available": "not available yet",
    "no-longer-available": "no longer available",
    "already-bought": "already bought, and made to last",
    "in-cart": "in the cart already",
    "elsewhere-on-page": "shown elsewhere on the page",
    "wrong-kind": "of a kind that this placement does not show",
    "unknown-item": "no longer in the content",
    "not-due-yet": "bought so lately that it is not needed again yet",
    "wrong-life-stage": "made for an age that no child of theirs is of",
    "capped": "shown as often as the caps allow",
    "all-granted": "given out to as many people as there are of it",
    "short": "nearly sold out: those who see it now are likely to buy the rest",
    "tired": "passed over so often lately that it rests",
    "just-seen": "looked at a moment ago: to show it back would feel watched",
    "sensitive": "sensitive, and the person did not speak of it",
    "surprising": "so fitting that the person would wonder how one knows",
    "untagged": "without a tag that this placement requires",
    "unanswered": "shown as often as may be without a response",
    "quiet-hours": "in the person's quiet time",
    "excluded-segment": "in a segment that is not talked to",
    "better-left-alone": "better left alone: talking did harm to people like them",
    "missing-merge-field": "needs words that are not known of this person",
}
LEVEL_WORDS: Mapping[str, str] = {
    "context": "this person, here and now",
    "segment": "people of the same segment",
    "crowd": "what everybody does",
    "customization": "the words alone are theirs",
    "neutral": "nothing: the safe choice",
}
HAPPENED: Mapping[str, str] = {
    "Item Viewed": "shown",
    "Item Clicked": "clicked",
    "Item Liked": "liked",
    "Item Disliked": "never again, said the person",
    "Item Dismissed": "dismissed",
    "Item Unblocked": "dislike taken back",
    "Order Completed": "bought",
    "Order Refunded": "sent back",
}


def rule(name: str) -> str:
    """A rule's name in words.

    >>> rule("in-cart"), rule("shown-too-often")
    ('in the cart already', 'shown too often')
    """
    return RULES.get(name, name.replace("-", " "))


def happened(event: str) -> str:
    """An event's name as it is told on a bet."""
    return HAPPENED.get(event, event)


def sentence(text: str) -> str:
    """Words with a capital to begin with.

    >>> sentence("what came of showing it before")
    'What came of showing it before'
    """
    return text[:1].upper() + text[1:]


def percent(share: float, places: int | None = None) -> str:
    """A share as the eye wants it: two digits that say something.

    >>> percent(0.314), percent(0.071), percent(0.0042), percent(0.0), percent(0.00001)
    ('31 %', '7.1 %', '0.42 %', '0 %', '< 0.01 %')
    """
    if 0 < share < 0.00005:
        return "< 0.01 %"
    digits = places_of(share) if places is None else places
    return f"{100 * share:.{digits}f} %".replace("-", "−")


def points(share: float, places: int | None = None) -> str:
    """A difference between two shares, in percentage points with its sign.

    >>> points(0.16), points(-0.0042), points(0.0)
    ('+16', '−0.42', '0')
    """
    written = percent(abs(share), places).removesuffix(" %")
    return f"{'+' if share > 0 else '−'}{written}" if share else "0"


def places_of(share: float) -> int:
    """The decimals with which a share is written in percent."""
    size = abs(share)
    if size == 0 or size >= 0.0995:
        return 0
    return 1 if size >= 0.00995 else 2


def whole(count: float) -> str:
    """A count with its thousands apart.

    >>> whole(12345.0)
    '12,345'
    """
    return f"{count:,.0f}".replace("-", "−")


def number(value: float) -> str:
    """A number with at most three decimals and none too many.

    >>> number(3.0), number(0.1234), number(-12.5)
    ('3', '0.123', '−12.5')
    """
    written = f"{value:,.3f}" if abs(value) < 100 else f"{value:,.1f}"
    return written.rstrip("0").rstrip(".").replace("-", "−") or "0"


def plural(count: float, one: str, many: str | None = None) -> str:
    """
    >>> plural(1, "bet"), plural(2000, "bet"), plural(3, "person", "people")
    ('1 bet', '2,000 bets', '3 people')
    """
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"


class Unit:
    """What an expected reward is counted in: a share of showings, or what the goal adds up."""

    def __init__(self, value: object = 1.0) -> None:
        self.is_share = value == 1
        self.name = "" if self.is_share else str(value).removeprefix("properties.")

    def text(self, value: float) -> str:
        """
        >>> Unit(1.0).text(0.071), Unit("properties.revenue").text(0.384)
        ('7.1 %', '0.384')
        """
        return percent(value) if self.is_share else number(value)

    def gain(self, value: float) -> str:
        """A difference, with its sign; of shares in percentage points.

        >>> Unit(1.0).gain(0.16), Unit("properties.revenue").gain(-0.384)
        ('+16', '−0.384')
        """
        if self.is_share:
            return points(value)
        return f"{'+' if value > 0 else ''}{number(value)}"

    @property
    def of_gains(self) -> str:
        """What differences are counted in.

        >>> Unit(1.0).of_gains, Unit("properties.revenue").of_gains
        ('points', 'revenue')
        """
        return "points" if self.is_share else self.name

    def margin(self, value: float, beside: float) -> str:
        """A margin, with the decimals of the value that it stands beside.

        >>> Unit(1.0).margin(0.009, 0.071)
        '± 0.9'
        """
        if self.is_share:
            return f"± {100 * value:.{max(places_of(beside), int(value < 0.01))}f}"
        return f"± {number(value)}"

    def plain(self, value: float, beside: float) -> str:
        """For an axis that names its unit: in percent without the sign, as precise as another.

        >>> Unit(1.0).plain(-0.009, 0.31), Unit(1.0).plain(-0.0001, 0.31)
        ('−0.9', '0.0')
        """
        if not self.is_share:
            return number(value)
        places = max(places_of(beside), 1) if abs(beside) < 1 else 0
        written = f"{100 * value:.{places}f}"
        return written.replace("-", "−" if float(written) else "")


def zone(name: object) -> tzinfo:
    """A time zone by its name; UTC where there is none of that name."""
    if isinstance(name, str) and name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC
    return UTC


def moment(at: datetime, where: tzinfo = UTC) -> str:
    """
    >>> moment(datetime(2017, 12, 10, 18, 3, tzinfo=UTC))
    'Sunday 10 December 2017, 18:03'
    """
    local = at.astimezone(where)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def short(at: datetime, where: tzinfo = UTC) -> str:
    """
    >>> short(datetime(2017, 12, 10, 18, 3, tzinfo=UTC))
    '10 Dec 2017, 18:03'
    """
    local = at.astimezone(where)
    return f"{local.day} {local:%b %Y, %H:%M}"


def day(at: datetime, where: tzinfo = UTC) -> str:
    """
    >>> day(datetime(2017, 12, 10, 18, 3, tzinfo=UTC))
    '10 Dec 2017'
    """
    local = at.astimezone(where)
    return f"{local.day} {local:%b %Y}"


def clock(at: datetime, since: datetime, where: tzinfo = UTC) -> str:
    """A time of day; with the date where it is another day than `since`."""
    local, first = at.astimezone(where), since.astimezone(where)
    if local.date() == first.date():
        return f"{local:%H:%M:%S}"
    return f"{local.day} {local:%b %H:%M}"


def span(length: timedelta) -> str:
    """
    >>> span(timedelta(minutes=30)), span(timedelta(days=7)), span(timedelta(hours=36))
    ('30 minutes', '7 days', '36 hours')
    """
    minutes = length.total_seconds() / 60
    if minutes >= 2880:
        return f"{number(round(minutes / 1440, 1))} days"
    if minutes >= 120:
        return f"{number(round(minutes / 60, 1))} hours"
    return f"{number(round(minutes, 1))} minutes"
