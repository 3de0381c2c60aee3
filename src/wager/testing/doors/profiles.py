"""What a store of profiles must do."""

from pathlib import Path

from msgspec.structs import replace

from wager.domain.identity import Identity
from wager.errors import BadInput, StoreError
from wager.stores.base import ProfileQuery, Stores
from wager.testing.doors.case import Interrupted, StoreCase, expecting, write
from wager.testing.samples import ADA, BOB, minutes, profile

LAPTOP, PHONE = Identity("anonymous_id", "laptop"), Identity("anonymous_id", "phone")


def _people(stores: Stores) -> None:
    stores.profiles.put(profile("p-ada", ADA, segments=("loyal", "big")), [ADA, LAPTOP])
    stores.profiles.put(profile("p-bob", BOB, segments=("loyal",)), [BOB])
    stores.profiles.put(profile("p-cat"), [])


def _merge(stores: Stores) -> None:
    """Bob's profile turns out to be Ada's."""
    _people(stores)
    stores.profiles.put(replace(profile("p-bob", segments=("loyal",)), merged_into="p-ada"))
    merged = replace(profile("p-ada", ADA, BOB, segments=("big",)), merged_from=("p-bob",))
    stores.profiles.put(merged, [BOB])


def _ids(stores: Stores, query: ProfileQuery) -> list[str]:
    return [found.profile_id for found in stores.profiles.list(query)]


