"""A placement is not as it was: what drifted, since when, and whether that lasts."""

from typing import Literal

import msgspec

from wager.domain.identity import Time

Drifted = Literal["fewer-wins", "more-wins", "propensities", "inputs"]


class Alarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something drifted: when that began (as far as can be told), was noticed, and was over.

    `fallback` says that the safe choice is shown meanwhile, but for a share to see it end;
    `forgetting_since`, that what was learnt before counts less and less since then.
    """

    placement: str
    kind: Drifted
    text: str
    began_at: Time
    noticed_at: Time
    over_at: Time | None = None
    fallback: bool = False
    forgetting_since: Time | None = None
