"""Uploads: announced by one call, sent to an address of their own, taken up by a third call.

The bytes go straight to the disk, never more than were announced. An upload that was cut is taken
up where it ended: an empty ``PUT`` with ``Content-Range: bytes */SIZE`` asks how far it came.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from competition.host.context import Host, host_of
from competition.host.failures import Failure
from competition.store.schema import UploadRow, UserRow
from competition.store.uploads import (
    Upload,
    announce_upload,
    find_upload,
    finish_upload,
    forget_uploads,
)

__all__ = ["SPARE_BYTES", "announce", "receive_upload", "sweep_partial_uploads", "whole_upload"]

LASTS = timedelta(hours=24)
PROMISE_HOLDS = timedelta(hours=1)
"""So long room is kept for bytes that were announced and have not come."""
SPARE_BYTES = 64 << 20  # stays free on the disk whatever is uploaded
_BLOCK = 1 << 20
_TOO_LATE = "this upload is unknown or too old; start it again"
_RANGE = re.compile(r"bytes (?:(?P<first>[0-9]{1,18})-[0-9]{1,18}|\*)/(?P<size>[0-9]{1,18})")


def announce(
    host: Host, user_name: str, *, kind: str, file_name: str, size: int, limit: int, now: datetime
) -> str:
    """Make room for an upload and return its token.

    Raises
    ------
    Failure
        When it is larger than ``limit`` bytes, the disk has no room for it, or the user has
        announced too many.
    """
    if size < 0 or not file_name:
        raise Failure(400, "an upload needs a file name and a size in bytes")
    if size > limit:
        raise Failure(
            400,
            f"{file_name} has {_megabytes(size)}, and at most {_megabytes(limit)} are taken here",
        )
    host.upload_rate.spend(user_name, now)
    _require_room(host, user_name, size, now)
    token = secrets.token_urlsafe(32)
    announce_upload(
        host.store, user_name, token=token, kind=kind, file_name=file_name, size=size, now=now
    )
    return token


def whole_upload(host: Host, user_name: str, token: str, *, kind: str, now: datetime) -> Upload:
    """Return an upload that has arrived.

    Raises
    ------
    Failure
        When the user has announced no such upload, or its bytes are not all there.
    """
    upload = _find(host, token, now)
    if upload.user_name != user_name or upload.kind != kind:
        raise Failure(400, _TOO_LATE)
    if upload.digest is None:
        raise Failure(400, f"the upload of {upload.file_name} is not complete; send it again")
    return upload


async def receive_upload(request: Request) -> Response:
    """Take the bytes of ``PUT /uploads/TOKEN``."""
    host = host_of(request)
    token = request.path_params["token"]
    upload = await run_in_threadpool(_find, host, token, host.clock())
    span = _span(request, upload.size)
    if upload.digest is not None:
        return Response(status_code=200)
    with _partial(host, token) as file:
        if span is None:
            have = file.seek(0, 2)
        else:
            have = await _append(file, span, upload, request.stream())
        if have < upload.size:
            return _so_far(have, asked=span is None, upload=upload)
        await run_in_threadpool(_take, host, token, Path(file.name))
    return Response(status_code=200)


def sweep_partial_uploads(host: Host, now: datetime) -> int:
    """Remove what is left of uploads whose time is over; return how many."""
    end = (now - LASTS).timestamp()
    old = [path for path in host.partial_uploads.glob("*.part") if _is_older(path, end)]
    for path in old:
        path.unlink(missing_ok=True)
    forget_uploads(host.store, before=now - LASTS)
    return len(old)


def _is_older(path: Path, end: float) -> bool:
    """Say whether a file was last written before a time; one that is gone by now was not."""
    try:
        return path.stat().st_mtime < end
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class _Span:
    """Where the body's first byte belongs."""

    first: int