class ProfilesContract(StoreCase):
    """`Profiles`."""

    def test_profiles_are_found_by_their_links(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.profiles.find([ADA, PHONE, LAPTOP, BOB]) == {
                ADA: "p-ada",
                LAPTOP: "p-ada",
                BOB: "p-bob",
            }
            assert stores.profiles.find([Identity("user_id", ADA.value)]) == {}
            ada = stores.profiles.get("p-ada")
            assert ada == profile("p-ada", ADA, segments=("loyal", "big"))
            assert stores.profiles.get("p-eve") is None

        self.everywhere(tmp_path, _people, check)

    def test_the_last_put_counts(self, tmp_path: Path) -> None:
        def change(stores: Stores) -> None:
            _people(stores)
            for version in range(1, 20):
                stores.profiles.put(replace(profile("p-ada"), version=version))

        def check(stores: Stores) -> None:
            assert stores.profiles.get("p-ada") == replace(profile("p-ada"), version=19)
            assert stores.profiles.find([ADA]) == {ADA: "p-ada"}
            assert stores.profiles.count() == {"": 3, "loyal": 1}

        self.everywhere(tmp_path, change, check)

    def test_a_large_profile_changes_little_by_little(self, tmp_path: Path) -> None:
        cart = {f"item-{number}": minutes(number) for number in range(400)}
        first = replace(profile("p-ada", ADA), cart=cart)
        known = [first]

        def change(stores: Stores) -> None:
            last, number = known[-1], len(known)
            less = {name: at for name, at in last.cart.items() if name != f"item-{number * 7}"}
            less[f"item-{number}"] = less[f"new-{number}"] = minutes(-number)
            segments = ("loyal",) if number % 10 > 7 else ()
            known.append(replace(last, version=number, cart=less, segments=segments))
            stores.profiles.put(known[-1], [ADA])

        with self.opened(tmp_path) as stores:
            write(stores, lambda: stores.profiles.put(first, [ADA]))
            for _ in range(8):
                with stores.transaction():
                    change(stores)
                    assert stores.profiles.get("p-ada") == known[-1]
                    change(stores)
                assert stores.profiles.get("p-ada") == known[-1]
        for _ in range(5 if self.durable else 0):
            with self.opened(tmp_path) as stores:
                assert stores.profiles.get("p-ada") == known[-1]
                write(stores, lambda: change(stores))
                with expecting(Interrupted), stores.transaction():
                    stores.profiles.put(replace(known[-1], cart={}))
                    raise Interrupted
                assert stores.profiles.get("p-ada") == known[-1]

    def test_nothing_is_left_of_a_large_profile_that_was_erased(self, tmp_path: Path) -> None:
        cart = {f"item-{number}": minutes(number) for number in range(400)}
        first = replace(profile("p-ada", ADA), cart=cart)
        more = replace(first, version=1, cart={**cart, "more": minutes(1)})

        def erase(stores: Stores) -> None:
            assert stores.profiles.erase("p-ada")

        def change(stores: Stores) -> None:
            write(
                stores,
                lambda: stores.profiles.put(first, [ADA]),
                lambda: stores.profiles.put(more),
                lambda: erase(stores),
                lambda: stores.profiles.put(first),
            )

        with self.opened(tmp_path) as stores:
            change(stores)
            assert stores.profiles.get("p-ada") == first
        if self.durable:
            with self.opened(tmp_path) as stores:
                assert stores.profiles.get("p-ada") == first

    def test_a_merge_moves_links_and_keeps_a_tombstone(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.profiles.find([BOB]) == {BOB: "p-ada"}
            bob = stores.profiles.get("p-bob")
            assert bob is not None and bob.merged_into == "p-ada"
            assert _ids(stores, ProfileQuery()) == ["p-ada", "p-cat"]
            assert stores.profiles.count() == {"": 2, "big": 1}

        self.everywhere(tmp_path, _merge, check)

    def test_lists_narrow_and_page(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert _ids(stores, ProfileQuery()) == ["p-ada", "p-bob", "p-cat"]
            assert _ids(stores, ProfileQuery(limit=1, after="p-ada")) == ["p-bob"]
            assert _ids(stores, ProfileQuery(segment="loyal")) == ["p-ada", "p-bob"]
            assert _ids(stores, ProfileQuery(segment="loy")) == []
            assert _ids(stores, ProfileQuery(prefix="ada@")) == ["p-ada"]
            assert _ids(stores, ProfileQuery(prefix="lap", segment="big")) == ["p-ada"]
            assert _ids(stores, ProfileQuery(prefix="Ada@")) == []
            assert _ids(stores, ProfileQuery(prefix="%")) == []
            assert stores.profiles.count() == {"": 3, "loyal": 2, "big": 1}

        self.everywhere(tmp_path, _people, check)

    def test_erasing_takes_the_links_and_the_tombstones(self, tmp_path: Path) -> None:
        def erase(stores: Stores) -> None:
            _merge(stores)
            stores.profiles.put(replace(profile("p-old"), merged_into="p-bob"), [PHONE])
            assert stores.profiles.erase("p-ada")
            assert not stores.profiles.erase("p-ada")

        def check(stores: Stores) -> None:
            assert [stores.profiles.get(one) for one in ("p-ada", "p-bob", "p-old")] == [None] * 3
            assert stores.profiles.find([ADA, BOB, LAPTOP, PHONE]) == {}
            assert _ids(stores, ProfileQuery()) == ["p-cat"]
            assert _ids(stores, ProfileQuery(prefix="ada")) == []
            assert stores.profiles.count() == {"": 1}

        self.everywhere(tmp_path, erase, check)

    def test_erasing_what_is_durable_and_coming_again(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _merge(stores))
            assert stores.profiles.get("p-ada") is not None
            with stores.transaction() as commit:
                assert stores.profiles.erase("p-ada")
                assert stores.profiles.find([ADA, BOB]) == {}
                stores.profiles.put(profile("p-new"), [ADA])
                assert stores.profiles.find([ADA, BOB]) == {ADA: "p-new"}
            commit.durable.result(60)
            assert stores.profiles.find([ADA, BOB]) == {ADA: "p-new"}
            assert _ids(stores, ProfileQuery()) == ["p-cat", "p-new"]

    def test_an_interrupted_change_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.profiles.get("p-ada") is None
            assert stores.profiles.find([ADA]) == {}
            assert stores.profiles.count() == {"": 0}

        self.undone(tmp_path, _people, check)

    def test_what_cannot_be_stored_undoes_its_transaction_alone(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _people(stores))
            odd = profile("p-odd")
            odd.traits["huge"] = replace(odd.traits["city"], value=10**30)
            with expecting(BadInput), stores.transaction():
                stores.profiles.put(replace(profile("p-ada"), version=9), [PHONE])
                stores.profiles.put(odd)
            assert stores.profiles.get("p-odd") is None
            assert stores.profiles.find([PHONE]) == {}
            ada = stores.profiles.get("p-ada")
            assert ada is not None and ada.version == 0
            write(stores, lambda: stores.profiles.put(profile("p-dan")))

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.profiles.put(profile("p-ada"))

    def test_times_keep_their_microseconds(self, tmp_path: Path) -> None:
        exact = replace(profile("p"), updated_at=minutes(1).replace(microsecond=123457))

        def check(stores: Stores) -> None:
            assert stores.profiles.get("p") == exact

        self.everywhere(tmp_path, lambda stores: stores.profiles.put(exact), check)
