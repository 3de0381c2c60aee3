"""What was measured: a value with its interval, or the plain statement that it is not enough."""

import msgspec


class Estimate(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag=True):
    """A value with its confidence interval, the number of profiles, and the method's name."""

    value: float
    low: float
    high: float
    count: int
    method: str
    confidence: float = 0.95


class NotEnough(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag=True):
    """Too little data for a verdict: what is needed, and what was seen."""

    needed: int
    seen: int
    what: str = "profiles in each group"


Verdict = Estimate | NotEnough