def _span(request: Request, size: int) -> _Span | None:
    """Return the body's place in the file; ``None`` when the client asks how far it came."""
    written = request.headers.get("content-range")
    if written is None:
        return _Span(0)
    parts = _RANGE.fullmatch(written.strip())
    if size == 0:
        return _Span(0)
    if parts is None or int(parts["size"]) != size:
        raise Failure(400, f"Content-Range must fit the announced {size} bytes, got {written!r}")
    return None if parts["first"] is None else _Span(int(parts["first"]))


async def _append(file: BinaryIO, span: _Span, upload: Upload, body: AsyncIterator[bytes]) -> int:
    have = file.seek(0, 2)
    if span.first > have:
        raise Failure(400, f"{have} bytes have arrived, so the next part cannot begin later")
    file.truncate(span.first)
    at = file.seek(span.first)
    try:
        async for block in _blocks(body):
            at += len(block)
            if at > upload.size:
                raise Failure(413, f"more bytes than the announced {upload.size} were sent")
            await run_in_threadpool(_write, file, block)
    except ClientDisconnect:
        file.flush()
        raise Failure(400, "the connection was cut") from None
    file.flush()
    return at


async def _blocks(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather what the network delivers into blocks worth a trip to the disk."""
    gathered = bytearray()
    try:
        async for chunk in body:
            gathered += chunk
            if len(gathered) >= _BLOCK:
                yield bytes(gathered)
                gathered.clear()
    except ClientDisconnect:
        yield bytes(gathered)
        raise
    if gathered:
        yield bytes(gathered)


def _so_far(have: int, *, asked: bool, upload: Upload) -> Response:
    if not asked:
        raise Failure(400, f"{have} of {upload.size} bytes of {upload.file_name} have arrived")
    return Response(status_code=308, headers={"Range": f"bytes=0-{have - 1}"} if have else {})


def _write(file: BinaryIO, block: bytes) -> None:
    """Write a block where the disk, which others fill too, still has room for it."""
    _require_free(Path(file.name).parent, len(block))
    file.write(block)


def _take(host: Host, token: str, path: Path) -> None:
    _require_free(path.parent, path.stat().st_size)  # it lies there twice for a moment
    digest = host.store.files.put(path)
    finish_upload(host.store, token, digest, host.clock())
    path.unlink()


@contextmanager
def _partial(host: Host, token: str) -> Iterator[BinaryIO]:
    """Open what has arrived so far, for one request at a time."""
    name = hashlib.sha256(token.encode()).hexdigest()
    path = host.partial_uploads / f"{name}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                503, "another connection is still sending this upload", {"Retry-After": "1"}
            ) from None
        yield file


def _find(host: Host, token: str, now: datetime) -> Upload:
    upload = find_upload(host.store, token)
    if upload is None or upload.created_at + LASTS < now:
        raise Failure(404, _TOO_LATE)
    return upload


def _require_room(host: Host, user_name: str, size: int, now: datetime) -> None:
    """Refuse an upload that the disk cannot take beside all that was promised already.

    One user's promises may fill half of the room at most, so that others can still send.
    """
    promised = _promised(host, now)
    own = promised.pop(user_name, 0)
    # Twice: once as it arrives, once beside it when it is taken into the store.
    _require_free(host.partial_uploads, max(2 * (own + size), sum(promised.values()) + own + size))


def _promised(host: Host, now: datetime) -> Counter[str]:
    """Return by user how many announced bytes have not come yet."""
    query = (
        select(UserRow.name, UploadRow.token_digest, UploadRow.size)
        .join(UserRow, UserRow.id == UploadRow.user_id)
        .where(UploadRow.digest.is_(None), UploadRow.created_at > now - PROMISE_HOLDS)
    )
    with host.store.reading() as session:
        rows = session.execute(query).all()
    promised: Counter[str] = Counter()
    for user_name, name, size in rows:
        promised[user_name] += size - _arrived(host.partial_uploads / f"{name}.part")
    return promised


def _arrived(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _require_free(folder: Path, size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size + SPARE_BYTES:
        raise Failure(507, "the host's disk is full; please tell whoever runs the host")


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"
