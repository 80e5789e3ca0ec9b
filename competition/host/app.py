"""The host as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from competition.host.context import Host, host_of, utc_now
from competition.host.downloads import send_download
from competition.host.failures import Failure, failure_of, refusal
from competition.host.pages import page_routes, problem_page
from competition.host.rpc import answer_call
from competition.host.services import all_methods
from competition.host.signing import Signer
from competition.host.transport import AbsoluteTargets, StrictHeaders
from competition.host.uploads import receive_upload
from competition.store import Store, get_secret

__all__ = ["create_app"]

_STATIC = Path(__file__).parent / "static"


def create_app(
    store: Store,
    *,
    extra_routes: Sequence[BaseRoute] = (),
    public_url: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Starlette:
    """Return the host of a store: Kaggle's calls, downloads, uploads and the web pages.

    Parameters
    ----------
    store : Store
        What is served.
    extra_routes : sequence of starlette routes, optional
        Served beside the host's own; where both fit, the host's own answer.
    public_url : str, optional
        The address under which the outside reaches the host, when each request's own is not it.
    clock : callable, optional
        Returns the time as an aware UTC datetime.
    """
    app = Starlette(
        routes=[*_routes(), *page_routes(), *extra_routes],
        middleware=[Middleware(AbsoluteTargets), Middleware(StrictHeaders)],
        exception_handlers={HTTPException: _refuse, Failure: _refuse, Exception: _refuse},
    )
    app.state.host = Host(store, Signer(get_secret(store, "capabilities")), clock, public_url)
    app.state.methods = all_methods()
    return app


def _routes() -> list[BaseRoute]:
    return [
        Route("/api/v1/{service}/{method}", answer_call, methods=["POST"]),
        Route("/files/{token}/{name}", send_download, methods=["GET", "HEAD"]),
        Route("/uploads/{token}", receive_upload, methods=["PUT"]),
        Route("/healthz", _health, methods=["GET"]),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]


def _health(request: Request) -> Response:
    """Say that the host is up and its database answers."""
    with host_of(request).store.reading() as session:
        session.connection()
    return JSONResponse({"status": "ok"})


def _refuse(request: Request, error: Exception) -> Response:
    """Answer a failure as JSON to programs and as a page to browsers."""
    if isinstance(error, HTTPException):
        error = Failure(error.status_code, str(error.detail), error.headers)
    failure = failure_of(error)
    if "text/html" in request.headers.get("accept", ""):
        return problem_page(request, failure)
    return refusal(failure)
