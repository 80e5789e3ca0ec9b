"""Files of the host, addressed by the SHA-256 of their content.

A file is written under a temporary name, brought to the disk and renamed before its digest is
given out, so that a row that names a digest never names a file that is not there.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from competition.errors import CompetitionError

__all__ = ["Files", "FolderFiles", "UnknownFile"]

_BLOCK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class UnknownFile(CompetitionError, LookupError):
    """No stored file has this digest or name."""


class Files(Protocol):
    """Where the host's files lie."""

    def put(self, source: str | Path | BinaryIO) -> str:
        """Store a file and return its SHA-256; the same content is stored once."""

    def path(self, digest: str) -> Path:
        """Return a path on this machine that holds the content; read it, never write it."""

    def open(self, digest: str) -> BinaryIO:
        """Open the content for reading."""

    def holds(self, digest: str) -> bool:
        """Say whether the content is stored."""

    def size(self, digest: str) -> int:
        """Return the size in bytes."""


class FolderFiles:
    """Files in a folder, which may be a mount that several machines share.

    Parameters
    ----------
    folder
        Made when it is missing. The file ``abcd…`` lies at ``ab/abcd…``.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def __repr__(self) -> str:
        return f"FolderFiles({str(self.folder)!r})"

    def put(self, source: str | Path | BinaryIO) -> str:
        """Store a file, wherever it comes from, and return its SHA-256."""
        with _reading(source) as stream, self._temporary() as (target, name):
            digest = _copy(stream, target)
            self._keep(name, digest)
        return digest

    def path(self, digest: str) -> Path:
        """Return where the content lies.

        Raises
        ------
        UnknownFile
            When nothing is stored under this digest.
        """
        place = self._place(digest)
        if not place.is_file():
            raise UnknownFile(f"no stored file has the digest {digest!r}")
        return place

    def open(self, digest: str) -> BinaryIO:
        """Open the content for reading."""
        return self.path(digest).open("rb")

    def holds(self, digest: str) -> bool:
        """Say whether the content is stored."""
        return self._place(digest).is_file()

    def size(self, digest: str) -> int:
        """Return the size in bytes."""
        return self.path(digest).stat().st_size

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise UnknownFile(f"no stored file has the digest {digest!r}")
        return self.folder / digest[:2] / digest

    @contextmanager
    def _temporary(self) -> Iterator[tuple[IO[bytes], Path]]:
        incoming = self.folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(handle, "wb") as target:
                yield target, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _keep(self, temporary: Path, digest: str) -> None:
        place = self._place(digest)
        if place.is_file():
            return
        place.parent.mkdir(exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(place)
        sync_folder(place.parent)
        sync_folder(self.folder)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _reading(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, str | Path):
        with Path(source).open("rb") as stream:
            yield stream
    else:
        yield source


def _copy(source: BinaryIO, target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()
