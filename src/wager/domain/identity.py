"""Who an event or a request names: identities, and what they allow."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Purpose = Literal["personalization", "learning"]

PURPOSES: tuple[Purpose, ...] = ("personalization", "learning")


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """A kind and a value: `("email", "ada@example.com")`; two profiles never share one."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
