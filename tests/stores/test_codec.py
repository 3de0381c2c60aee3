"""Bodies on disk are lean, and stay readable for ever."""

from hashlib import sha256

import pytest
from msgspec.structs import replace

from wager.errors import StoreError
from wager.stores import codec
from wager.stores.codec import decision_from, encoded, squeezed
from wager.testing.samples import decision


def test_the_typical_bet_never_changes() -> None:
    """Bodies out there were written with it; a better one is a new file under a new mark."""
    assert sha256(codec._TYPICAL).hexdigest() == (
        "23ba9f38bb16a9050cd293b7c412457128afd4a71bff9e5e9424ebfd63f678d7"
    )


def test_a_bet_is_squeezed_and_comes_back_to_the_last_digit() -> None:
    bet = decision("d-1")
    many = tuple(replace(bet.candidates[0], propensity=1 / (n + 3)) for n in range(30))
    bet = replace(bet, candidates=many)
    body = encoded(bet, "a bet")
    assert decision_from(squeezed(body)) == bet
    assert len(squeezed(body)) < 0.4 * len(body)


@pytest.mark.parametrize("body", [None, b"", b"\x00", b"\x01", b"\x01abc"])
def test_what_was_never_written_so_is_told(body: bytes | None) -> None:
    with pytest.raises(StoreError, match="the decision 'd-1'"):
        decision_from(body, "the decision 'd-1'")


def test_a_body_that_lost_a_byte_is_told() -> None:
    body = squeezed(encoded(decision("d-1"), "a bet"))
    for damaged in (body[:-1], body[:50] + bytes([body[50] ^ 1]) + body[51:]):
        with pytest.raises(StoreError, match="wager doctor"):
            decision_from(damaged)
