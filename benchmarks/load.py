"""A load that costs little itself: prepared requests over kept-alive connections."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measured:
    """What came of one load: requests a second, and the latencies in milliseconds."""

    per_second: float
    latencies_ms: np.ndarray
    failed: int

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.latencies_ms, share))


def request(path: str, body: object, *, key: str, method: str = "POST") -> bytes:
    """One HTTP/1.1 request as bytes."""
    payload = json.dumps(body).encode() if body is not None else b""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


class _Connection(asyncio.Protocol):
    """Sends its next request when the answer to the last one is complete."""

    def __init__(self, requests: Sequence[bytes], done: "asyncio.Future[None]") -> None:
        self._requests, self._done = requests, done
        self._next = 0
        self._buffer = b""
        self._sent_at = 0.0
        self.latencies: list[float] = []
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        if self._next == len(self._requests):
            self._transport.close()
            self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests[self._next])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.find(b"content-length:") + 15
        stop = head.find(b"\r\n", start)
        length = int(head[start : stop if stop > 0 else None])
        if len(self._buffer) < end + 4 + length:
            return
        self.latencies.append((time.perf_counter() - self._sent_at) * 1000.0)
        if not head.startswith(b"http/1.1 200"):
            self.failed += 1
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))


async def _run(port: int, requests: Sequence[bytes], clients: int) -> Measured:
    loop = asyncio.get_running_loop()
    shares = [requests[client::clients] for client in range(clients)]
    ends: list[asyncio.Future[None]] = []
    connections: list[_Connection] = []
    started = time.perf_counter()
    for share in shares:
        done: asyncio.Future[None] = loop.create_future()
        _, made = await loop.create_connection(
            lambda share=share, done=done: _Connection(share, done), "127.0.0.1", port
        )
        ends.append(done)
        connections.append(made)
    await asyncio.gather(*ends)
    took = time.perf_counter() - started
    return Measured(
        per_second=len(requests) / took,
        latencies_ms=np.concatenate([np.array(one.latencies) for one in connections]),
        failed=sum(one.failed for one in connections),
    )


def run(port: int, requests: Sequence[bytes], clients: int) -> Measured:
    """Send all requests, shared among the clients, each waiting for its answers."""
    return asyncio.run(_run(port, requests, clients))
