"""One request to the API without a network: how the command line asks a store that it opens."""

import asyncio

from starlette.types import ASGIApp, Message, Scope

Reply = tuple[int, bytes]


class Inside:
    """Calls an ASGI app from ordinary code, one request after the other, on a loop of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        """The status and the body of the answer; `path` may have a query."""
        return self._runner.run(self._request(_scope(method, path, headers, body), body))

    def close(self) -> None:
        """End the loop."""
        self._runner.close()

    async def _request(self, scope: Scope, body: bytes) -> Reply:
        status, said = 500, bytearray()
        unread = [body]

        async def receive() -> Message:
            return {"type": "http.request", "body": unread.pop() if unread else b""}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                said.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        return status, bytes(said)


def _scope(method: str, path: str, headers: dict[str, str], body: bytes) -> Scope:
    target, _, query = path.partition("?")
    sent = {**headers, "content-length": str(len(body))}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
