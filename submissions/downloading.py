"""Data from a Ripe host or from Kaggle, unpacked into one folder and kept current.

A folder holds what its bundle holds, and ``.download.json``: where it came from, which version,
and a digest of every file. A bundle that has not changed is not fetched again; an interrupted one
goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from competition.archives import unpack_archive
from competition.files import new_folder
from competition.tables import digest_file
from submissions.client import ask
from submissions.errors import DownloadConflict, SubmissionError
from submissions.records import RECORD_FILE, DownloadRecord, read_record, write_record
from submissions.sending import OnBytes
from submissions.servers import Server, kaggle_server

__all__ = [
    "Download",
    "download_contest",
    "download_from_kaggle",
]

MOST_BYTES = 200 * 1024**3
UNFINISHED = ".kaggle-partial"
"""How the official client marks what it can go on with."""
KAGGLE_NAME = re.compile(
    r"(?P<owner>\w[\w-]*)/(?P<name>\w[\w-]*)(?:/(?:versions/)?(?P<version>[1-9]\d*))?", re.ASCII
)
SLUG = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True)
class Download:
    """A folder of data that is current.

    Attributes
    ----------
    folder : Path
        Where the files are.
    digests : dict
        File name -> SHA-256.
    is_new : bool
        False when the copy at hand was current and nothing was fetched.
    """

    folder: Path
    digests: Mapping[str, str]
    is_new: bool


def download_contest(
    server: Server,
    slug: str,
    destination: Path,
    *,
    now: datetime,
    file: str | None = None,
    force: bool = False,
    on_bytes: OnBytes | None = None,
) -> Download:
    """Bring a contest's data bundle into `destination`, all of it or one file.

    Parameters
    ----------
    server : Server
        Where the contest is.
    slug : str
        The contest.
    destination : Path
        A folder that is not there yet, or one that an earlier download of the same contest made.
    now : datetime
        Aware; goes into the record.
    file : str, optional
        Only this file of the bundle.
    force : bool
        Fetch even what is current.
    on_bytes : callable, optional
        Called as the download goes on.

    Raises
    ------
    DownloadConflict
        When `destination` holds something else.
    competition.archives.InvalidArchive
        When the bundle is broken, too large, or reaches outside its folder.
    ServerRefused, ServerUnreachable
        When there is nothing to fetch.
    """
    if not SLUG.fullmatch(slug):
        raise SubmissionError(
            f"a contest's name has letters, digits and hyphens only, but got {slug!r}"
        )
    what = {"subject": slug, "slug": slug, "file": file}
    return _bring(server, what, destination, now=now, force=force, on_bytes=on_bytes)


def download_from_kaggle(
    name: str,
    destination: Path,
    *,
    now: datetime,
    server: Server | None = None,
    file: str | None = None,
    force: bool = False,
    on_bytes: OnBytes | None = None,
) -> Download:
    """Bring a contest (``SLUG``) or data set (``OWNER/DATASET[/VERSION]``) of Kaggle's.

    The other parameters and errors are those of `download_contest`.
    """
    kaggle = server or kaggle_server()
    options: dict[str, Any] = {"now": now, "force": force, "on_bytes": on_bytes}
    if "/" not in name:
        return download_contest(kaggle, name, destination, file=file, **options)
    match = KAGGLE_NAME.fullmatch(name)
    if match is None:
        raise SubmissionError(
            f"a data set of Kaggle's is OWNER/DATASET or OWNER/DATASET/VERSION, but got {name!r}"
        )
    owner, dataset = match["owner"], match["name"]
    what: dict[str, Any] = {"subject": f"{owner}/{dataset}", "dataset": [owner, dataset]}
    what |= {"file": file, "dataset_version": match["version"] and int(match["version"])}
    return _bring(kaggle, what, destination, **options)


def _bring(
    server: Server,
    what: dict[str, Any],
    destination: Path,
    *,
    now: datetime,
    force: bool,
    on_bytes: OnBytes | None,
) -> Download:
    source = _source(server, what)
    destination = destination.absolute()  # the client runs in a folder of its own

    def tell(event: dict[str, Any]) -> None:
        if on_bytes and event["event"] == "bytes":
            on_bytes(event["done"], event["total"] or 0)

    _record_of(destination, source)  # refuse before anything is made
    with _waiting_room(destination) as folder:
        record = _record_of(destination, source)
        current = None if force or not _is_whole(destination, record) else record.version
        answer = ask(server, "download", folder=str(folder), current=current, on_event=tell, **what)
        if answer["file"] is None:
            return Download(destination, record.digests, is_new=False)
        fresh = DownloadRecord(source, answer["version"], downloaded_at=now.isoformat())
        bundle = Path(answer["file"])
        digests = _unpack_into(destination, bundle, unquote(answer["name"]), fresh, record)
    return Download(destination, digests, is_new=True)


@contextmanager
def _waiting_room(destination: Path) -> Iterator[Path]:
    """Lend a folder for the bundle, to one process at a time.

    It stays only when it holds the start of a download.
    """
    folder = destination.parent / f".{destination.name}.download"
    handle = _held(folder)
    try:
        yield folder
    finally:
        if not any(path.name.endswith(UNFINISHED) for path in folder.iterdir()):
            shutil.rmtree(folder)
        os.close(handle)


def _held(folder: Path) -> int:
    """Make a folder and lock it; another holder may have removed it while we waited."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), folder.stat()):
                    return handle
            os.close(handle)


