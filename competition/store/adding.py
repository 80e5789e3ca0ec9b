"""Taking contests in, and writing down each state of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from competition.definition import Contest, format_contest, load_contest
from competition.errors import InvalidContest
from competition.store.audit import record
from competition.store.known_files import remember_file
from competition.store.opening import Store
from competition.store.rows import user_row
from competition.store.schema import ContestFileRow, ContestRow, HostRow, VersionRow
from competition.store.trials import ContestFiles, refuse_broken_rules, refuse_unscorable_files
from competition.store.versions import (
    DATA,
    METRIC,
    SAMPLE_NAME,
    SOLUTION,
    SOLUTION_NAME,
    greater_is_better,
    metric_digest,
)

__all__ = [
    "add_contest",
    "add_version",
    "create_contest",
    "files_of_folder",
    "refuse_links_outside",
]


def add_contest(
    store: Store,
    folder: str | Path,
    *,
    host: str | None = None,
    now: datetime,
    launch: bool = True,
) -> Contest:
    """Take a contest in from its folder, once its truth and its sample submission can be scored.

    Parameters
    ----------
    folder
        ``contest.toml``, ``pages``, ``data``, ``solution.csv`` and, where named, ``metric.py``.
    host
        The user who runs it; administrators may in any case.
    launch
        Open it `now`, unless the definition says when.

    Raises
    ------
    InvalidContest
        When the folder breaks a rule, its truth or sample cannot be scored, or the slug is taken.
    """
    path = Path(folder)
    contest = load_contest(path)
    if launch and contest.launched_at is None:
        contest = replace(contest, launched_at=now)
    files = files_of_folder(store, path, contest)
    refuse_unscorable_files(store, contest, files)
    return _create(store, contest, files, host, now)


def create_contest(store: Store, contest: Contest, *, host: str, now: datetime) -> Contest:
    """Add a contest that has a definition and, as yet, no files."""
    return _create(store, contest, {}, host, now)


def _create(
    store: Store,
    contest: Contest,
    files: ContestFiles,
    host: str | None,
    now: datetime,
) -> Contest:
    with store.writing() as session:
        if session.scalar(select(ContestRow.id).where(ContestRow.slug == contest.slug)):
            raise InvalidContest(f"a contest named {contest.slug!r} exists already")
        row = ContestRow(slug=contest.slug, version=0, created_at=now)
        session.add(row)
        session.flush()
        if host is not None:
            user = user_row(session, host)
            session.add(HostRow(contest_id=row.id, user_id=user.id, added_at=now))
        actor = host or "host"
        version = add_version(session, store, row, contest, files, actor, now, "added")
        row.version = version.number
        details = {"metric": version.metric_digest, "solution": version.solution_digest}
        record(session, contest.slug, actor, "contest added", details, now)
    return contest


def files_of_folder(store: Store, folder: Path, contest: Contest) -> ContestFiles:
    """Store all files of a contest's folder.

    Raises
    ------
    InvalidContest
        When the solution or the sample submission is missing, or a link leads out of the folder.
    """
    refuse_links_outside(folder)
    found = {
        (DATA, path.relative_to(folder / "data").as_posix()): path
        for path in sorted((folder / "data").rglob("*"))
        if path.is_file()
    }
    if not (folder / SOLUTION_NAME).is_file():
        raise InvalidContest(f"the folder holds no {SOLUTION_NAME}", str(folder))
    if (DATA, SAMPLE_NAME) not in found:
        raise InvalidContest(f"the folder holds no data/{SAMPLE_NAME}", str(folder))
    found[SOLUTION, SOLUTION_NAME] = folder / SOLUTION_NAME
    if contest.metric.file is not None:
        found[METRIC, contest.metric.file] = folder / contest.metric.file
    return {key: (store.files.put(path), _modified(path)) for key, path in found.items()}


def refuse_links_outside(folder: Path) -> None:
    """Refuse a contest's folder in which a link leads to a file elsewhere on this machine.

    Raises
    ------
    InvalidContest
        With every such link.
    """
    root = folder.resolve()
    outside = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() and not path.resolve().is_relative_to(root)
    ]
    if outside:
        raise InvalidContest(
            (f"{path} is a link out of the folder; put the file itself there" for path in outside),
            str(folder),
        )


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), tz=UTC)


def add_version(
    session: Session,
    store: Store,
    row: ContestRow,
    contest: Contest,
    files: ContestFiles,
    actor: str,
    now: datetime,
    note: str,
) -> VersionRow:
    """Write down a new state of a contest; it does not hold until the contest points to it."""
    refuse_broken_rules(contest)
    newest = select(func.max(VersionRow.number)).where(VersionRow.contest_id == row.id)
    metric = next((found[0] for key, found in files.items() if key[0] == METRIC), None)
    version = VersionRow(
        contest_id=row.id,
        number=(session.scalar(newest) or 0) + 1,
        based_on=row.version,
        definition=format_contest(contest),
        pages=dict(contest.pages),
        greater_is_better=greater_is_better(contest),
        metric_digest=metric_digest(contest, metric),
        solution_digest=files.get((SOLUTION, SOLUTION_NAME), ("", now))[0],
        created_at=now,
        created_by=actor,
        note=note,
    )
    session.add(version)
    session.flush()
    for (kind, name), (digest, modified) in files.items():
        remember_file(session, store, digest, now)
        session.add(
            ContestFileRow(
                version_id=version.id, kind=kind, name=name, digest=digest, modified_at=modified
            )
        )
    session.flush()
    return version
