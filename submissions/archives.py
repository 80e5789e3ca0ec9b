"""Archives from elsewhere, unpacked with suspicion."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from submissions.errors import UnsafeArchive

__all__ = ["MAX_MEMBERS", "MAX_UNPACKED_BYTES", "unpack"]

MAX_MEMBERS = 1_000_000
MAX_UNPACKED_BYTES = 200 * 1024**3
CHUNK_BYTES = 1024 * 1024


def unpack(
    archive: Path,
    folder: Path,
    *,
    max_bytes: int = MAX_UNPACKED_BYTES,
    max_members: int = MAX_MEMBERS,
) -> list[str]:
    """Unpack a zip archive into an existing empty folder.

    Parameters
    ----------
    archive, folder : Path
        From where, and where to.
    max_bytes : int
        The most that all members together may hold, counted while they are written; what the
        archive says about itself is not believed. Free space on the disk bounds it as well.
    max_members : int
        The most members.

    Returns
    -------
    list of str
        The names written, with ``/`` between folders.

    Raises
    ------
    UnsafeArchive
        When a name is absolute, leads out of the folder or comes twice, a member is a link or
        encrypted, the archive is damaged, or holds more than allowed.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked_members(opened, archive, max_members)
            _write_all(opened, members, folder, min(max_bytes, shutil.disk_usage(folder).free))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnsafeArchive(f"{archive.name} is damaged: {error}; download it again") from error
    return [member.filename for member in members]


def _checked_members(
    opened: zipfile.ZipFile, archive: Path, max_members: int
) -> list[zipfile.ZipInfo]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    if len(members) > max_members:
        raise UnsafeArchive(f"{archive.name} holds {len(members)} files; {max_members} are allowed")
    seen: set[str] = set()
    for member in members:
        _refuse_unsafe(member, archive)
        if member.filename.casefold() in seen:
            raise UnsafeArchive(f"{archive.name} holds {member.filename!r} twice")
        seen.add(member.filename.casefold())
    return members


def _refuse_unsafe(member: zipfile.ZipInfo, archive: Path) -> None:
    name = member.filename
    path = PurePosixPath(name)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]
    if leads_out or any(ord(character) < 32 for character in name):
        raise UnsafeArchive(f"{archive.name} holds the unsafe name {name!r}; it was not unpacked")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise UnsafeArchive(f"{archive.name} holds {name!r}, which is no plain file")
    if member.flag_bits & 0x1:
        raise UnsafeArchive(f"{archive.name} is encrypted; it cannot be unpacked")


def _write_all(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, allowed: int
) -> None:
    for member in members:
        target = folder / member.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        allowed -= _write_one(opened, member, target, allowed)


def _write_one(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, allowed: int) -> int:
    written = 0
    with opened.open(member) as source, target.open("xb") as sink:
        while chunk := source.read(CHUNK_BYTES):
            written += len(chunk)
            if written > allowed:
                raise UnsafeArchive(
                    f"{opened.filename} unpacks to more than is allowed or than the disk can hold"
                )
            sink.write(chunk)
    return written
