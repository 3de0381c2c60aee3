"""What follows what: something is offered for a while after something else was bought."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from wager.domain.content import Item
from wager.domain.profiles import Profile


class Things(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Items that are named, or of one of these kinds or categories, or with one of these tags."""

    items: list[str] = []
    kinds: list[str] = []
    categories: list[str] = []
    tags: list[str] = []

    def named(self) -> Iterator[str]:
        """All of them by the names that `latest` has."""
        for what in ("items", "kinds", "categories", "tags"):
            for name in getattr(self, what):
                yield f"{what}:{name}"


class After(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """For a person who bought one of these things: from `wait_minutes` after it until
    `within_minutes` after it, unless one of `unless` was bought with it or since then."""

    bought: Things
    within_minutes: Annotated[float, Meta(gt=0, le=527040)]
    wait_minutes: Annotated[float, Meta(ge=0, le=527040)] = 0.0
    unless: Things | None = None

    def holds(self, own: Things, when: Mapping[str, datetime], now: datetime) -> bool:
        """Whether it does at this moment; where it does not say unless what, that is `own`."""
        bought = max((when[key] for key in self.bought.named() if key in when), default=None)
        if bought is None:
            return False
        begins = bought + timedelta(minutes=self.wait_minutes)
        if not begins <= now < bought + timedelta(minutes=self.within_minutes):
            return False
        keys = (self.unless or own).named()
        return all(when[key] < bought for key in keys if key in when)


def latest(profile: Profile, items: Mapping[str, Item]) -> dict[str, datetime]:
    """When the person last bought each thing for themselves, and one of each kind, category and
    tag; what was taken back was not bought."""
    found: dict[str, datetime] = {}
    for name, purchase in profile.purchases.items():
        at = purchase.own_since
        if at is None:
            continue
        known = Things(items=[name])
        if (item := items.get(name)) is not None:
            known = Things(
                items=[name], kinds=[item.kind], categories=item.categories, tags=list(item.tags)
            )
        for key in known.named():
            if key not in found or found[key] < at:
                found[key] = at
    return found
