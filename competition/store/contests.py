"""Contests: reading them and writing them back as folders."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from competition.definition import CONTEST_FILE, Contest, dump_contest
from competition.errors import did_you_mean
from competition.files import new_folder
from competition.store.audit import record
from competition.store.files import UnknownFile
from competition.store.opening import Store
from competition.store.rows import contest_row, user_row
from competition.store.schema import (
    ContestFileRow,
    ContestRow,
    FileRow,
    HostRow,
    TeamRow,
    UserRow,
)
from competition.store.teams import team_of
from competition.store.values import ContestRecord, StoredFile, TeamKind, User
from competition.store.versions import (
    DATA,
    METRIC,
    SAMPLE_NAME,
    SOLUTION,
    SOLUTION_NAME,
    contest_of_version,
    current_version,
)
from competition.visibility import Sight, Viewer, may_see

__all__ = [
    "add_host",
    "contest_file",
    "contest_record",
    "export_contest",
    "get_contest",
    "is_contest_host",
    "list_contests",
    "list_data_files",
    "metric_file",
    "sample_submission",
    "solution_file",
    "viewer_of",
    "write_contest_folder",
]


def get_contest(store: Store, slug: str) -> Contest:
    """Return the definition that holds now.

    Raises
    ------
    UnknownContest
        When no contest has this slug.
    """
    with store.reading() as session:
        return contest_of_version(store, current_version(session, contest_row(session, slug)))


def contest_record(store: Store, slug: str) -> ContestRecord:
    """Return a contest with its hosts and counts."""
    with store.reading() as session:
        return _record(session, store, contest_row(session, slug))


def list_contests(store: Store, viewer: User | None, now: datetime) -> list[ContestRecord]:
    """Return the contests that a viewer may know of, newest first."""
    with store.reading() as session:
        rows = session.scalars(select(ContestRow).order_by(ContestRow.id.desc())).all()
        found = [(_record(session, store, row), _viewer(session, row, viewer)) for row in rows]
    return [listed for listed, eyes in found if may_see(eyes, Sight.LISTING, listed.contest, now)]


def viewer_of(store: Store, slug: str, user: User | None) -> Viewer:
    """Return who a user (or nobody) is to a contest."""
    with store.reading() as session:
        return _viewer(session, contest_row(session, slug), user)


def is_contest_host(store: Store, slug: str, user: User | None) -> bool:
    """Say whether a user runs this contest; administrators run all."""
    return viewer_of(store, slug, user).is_host


def add_host(store: Store, slug: str, user_name: str, *, actor: str, now: datetime) -> None:
    """Let a user run a contest too."""
    with store.writing() as session:
        row, user = contest_row(session, slug, lock=True), user_row(session, user_name)
        if session.get(HostRow, (row.id, user.id)) is None:
            session.add(HostRow(contest_id=row.id, user_id=user.id, added_at=now))
            record(session, slug, actor, "host added", {"user": user.name}, now)


def list_data_files(store: Store, slug: str) -> list[StoredFile]:
    """Return the files that participants download, by name."""
    return _files(store, slug, DATA)


def contest_file(store: Store, slug: str, name: str) -> StoredFile:
    """Return one of the files that participants download.

    Raises
    ------
    UnknownFile
        When the contest has no data file of this name.
    """
    return _file(store, slug, DATA, name)


def sample_submission(store: Store, slug: str) -> StoredFile:
    """Return the sample submission."""
    return _file(store, slug, DATA, SAMPLE_NAME)


def solution_file(store: Store, slug: str) -> StoredFile:
    """Return the solution, which no participant may see."""
    return _file(store, slug, SOLUTION, SOLUTION_NAME)


def metric_file(store: Store, slug: str) -> StoredFile | None:
    """Return the host's own metric, or None when the contest uses a registered one."""
    return next(iter(_files(store, slug, METRIC)), None)


def export_contest(store: Store, slug: str, folder: str | Path, *, solution: bool = True) -> None:
    """Write a contest back as a folder that `add_contest` takes in.

    Raises
    ------
    FileExistsError
        When `folder` exists and is not empty.
    """
    with new_folder(folder) as target:
        write_contest_folder(store, slug, target, solution=solution)


def write_contest_folder(store: Store, slug: str, folder: Path, *, solution: bool = True) -> None:
    """Write definition, pages, data, metric and, where allowed, the solution."""
    dump_contest(get_contest(store, slug), folder / CONTEST_FILE)
    for kind in (DATA, METRIC, SOLUTION) if solution else (DATA, METRIC):
        for stored in _files(store, slug, kind):
            place = folder / (DATA if kind == DATA else "") / stored.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(stored.path, place)


def _record(session: Session, store: Store, row: ContestRow) -> ContestRecord:
    version = current_version(session, row)
    teams = select(func.count()).where(
        TeamRow.contest_id == row.id, TeamRow.kind == TeamKind.PARTICIPANT.value
    )
    hosts = (
        select(UserRow.name)
        .join(HostRow, HostRow.user_id == UserRow.id)
        .where(HostRow.contest_id == row.id)
        .order_by(HostRow.added_at, UserRow.id)
    )
    return ContestRecord(
        id=row.id,
        contest=contest_of_version(store, version),
        version=version.number,
        version_id=version.id,
        created_at=row.created_at,
        greater_is_better=version.greater_is_better,
        has_solution=bool(version.solution_digest),
        hosts=tuple(session.scalars(hosts)),
        teams=session.scalar(teams) or 0,
    )


def _viewer(session: Session, contest: ContestRow, user: User | None) -> Viewer:
    if user is None:
        return Viewer()
    hosts = user.is_admin or session.get(HostRow, (contest.id, user.id)) is not None
    team = team_of(session, contest.id, user.id)
    return Viewer(user, hosts, team.id if team else None)


def _files(store: Store, slug: str, kind: str) -> list[StoredFile]:
    with store.reading() as session:
        version = current_version(session, contest_row(session, slug))
        query = select(ContestFileRow, FileRow.size).join(FileRow)
        chosen = query.where(
            ContestFileRow.version_id == version.id, ContestFileRow.kind == kind
        ).order_by(ContestFileRow.name)
        rows = session.execute(chosen).all()
    return [_stored(store, row, size) for row, size in rows]


def _file(store: Store, slug: str, kind: str, name: str) -> StoredFile:
    found = {stored.name: stored for stored in _files(store, slug, kind)}
    if name not in found:
        raise UnknownFile(f"{slug} has no file {name!r}{did_you_mean(name, found)}")
    return found[name]


def _stored(store: Store, row: ContestFileRow, size: int) -> StoredFile:
    return StoredFile(
        name=row.name,
        path=store.files.path(row.digest),
        size=size,
        sha256=row.digest,
        modified=row.modified_at,
    )
