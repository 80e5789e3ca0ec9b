"""Write a contest of the store as an archive."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from competition.archiving.archive import (
    ARCHIVE_FILE,
    CONTEST_FOLDER,
    FORMAT,
    UPLOADS_FOLDER,
    Archive,
    ArchivedEntry,
    ArchivedLine,
    ArchivedTeam,
    archive_to_json,
)
from competition.files import replaced_file
from competition.store import (
    BoardRow,
    Entry,
    Store,
    audit_head,
    audit_records,
    contest_record,
    export_contest,
    list_contest_entries,
    list_teams,
    private_board,
    public_board,
)
from competition.tables import digest_file

ENTRY_FIELDS = tuple(
    name for name in ArchivedEntry.__dataclass_fields__ if name not in ("team", "status")
)
OLDEST = (1980, 1, 1, 0, 0, 0)


def write_archive(
    store: Store, slug: str, path: str | Path, *, now: datetime, with_solution: bool = True
) -> Archive:
    """Write everything that a third party needs to score the contest again.

    Parameters
    ----------
    store
        Where the contest is.
    slug
        Its name.
    path
        The zip file to write; it appears whole or not at all.
    with_solution
        Whether the truth goes along; without it, scoring again needs it from elsewhere.

    Returns
    -------
    Archive
        What was written.
    """
    with tempfile.TemporaryDirectory() as name:
        contest = Path(name) / CONTEST_FOLDER
        export_contest(store, slug, contest, solution=with_solution)
        entries = sorted(list_contest_entries(store, slug), key=lambda entry: entry.ref)
        files = {**_contest_files(contest), **_uploads(store, entries)}
        archive = _archive(store, slug, entries, files, now)
        with replaced_file(path) as temporary:
            _write_zip(temporary, archive, files)
    return archive


def _contest_files(folder: Path) -> dict[str, Path]:
    return {
        f"{CONTEST_FOLDER}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _uploads(store: Store, entries: Iterable[Entry]) -> dict[str, Path]:
    digests = sorted({entry.upload for entry in entries})
    return {f"{UPLOADS_FOLDER}/{digest}": store.files.path(digest) for digest in digests}


def _archive(
    store: Store, slug: str, entries: Iterable[Entry], files: Mapping[str, Path], now: datetime
) -> Archive:
    return Archive(
        format=FORMAT,
        slug=slug,
        written_at=now,
        greater_is_better=contest_record(store, slug).greater_is_better,
        teams=tuple(
            ArchivedTeam(team.id, team.name, team.kind.value, team.members)
            for team in list_teams(store, slug)
        ),
        entries=tuple(_entry(entry) for entry in entries),
        public_board=tuple(_lines(public_board(store, slug))),
        private_board=tuple(_lines(private_board(store, slug))),
        audit=tuple(audit_records(store, slug)),
        audit_head=audit_head(store, slug),
        files={name: digest_file(path) for name, path in files.items()},
    )


def _entry(entry: Entry) -> ArchivedEntry:
    values = {name: getattr(entry, name) for name in ENTRY_FIELDS}
    return ArchivedEntry(**values, team=entry.team_id, status=entry.status.value)


def _lines(board: Iterable[BoardRow]) -> Iterator[ArchivedLine]:
    for row in board:
        yield ArchivedLine(
            row.rank, row.team_id, row.score, row.entries, row.last_entry, row.entry_ref
        )


def _write_zip(path: Path, archive: Archive, files: Mapping[str, Path]) -> None:
    """Write the members in order and without times, so that equal contests give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_member(ARCHIVE_FILE), archive_to_json(archive))
        for name, source in files.items():
            with source.open("rb") as content, packed.open(_member(name), "w") as target:
                while step := content.read(1024 * 1024):
                    target.write(step)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, OLDEST)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
