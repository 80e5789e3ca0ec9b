"""Packing a home, which may be in use, into one file."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from ripe.backups.form import (
    CONTENT,
    DESCRIPTION,
    END,
    PRIVATE_FILE,
    Backup,
    BackupProblem,
)

COMPRESSION = 3
CHUNK = 1 << 20
SPOOL = "spool"
SQLITE_START = b"SQLite format 3\x00"
MADE_AGAIN = ("cache", f"{SPOOL}/contests", f"{SPOOL}/entries", "uploads/bundles")
"""Folders of what is made again when it is needed: features, what a worker scores, downloads."""
BESIDE_SQLITE = ("-wal", "-shm", "-journal")
OF_OTHERS = ("artifacts", "contests", "data", "submissions", "uploads")
"""Folders of files that never change: a database among them is somebody's file like any other."""
ONLY_GROWING = ("/ledger.jsonl", "/studies/*.journal", f"/{SPOOL}/*/*/*.jsonl")
"""Files that grow line by line: a copy ends with the last whole line."""


@dataclass(frozen=True)
class _Piece:
    """A file to pack: its name in the home, where its bytes lie, and how many are taken."""

    name: str
    path: Path
    size: int
    modified: int


def write_backup(home: Path, target: Path, *, now: datetime) -> Backup:
    """Pack a home, which may be in use, into one gzipped tar archive that only its owner reads.

    What is made again when it is needed (`MADE_AGAIN`) is left out.

    Databases are copied by SQLite itself, as they were at one moment. Files come after them, so
    that whatever a database names is there; rows that wait to be sent to a database come before
    it, so that none is lost: those that were sent meanwhile are sent again, and change nothing.

    Parameters
    ----------
    home : pathlib.Path
        The home folder.
    target : pathlib.Path
        A new file outside the home.

    Raises
    ------
    BackupProblem
        There is no such home, `target` exists or lies in it, or a file shrank meanwhile.
    """
    if not home.is_dir():
        raise BackupProblem(f"there is no home folder {home}")
    if target.exists():
        raise BackupProblem(f"{target} exists already; give the backup a new name")
    if target.resolve().is_relative_to(home.resolve()):
        raise BackupProblem(f"{target} lies in the home itself; write the backup elsewhere")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        pieces, left_out = _pieces(home, Path(folder))
        homes = tuple(dict.fromkeys((str(home.absolute()), str(home.resolve()))))
        size = sum(piece.size for piece in pieces)
        backup = Backup(homes, now.isoformat(), len(pieces), size, left_out)
        packed = Path(folder) / "packed"
        descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as stream:
            _pack(stream, backup, pieces)
            os.fsync(stream.fileno())
        packed.replace(target)
    return backup


def _pieces(home: Path, folder: Path) -> tuple[list[_Piece], tuple[str, ...]]:
    """Copy what waits to be sent, then the databases, then list everything."""
    waiting = _copy_spool(home, folder / SPOOL)
    found, _ = _files(home, home)
    databases = [path for path in found if _is_database(home, path)]
    copies = {path: folder / str(number) for number, path in enumerate(databases)}
    for path, copy in copies.items():
        _copy_database(path, copy)
    found, left_out = _files(home, home)
    beside = {Path(f"{path}{ending}") for path in copies for ending in BESIDE_SQLITE}
    settled = [path for path in found if path not in beside and not _is_in(home, path, (SPOOL,))]
    sources = {**{path: path for path in settled}, **copies, **waiting}
    pieces = (_piece(home, path, source) for path, source in sources.items())
    return [piece for piece in pieces if piece is not None], tuple(left_out)


def _copy_spool(home: Path, folder: Path) -> dict[Path, Path]:
    """Copy the rows that wait to be sent; what is sent before its turn comes is not missed."""
    copies = {}
    for path in _files(home, home / SPOOL)[0]:
        copy = folder / path.relative_to(home / SPOOL)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(path, copy)
            copies[path] = copy
    return copies


def _is_in(home: Path, path: Path, folders: tuple[str, ...]) -> bool:
    return path.relative_to(home).parts[0] in folders


def _files(home: Path, folder: Path) -> tuple[list[Path], list[str]]:
    """List the files in a folder of the home, and what is none; not what is made again."""
    made_again = [home / name for name in MADE_AGAIN]
    files, others = [], []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(place) / name not in made_again)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                files.append(path)
            elif path.is_symlink() or path.exists():
                others.append(path.relative_to(home).as_posix())
    return files, others


def _is_database(home: Path, path: Path) -> bool:
    if _is_in(home, path, (*OF_OTHERS, SPOOL)):
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(len(SQLITE_START)) == SQLITE_START
    except OSError:
        return False


def _copy_database(path: Path, copy: Path) -> None:
    address = f"{path.absolute().as_uri()}?mode=rw"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=60)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise BackupProblem(f"the database {path} cannot be copied: {error}") from None


def _piece(home: Path, path: Path, source: Path) -> _Piece | None:
    """Return what of a file is taken; None when it has gone."""
    name = path.relative_to(home).as_posix()
    try:
        state = source.stat()
        size = _whole_lines(source, state.st_size) if _only_grows(name) else state.st_size
    except FileNotFoundError:
        return None
    return _Piece(name, source, size, int(state.st_mtime))


def _only_grows(name: str) -> bool:
    return any(PurePosixPath(f"/{name}").match(pattern) for pattern in ONLY_GROWING)


def _whole_lines(path: Path, size: int) -> int:
    """Return where the last whole line of a file's first bytes ends."""
    with path.open("rb") as stream:
        end = size
        while end > 0:
            start = max(0, end - CHUNK)
            stream.seek(start)
            place = stream.read(end - start).rfind(b"\n")
            if place >= 0:
                return start + place + 1
            end = start
    return 0


def _pack(stream: IO[bytes], backup: Backup, pieces: list[_Piece]) -> None:
    packed = 0
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=COMPRESSION) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w|") as archive,
    ):
        _add_text(archive, DESCRIPTION, asdict(backup))
        for piece in pieces:
            packed += _add(archive, piece)
        _add_text(archive, END, {"files": packed})


def _add_text(archive: tarfile.TarFile, name: str, content: object) -> None:
    text = json.dumps(content).encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), PRIVATE_FILE
    archive.addfile(entry, io.BytesIO(text))


def _add(archive: tarfile.TarFile, piece: _Piece) -> int:
    entry = tarfile.TarInfo(f"{CONTENT}/{piece.name}")
    entry.size, entry.mode, entry.mtime = piece.size, PRIVATE_FILE, piece.modified
    try:
        with piece.path.open("rb") as content:
            archive.addfile(entry, content)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise BackupProblem(
            f"{piece.name} changed while it was packed ({error}); try again"
        ) from None
    return 1
