"""Ids that are counted up: which of them are surely new, without a look at the disk."""

from collections.abc import Callable

_COUNTED = 8  # characters at the end that count; what stands before them is a beginning
_BEGINNINGS = 8


class Counted:
    """Knows the highest id of a few beginnings; a higher one was never used.

    A beginning is taken up when two ids in a row share it, as those of one process do: `highest`
    then looks up the highest id that begins so, or gives "".

    >>> ids = Counted(lambda beginning: "")
    >>> [ids.is_new(f"process-{number:08}") for number in (1, 2, 3, 2)]
    [False, False, True, False]
    """

    def __init__(self, highest: Callable[[str], str]) -> None:
        self._look_up = highest
        self._last = ""
        self._highest: dict[str, str] = {}

    def is_new(self, name: str) -> bool:
        """True if it surely is, and counts as used from then on; False: somebody has to look."""
        beginning = name[:-_COUNTED]
        highest = self._highest.get(beginning)
        if highest is not None:
            if name <= highest:
                return False
            self._highest[beginning] = name
            return True
        if beginning and beginning == self._last:
            self._take_up(beginning, name)
        self._last = beginning
        return False

    def _take_up(self, beginning: str, name: str) -> None:
        if len(self._highest) == _BEGINNINGS:
            del self._highest[next(iter(self._highest))]
        self._highest[beginning] = max(self._look_up(beginning), name)
