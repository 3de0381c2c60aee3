"""The door of the console: the sign-in page, the session's cookie, and who may pass."""

from urllib.parse import parse_qs, quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wager.console.api import Api, Problem
from wager.console.markup import Markup, tag
from wager.console.sessions import HOURS, Sessions
from wager.console.theme import API, ICON, STYLE

COOKIE = "wager_console"
LARGEST_FORM = 4096
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'self'"
)


class Door:
    """Lets through who has a session, and puts the signed API into the request's scope.

    The scripts and styles under `/_nicegui/` hold no data and stay open; the web socket does not.
    """

    def __init__(self, app: ASGIApp, *, api: Api, sessions: Sessions) -> None:
        self._app, self._api, self._sessions = app, api, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = inner_path(scope)
        session_id = session_of(HTTPConnection(scope))
        if path == "/login" or path.startswith("/_nicegui/"):
            await self._app(scope, receive, _guarded(send))
        elif self._sessions.key(session_id) is not None:
            scope[API] = self._api.signed(lambda: self._sessions.key(session_id))
            await self._app(scope, receive, _guarded(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "signed out"})
        else:
            await self._refusal(scope, path)(scope, receive, _guarded(send))

    def _refusal(self, scope: Scope, path: str) -> Response:
        if scope["method"] != "GET" or path.startswith("/_nicegui_ws"):
            return PlainTextResponse("signed out", status_code=401)
        query = scope["query_string"].decode("latin-1")
        asked = bytes(scope.get("raw_path") or b"").decode("latin-1") or quote(scope["path"])
        wanted = quote(asked + (f"?{query}" if query else ""))
        return RedirectResponse(f"{root_of(scope)}/login?next={wanted}", status_code=303)


def root_of(scope: Scope) -> str:
    """Where the console is mounted, as `/console`."""
    return str(scope.get("root_path", "")).rstrip("/")


def inner_path(scope: Scope) -> str:
    """The path below the place where the console is mounted."""
    return str(scope["path"]).removeprefix(root_of(scope)) or "/"


def session_of(connection: HTTPConnection) -> str:
    """The session id in the cookie, or an empty string."""
    return connection.cookies.get(COOKIE, "")


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "DENY"
            headers["Referrer-Policy"] = "same-origin"
        await send(message)

    return guarded


class SigningIn:
    """The handlers of `/login` and `/logout`."""

    def __init__(self, api: Api, sessions: Sessions) -> None:
        self._api, self._sessions = api, sessions

    async def form(self, request: Request) -> Response:
        return _page(_next(request, request.query_params.get("next", "")), "")

    async def sign_in(self, request: Request) -> Response:
        given = parse_qs((await _body(request)).decode("utf-8", "replace"))
        key = given.get("key", [""])[0].strip()
        wanted = _next(request, given.get("next", [""])[0])
        refusal = await self._refused(key)
        if refusal:
            return _page(wanted, refusal, status=401)
        response = RedirectResponse(wanted, status_code=303)
        root = root_of(request.scope)
        response.set_cookie(
            COOKIE,
            self._sessions.begin(key),
            max_age=int(HOURS * 3600),
            path=root or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        self._sessions.end(session_of(request))
        root = root_of(request.scope)
        response = RedirectResponse(f"{root}/login", status_code=303)
        response.delete_cookie(COOKIE, path=root or "/", httponly=True, samesite="strict")
        return response

    async def _refused(self, key: str) -> str:
        """Why this key does not open the console; empty if it does."""
        if not key or not key.isascii() or not key.isprintable():
            return "Give the secret key, as it was printed when the server first started."
        try:
            await self._api.signed(lambda: key).get("/v1/placements", object)
        except Problem as problem:
            if problem.status == 403:
                return "This is not the secret key. The console needs the secret one."
            if problem.status == 401:
                return "No such key is known here. Copy it again, all of it, and try once more."
            return problem.detail
        return ""


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return b""
    return body


def _next(request: Request, wanted: str) -> str:
    """Where to go after signing in: a page of this console, never another site."""
    root = root_of(request.scope)
    inside = wanted.startswith(f"{root}/") and "//" not in wanted and "\\" not in wanted
    return wanted if inside else f"{root}/"


def _page(wanted: str, refusal: str, *, status: int = 200) -> HTMLResponse:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "Sign in · wager"),
        tag("link", rel="icon", href=f"data:image/svg+xml,{quote(ICON)}"),
        tag("style", Markup(STYLE)),
    )
    body = tag("body", tag("main", _form(wanted, refusal)))
    return HTMLResponse(
        "<!doctype html>" + tag("html", head, body, lang="en"),
        status_code=status,
        headers={"Cache-Control": "no-store"},
    )


def _form(wanted: str, refusal: str) -> Markup:
    where = "It was printed when the server first started, or is in WAGER_SECRET_KEY."
    field = tag(
        "input",
        id="key",
        name="key",
        type="password",
        autocomplete="current-password",
        required=True,
        autofocus=True,
        aria_describedby="refusal" if refusal else None,
    )
    return tag(
        "form",
        tag("h1", "wager", class_="brand"),
        tag("p", "Sign in to see the bets.", class_="soft"),
        tag("label", "Secret key", for_="key"),
        field,
        tag("p", refusal, id="refusal", role="alert", class_="note") if refusal else None,
        tag("input", type="hidden", name="next", value=wanted),
        tag("button", "Sign in", class_="action main", type="submit"),
        tag("p", where, class_="soft small"),
        method="post",
        class_="card sign-in",
    )
