"""A whole home in one file, taken while it is in use, and put back anywhere."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

__all__ = ["Backup", "BackupProblem", "restore_backup", "write_backup"]

FORMAT = 1
DESCRIPTION, END, CONTENT = "ripe-backup.json", "ripe-backup-end.json", "home"
MOST_DESCRIPTION_BYTES = 64 * 1024
MOST_FILES = 20_000_000
COMPRESSION = 3
SQLITE_START = b"SQLite format 3\x00"
BESIDE_SQLITE = ("-wal", "-shm", "-journal")
ONLY_GROWING = (".jsonl", ".journal")
"""Files that grow line by line: a copy ends with the last whole line."""
CHUNK = 1 << 20
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class BackupProblem(Exception):
    """A backup cannot be written or put back; one sentence says why."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Parameters
    ----------
    homes : tuple of str
        The home that it was taken of, as it was named and as links resolve.
    made_at : str
        ISO 8601, UTC.
    files, size : int
        How many files and bytes, unpacked, at most.
    left_out : tuple of str
        Links and other things that are no files.
    format : int
        Of the file.
    """

    homes: tuple[str, ...]
    made_at: str
    files: int
    size: int
    left_out: tuple[str, ...] = ()
    format: int = FORMAT


@dataclass(frozen=True)
class _Piece:
    """A file to pack: its name in the home, where its bytes lie, and how many are taken."""

    name: str
    path: Path
    size: int
    modified: int


def write_backup(home: Path, target: Path, *, now: datetime) -> Backup:
    """Pack a home, which may be in use, into one gzipped tar archive that only its owner reads.

    Databases are copied by SQLite itself, as they were at one moment; files come after them, so
    that whatever a database names is there.

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
    """Copy the databases, then list everything."""
    found, left_out = _files(home)
    databases = [path for path in found if _is_database(path)]
    copies = {path: folder / str(number) for number, path in enumerate(databases)}
    for path, copy in copies.items():
        _copy_database(path, copy)
    found, left_out = _files(home)
    beside = {Path(f"{path}{ending}") for path in copies for ending in BESIDE_SQLITE}
    pieces = [
        piece
        for path in found
        if path not in beside and (piece := _piece(home, path, copies.get(path, path))) is not None
    ]
    return pieces, tuple(left_out)


def _files(home: Path) -> tuple[list[Path], list[str]]:
    files, others = [], []
    for place, folders, names in os.walk(home):
        folders.sort()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(place) / name
            if path.is_file() and not path.is_symlink():
                files.append(path)
            elif path.is_symlink() or path.exists():
                others.append(path.relative_to(home).as_posix())
    return files, others


def _is_database(path: Path) -> bool:
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
    try:
        state = source.stat()
        whole = source != path or path.suffix not in ONLY_GROWING
        size = state.st_size if whole else _whole_lines(source, state.st_size)
    except FileNotFoundError:
        return None
    return _Piece(path.relative_to(home).as_posix(), source, size, int(state.st_mtime))


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


def restore_backup(archive: Path, home: Path) -> Backup:
    """Unpack a backup into a new home, whose MLflow addresses then lead there.

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
            if files > min(backup.files, MOST_FILES) or size > backup.size:
                raise BackupProblem(f"{archive} holds more than it says it does")
            _unpack_file(packed, entry, _place(folder, entry), archive)
    raise BackupProblem(f"{archive} is cut off")


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise BackupProblem(f"{archive} cannot be restored: {error}") from None
        raise BackupProblem(f"{archive} is damaged or no backup: {error}") from None


def _described(packed: tarfile.TarFile, entry: tarfile.TarInfo | None, archive: Path) -> Backup:
    if entry is None or entry.name != DESCRIPTION or entry.size > MOST_DESCRIPTION_BYTES:
        raise BackupProblem(f"{archive} is no backup of 'ripe backup'")
    try:
        told = json.loads(_content(packed, entry).read())
        backup = Backup(**{**told, "homes": tuple(told["homes"]), "left_out": ()})
        is_sound = all(isinstance(one, str) for one in backup.homes)
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
    from pipelines.tracking.addresses import move_addresses

    runs = home / "mlflow.db"
    if runs.is_file():
        for old in backup.homes:
            move_addresses(runs, old, str(target))
