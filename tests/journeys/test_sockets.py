"""What only a real connection shows: bodies in pieces, too large ones, and senders that vanish."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

SECRET = "the-secret-key-of-the-journeys"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}


@pytest.fixture
def connection(server: Any) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    yield made
    made.close()


def answer(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def track(user_id: str) -> dict[str, Any]:
    return {"event": "Product Viewed", "userId": user_id, "properties": {"product_id": "p-1"}}


@pytest.mark.parametrize("size", [33 * 1024, 5_000_000])
def test_too_large_is_told_and_the_connection_goes_on(
    connection: http.client.HTTPConnection, size: int
) -> None:
    for _ in range(3):
        connection.request("POST", "/v1/track", b" " * size, HEADERS)
        status, said = answer(connection)
        assert (status, said["code"]) == (413, "too-large")
    connection.request("POST", "/v1/track", json.dumps(track("s-1")), HEADERS)
    assert answer(connection) == (200, {"success": True})


def test_a_large_body_without_a_key(connection: http.client.HTTPConnection) -> None:
    headers = HEADERS | {"Authorization": "Bearer nobody"}
    for path in ("/v1/items", "/v1/batch", "/v1/nowhere"):
        connection.request("POST", path, b" " * 3_000_000, headers)
        status, _ = answer(connection)
        assert status == (404 if path == "/v1/nowhere" else 401)


def test_a_body_in_pieces(connection: http.client.HTTPConnection) -> None:
    body = json.dumps({"batch": [track("s-2") | {"type": "track"} for _ in range(200)]}).encode()
    pieces = (body[start : start + 777] for start in range(0, len(body), 777))
    connection.request("POST", "/v1/batch", pieces, HEADERS, encode_chunked=True)
    status, said = answer(connection)
    assert (status, said["accepted"] + said["duplicates"]) == (200, 200)


def test_a_sender_that_vanishes_leaves_nothing(server: Any) -> None:
    body = json.dumps(track("s-3")).encode()
    head = (
        f"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    address = urlsplit(server.url)
    for cut in (0, 1, len(body) // 2, len(body) - 1):
        with socket.create_connection((address.hostname, address.port), timeout=60) as half:
            half.sendall(head + body[:cut])
    assert server.ask("GET", "/healthz") == {"status": "ok"}
    assert server.status("GET", "/v1/profiles/user_id/s-3") == 404
    waiting = server.ask("GET", "/v1/quarantine")["quarantined"]
    assert not any("s-3" in entry["payload"] for entry in waiting)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"POST /v1/track HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http(server: Any, sent: bytes) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as wild:
        wild.sendall(sent)
        wild.shutdown(socket.SHUT_WR)
        told = wild.recv(100)
    assert told == b"" or told.startswith(b"HTTP/1.1 4")
    assert server.ask("GET", "/healthz") == {"status": "ok"}


def test_head_has_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/healthz")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    connection.request("GET", "/healthz")
    assert answer(connection) == (200, {"status": "ok"})
