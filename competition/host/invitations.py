"""Pages of invitation links: into a private contest, or to an account."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from competition.host.context import host_of
from competition.host.identity import signed_in
from competition.host.rendering import page
from competition.host.sessions import check_form, user_of_request
from competition.store import accept_invitation, find_invitation, get_contest

__all__ = ["invitation_path", "invitation_routes"]


def invitation_routes() -> list[BaseRoute]:
    """Return the routes of invitation links."""
    return [
        Route("/invitations/{secret}", _shown, methods=["GET"]),
        Route("/invitations/{secret}", _accept, methods=["POST"]),
    ]


def invitation_path(secret: str) -> str:
    """Return the path of the link that carries an invitation's secret."""
    return f"/invitations/{quote(secret)}"


def _shown(request: Request) -> Response:
    host, secret = host_of(request), request.path_params["secret"]
    found = find_invitation(host.store, secret, host.clock())
    contest = found.contest and get_contest(host.store, found.contest).title
    told = {"contest": contest, "secret": secret, "path": invitation_path(secret)}
    return page(request, "invitation.html", told)


async def _accept(request: Request) -> Response:
    check_form(request, await request.form(max_files=0, max_fields=10))
    return await run_in_threadpool(_accepted, request)


def _accepted(request: Request) -> Response:
    host, user = host_of(request), signed_in(user_of_request(request))
    secret = request.path_params["secret"]
    team = accept_invitation(host.store, secret, user.name, now=host.clock())
    return RedirectResponse(f"/competitions/{quote(team.contest)}", status_code=303)
