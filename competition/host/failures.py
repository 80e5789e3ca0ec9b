"""What goes wrong at the host, as an HTTP status and one sentence for whoever asked."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from competition.errors import (
    CompetitionError,
    NotAllowed,
    UnknownMetric,
)
from competition.store.changing import ContestChanged

__all__ = ["Failure", "failure_of", "refusal"]

log = logging.getLogger(__name__)

_STATUS: Mapping[type[Exception], int] = {
    ContestChanged: 409,
    UnknownMetric: 400,  # it was written wrong, not looked for
    LookupError: 404,
    NotAllowed: 403,
}


class Failure(Exception):
    """A request that is refused, with its HTTP status and one sentence that says why.

    Parameters
    ----------
    status : int
        The HTTP status, 400 or above.
    message : str
        The rule, what was got, what to do.
    headers : mapping of str to str, optional
        Further headers of the answer, such as ``Retry-After``.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def failure_of(error: Exception) -> Failure:
    """Return what the outside may read of an error; anything unforeseen goes to the log alone."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, HTTPException):
        return Failure(error.status_code, str(error.detail), error.headers)
    if isinstance(error, CompetitionError):
        return Failure(_status(error), str(error))
    reference = secrets.token_hex(4)
    log.error("unforeseen error, reference %s", reference, exc_info=error)
    return Failure(
        500,
        f"the host met an error of its own (reference {reference}), and what you asked for may "
        "be done or not: look before you try again. Please tell whoever runs the host.",
    )


def refusal(failure: Failure) -> JSONResponse:
    """Return a failure in the one shape that the official clients and our own API read."""
    return JSONResponse(
        {"code": failure.status, "message": failure.message},
        status_code=failure.status,
        headers=failure.headers,
    )


def _status(error: CompetitionError) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
