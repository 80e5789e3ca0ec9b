"""Running a host: in a thread of this process, or as the process itself."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from competition.errors import CompetitionError
from competition.host.accounts import SignUp
from competition.host.app import create_app
from competition.host.context import utc_now
from competition.store import Store

__all__ = [
    "Certificate",
    "UnusableCertificate",
    "open_port",
    "read_certificate",
    "running_app",
    "running_host",
    "serve",
]

_SECONDS_TO_FINISH = 15
_SECONDS_TO_START = 30


class UnusableCertificate(CompetitionError):
    """A certificate with which nobody can serve."""


@dataclass(frozen=True)
class Certificate:
    """A certificate to serve https with.

    Attributes
    ----------
    file
        The certificate and those of the authorities between it and the root, as PEM.
    key
        Its private key as PEM, without a passphrase; ``None``: it stands in ``file`` too.
    """

    file: Path
    key: Path | None = None


def read_certificate(file: Path, key: Path | None = None) -> Certificate:
    """Return a certificate that can be served with.

    Raises
    ------
    UnusableCertificate
        When it cannot be read, or the key is not its own.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key, password="")
    except OSError as error:  # also what OpenSSL says
        held = file if key is None else f"{file} with the key {key}"
        raise UnusableCertificate(
            "https needs a certificate and its own private key as PEM, without a passphrase; "
            f"{held} cannot be used ({error.strerror or error})"
        ) from None
    return Certificate(file, key)


@contextmanager
def running_host(
    store: Store,
    port: int = 0,
    *,
    address: str = "127.0.0.1",
    extra_routes: Sequence[BaseRoute] = (),
    public_url: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    sign_up: SignUp = "closed",
    certificate: Certificate | None = None,
) -> Iterator[str]:
    """Serve a store from a thread of this process.

    Parameters
    ----------
    store : Store
        What is served.
    port : int
        The port to listen on; 0 takes a free one.
    address : str
        The address to listen on.
    extra_routes, public_url, clock, sign_up
        As for `create_app`. A public URL means that a proxy stands before the host.
    certificate : Certificate, optional
        Serves https in place of http.

    Yields
    ------
    str
        The host's own address, such as ``http://127.0.0.1:7777``.

    Raises
    ------
    OSError
        When the port is taken.
    """
    app = create_app(
        store, extra_routes=extra_routes, public_url=public_url, clock=clock, sign_up=sign_up
    )
    with (
        open_port(address, port) as listening,
        running_app(app, listening, behind_proxy=public_url is not None, certificate=certificate),
    ):
        scheme = "https" if certificate else "http"
        yield f"{scheme}://{_reachable(address)}:{listening.getsockname()[1]}"


def serve(
    app: ASGIApp,
    listening: socket.socket,
    *,
    behind_proxy: bool = False,
    certificate: Certificate | None = None,
) -> None:
    """Serve an application until the process is told to stop; open requests finish first.

    Parameters
    ----------
    app, listening
        What is served, and where.
    behind_proxy
        Whether a proxy on this machine says in ``X-Forwarded-For`` who asks. Without one,
        everybody could say so, and limits per address would hold nobody.
    certificate
        Serves https in place of http.
    """
    _server(app, behind_proxy, certificate).run(sockets=[listening])


@contextmanager
def running_app(
    app: ASGIApp,
    listening: socket.socket,
    *,
    behind_proxy: bool = False,
    certificate: Certificate | None = None,
) -> Iterator[None]:
    """Serve an application from a thread while the block runs; parameters as for `serve`."""
    server = _server(app, behind_proxy, certificate)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="host", daemon=True
    )
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield
    finally:
        server.should_exit = True
        thread.join()


def open_port(address: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises
    ------
    OSError
        When the port is taken or may not be used.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family, backlog=512)
    listening.set_inheritable(False)
    return listening


def _server(
    app: ASGIApp, behind_proxy: bool, certificate: Certificate | None = None
) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",  # takes absolute-form targets, which Kaggle's clients send a proxy
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=behind_proxy,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            ssl_certfile=certificate.file if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
    )


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    waiting = threading.Event()
    for _ in range(_SECONDS_TO_START * 200):
        if server.started:
            return
        if not thread.is_alive():
            break
        waiting.wait(0.005)
    raise RuntimeError("the host did not start; its log says why")


def _reachable(address: str) -> str:
    """Return what a client on this machine calls an address, also one that means all."""
    if address in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address
