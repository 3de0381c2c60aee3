"""Every error that a caller can do something about, as one tree.

    WagerError
    ├── BadInput                what was sent cannot be used
    │   ├── UnknownName         a placement, goal, segment or other definition that is not there
    │   ├── BadDefinition       a definition that cannot work
    │   └── TooLarge            more than a stated bound
    ├── NotFound                no such profile, decision, item or quarantined event
    ├── Conflict                the same id with another content
    │   └── CannotUnmerge       a merge that cannot be undone; the error says why
    ├── NotAllowed              the key may not do this
    ├── Unauthorized            no key, or one that is not known
    ├── TooMany                 the rate limit; says when to come back
    ├── StoreError              the store cannot be used
    │   ├── StoreLocked         another process owns it
    │   ├── StoreTooNew         written by a later version of wager
    │   └── StoreFailed         a commit failed; what was not acknowledged is not kept
    ├── BatchFailed             a computation over the whole history did not come through
    └── MissingExtra            a part that is installed separately is absent

A message names the value, the bound and the way out. Errors know no HTTP: `server/wire` maps them.
"""

from collections.abc import Iterable
from math import ceil


class WagerError(Exception):
    """Something went wrong in wager."""

    code = "error"

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or "").strip())
        if code is not None:
            self.code = code

    @property
    def detail(self) -> str:
        return str(self.args[0])


class BadInput(WagerError):
    """What was sent cannot be used."""

    code = "bad-input"


class UnknownName(BadInput):
    """No definition has that name."""

    code = "unknown-name"

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        shown = sorted(known)
        some = f"{shown[:20]}" + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")
        super().__init__(
            f"no {kind} is named {name!r}; known {kind}s: {some}",
            code=f"unknown-{kind}".replace(" ", "-"),
        )


class BadDefinition(BadInput):
    """A definition that cannot work."""

    code = "bad-definition"


class TooLarge(BadInput):
    """More than the stated bound."""

    code = "too-large"


class NotFound(WagerError):
    """There is no such thing."""

    code = "not-found"


class Conflict(WagerError):
    """The same id was used with another content."""

    code = "conflict"


class CannotUnmerge(Conflict):
    """This merge cannot be undone."""

    code = "cannot-unmerge"


class NotAllowed(WagerError):
    """This key may not do that."""

    code = "not-allowed"


class Unauthorized(WagerError):
    """A key is needed: `Authorization: Bearer KEY`, or Basic with the key as the user name."""

    code = "unauthorized"


class TooMany(WagerError):
    """Too many requests with this key or from this address."""

    code = "too-many-requests"

    def __init__(self, retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        self.whole_seconds = max(1, ceil(retry_after_seconds))
        super().__init__(f"too many requests; come back in {self.whole_seconds} s")


class StoreError(WagerError):
    """The store cannot be used."""

    code = "store"


class StoreLocked(StoreError):
    """Another process owns this store."""

    code = "store-locked"


class StoreTooNew(StoreError):
    """This store was written by a later version of wager; upgrade wager to open it."""

    code = "store-too-new"


class StoreFailed(StoreError):
    """A commit failed; what was not acknowledged is not kept. Mend the cause, then restart."""

    code = "store-failed"


class BatchFailed(WagerError):
    """A computation over the whole history did not come through."""

    code = "batch-failed"


class MissingExtra(WagerError):
    """A part that is installed separately is absent."""

    code = "missing-extra"

    def __init__(self, part: str, extra: str) -> None:
        super().__init__(
            f"{part} needs an extra that is not installed: pip install 'wager[{extra}]'"
        )
