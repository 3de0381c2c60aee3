"""What the log of bets must do."""

from pathlib import Path

from msgspec.structs import replace

from wager.domain.decisions import LoggedDecision
from wager.errors import BadInput, Conflict, NotFound, StoreError
from wager.stores.base import DecisionQuery, Stores
from wager.testing.doors.case import StoreCase, expecting, write
from wager.testing.samples import decision, minutes, outcome


def _bet(stores: Stores) -> None:
    """Three bets of Ada's, one of Bob's; their windows end half an hour later."""
    stores.decisions.append(decision("d-1"))
    stores.decisions.append(decision("d-2", at=minutes(10), placement="offer"))
    stores.decisions.append(decision("d-3", at=minutes(20), replayed=True))
    stores.decisions.append(decision("d-4", at=minutes(20), profile_id="bob"))


def _settle(stores: Stores) -> None:
    _bet(stores)
    stores.decisions.reward(
        [outcome("d-1"), outcome("d-1", "m-2", 0.5)], [("d-1", "won", 1.5, minutes(5))]
    )
    stores.decisions.reward([], [("d-2", "lost", 0.0, minutes(45))])


def _ids(stores: Stores, query: DecisionQuery) -> list[str]:
    return [one.decision.decision_id for one in stores.decisions.list(query).decisions]


def _get(stores: Stores, decision_id: str) -> LoggedDecision:
    logged = stores.decisions.get(decision_id)
    assert logged is not None, decision_id
    return logged


