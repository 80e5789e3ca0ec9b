"""Files of a host that this machine reaches by HTTP alone.

The host answers ``GET`` and ``PUT`` at ``/worker/files/{sha256}`` to administrators' tokens.
What was fetched is kept in a folder; content never changes under its digest.
"""

from __future__ import annotations

import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from competition.errors import CompetitionError, NotAllowed
from competition.store.files import FolderFiles, UnknownFile

__all__ = ["FilesUnavailable", "RemoteFiles"]

_SECONDS = 60.0


class FilesUnavailable(CompetitionError, OSError):
    """The host of the files does not answer as it should."""


class RemoteFiles:
    """The files of a host, fetched when they are needed.

    Parameters
    ----------
    address
        The host's address, such as ``https://ripe.example``.
    token
        A token of an administrator.
    cache
        Folder for what was fetched.
    """

    def __init__(self, address: str, token: str, cache: str | Path) -> None:
        if urlsplit(address).scheme not in {"http", "https"}:
            raise FilesUnavailable(f"an address begins with http:// or https://, got {address!r}")
        self.address = address.rstrip("/")
        self._token = token
        self._cache = FolderFiles(cache)
        self._opener = build_opener(ProxyHandler({}))

    def __repr__(self) -> str:
        return f"RemoteFiles({self.address!r})"

    def put(self, source: str | Path | BinaryIO) -> str:
        """Store a file on the host and return its SHA-256."""
        digest = self._cache.put(source)
        path = self._cache.path(digest)
        with path.open("rb") as stream:
            size = {"Content-Length": str(path.stat().st_size)}
            self._ask(digest, "PUT", stream, size).close()
        return digest

    def path(self, digest: str) -> Path:
        """Return where the content lies on this machine, fetched if need be.

        Raises
        ------
        UnknownFile
            When the host has nothing under this digest.
        FilesUnavailable
            When the host does not answer, or sends something else.
        """
        if not self._cache.holds(digest):
            self._fetch(digest)
        return self._cache.path(digest)

    def open(self, digest: str) -> BinaryIO:
        """Open the content for reading."""
        return self.path(digest).open("rb")

    def holds(self, digest: str) -> bool:
        """Say whether the host, or this machine, has the content."""
        try:
            return self.path(digest).is_file()
        except UnknownFile:
            return False

    def size(self, digest: str) -> int:
        """Return the size in bytes."""
        return self.path(digest).stat().st_size

    def _fetch(self, digest: str) -> None:
        with self._ask(digest, "GET") as answer, tempfile.TemporaryFile() as whole:
            try:
                while block := answer.read(1 << 20):
                    whole.write(block)
            except (OSError, HTTPException) as error:
                raise FilesUnavailable(f"{self.address} broke off: {error}") from error
            whole.seek(0)
            found = self._cache.put(cast("BinaryIO", whole))
        if found != digest:
            raise FilesUnavailable(f"{self.address} sent other content than {digest}")

    def _ask(
        self,
        digest: str,
        method: str,
        content: BinaryIO | None = None,
        headers: dict[str, str] | None = None,
    ) -> BinaryIO:
        request = Request(
            f"{self.address}/worker/files/{digest}",
            data=content,
            method=method,
            headers={"Authorization": f"Bearer {self._token}", **(headers or {})},
        )
        try:
            return cast("BinaryIO", self._opener.open(request, timeout=_SECONDS))
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, digest) from error
        except (URLError, OSError, HTTPException) as error:
            raise FilesUnavailable(f"{self.address} does not answer: {error}") from error

    def _refusal(self, code: int, digest: str) -> CompetitionError:
        if code == 404:
            return UnknownFile(f"{self.address} has no file with the digest {digest}")
        if code in (401, 403):
            return NotAllowed(
                f"{self.address} gives files to administrators alone: set RIPE_TOKEN to a token "
                "made by 'ripe user token NAME' for a user added with --admin"
            )
        return FilesUnavailable(f"{self.address} answered with status {code}")
