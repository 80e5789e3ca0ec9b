"""The host as one ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from competition.errors import CompetitionError
from competition.host.accounts import SignUp, account_routes, sign_in_rate, sign_up_rate
from competition.host.api import api_app
from competition.host.context import Host, host_of, utc_now
from competition.host.downloads import send_download
from competition.host.failures import Failure, failure_of, refusal
from competition.host.invitations import invitation_routes
from competition.host.observing import Figures, Observed, figures_page
from competition.host.pages import page_routes, problem_page
from competition.host.rpc import answer_call, refuse_old_client
from competition.host.services import all_methods
from competition.host.signing import Signer
from competition.host.transport import (
    AbsoluteTargets,
    BoundedBodies,
    OwnOrigins,
    PlainPaths,
    StrictHeaders,
)
from competition.host.uploads import receive_upload, sweep_partial_uploads
from competition.host.worker_files import give_file, take_file
from competition.store import Store, get_secret

__all__ = ["create_app"]

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_REFUSED = (HTTPException, Failure, CompetitionError, Exception)
_SWEEP_SECONDS = 3600
_STREAMED = ("/uploads/", "/worker/files/")
_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    store: Store,
    *,
    extra_routes: Sequence[BaseRoute] = (),
    public_url: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    sign_up: SignUp = "closed",
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
    sign_up : "open", "invitation" or "closed"
        Whether people make accounts themselves on the pages.
    """
    host = Host(store, Signer(get_secret(store, "capabilities")), clock, public_url)
    methods = all_methods()
    figures, api = Figures(methods), api_app()
    app = Starlette(
        routes=[
            *_routes(api),
            *account_routes(),
            *invitation_routes(),
            *page_routes(),
            *extra_routes,
        ],
        middleware=[
            Middleware(Observed, figures=figures),
            Middleware(AbsoluteTargets),
            Middleware(StrictHeaders),
            Middleware(PlainPaths),
            Middleware(OwnOrigins, public_url=public_url),
            Middleware(BoundedBodies, streamed=_STREAMED),
        ],
        exception_handlers=dict.fromkeys(_REFUSED, _refuse),
        lifespan=_swept,
    )
    app.state.host = api.state.host = host
    app.state.figures = figures
    app.state.methods = methods
    app.state.sign_in_rate, app.state.sign_up_rate = sign_in_rate(), sign_up_rate()
    app.state.sign_up = sign_up
    return app


@asynccontextmanager
async def _swept(app: Starlette) -> AsyncIterator[None]:
    """Remove what is left of old uploads, at start and each hour after."""

    async def sweep() -> None:
        while True:
            host: Host = app.state.host
            try:
                await run_in_threadpool(sweep_partial_uploads, host, host.clock())
            except Exception:  # the database may be away for a while: the host outlives that
                log.exception("old uploads were not removed; the next try is in an hour")
            await anyio.sleep(_SWEEP_SECONDS)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sweep)
        yield
        tasks.cancel_scope.cancel()


def _routes(api: ASGIApp) -> list[BaseRoute]:
    return [
        Route("/api/v1/{service}/{method}", answer_call, methods=_ANY),
        Route("/api/v1/{old:path}", refuse_old_client, methods=_ANY),
        Route("/files/{token}/{name}", send_download, methods=["GET", "HEAD"]),
        Route("/uploads/{token}", receive_upload, methods=["PUT"]),
        Mount("/api", api),
        Route("/worker/files/{digest}", give_file, methods=["GET"]),
        Route("/worker/files/{digest}", take_file, methods=["PUT"]),
        Route("/healthz", _health, methods=["GET"]),
        Route("/metrics", figures_page, methods=["GET"]),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]


def _health(request: Request) -> Response:
    """Say that the host is up and its database answers."""
    with host_of(request).store.reading() as session:
        session.connection()
    return JSONResponse({"status": "ok"})


def _refuse(request: Request, error: Exception) -> Response:
    """Answer a failure as JSON to programs and as a page to browsers."""
    failure = failure_of(error)
    if "text/html" in request.headers.get("accept", ""):
        return problem_page(request, failure)
    return refusal(failure)
