"""Kaggle's calls: ``POST /api/v1/{package.Service}/{Method}`` with one JSON message each way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kagglesdk.kaggle_object import KaggleObject
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from competition.host.context import Host, base_url_of, host_of
from competition.host.failures import Failure, failure_of, refusal
from competition.host.identity import signed_in, user_behind
from competition.host.wire import answer, read_message
from competition.store import Store, User

__all__ = ["Call", "Method", "Methods", "answer_call", "refuse_old_client"]


@dataclass(frozen=True)
class Call:
    """One call: who makes it, when, and under which address the host was reached."""

    host: Host
    base_url: str
    now: datetime
    caller: User | None

    @property
    def store(self) -> Store:
        """The host's store."""
        return self.host.store

    @property
    def user(self) -> User:
        """The caller, who must have said who they are."""
        return signed_in(self.caller)


@dataclass(frozen=True)
class Method:
    """How one call is answered.

    Attributes
    ----------
    request
        The message type of the request.
    respond
        Called with the call and its message; returns the message to answer with, ``None`` for an
        empty one, or a whole response.
    anonymous
        Whether the call is open to who has not said who they are.
    checks_credentials
        Whether credentials that open nothing here are refused before the call is looked at.
    """

    request: type[KaggleObject]
    respond: Callable[[Call, Any], KaggleObject | Response | None]
    anonymous: bool = False
    checks_credentials: bool = True


Methods = Mapping[str, Method]


def refuse_old_client(_: Request) -> Response:
    """Tell who asks at the addresses of older clients to take a newer one."""
    return refusal(
        Failure(
            400,
            "the addresses of Kaggle's clients before 2.0 are not supported by this server; "
            "run 'pip install --upgrade kaggle kagglehub'",
        )
    )


async def answer_call(request: Request) -> Response:
    """Answer one call; whatever goes wrong becomes ``{"code", "message"}`` and its status."""
    name = f"{request.path_params['service']}/{request.path_params['method']}"
    if "." not in request.path_params["service"]:
        return refuse_old_client(request)
    try:
        if request.method != "POST":
            raise Failure(405, "calls are made with POST", {"Allow": "POST"})
        method = _method(request, name)
        body = await request.body()
        return await run_in_threadpool(_respond, request, method, body)
    except Exception as error:  # noqa: BLE001 - the outermost frame of a call
        return refusal(failure_of(error))


def _method(request: Request, name: str) -> Method:
    methods: Methods = request.app.state.methods
    if name not in methods:
        raise Failure(400, f"{name} is not supported by this server")
    return methods[name]


def _respond(request: Request, method: Method, body: bytes) -> Response:
    call = _call(request, method)
    if not method.anonymous:
        signed_in(call.caller)
    answered = method.respond(call, read_message(method.request, body))
    return answered if isinstance(answered, Response) else answer(answered)


def _call(request: Request, method: Method) -> Call:
    host = host_of(request)
    now = host.clock()
    caller = None
    if method.checks_credentials:
        caller = user_behind(host.store, request.headers.get("authorization"), now)
        request.scope["ripe.user"] = caller and caller.name
    return Call(host, base_url_of(request), now, caller)
