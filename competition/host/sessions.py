"""Signing in to the pages: a name and a password give a signed cookie for a while.

The cookie is sent to this host alone and read by no script. Forms that change something carry a
sign of the session, so that no other site can send them.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from competition.errors import CompetitionError
from competition.host.context import Host, host_of
from competition.host.failures import Failure
from competition.host.identity import user_behind
from competition.host.signing import BadToken
from competition.store import User, find_user

__all__ = ["COOKIE", "check_form", "end_session", "form_sign", "start_session", "user_of_request"]

COOKIE = "ripe_session"
LASTS = timedelta(days=7)


def user_of_request(request: Request) -> User | None:
    """Return who makes a request: by token, else by the session of the pages.

    Raises
    ------
    Failure
        With status 401, when there are credentials that open nothing.
    """
    host = host_of(request)
    authorization = request.headers.get("authorization")
    if authorization:
        return user_behind(host.store, authorization, host.clock())
    return _user_of_session(host, request.cookies.get(COOKIE, ""))


def start_session(request: Request, answer: Response, user: User) -> None:
    """Let an answer begin a session."""
    host = host_of(request)
    now = host.clock()
    token = host.signer.sign("session", {"u": user.name, "i": user.id}, until=now + LASTS)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def end_session(answer: Response) -> None:
    """Let an answer end the session."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")


def form_sign(request: Request) -> str:
    """Return what a form of this session must carry."""
    host = host_of(request)
    session = request.cookies.get(COOKIE, "")
    return hmac.new(host.signer.key, f"form {session}".encode(), hashlib.sha256).hexdigest()


def check_form(request: Request, form: Any) -> None:
    """Refuse a form that was not made for this session.

    Raises
    ------
    Failure
        With status 403.
    """
    if not hmac.compare_digest(str(form.get("sign", "")), form_sign(request)):
        raise Failure(403, "this form is too old or was made elsewhere; load the page again")


def _user_of_session(host: Host, token: str) -> User | None:
    if not token:
        return None
    try:
        claims = host.signer.read("session", token, now=host.clock())
        user = find_user(host.store, claims["u"])
    except (BadToken, CompetitionError):
        return None
    return user if user.id == claims["i"] and not user.is_disabled else None
