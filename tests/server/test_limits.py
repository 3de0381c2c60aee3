"""A key may send so much, and an address that nobody vouches for less."""

import pytest

from wager.errors import TooMany
from wager.server.limits import ADDRESSES, Bucket, Limits


def test_a_bucket_fills_at_its_rate() -> None:
    bucket = Bucket(rate=10.0, now=0.0)
    assert sum(bucket.take(0.0) == 0.0 for _ in range(100)) == 20
    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.1) == 0.0
    assert bucket.take(0.1) > 0.0
    assert sum(bucket.take(1000.0) == 0.0 for _ in range(100)) == 20


def test_over_time_no_more_than_the_rate_and_the_burst() -> None:
    bucket = Bucket(rate=50.0, now=0.0)
    passed = sum(bucket.take(step / 1000) == 0.0 for step in range(10_000))
    assert 50 * 10 <= passed <= 50 * 10 + 100


def test_keys_and_addresses_are_apart() -> None:
    limits = Limits(per_key=2.0, per_address=1.0)
    for _ in range(4):
        limits.key("secret", 0.0)
    with pytest.raises(TooMany) as caught:
        limits.key("secret", 0.0)
    assert caught.value.retry_after_seconds == pytest.approx(0.5)
    limits.key("public", 0.0)
    for _ in range(2):
        limits.address("1.2.3.4", 0.0)
    with pytest.raises(TooMany):
        limits.address("1.2.3.4", 0.0)
    limits.address("1.2.3.5", 0.0)


def test_addresses_do_not_pile_up() -> None:
    limits = Limits(per_key=1.0, per_address=1.0)
    for number in range(ADDRESSES + 10):
        limits.address(str(number), 0.0)
    assert len(limits._addresses) == ADDRESSES
