"""What holds a placement's bets back where little is known: of the person, or of what works."""

from typing import Annotated

import msgspec
from msgspec import Meta


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
