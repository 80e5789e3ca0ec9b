"""What the parts of a running host share, and what one request is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from starlette.requests import HTTPConnection, Request

from competition.host.rates import Rate
from competition.host.signing import Signer
from competition.store import Store

__all__ = ["Host", "base_url_of", "host_address", "host_of", "utc_now"]


UPLOADS = (1000, timedelta(minutes=10))
"""So many uploads at once, and so many more in so long."""


@dataclass(frozen=True)
class Host:
    """One host: its store, its secret and its clock.

    Attributes
    ----------
    store
        The truth.
    signer
        Writes and reads capability addresses.
    clock
        Returns the time as an aware UTC datetime.
    public_url
        The address under which the outside reaches this host; ``None``: each request's own.
    upload_rate
        How often one user may announce an upload.
    """

    store: Store
    signer: Signer
    clock: Callable[[], datetime]
    public_url: str | None = None
    upload_rate: Rate = field(default_factory=lambda: Rate(*UPLOADS, "uploads"))

    @property
    def partial_uploads(self) -> Path:
        """The folder for uploads that are not whole yet."""
        return self.store.home / "uploads" / "partial"

    @property
    def bundles(self) -> Path:
        """The folder for archives made of stored files; it can be emptied at any time."""
        return self.store.home / "uploads" / "bundles"


def utc_now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def host_of(connection: HTTPConnection) -> Host:
    """Return the host that serves a request."""
    return cast(Host, connection.app.state.host)


def base_url_of(connection: HTTPConnection) -> str:
    """Return the address under which the client reached this host, without a slash at the end.

    A client that came through ``http_proxy`` named the host ``localhost``; addresses built on
    that name go through the proxy again, and work.
    """
    fixed = host_of(connection).public_url
    return (fixed or str(connection.base_url)).rstrip("/")


def host_address(request: Request) -> str:
    """Return the host's own address, whatever part of it a request went to."""
    fixed = host_of(request).public_url
    return (fixed or f"{request.url.scheme}://{request.url.netloc}").rstrip("/")
