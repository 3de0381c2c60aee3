"""What holds a placement's bets back: what they must promise, may cost, and may assume."""

from typing import Annotated

import msgspec
from msgspec import Meta


class GainShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So much of what the safe choice is expected to bring."""

    share: Annotated[float, Meta(ge=0, le=1000)]


class RegretBudget(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What learning may cost in any window of so many days, in the goal's unit."""

    amount: Annotated[float, Meta(gt=0, le=1e12)]
    days: Annotated[float, Meta(gt=0, le=366)] = 7.0


class SegmentRisk(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """How bold bets are for people of one segment; what is not said is as for everybody. A regret
    budget of their own is spent instead of the placement's."""

    segment: str
    risk_appetite: Annotated[float, Meta(ge=0, le=1)] | None = None
    least_gain: Annotated[float, Meta(ge=0)] | GainShare | None = None
    regret_budget: RegretBudget | None = None


class TacticCap(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What speaks for items here and was used for `after_days` without a measured lift has at most
    this share of the odds of a slot."""

    share: Annotated[float, Meta(gt=0, lt=1)] = 0.2
    after_days: Annotated[float, Meta(ge=1, le=3660)] = 30.0


class SurpriseLimit(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """How much a choice may make a person wonder how one knows, in bits: `thin_bits` for those of
    whom hardly anything is known."""

    bits: Annotated[float, Meta(ge=0)] = 6.0
    thin_bits: Annotated[float, Meta(ge=0)] = 2.0
