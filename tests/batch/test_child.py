"""What is worked out in a child process ends as soon as it is not wanted any more."""

from collections.abc import Iterator

import pytest

from wager.batch.child import run, until
from wager.batch.tables import also_bought_in_child
from wager.batch.taste import taste_in_child
from wager.errors import BatchFailed


def test_a_child_that_would_never_end_is_gone_when_it_is_told_to_stop() -> None:
    looks = iter([False, True, True, True])
    with pytest.raises(BatchFailed, match="stopped"):
        run("http.server", ["0", "--bind", "127.0.0.1"], lambda: next(looks))


def test_what_went_wrong_is_told_in_its_last_words() -> None:
    assert "no_such_module" in str(run("no_such_module", [], lambda: False))
    assert run("this", [], lambda: False) is None


def test_history_is_read_no_further_than_it_is_wanted() -> None:
    read: list[str] = []

    def history() -> Iterator[tuple[str, str, float]]:
        for name in "abcdef":
            read.append(name)
            yield ("p", name, 0.0)

    with pytest.raises(BatchFailed, match="stopped"):
        list(until(lambda: len(read) >= 3, history()))
    assert read == ["a", "b", "c"]
    for batch in (also_bought_in_child, taste_in_child):
        read.clear()
        with pytest.raises(BatchFailed, match="stopped"):
            batch(history(), stopping=lambda: len(read) >= 3)
        assert read == ["a", "b", "c"]
