"""Runs the server in this process until it is told to stop."""

import gc
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from wager.engine.engine import Engine
from wager.errors import StoreError
from wager.server.app import create_app
from wager.server.keys import Keys

GRACE_SECONDS = 30
SWITCH_SECONDS = 0.0002
COLLECT_AFTER = (50_000, 20, 100)  # most of what a request makes is gone without a collection


class _Server(uvicorn.Server):
    """Says when it answers, and at which address."""

    ready: Callable[[str], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.ready is not None and sockets:
            host, port = sockets[0].getsockname()[:2]
            self.ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def run(
    engine: Engine,
    keys: Keys,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    ready: Callable[[str], None] | None = None,
    console: bool = True,
) -> None:
    """Serve until SIGTERM or SIGINT; then answer what is under way, and close the engine.

    Port 0 takes a free one; `ready` is called with the address as soon as it answers.
    """
    signal.signal(signal.SIGTERM, _leave)
    # A thread that folds must not keep others waiting for Python's usual 5 ms: until it is durable
    # a decision takes the interpreter back up to ten times, in two threads.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        app = create_app(engine, keys, console=console)
        # What is there now stays: a full collection need not look at a whole catalog again.
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            server_header=False,
            log_level="warning",
            lifespan="on",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = _Server(config)
        server.ready = ready
        with listening(host, port) as listener:
            server.run(sockets=[listener])
        if not server.started:
            raise StoreError("the server did not start; the lines above say why")
    finally:
        engine.close()


def listening(host: str, port: int) -> socket.socket:
    """A socket on that address; one that is taken is an error that names the way out."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StoreError(
            f"{host}:{port} cannot be listened on ({error.strerror}); name another: --port"
        ) from error
    return listener


def _leave(_: int, __: FrameType | None) -> None:
    """uvicorn hands the signal on once it has stopped: leave then, and let `finally` work."""
    raise SystemExit(0)