class DecisionsContract(StoreCase):
    """`Decisions`."""

    def test_bets_are_read_as_they_were_logged(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            logged = _get(stores, "d-1")
            assert logged.decision == decision("d-1")
            assert (logged.state, logged.outcomes, logged.settled_at) == ("open", (), None)
            assert stores.decisions.get("d-9") is None

        self.everywhere(tmp_path, _bet, check)

    def test_outcomes_and_settlement_are_joined(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            won, lost = _get(stores, "d-1"), _get(stores, "d-2")
            assert (won.state, won.reward, won.settled_at) == ("won", 1.5, minutes(5))
            bare = [replace(one, sequence=0) for one in won.outcomes]
            assert bare == [outcome("d-1"), outcome("d-1", "m-2", 0.5)]
            assert won.sequence < won.outcomes[0].sequence < won.outcomes[1].sequence
            assert (lost.state, lost.reward) == ("lost", 0.0)
            listed = stores.decisions.list(DecisionQuery(state="won")).decisions
            assert listed == [won]

        self.everywhere(tmp_path, _settle, check)

    def test_queries_narrow_and_order(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert _ids(stores, DecisionQuery()) == ["d-4", "d-3", "d-2", "d-1"]
            assert _ids(stores, DecisionQuery(profile_id="ada")) == ["d-3", "d-2", "d-1"]
            assert _ids(stores, DecisionQuery(placement="offer")) == ["d-2"]
            assert _ids(stores, DecisionQuery(since=minutes(10), until=minutes(20))) == ["d-2"]
            assert _ids(stores, DecisionQuery(state="open")) == ["d-4", "d-3"]
            assert _ids(stores, DecisionQuery(level="crowd", limit=1)) == ["d-4"]
            assert _ids(stores, DecisionQuery(level="context")) == []
            assert _ids(stores, DecisionQuery(replayed=True)) == ["d-3"]
            assert _ids(stores, DecisionQuery(replayed=False, profile_id="ada")) == ["d-2", "d-1"]
            assert _ids(stores, DecisionQuery(due_before=minutes(50))) == []
            assert _ids(stores, DecisionQuery(due_before=minutes(51))) == ["d-4", "d-3"]
            due = DecisionQuery(state="open", due_before=minutes(51), replayed=True)
            assert _ids(stores, due) == ["d-3"]

        self.everywhere(tmp_path, _settle, check)

    def test_pages_follow_one_another(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            seen, cursor = list[str](), None
            while True:
                page = stores.decisions.list(DecisionQuery(limit=3, cursor=cursor))
                seen += [one.decision.decision_id for one in page.decisions]
                cursor = page.cursor
                if cursor is None:
                    break
            assert seen == ["d-4", "d-3", "d-2", "d-1"]
            assert stores.decisions.list(DecisionQuery(limit=4)).cursor is None

        self.everywhere(tmp_path, _bet, check)

    def test_pages_join_what_is_durable_and_what_is_not(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _bet(stores))
            with stores.transaction():
                stores.decisions.append(decision("d-5", at=minutes(15)))
                stores.decisions.reward([outcome("d-3")], [("d-3", "won", 1.0, minutes(21))])
                first = stores.decisions.list(DecisionQuery(profile_id="ada", limit=2))
                assert [one.decision.decision_id for one in first.decisions] == ["d-3", "d-5"]
                assert [one.state for one in first.decisions] == ["won", "open"]
                rest = DecisionQuery(profile_id="ada", limit=2, cursor=first.cursor)
                assert _ids(stores, rest) == ["d-2", "d-1"]
                assert _ids(stores, DecisionQuery(state="open")) == ["d-4", "d-5", "d-2", "d-1"]

    def test_a_foreign_cursor_is_an_error(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            for cursor in ("nonsense", "é", "MTI=", ""):
                with expecting(BadInput):
                    stores.decisions.list(DecisionQuery(cursor=cursor))

    def test_learning_is_fed_every_change_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            assert stores.decisions.rewarded() == ([], 0)
            write(stores, lambda: _bet(stores))
            page, cursor = stores.decisions.rewarded(limit=3)
            assert [one.decision.decision_id for one in page] == ["d-1", "d-2", "d-3"]
            page, cursor = stores.decisions.rewarded(cursor)
            assert [one.decision.decision_id for one in page] == ["d-4"]
            assert stores.decisions.rewarded(cursor) == ([], cursor)
            with stores.transaction():
                stores.decisions.reward([outcome("d-2")], [])
                stores.decisions.reward([outcome("d-1")], [("d-1", "won", 1.0, minutes(5))])
                stores.decisions.reward([outcome("d-2", "m-2")], [])
                page, inside = stores.decisions.rewarded(cursor)
                assert [one.decision.decision_id for one in page] == ["d-1", "d-2"]
                assert len(page[1].outcomes) == 2
                assert [one.sequence > cursor for one in page[1].outcomes] == [True, True]
                assert page[1].sequence < cursor
            assert stores.decisions.rewarded(cursor) == (page, inside)
            write(stores, lambda: None)
            assert stores.decisions.rewarded(cursor) == (page, inside)

    def test_a_merge_hands_bets_over(self, tmp_path: Path) -> None:
        def merge(stores: Stores) -> None:
            _settle(stores)
            assert stores.decisions.erase("ada", to_profile="bob") == 3
            assert stores.decisions.erase("carol", to_profile="bob") == 0

        def check(stores: Stores) -> None:
            assert _ids(stores, DecisionQuery(profile_id="ada")) == []
            assert _ids(stores, DecisionQuery(profile_id="bob")) == ["d-4", "d-3", "d-2", "d-1"]
            assert _get(stores, "d-1").decision == decision("d-1", profile_id="bob")
            assert len(_get(stores, "d-1").outcomes) == 2
            assert stores.decisions.rewarded()[0][-1].decision.profile_id == "bob"

        self.everywhere(tmp_path, merge, check)

    def test_a_merge_that_is_undone_hands_some_back(self, tmp_path: Path) -> None:
        def merge(stores: Stores) -> None:
            _settle(stores)
            assert stores.decisions.erase("ada", to_profile="bob", only={"d-1", "d-4"}) == 1
            assert stores.decisions.erase("ada", to_profile="bob", only=[]) == 0

        def check(stores: Stores) -> None:
            assert _ids(stores, DecisionQuery(profile_id="ada")) == ["d-3", "d-2"]
            assert _ids(stores, DecisionQuery(profile_id="bob")) == ["d-4", "d-1"]
            assert len(_get(stores, "d-1").outcomes) == 2

        self.everywhere(tmp_path, merge, check)

    def test_erasing_leaves_nothing_of_one_and_all_of_others(self, tmp_path: Path) -> None:
        def erase(stores: Stores) -> None:
            _settle(stores)
            assert stores.decisions.erase("ada") == 3
            assert stores.decisions.erase("ada") == 0

        def check(stores: Stores) -> None:
            assert _ids(stores, DecisionQuery()) == ["d-4"]
            assert stores.decisions.get("d-1") is None
            assert [one.decision.decision_id for one in stores.decisions.rewarded()[0]] == ["d-4"]
            assert _ids(stores, DecisionQuery(profile_id="ada")) == []

        self.everywhere(tmp_path, erase, check)

    def test_erasing_and_merging_what_is_durable(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _settle(stores))
            with stores.transaction() as commit:
                assert stores.decisions.erase("bob", to_profile="ada") == 1
                assert len(_ids(stores, DecisionQuery(profile_id="ada"))) == 4
                assert stores.decisions.erase("ada") == 4
                assert _ids(stores, DecisionQuery()) == []
            assert _ids(stores, DecisionQuery()) == []
            commit.durable.result(60)
            assert _ids(stores, DecisionQuery()) == []
            write(stores, lambda: stores.decisions.append(decision("d-1")))
            assert _get(stores, "d-1").outcomes == ()

    def test_ids_are_used_once(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores:
            write(stores, lambda: _bet(stores))
            with expecting(Conflict), stores.transaction():
                stores.decisions.append(decision("d-1"))
            with expecting(Conflict), stores.transaction():
                stores.decisions.append(decision("d-9"))
                stores.decisions.append(decision("d-9"))
            assert stores.decisions.get("d-9") is None

    def test_what_is_gone_cannot_be_rewarded(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(NotFound), stores.transaction():
            stores.decisions.reward([outcome("d-9")], [])

    def test_an_interrupted_change_is_not_seen(self, tmp_path: Path) -> None:
        def check(stores: Stores) -> None:
            assert stores.decisions.get("d-1") is None
            assert _ids(stores, DecisionQuery(profile_id="ada")) == []
            assert stores.decisions.rewarded()[0] == []

        self.undone(tmp_path, _settle, check)

    def test_what_cannot_be_stored_is_refused(self, tmp_path: Path) -> None:
        odd = decision("d-1")
        odd.context["huge"] = 10**30
        with self.opened(tmp_path) as stores:
            with expecting(BadInput), stores.transaction():
                stores.decisions.append(odd)
            write(stores, lambda: stores.decisions.append(decision("d-1")))

    def test_a_write_needs_a_transaction(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as stores, expecting(StoreError):
            stores.decisions.append(decision("d-1"))
