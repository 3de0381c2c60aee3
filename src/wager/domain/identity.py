"""Who an event or a request names: identities, and what they allow."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Purpose = Literal["personalization", "learning"]

PURPOSES: tuple[Purpose, ...] = ("personalization", "learning")
# What programs send when they do not know who it is. No identity has such a value (compared in
# lower case): it would make one person of all who share it.
BLOCKED_VALUES = frozenset(
    (
        *("", "-", "--", "0", "00", "000", "-1", "00000000-0000-0000-0000-000000000000"),
        *("null", "none", "nil", "nan", "undefined", "unknown", "n/a", "na", "true", "false"),
        *("anonymous", "anon", "guest", "user_id", "userid", "[object object]", "{}", "[]"),
        *("test@test.com", "test@example.com", "a@a.com", "none@none.com", "noemail@noemail.com"),
    )
)


class Identity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A kind and a value: `("email", "ada@example.com")`; two profiles never share one."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
