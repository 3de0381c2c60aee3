"""What is known of a person as if some of what happened had been told otherwise from the start."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from wager.domain.content import Item
from wager.domain.events import Event
from wager.domain.profiles import Affinity, Profile, Purchase, Use
from wager.unify.draft import Draft, join_affinities, join_purchases
from wager.unify.golden import fold

T = TypeVar("T", Affinity, Purchase, Use)


def rewritten(
    profile: Profile, before: Sequence[Event], after: Sequence[Event], items: Mapping[str, Item]
) -> Profile:
    """The profile whose logged events were `before` as if they had been `after`.

    An affinity or a purchase that rests on these events alone is as they now say, exactly. One
    that rests on older ones, too, which the log has no more, is moved by the difference.
    """
    blank = Profile(profile_id="", created_at=profile.created_at, updated_at=profile.created_at)
    was, now = fold(blank, before, items), fold(blank, after, items)
    draft = Draft(profile)
    for key in was.affinities.keys() | now.affinities.keys():
        old, new = was.affinities.get(key), now.affinities.get(key)
        if old != new:
            _put(draft.affinities, key, _moved_leaning(draft.affinities.get(key), old, new))
    bought, would = was.purchases | was.returned, now.purchases | now.returned
    for item_id in bought.keys() | would.keys():
        piece, told = bought.get(item_id), would.get(item_id)
        if piece == told:
            continue
        known = draft.purchases.pop(item_id, None) or draft.returned.pop(item_id, None)
        moved = _moved_purchase(known, piece, told)
        if moved is not None:
            draft.bought(item_id, moved)
    for key in was.uses.keys() | now.uses.keys():
        if was.uses.get(key) != now.uses.get(key):
            _put(draft.uses, key, now.uses.get(key))
    return draft.finished()


def _put(table: dict[str, T], key: str, value: T | None) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _moved_leaning(
    known: Affinity | None, old: Affinity | None, new: Affinity | None
) -> Affinity | None:
    if known is None or old is None:
        return new if known is None or new is None else join_affinities(known, new)
    if known.at == old.at and math.isclose(known.weight, old.weight, rel_tol=1e-9, abs_tol=1e-9):
        return new
    less = join_affinities(known, replace(old, weight=-old.weight))
    return less if new is None else join_affinities(less, new)


def _moved_purchase(
    known: Purchase | None, old: Purchase | None, new: Purchase | None
) -> Purchase | None:
    if known is None or old is None or new is None:
        return new if known is None or new is None else join_purchases(known, new)
    if (
        (known.times, known.last_at, known.quantity) == (old.times, old.last_at, old.quantity)
        and (known.given, known.own_at) == (old.given, old.own_at)
        and math.isclose(known.recent, old.recent, rel_tol=1e-9, abs_tol=1e-9)
    ):
        return new
    less = Purchase(
        -old.times, -old.recent, old.last_at, -old.quantity, -old.cosine, -old.sine,
        gift=True, given=-old.given,
    )  # fmt: skip
    moved = join_purchases(join_purchases(known, less), new)
    return replace(moved, gift=moved.own_at is None and moved.given > 0)
