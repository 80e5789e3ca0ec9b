"""The host's own JSON interface, for what Kaggle's calls have no words for.

Everything lies under ``/api``; ``/api/openapi.json`` describes it. Errors have one shape,
``{"code", "message"}``, the same as Kaggle's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from competition.errors import CompetitionError
from competition.host.api import contests, entries, hosting, teams
from competition.host.failures import Failure, failure_of, refusal

__all__ = ["api_app"]


def api_app() -> FastAPI:
    """Return the application that serves the interface; its state is set by the caller."""
    app = FastAPI(title="Ripe", version="1", docs_url=None, redoc_url=None)
    for part in (contests, entries, teams, hosting):
        app.include_router(part.router)
    handlers: list[tuple[Any, Callable[[Request, Exception], Response]]] = [
        (RequestValidationError, _refuse_form),
        (HTTPException, _refuse),
        (Failure, _refuse),
        (CompetitionError, _refuse),
        (Exception, _refuse),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)
    return app


def _refuse(_: Request, error: Exception) -> Response:
    return refusal(failure_of(error))


def _refuse_form(_: Request, error: Exception) -> Response:
    """Say in one sentence which parts of a request do not fit."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in problems]
    return refusal(Failure(422, "; ".join(said) or "the request does not fit"))
