"""A console over an API that is slow at first: `serve_slow.py API SECONDS` prints its address.

It asks the server at API over HTTP. Each report takes SECONDS longer, but for `shadow`, which is
not told at all, and `stock`, which is told in a way that nobody understands.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from wager.console.app import create_console

SLOW = "/v1/reports/"


def main(api: str, seconds: float) -> None:
    upstream = httpx.AsyncClient(base_url=api, trust_env=False, timeout=60)

    async def pass_on(request: Request) -> Response:
        path = request.url.path
        if path.startswith(SLOW):
            await asyncio.sleep(seconds)
        if path == f"{SLOW}shadow":
            return JSONResponse({"detail": "the disk is full", "code": "store-failed"}, 503)
        if path == f"{SLOW}stock":
            return JSONResponse({"limited": {"x": {"limit": 1}}, "nearly": [{"stock": 3}]})
        asked = await upstream.request(
            request.method, path, params=request.query_params, content=await request.body(),
            headers={"Authorization": request.headers["authorization"]},
        )  # fmt: skip
        return Response(asked.content, asked.status_code, media_type="application/json")

    methods = ["GET", "POST", "PUT", "DELETE"]
    console = create_console(Starlette(routes=[Route("/{path:path}", pass_on, methods=methods)]))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with console.router.lifespan_context(console):
            yield
        await upstream.aclose()

    served = Starlette(routes=[Mount("/console", console)], lifespan=lifespan)
    config = uvicorn.Config(served, port=0, log_level="error", timeout_graceful_shutdown=3)
    asyncio.run(_serve(uvicorn.Server(config)))


async def _serve(server: uvicorn.Server) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
