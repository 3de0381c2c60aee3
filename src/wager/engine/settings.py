"""What an operator may set, each with its environment variable and a default that works."""

import os
from collections.abc import Mapping

import msgspec

from wager.errors import BadInput


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Engine and server settings; `from_environment` reads `WAGER_` + the name in capitals.

    Retention says how many days events, decisions and message ids are kept.
    """

    event_days: int = 400
    decision_days: int = 90
    checkpoint_seconds: float = 30.0
    origins: str = ""
    requests_per_second: float = 5000.0
    public_requests_per_second: float = 100.0
    batch_memory_mb: int = 512

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; what cannot be read is an error that names the variable."""
        found: dict[str, str] = {}
        for name in cls.__struct_fields__:
            value = environment.get(f"WAGER_{name.upper()}")
            if value is not None:
                found[name] = value
        try:
            return msgspec.convert(found, cls, strict=False)
        except msgspec.ValidationError as error:
            names = ", ".join(f"WAGER_{name.upper()}" for name in found)
            raise BadInput(f"one of {names} cannot be used: {error}") from error
