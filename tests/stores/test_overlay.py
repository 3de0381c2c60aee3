"""What lies over the disk is the newest, also beside threads that read the disk."""

from threading import Lock

from wager.stores.overlay import Cache, Overlay


class Alone:
    """A journal of one thread, inside or outside its transaction."""

    read_only = False

    def __init__(self) -> None:
        self.lock = Lock()
        self.inside = True

    def mine(self) -> bool:
        return self.inside


def _overlay(disk: dict[str, int], limit: int = 3) -> tuple[Overlay[str, int], Alone]:
    owner = Alone()
    return Overlay(owner, disk.get, Cache(limit, cost=lambda _: 1)), owner


def test_a_value_is_seen_all_the_way_to_the_disk() -> None:
    disk = {"a": 1, "b": 2}
    overlay, owner = _overlay(disk, limit=0)
    overlay.staged.update(a=10, b=None)
    assert (overlay.get("a"), overlay.get("b")) == (10, None)
    owner.inside = False
    assert (overlay.get("a"), overlay.get("b")) == (1, 2)
    overlay.publish()
    assert (overlay.get("a"), overlay.get("b")) == (10, None)
    overlay.take_off()
    overlay.staged.update(a=11)
    overlay.publish()
    assert (overlay.get("a"), overlay.get("b")) == (11, None)
    assert overlay.waiting()[0] == {"a": 11, "b": None}
    disk.update(a=10)
    del disk["b"]
    overlay.land()
    assert (overlay.get("a"), overlay.get("b")) == (11, None)
    assert overlay.among({"a", "b"}) == {"a": 11}
    overlay.reset()
    assert (overlay.get("a"), overlay.get("b")) == (10, None)


def test_what_was_read_before_a_change_is_not_remembered_after_it() -> None:
    disk = {"a": 1}
    overlay, _ = _overlay(disk)
    _, published = overlay.waiting()
    read = dict(disk)  # a slow reader, which comes back with it later
    overlay.staged.update(a=2)
    overlay.publish()
    overlay.take_off()
    disk.update(a=2)
    overlay.land()
    for other in ("b", "c", "d"):  # the cache forgets the newer value
        overlay.staged[other] = 0
        overlay.publish()
    overlay.remember(read, published)
    assert overlay.get("a") == 2


def test_what_is_remembered_is_not_read_again() -> None:
    disk = {"a": 1}
    overlay, _ = _overlay(disk)
    _, published = overlay.waiting()
    overlay.remember({"a": 1}, published)
    disk.clear()
    assert overlay.get("a") == 1


def test_a_cache_keeps_what_was_used_last_up_to_its_limit() -> None:
    cache: Cache[str, int] = Cache(10, cost=lambda value: value)
    cache.put("a", 4)
    cache.put("b", 4)
    assert cache.get("a") == 4
    cache.put("c", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (4, None, 4)
    cache.put("a", 1)
    cache.put("d", 5)
    assert (cache.get("a"), cache.get("c"), cache.get("d")) == (1, 4, 5)
    cache.put("huge", 11)
    assert cache.get("huge") is None
    cache.drop("never")
    cache.clear()
    assert cache.get("a") is None
