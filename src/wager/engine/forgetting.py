"""Whoever is erased leaves the models, too, even if the process dies between the two."""

from collections.abc import Callable, Collection

import msgspec

from wager.stores.base import Stores

TO_DO = "forgetting"


class Forgetting:
    """A list, kept with the store, of whom the models still have to forget.

    Models are too large to be rewritten in the transaction that erases a person: the person is put
    on the list in it, and taken off when the models are rewritten; what a crash leaves on the list
    is done at the next start.
    """

    def __init__(
        self, stores: Stores, steps: Collection[Callable[[Collection[str]], None]]
    ) -> None:
        """Each of the steps takes people out of one kind of memory; twice is as good as once."""
        self._stores = stores
        self._steps = steps
        self._waiting = True  # as far as is known before the list was read

    def promise(self, profile_ids: Collection[str]) -> None:
        """Put people on the list; inside the transaction that erases them."""
        self._write(sorted({*self._listed(), *profile_ids}))
        self._waiting = True

    def keep(self) -> None:
        """Take whoever is on the list out of everything, then off the list."""
        if not self._waiting:
            return
        with self._stores.transaction():  # not while somebody is about to be put on it
            self._waiting = False
            due = self._listed()
        if not due:
            return
        try:
            for step in self._steps:
                step(due)
            with self._stores.transaction():
                self._write([one for one in self._listed() if one not in due])
        except BaseException:
            self._waiting = True
            raise

    def _listed(self) -> list[str]:
        kept = self._stores.models.latest(TO_DO)
        return [] if kept is None else msgspec.json.decode(kept[1], type=list[str])

    def _write(self, profile_ids: list[str]) -> None:
        self._stores.models.put(TO_DO, "1", msgspec.json.encode(profile_ids))
