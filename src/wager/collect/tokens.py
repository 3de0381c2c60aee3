"""Whether a `userToken` proves that its bearer is the user that it names."""

from datetime import datetime
from typing import Any

import jwt

MAX_TOKEN_LENGTH = 4096


def subject(token: str, secret: str, now: datetime) -> str | None:
    """The user id (`sub`) that a JWT proves at a moment; None if it proves nothing.

    Only HS256 is read, whatever the token's header says; `sub` and `exp` must be there, and `exp`
    must lie ahead of `now`. Without a secret nothing can be proven.
    """
    if not secret or len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return None
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            options={
                "require": ["exp", "sub"],
                "verify_exp": False,  # these three ask the clock: `_in_force` asks `now`
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except jwt.InvalidTokenError:
        return None
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not user_id or not _in_force(claims, now.timestamp()):
        return None
    return user_id


def _in_force(claims: dict[str, Any], now: float) -> bool:
    expires, begins = claims["exp"], claims.get("nbf", 0)
    numbers = (int, float)
    return (
        isinstance(expires, numbers)
        and isinstance(begins, numbers)
        and not isinstance(expires, bool)
        and begins <= now < expires
    )
