"""Sessions end: when their time is over, when somebody signs out, when there are too many."""

from wager.console.sessions import HOURS, MOST, Sessions


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_when_its_hours_are_over() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    session_id = sessions.begin("the key")
    clock.now = HOURS * 3600 - 1
    assert sessions.key(session_id) == "the key"
    clock.now += 1
    assert sessions.key(session_id) is None


def test_signing_out_ends_one_and_leaves_the_others() -> None:
    sessions = Sessions(Clock())
    mine, theirs = sessions.begin("the key"), sessions.begin("the key")
    sessions.end(mine)
    sessions.end("never begun")
    assert sessions.key(mine) is None
    assert sessions.key(theirs) == "the key"


def test_the_oldest_makes_room() -> None:
    sessions = Sessions(Clock())
    first, second, *_ = [sessions.begin("the key") for _ in range(MOST + 1)]
    assert sessions.key(first) is None
    assert sessions.key(second) == "the key"


def test_ids_are_long_and_never_the_same() -> None:
    sessions = Sessions(Clock())
    ids = {sessions.begin("the key") for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 43  # 256 bits
    assert sessions.key("") is None
