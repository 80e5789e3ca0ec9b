"""What lies in an archive, and how it is opened.

::

    archive.json       teams, entries, boards, audit log, digest of every other file
    contest/           the contest's folder, with or without its solution
    uploads/DIGEST     the file of each entry, as it was sent
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from competition.archives import InvalidArchive, unpack_archive
from competition.store.audit import AuditRecord
from competition.tables import digest_file

FORMAT = 1
ARCHIVE_FILE = "archive.json"
CONTEST_FOLDER = "contest"
UPLOADS_FOLDER = "uploads"


@dataclass(frozen=True)
class ArchivedTeam:
    """A team; ``kind`` is participant, host or baseline."""

    id: int
    name: str
    kind: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class ArchivedEntry:
    """An entry as the store held it; ``upload`` is the digest of its file."""

    ref: int
    team: int
    user: str
    upload: str
    file_name: str
    description: str
    submitted_at: datetime
    scored_at: datetime | None
    status: str
    sandbox: bool
    baseline: bool
    late: bool
    selected: bool
    public_score: float | None
    true_public_score: float | None
    private_score: float | None
    overall_score: float | None


@dataclass(frozen=True)
class ArchivedLine:
    """A line of a board."""

    rank: int | None
    team: int
    score: float
    entries: int
    last_entry: datetime
    entry_ref: int


@dataclass(frozen=True)
class Archive:
    """All of ``archive.json``.

    ``files`` maps the path of every other file to its SHA-256; ``audit_head`` is the number and
    digest of the last audit record.
    """

    format: int
    slug: str
    written_at: datetime
    greater_is_better: bool
    teams: tuple[ArchivedTeam, ...]
    entries: tuple[ArchivedEntry, ...]
    public_board: tuple[ArchivedLine, ...]
    private_board: tuple[ArchivedLine, ...]
    audit: tuple[AuditRecord, ...]
    audit_head: tuple[int, str]
    files: Mapping[str, str]


_ADAPTER: TypeAdapter[Archive] = TypeAdapter(Archive)


def archive_to_json(archive: Archive) -> bytes:
    """Write an archive's values; scores keep every bit."""
    return _ADAPTER.dump_json(archive, indent=1) + b"\n"


@contextmanager
def opened_archive(path: str | Path) -> Iterator[tuple[Archive, Path]]:
    """Unpack an archive into a temporary folder and hold every file against its digest.

    Yields
    ------
    tuple of Archive and Path
        The values, and the folder, which goes with the context.

    Raises
    ------
    InvalidArchive
        The file is no archive, or something in it was changed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack_archive(Path(path), folder)
        archive = _read(folder / ARCHIVE_FILE, path)
        _check_files(archive, folder, path)
        yield archive, folder


def _read(file: Path, source: str | Path) -> Archive:
    if not file.is_file():
        raise InvalidArchive(f"{source} is no archive of a contest: it holds no {ARCHIVE_FILE}")
    content = file.read_bytes()
    try:
        written = json.loads(content).get("format")
        if written != FORMAT:
            raise InvalidArchive(
                f"{source} is of format {written}; this version of Ripe reads format {FORMAT}"
            )
        return _ADAPTER.validate_json(content)
    except (ValidationError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidArchive):
            raise
        raise InvalidArchive(f"{source} has a broken {ARCHIVE_FILE}") from error


def _check_files(archive: Archive, folder: Path, source: str | Path) -> None:
    for name, digest in archive.files.items():
        place = (folder / name).resolve()
        if not place.is_relative_to(folder.resolve()) or not place.is_file():
            raise InvalidArchive(f"{source} lacks the file {name}")
        if digest_file(place) != digest:
            raise InvalidArchive(f"{source} holds a changed file: {name}")
