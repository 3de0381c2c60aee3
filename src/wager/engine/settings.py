"""What an operator may set, each with its environment variable and a default that works."""

import os
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from wager.errors import BadInput

Days = Annotated[int, Meta(ge=1, le=36_500)]
Positive = Annotated[float, Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Engine and server settings; `from_environment` reads `WAGER_` + the name in capitals.

    Retention says how many days events, decisions and message ids are kept.
    """

    event_days: Days = 400
    decision_days: Days = 90
    checkpoint_seconds: Positive = 30.0
    origins: str = ""
    requests_per_second: Positive = 5000.0
    public_requests_per_second: Positive = 100.0
    batch_memory_mb: Annotated[int, Meta(ge=64)] = 512

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; what cannot be read is an error that names the variable."""
        found: dict[str, str] = {}
        for name in cls.__struct_fields__:
            variable = f"WAGER_{name.upper()}"
            value = environment.get(variable)
            if value is None:
                continue
            found[name] = value
            try:
                msgspec.convert({name: value}, cls, strict=False)
            except msgspec.ValidationError as error:
                told = str(error).partition(" - at ")[0]
                raise BadInput(f"{variable} is {value!r}, which cannot be used: {told}") from error
        return msgspec.convert(found, cls, strict=False)
