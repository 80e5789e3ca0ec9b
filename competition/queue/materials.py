"""The files that a score is made of, laid out on this machine under their own names."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import select

from competition.files import new_folder
from competition.scoring import ScoringJob
from competition.store import Store
from competition.store.schema import ContestFileRow, VersionRow
from competition.store.versions import DATA, SAMPLE_NAME, SOLUTION_NAME

__all__ = ["scoring_job"]

_SUFFIXES = (".csv.gz", ".csv.zip", ".zip", ".gz")


@contextmanager
def scoring_job(store: Store, version_id: int, upload: str, file_name: str) -> Iterator[ScoringJob]:
    """Lend the files of one entry; what a worker lacks is fetched and kept.

    Definition, solution and metric stay in the home's ``spool`` for the next entry.
    """
    folder = contest_folder(store, version_id)
    spool = store.home / "spool" / "entries"
    spool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=spool) as name:
        Path(name).chmod(0o755)
        submission = Path(name) / f"submission{_suffix(file_name)}"
        submission.symlink_to(store.files.path(upload).resolve())
        yield ScoringJob(folder / "contest.toml", folder / SOLUTION_NAME, submission)


def contest_folder(store: Store, version_id: int) -> Path:
    """Return a folder with definition, solution, metric and sample submission of a version."""
    with store.reading() as session:
        version = session.get_one(VersionRow, version_id)
        query = select(ContestFileRow).where(ContestFileRow.version_id == version_id)
        files = list(session.scalars(query))
    wanted = {_place(row): row.digest for row in files if row.kind != DATA or _is_sample(row)}
    folder = store.home.resolve() / "spool" / "contests" / _key(version, wanted)
    if folder.is_dir() and not _is_whole(store, wanted, folder):
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        _lay_out(store, version, wanted, folder)
    return folder


def _is_whole(store: Store, files: dict[str, str], folder: Path) -> bool:
    """Whether all files are there: in a home that was moved, links lead to where it was."""
    places = {folder / name: store.files.path(digest) for name, digest in files.items()}
    return all(
        place.exists() and place.resolve() == stored.resolve() for place, stored in places.items()
    )


def _lay_out(store: Store, version: VersionRow, files: dict[str, str], folder: Path) -> None:
    with suppress(OSError), new_folder(folder) as target:  # another worker may have been faster
        (target / "contest.toml").write_text(version.definition, encoding="utf-8")
        for name, digest in files.items():
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(store.files.path(digest).resolve())


def _key(version: VersionRow, files: dict[str, str]) -> str:
    parts = [version.definition, *sorted(f"{name} {digest}" for name, digest in files.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _place(row: ContestFileRow) -> str:
    return f"{DATA}/{row.name}" if row.kind == DATA else row.name


def _is_sample(row: ContestFileRow) -> bool:
    return row.kind == DATA and row.name == SAMPLE_NAME


def _suffix(file_name: str) -> str:
    """Return the ending that tells how a file is packed; the rest of the name is the sender's."""
    name = file_name.lower()
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), ".csv")
