"""Pages of accounts: signing in and out, signing up, a user's own tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from competition.errors import CompetitionError
from competition.host.context import Host, base_url_of, host_of
from competition.host.failures import Failure
from competition.host.identity import signed_in
from competition.host.rates import Rate
from competition.host.rendering import page
from competition.host.sessions import (
    check_form,
    end_session,
    start_session,
    user_of_request,
)
from competition.store import (
    User,
    add_user,
    create_token,
    disable_user,
    find_invitation,
    list_tokens,
    revoke_tokens,
    use_invitation,
    user_of_password,
)

__all__ = ["SignUp", "account_routes", "sign_in_rate", "sign_up_rate"]

SignUp: TypeAlias = Literal["open", "invitation", "closed"]
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


def account_routes() -> list[BaseRoute]:
    """Return the routes of the pages of accounts."""
    return [
        Route("/sign-in", _sign_in_form, methods=["GET"]),
        Route("/sign-in", _sign_in, methods=["POST"]),
        Route("/sign-out", _sign_out, methods=["POST"]),
        Route("/sign-up", _sign_up_form, methods=["GET"]),
        Route("/sign-up", _sign_up, methods=["POST"]),
        Route("/account", _account, methods=["GET"]),
        Route("/account/tokens", _make_token, methods=["POST"]),
        Route("/account/tokens/revoke", _revoke_token, methods=["POST"]),
    ]


def sign_in_rate() -> Rate:
    """Return the limit of failed attempts to sign in, for one name or one address."""
    return Rate(10, timedelta(minutes=10), "attempts to sign in")


def sign_up_rate() -> Rate:
    """Return the limit of new accounts from one address."""
    return Rate(20, timedelta(hours=1), "new accounts")


def _sign_in_form(request: Request) -> Response:
    return page(request, "sign_in.html", {"problem": None, "next": _next(request)})


async def _sign_in(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=10)
    check_form(request, form)
    return await run_in_threadpool(_signed_in, request, form)


def _signed_in(request: Request, form: Any) -> Response:
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    host, rate = host_of(request), request.app.state.sign_in_rate
    now = host.clock()
    keys = (f"name {name.casefold()}", f"address {_address(request)}")
    for key in keys:
        rate.spend(key, now)
    user = user_of_password(host.store, name, password[:LONGEST_PASSWORD])
    if user is None:
        target = _local(str(form.get("next", "")))
        told = {"problem": "This name and password do not fit.", "next": target}
        return page(request, "sign_in.html", told, status=403)
    for key in keys:
        rate.give_back(key, now)
    return _begun(request, user, _local(str(form.get("next", ""))))


async def _sign_out(request: Request) -> Response:
    check_form(request, await request.form(max_files=0, max_fields=10))
    return await run_in_threadpool(_signed_out, request)


def _signed_out(request: Request) -> Response:
    answer = RedirectResponse("/", status_code=303)
    end_session(request, answer)
    return answer


def _sign_up_form(request: Request) -> Response:
    invitation = request.query_params.get("invitation", "")
    _require_sign_up(request, invitation)
    return page(request, "sign_up.html", {"problem": None, "name": "", "invitation": invitation})


async def _sign_up(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=10)
    check_form(request, form)
    return await run_in_threadpool(_signed_up, request, form)


def _signed_up(request: Request, form: Any) -> Response:
    name, password = str(form.get("name", "")), str(form.get("password", ""))
    invitation = str(form.get("invitation", ""))
    _require_sign_up(request, invitation)
    host = host_of(request)
    now = host.clock()
    try:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise Failure(400, f"a password needs {SHORTEST_PASSWORD} characters or more")
        request.app.state.sign_up_rate.spend(_address(request), now)
        user = add_user(host.store, name, password=password, now=now)
    except (CompetitionError, ValueError, Failure) as error:
        status = error.status if isinstance(error, Failure) else 400
        told = {"problem": str(error), "name": name, "invitation": invitation}
        return page(request, "sign_up.html", told, status=status)
    if request.app.state.sign_up == "invitation":
        _spend_invitation(host, invitation, user)
    return _begun(request, user, "/account")


def _spend_invitation(host: Host, invitation: str, user: User) -> None:
    """Use an invitation up; who came with one that somebody else was faster to use stays out."""
    try:
        use_invitation(host.store, invitation, now=host.clock())
    except CompetitionError:
        disable_user(host.store, user.name, now=host.clock())
        raise


def _account(request: Request) -> Response:
    return _account_page(request, None)


async def _make_token(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=10)
    check_form(request, form)
    return await run_in_threadpool(_token_made, request, str(form.get("label", "")))


def _token_made(request: Request, label: str) -> Response:
    host, user = host_of(request), signed_in(user_of_request(request))
    token = create_token(host.store, user.name, label=label[:100], now=host.clock())
    return _account_page(request, token)


async def _revoke_token(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=10)
    check_form(request, form)
    return await run_in_threadpool(_token_revoked, request, str(form.get("token", "")))


def _token_revoked(request: Request, number: str) -> Response:
    host, user = host_of(request), signed_in(user_of_request(request))
    if not (number.isdecimal() and len(number) < 19):
        raise Failure(400, "a token is revoked by its number")
    revoke_tokens(host.store, user.name, token_id=int(number), now=host.clock())
    return RedirectResponse("/account", status_code=303)


def _account_page(request: Request, token: str | None) -> Response:
    host, user = host_of(request), user_of_request(request)
    if user is None:
        return RedirectResponse("/sign-in?next=/account", status_code=303)
    now = host.clock()
    tokens = [
        one
        for one in list_tokens(host.store, user.name)
        if one.revoked_at is None and (one.expires_at is None or one.expires_at > now)
    ]
    told = {"tokens": tokens, "token": token, "address": base_url_of(request)}
    return page(request, "account.html", {**told, "now": now})


def _begun(request: Request, user: User, target: str) -> Response:
    answer = RedirectResponse(target, status_code=303)
    start_session(request, answer, user)
    return answer


def _require_sign_up(request: Request, invitation: str) -> None:
    rule, host = request.app.state.sign_up, host_of(request)
    if rule == "closed" or (rule == "invitation" and not invitation):
        raise Failure(403, "accounts are made by whoever runs this host: ask for one")
    if rule == "invitation" and find_invitation(host.store, invitation, host.clock()).contest:
        raise Failure(403, "this invitation is for a contest; it needs an account first")


def _next(request: Request) -> str:
    return _local(request.query_params.get("next", ""))


def _local(target: str) -> str:
    """Return a target on this host; anything else becomes the first page."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_local and target.isprintable() else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"