def _source(server: Server, what: Mapping[str, Any]) -> str:
    parts = [str(what["subject"])]
    parts += [str(what[key]) for key in ("dataset_version", "file") if what.get(key)]
    return f"{' '.join(parts)} from {server.place}"


def _record_of(destination: Path, source: str) -> DownloadRecord:
    record = read_record(destination)
    if record is not None and record.source == source:
        return record
    if record is not None:
        raise DownloadConflict(
            f"{destination} holds a download of {record.source}; "
            "name another folder with -o, or move it away"
        )
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise DownloadConflict(
            f"{destination} exists and was not made by a download of {source}; "
            "name another folder with -o, or move it away"
        )
    return DownloadRecord(source)


def _is_whole(folder: Path, record: DownloadRecord) -> bool:
    """Whether every file of the record is there, unchanged."""
    return bool(record.digests) and all(
        (folder / name).is_file() and digest_file(folder / name) == digest
        for name, digest in record.digests.items()
    )


def _unpack_into(
    destination: Path, bundle: Path, name: str, fresh: DownloadRecord, former: DownloadRecord
) -> dict[str, str]:
    """Make the folder anew beside the old one, keep the user's own files, and swap the two."""
    ready = destination.parent / f".{destination.name}.{os.getpid()}.new"
    with new_folder(ready) as folder:
        digests = {
            member: digest_file(folder / member) for member in _contents(bundle, name, folder)
        }
        write_record(folder, replace(fresh, digests=digests))
        _keep_own_files(destination, folder, former)
    _swap(ready, destination)
    return digests


def _swap(ready: Path, destination: Path) -> None:
    old = ready.with_suffix(".old")
    if destination.exists():
        destination.rename(old)
    ready.rename(destination)
    shutil.rmtree(old, ignore_errors=True)


def _contents(bundle: Path, name: str, folder: Path) -> list[str]:
    if zipfile.is_zipfile(bundle):
        allowed = min(MOST_BYTES, shutil.disk_usage(folder).free)
        unpack_archive(bundle.rename(bundle.with_name(Path(name).name)), folder, most_bytes=allowed)
        found = (path for path in folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(folder).as_posix() for path in found)
    shutil.move(bundle, folder / Path(name).name)
    return [Path(name).name]


def _keep_own_files(destination: Path, folder: Path, former: DownloadRecord) -> None:
    """Carry over what the user put beside the downloaded files."""
    if not destination.is_dir():
        return
    for path in sorted(destination.rglob("*")):
        name = path.relative_to(destination).as_posix()
        is_own = path.is_file() and name not in former.digests and name != RECORD_FILE
        if is_own and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name)
