"""Putting a backup back as a new home."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from ripe.backups.form import (
    CONTENT,
    DESCRIPTION,
    END,
    FORMAT,
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    Backup,
    BackupProblem,
)

MOST_DESCRIPTION_BYTES = 64 * 1024
MOST_FILES = 20_000_000
CHUNK = 1 << 20


def restore_backup(archive: Path, home: Path) -> Backup:
    """Unpack a backup into a new home, to which the addresses of its runs then lead.

    Everything in it becomes readable for its owner alone. The home appears whole or not at all.

    Parameters
    ----------
    archive : pathlib.Path
        What `write_backup` wrote.
    home : pathlib.Path
        A folder that does not exist or is empty.

    Raises
    ------
    BackupProblem
        The archive is damaged, no backup, or holds what no backup holds; `home` is not empty; the
        disk is too small.
    """
    target = home.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupProblem(f"{target} exists and is not empty; restore into a new folder")
    if not archive.is_file():
        raise BackupProblem(f"there is no file {archive}")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        backup = _unpack(archive, temporary)
        for place, _, _ in os.walk(temporary):
            Path(place).chmod(PRIVATE_FOLDER)
        _check_databases(temporary)
        _move_runs(temporary, backup, target)
        temporary.replace(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return backup


def _unpack(archive: Path, folder: Path) -> Backup:
    with _readable(archive), tarfile.open(archive, mode="r|gz") as packed:
        entries = iter(packed)
        backup = _described(packed, next(entries, None), archive)
        _refuse_too_large(backup, folder)
        files = size = 0
        for entry in entries:
            if entry.name == END:
                _refuse_missing(packed, entry, files, archive)
                return backup
            files, size = files + 1, size + entry.size
            too_many = files > min(backup.files, MOST_FILES)
            if too_many or size > backup.size or entry.size < 0:
                raise BackupProblem(f"{archive} holds more than it says it does")
            _unpack_file(packed, entry, _place(folder, entry), archive)
    raise BackupProblem(f"{archive} is cut off")


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise BackupProblem(f"{archive} cannot be restored: {error}") from None
        raise BackupProblem(f"{archive} is damaged or no backup: {error}") from None


def _described(packed: tarfile.TarFile, entry: tarfile.TarInfo | None, archive: Path) -> Backup:
    if entry is None or entry.name != DESCRIPTION or entry.size > MOST_DESCRIPTION_BYTES:
        raise BackupProblem(f"{archive} is no backup of 'ripe backup'")
    try:
        told = json.loads(_content(packed, entry).read())
        backup = Backup(**{**told, "homes": tuple(told["homes"]), "left_out": ()})
        is_sound = all(isinstance(one, str) for one in (*backup.homes, backup.made_at))
        is_sound = is_sound and len(backup.homes) > 0
        is_sound = is_sound and backup.files >= 0 and backup.size >= 0
    except (ValueError, TypeError, KeyError):
        is_sound = False
    if not is_sound:
        raise BackupProblem(f"{archive} is no backup of 'ripe backup'")
    if backup.format != FORMAT:
        raise BackupProblem(
            f"{archive} is a backup in format {backup.format}, and this version reads {FORMAT}"
        )
    return backup


def _content(packed: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = packed.extractfile(entry) if entry.isfile() else None
    if content is None:
        raise BackupProblem(f"{entry.name} is no file, and a backup holds only files")
    return content


def _refuse_too_large(backup: Backup, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if backup.size > free:
        raise BackupProblem(
            f"the backup needs {backup.size / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free"
        )


def _refuse_missing(
    packed: tarfile.TarFile, entry: tarfile.TarInfo, files: int, archive: Path
) -> None:
    told = json.loads(_content(packed, entry).read(MOST_DESCRIPTION_BYTES))
    if told != {"files": files}:
        raise BackupProblem(f"{archive} lacks files that it says it holds")


def _place(folder: Path, entry: tarfile.TarInfo) -> Path:
    """Return where an entry goes, which is always below the folder."""
    parts = PurePosixPath(entry.name).parts
    is_odd = entry.name.startswith("/") or ".." in parts or "\x00" in entry.name
    if is_odd or len(parts) < 2 or parts[0] != CONTENT:
        raise BackupProblem(f"the backup holds {entry.name!r}, which leads out of the home")
    return folder.joinpath(*parts[1:])


def _unpack_file(
    packed: tarfile.TarFile, entry: tarfile.TarInfo, place: Path, archive: Path
) -> None:
    content = _content(packed, entry)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError:
        raise BackupProblem(f"{archive} holds {entry.name!r} twice") from None
    with os.fdopen(descriptor, "wb") as stream:
        shutil.copyfileobj(content, stream, CHUNK)
    os.utime(place, (entry.mtime, entry.mtime))


def _check_databases(home: Path) -> None:
    for path in sorted(home.glob("*.db")):
        with closing(sqlite3.connect(path)) as connection:
            try:
                (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                said = str(error)
        if said != "ok":
            raise BackupProblem(f"the backup's database {path.name} is damaged: {said}")


def _move_runs(home: Path, backup: Backup, target: Path) -> None:
    """Let runs, and rows that wait to be sent, lead to the new place."""
    from pipelines.tracking.addresses import move_addresses, move_session
    from pipelines.tracking.session import PLACE_FILE, SPOOL_FOLDER

    runs = home / "mlflow.db"
    sessions = [place.parent for place in (home / SPOOL_FOLDER).glob(f"*/*/{PLACE_FILE}")]
    for old in backup.homes:
        if runs.is_file():
            move_addresses(runs, old, str(target))
        for session in sessions:
            move_session(session, old, str(target))
