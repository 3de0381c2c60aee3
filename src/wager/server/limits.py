"""How many requests a key, and behind a public key an address, may send."""

from collections import OrderedDict

from wager.errors import TooMany

ADDRESSES = 20_000
BURST_SECONDS = 2.0


class Bucket:
    """A token bucket: `rate` requests a second, with two seconds' worth saved up at most.

    >>> bucket = Bucket(rate=1.0, now=0.0)
    >>> [bucket.take(0.0) for _ in range(3)]
    [0.0, 0.0, 1.0]
    """

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate * BURST_SECONDS)
        self._left = self._most
        self._at = now

    def take(self, now: float) -> float:
        """0 if one more may pass, else the seconds until it may."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._rate


class Limits:
    """One bucket for each key, and one for each address that comes with the public key or none.

    The address that was quiet longest makes room for a new one beyond `ADDRESSES`.
    """

    def __init__(self, per_key: float, per_address: float) -> None:
        self._per_key, self._per_address = per_key, per_address
        self._keys: dict[str, Bucket] = {}
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()

    def key(self, role: str, now: float) -> None:
        """Count one request with a key; raises `TooMany`."""
        bucket = self._keys.get(role)
        if bucket is None:
            bucket = self._keys[role] = Bucket(self._per_key, now)
        if wait := bucket.take(now):
            raise TooMany(wait)

    def address(self, address: str, now: float) -> None:
        """Count one request from an address that need not be trusted; raises `TooMany`."""
        bucket = self._addresses.get(address)
        if bucket is None:
            bucket = self._addresses[address] = Bucket(self._per_address, now)
            if len(self._addresses) > ADDRESSES:
                self._addresses.popitem(last=False)
        else:
            self._addresses.move_to_end(address)
        if wait := bucket.take(now):
            raise TooMany(wait)
