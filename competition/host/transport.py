"""What every request passes on its way in and every answer on its way out.

Plain ASGI wrappers: a request aimed at an absolute address is served as if it were aimed at its
path (so the host works as the ``http_proxy`` of a Kaggle client, and as nobody else's, for it
opens no connection of its own), and every answer carries the headers that keep a browser strict.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from competition.host.failures import Failure, failure_of, refusal

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "LARGEST_BODY",
    "AbsoluteTargets",
    "BoundedBodies",
    "OwnOrigins",
    "PlainPaths",
    "StrictHeaders",
]

LARGEST_BODY = 4 << 20
"""So many bytes a message or a form has at most; files go to addresses of their own."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class AbsoluteTargets:
    """Serves ``POST http://localhost/api/...`` as ``POST /api/...``; refuses tunnels."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its own path as target."""
        if scope["type"] == "http" and scope["method"] == "CONNECT":
            refused = PlainTextResponse("this host is no proxy", status_code=405)
            await refused(scope, receive, send)
            return
        if scope["type"] == "http" and "://" in scope["path"].partition("?")[0][:8]:
            scope = _with_own_path(scope)
        await self.app(scope, receive, send)


class PlainPaths:
    """Refuses paths with a zero byte, which no file and no database takes as a name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and "\0" in scope["path"]:
            refused = PlainTextResponse("this address has a zero byte in it", status_code=400)
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


class OwnOrigins:
    """Refuses calls that a browser makes for a page of somebody else.

    Such a page cannot read the answer, but with a signed-in reader's cookie or with credentials
    that the browser remembers it could act in their name. Programs name no origin.
    """

    def __init__(self, app: ASGIApp, public_url: str | None = None) -> None:
        self.app = app
        self.public = urlsplit(public_url or "").netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and self._is_foreign(scope):
            said = "a page of another site may not make calls here"
            await refusal(Failure(403, said))(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in {"GET", "HEAD"} or not scope["path"].startswith("/api/"):
            return False
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        own = {headers.get("host", "").lower(), self.public}
        return origin is not None and urlsplit(origin).netloc.lower() not in own - {""}


class BoundedBodies:
    """Refuses messages and forms that are too long to be held in memory.

    Parameters
    ----------
    app
        What is served.
    streamed
        Beginnings of paths whose bodies go to the disk, and are bounded there.
    """

    def __init__(self, app: ASGIApp, streamed: tuple[str, ...]) -> None:
        self.app = app
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and no more than so much of its body."""
        if scope["type"] != "http" or scope["path"].startswith(self.streamed):
            await self.app(scope, receive, send)
            return
        too_long = HTTPException(413, f"a message has at most {LARGEST_BODY >> 20} MB")
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > LARGEST_BODY:
            await refusal(failure_of(too_long))(scope, receive, send)
            return
        arrived = 0

        async def bounded() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > LARGEST_BODY:
                raise too_long  # as FastAPI, which makes 400 of anything else, lets it pass
            return message

        await self.app(scope, bounded, send)


class StrictHeaders:
    """Adds the security headers that an answer does not carry yet."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the headers out with its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _with_own_path(scope: Scope) -> Scope:
    """Let the authority of an absolute target replace the Host header (RFC 9112, 3.2.2)."""
    raw = scope.get("raw_path") or scope["path"].encode()
    target = urlsplit(raw.decode("latin-1"))
    headers = [item for item in scope["headers"] if item[0] != b"host"]
    return {
        **scope,
        "path": unquote(target.path or "/"),
        "raw_path": (target.path or "/").encode("latin-1"),
        "headers": [(b"host", target.netloc.encode("latin-1")), *headers],
    }
