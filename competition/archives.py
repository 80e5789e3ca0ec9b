"""Zip archives from outside: unpacked within bounds, and never outside their folder."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from competition.errors import CompetitionError

__all__ = ["InvalidArchive", "unpack_archive"]

MOST_MEMBERS = 100_000
MOST_BYTES = 20 * 1024**3
STEP_BYTES = 1024 * 1024
LINK = 0o120000
KIND = 0o170000


class InvalidArchive(CompetitionError, ValueError):
    """A zip archive is broken, too large, or reaches outside its folder."""


def unpack_archive(
    source: Path, folder: Path, *, most_bytes: int = MOST_BYTES, most_members: int = MOST_MEMBERS
) -> None:
    """Unpack a zip archive into `folder`.

    Bytes are counted as they are unpacked; what the archive says of itself is not believed.

    Raises
    ------
    InvalidArchive
        With one sentence; what was unpacked so far stays, so unpack into a temporary folder.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > most_members:
                raise InvalidArchive(
                    f"{source} holds {len(members)} files; at most {most_members} are allowed"
                )
            left = most_bytes
            for member in members:
                left -= _unpack(archive, member, folder / _safe_name(member, source), left, source)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise InvalidArchive(f"{source} cannot be unpacked: {error}") from error


def _safe_name(member: zipfile.ZipInfo, source: Path) -> PurePosixPath:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = (member.external_attr >> 16) & KIND == LINK
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0] or is_link:
        raise InvalidArchive(f"{source} reaches outside its folder: {member.filename!r}")
    return name


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int, source: Path
) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as packed, target.open("wb") as file:
        while step := packed.read(STEP_BYTES):
            written += len(step)
            if written > left:
                raise InvalidArchive(f"{source} unpacks to more than is allowed")
            file.write(step)
        shutil.copystat(source, target)
    return written
