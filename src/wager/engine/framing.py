"""What a decision is asked with: the person, the place and the moment, put together."""

from datetime import UTC, datetime
from typing import Any

from wager.domain.asking import Ask, part_of_day
from wager.domain.decisions import DecideRequest
from wager.domain.definitions import Placement
from wager.domain.profiles import Profile
from wager.domain.stages import stage
from wager.engine.live import Live
from wager.engine.risking import as_for
from wager.errors import BadInput
from wager.unify.segments import holds
from wager.unify.uses import short
from wager.unify.view import view

FIRST_YEAR, LAST_YEAR = 1970, 9000


def possible(at: datetime, what: str = "`at`") -> datetime:
    """A time that every calendar can reckon with, under any offset; raises where it is none."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR or at.timestamp() < 0:
        raise BadInput(f"{what} is {at.isoformat()}; it may be {FIRST_YEAR} to {LAST_YEAR}, in UTC")
    return at


def framed(
    live: Live, request: DecideRequest, placement: Placement, profile: Profile, now: datetime,
    taken: frozenset[str],
) -> Ask:  # fmt: skip
    """All that the decision is made from; `taken` is what the placements before it show."""
    context = dict(request.context)
    zone = live.zone(context.get("timezone")) or live.zone(profile.timezone) or UTC
    local = now.astimezone(zone)
    context["hour"], context["weekday"] = local.hour, local.isoweekday()
    context["partOfDay"] = part_of_day(local.hour)
    who, device = live.standing(profile, now), device_of(request)
    cart = context.get("cart")
    in_cart = (
        tuple(str(one) for one in cart[:100]) if isinstance(cart, list) else tuple(profile.cart)
    )
    told = in_cart if isinstance(cart, list) else None
    context["journeyStage"] = stage(profile, now, told)
    if who.price_level is not None:
        context["priceLevel"] = who.price_level
    segments = _segments(live, profile, context, now)
    if placement.risk_by_segment:
        placement = as_for(placement, segments)
    return Ask(
        placement=placement,
        profile=profile,
        now=now,
        local=local,
        snapshot=live.snapshot,
        shelf=live.shelf,
        segments=segments,
        cart=in_cart,
        limited_to=tuple(request.candidates) if request.candidates is not None else None,
        taken=taken,
        context=context,
        known=view(profile, now) if has_words(live, placement) else {},
        held=who.held,
        rarity=live.rarity,
        untagged=live.tagging.untagged(placement.name),
        elsewhere=device is not None and bool(who.devices) and short(device) not in who.devices,
    )


def has_words(live: Live, placement: Placement) -> bool:
    """Whether there are any that something known of the person could be merged into."""
    return placement.template is not None or bool(live.templated)


def _segments(
    live: Live, profile: Profile, context: dict[str, Any], now: datetime
) -> tuple[str, ...]:
    """Stored membership, and the conditions that ask about this moment."""
    stored = [name for name in profile.segments if name in live.segments]
    for name, compiled in live.segments.items():
        if compiled.at_decision:
            held, failed = holds(compiled, profile, context, now)
            if failed:
                live.count_errors({name: 1})
            if held:
                stored.append(name)
    return tuple(stored)


def device_of(request: DecideRequest) -> str | None:
    """The device that the request tells of, as events do."""
    device = request.context.get("device")
    told = device.get("id") if isinstance(device, dict) else None
    return told if isinstance(told, str) else request.anonymous_id
