"""Signing in to the pages: a name and a password give a cookie with a token for a while.

The cookie is sent to this host alone and read by no script; its token is kept like any other, so
signing out revokes it. Forms that change something carry a sign of the session, or of a random
cookie that a visitor without one is given, so that no other site can send them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from competition.host.context import Host, host_address, host_of
from competition.host.failures import Failure
from competition.host.identity import user_behind
from competition.host.names import plain_text
from competition.store import User, create_token, revoke_tokens, user_of_token
from competition.store.schema import TokenRow
from competition.store.users import digest_of_token

__all__ = [
    "COOKIE",
    "VISITOR",
    "check_form",
    "end_session",
    "form_sign",
    "start_session",
    "user_of_request",
    "welcome",
]

COOKIE = "ripe_session"
VISITOR = "ripe_visitor"
LABEL = "signed in on the pages"
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
    _revoke(host, request)
    token = create_token(host.store, user.name, label=LABEL, now=now, expires=now + LASTS)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )


def end_session(request: Request, answer: Response) -> None:
    """Let an answer end the session, also for whoever holds a copy of its cookie."""
    _revoke(host_of(request), request)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")


def form_sign(request: Request) -> str:
    """Return what a form of this session, or of this visitor, must carry."""
    host = host_of(request)
    session = request.cookies.get(COOKIE) or f"visitor {_visitor(request)}"
    return hmac.new(host.signer.key, f"form {session}".encode(), hashlib.sha256).hexdigest()


def welcome(request: Request, answer: Response) -> None:
    """Let an answer give a visitor the cookie that the signs on it are bound to."""
    if not (request.cookies.get(COOKIE) or request.cookies.get(VISITOR)):
        answer.set_cookie(
            VISITOR,
            _visitor(request),
            httponly=True,
            samesite="lax",
            secure=_is_secure(request),
        )


def check_form(request: Request, form: Any) -> None:
    """Refuse a form that was not made for this session, or holds no plain text.

    Raises
    ------
    Failure
        With status 403 or 400.
    """
    for name, value in form.items():
        plain_text(str(value), name)
    if not hmac.compare_digest(str(form.get("sign", "")).encode(), form_sign(request).encode()):
        raise Failure(403, "this form is too old or was made elsewhere; load the page again")


def _is_secure(request: Request) -> bool:
    """Say whether readers come over https, also where a proxy speaks http to this host."""
    return host_address(request).startswith("https://")


def _user_of_session(host: Host, token: str) -> User | None:
    return user_of_token(host.store, token, host.clock()) if token else None


def _revoke(host: Host, request: Request) -> None:
    token = request.cookies.get(COOKIE, "")
    user = _user_of_session(host, token)
    if user is None:
        return
    with host.store.reading() as session:
        row = session.scalar(select(TokenRow.id).where(TokenRow.digest == digest_of_token(token)))
    if row is not None:
        revoke_tokens(host.store, user.name, token_id=row, now=host.clock())


def _visitor(request: Request) -> str:
    """Return the random name of a visitor, the same for the whole request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = request.cookies.get(VISITOR) or secrets.token_urlsafe(24)
    return str(request.state.visitor)
