"""Stored files for scoring workers on other machines, by their digest, to administrators alone."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from competition.host.context import Host, host_of
from competition.host.failures import Failure
from competition.host.identity import signed_in, user_behind
from competition.host.services.blobs import LARGEST_BLOB
from competition.store import UnknownFile

__all__ = ["give_file", "take_file"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def give_file(request: Request) -> Response:
    """Answer ``GET /worker/files/DIGEST`` with the content."""
    host, digest = _asked(request)
    try:
        path = host.store.files.path(digest)
    except UnknownFile:
        raise Failure(404, f"no file has the digest {digest}") from None
    return FileResponse(path, media_type="application/octet-stream")


async def take_file(request: Request) -> Response:
    """Store the body of ``PUT /worker/files/DIGEST``."""
    host, digest = await run_in_threadpool(_asked, request)
    with tempfile.NamedTemporaryFile(prefix="ripe-") as file:
        size = 0
        async for block in request.stream():
            size += len(block)
            if size > LARGEST_BLOB:
                raise Failure(413, "the file is larger than any that is stored here")
            file.write(block)
        file.flush()
        await run_in_threadpool(_take, host, Path(file.name), digest)
    return Response(status_code=201)


def _take(host: Host, path: Path, digest: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise Failure(400, f"the content has the digest {found}, not {digest}")
    host.store.files.put(path)


def _asked(request: Request) -> tuple[Host, str]:
    host = host_of(request)
    user = signed_in(user_behind(host.store, request.headers.get("authorization"), host.clock()))
    if not user.is_admin:
        raise Failure(403, "only administrators' tokens open the files of workers")
    digest = request.path_params["digest"]
    if not _DIGEST.fullmatch(digest):
        raise Failure(404, "a file's digest is 64 hexadecimal digits")
    return host, digest
