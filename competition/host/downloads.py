"""Downloads: a signed address that says what may be read and until when.

``GET /files/TOKEN/NAME``. The token names the content itself, so an address gives the same bytes
as long as it lasts and a cut download can be taken up again, also without credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from competition.errors import CompetitionError
from competition.host.bundles import bundle_path
from competition.host.context import Host, host_of
from competition.host.failures import Failure
from competition.host.signing import BadToken, in_stable_window

__all__ = ["Download", "download_address", "redirect_to", "send_download"]

LASTS = timedelta(hours=6)


@dataclass(frozen=True)
class Download:
    """Something to download.

    Attributes
    ----------
    name
        The file's name at the reader's.
    digest
        The SHA-256 of a stored file, or the key of a bundle.
    modified
        When the content last changed.
    bundle
        Whether ``digest`` is the key of a bundle.
    """

    name: str
    digest: str
    modified: datetime
    bundle: bool = False


class _Stream(FileResponse):
    """Reads in larger blocks than the default: fewer changes of thread per megabyte."""

    chunk_size = 1 << 20


def download_address(host: Host, download: Download, now: datetime) -> str:
    """Return the path under which a download can be had for some hours."""
    claims = {
        "d": download.digest,
        "m": int(download.modified.timestamp()),
        "b": int(download.bundle),
    }
    token = host.signer.sign("file", claims, until=in_stable_window(now, LASTS))
    return f"/files/{token}/{quote(Path(download.name).name)}"


def redirect_to(host: Host, download: Download, now: datetime) -> Response:
    """Answer with the address of a download; its last part names the file, as clients need it."""
    return RedirectResponse(download_address(host, download, now), status_code=302)


async def send_download(request: Request) -> Response:
    """Answer ``GET /files/TOKEN/NAME`` with the file, or the part of it that was asked for."""
    host = host_of(request)
    try:
        claims = host.signer.read("file", request.path_params["token"], now=host.clock())
    except BadToken as error:
        raise Failure(403, f"this download address does not work: {error}") from None
    path = await run_in_threadpool(_content, host, claims)
    etag = f'"{path.name}"'
    modified = datetime.fromtimestamp(claims["m"], tz=UTC)
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-transform",
        "Content-Disposition": "attachment",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return _stream(path, headers)


def _content(host: Host, claims: Mapping[str, str]) -> Path:
    try:
        if claims["b"]:
            return bundle_path(host, claims["d"])
        return host.store.files.path(claims["d"])
    except (CompetitionError, FileNotFoundError):
        raise Failure(404, "this file is no longer here; ask for a new address") from None


def _stream(path: Path, headers: Mapping[str, str]) -> Response:
    return _Stream(
        path,
        headers=dict(headers),
        # Never a type that a client would read as an answer of ours, or a browser as a page.
        media_type="application/octet-stream",
        stat_result=os.stat(path),  # noqa: PTH116
    )
