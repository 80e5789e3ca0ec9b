"""Archives that are uploaded in place of many files: unpacked, within bounds."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from competition.host.failures import Failure
from competition.host.names import relative_name
from competition.store import Store

__all__ = ["LARGEST_UNPACKED", "MOST_FILES", "unpacked"]

MOST_FILES = 100_000
LARGEST_UNPACKED = 100 << 30
LARGEST_RATIO = 1000
_BLOCK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
)

Member = tuple[str, int, "IO[bytes]"]


def unpacked(store: Store, name: str, digest: str) -> dict[str, str]:
    """Return the files of a stored archive by name, or the one file where it is none.

    Raises
    ------
    Failure
        When a name leads out of the archive, or it unpacks to more than it may.
    """
    path = store.files.path(digest)
    try:
        if name.endswith(".zip") and zipfile.is_zipfile(path):
            return _taken(store, _zip_members(path), path.stat().st_size)
        if name.endswith((".tar", ".tar.gz", ".tgz")) and tarfile.is_tarfile(path):
            return _taken(store, _tar_members(path), path.stat().st_size)
    except _DAMAGED:
        raise Failure(400, f"the archive {name} cannot be unpacked") from None
    return {name: digest}


def _taken(store: Store, members: Iterator[Member], packed: int) -> dict[str, str]:
    """Store each member, and count what really comes out, not what the archive says."""
    taken: dict[str, str] = {}
    left = min(LARGEST_UNPACKED, max(packed, _BLOCK) * LARGEST_RATIO)
    for name, _, stream in members:
        if len(taken) >= MOST_FILES:
            raise Failure(400, f"an archive may hold at most {MOST_FILES} files")
        with _bounded(stream, left) as (path, size):
            left -= size
            taken[relative_name(name)] = store.files.put(path)
    return taken


@contextmanager
def _bounded(stream: IO[bytes], left: int) -> Iterator[tuple[Path, int]]:
    with tempfile.NamedTemporaryFile(prefix="ripe-") as file:
        size = 0
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > left:
                raise Failure(400, "the archive unpacks to more than may be stored")
            file.write(block)
        file.flush()
        yield Path(file.name), size


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as stream:
                    yield info.filename, info.file_size, stream


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path) as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isfile() else None
            if stream is not None:
                yield info.name, info.size, stream
