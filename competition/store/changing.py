"""Changing a contest: each change is a new version, and scored entries keep their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import false, select, update
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import InvalidContest
from competition.store.adding import ContestFiles, add_version, refuse_unscorable_files
from competition.store.audit import record
from competition.store.contests import get_contest
from competition.store.counting import recount_contest
from competition.store.opening import Store
from competition.store.rows import contest_row
from competition.store.schema import ContestFileRow, ContestRow, EntryRow, VersionRow
from competition.store.values import Status
from competition.store.versions import (
    DATA,
    METRIC,
    SAMPLE_NAME,
    SOLUTION,
    SOLUTION_NAME,
    contest_of_version,
    current_version,
    metric_digest,
)

__all__ = [
    "ScoresWouldChange",
    "change_contest",
    "launch_contest",
    "refuse_unscorable_change",
    "update_contest",
]


class ScoresWouldChange(InvalidContest):
    """Scored entries would get other scores: such a change goes through a rescore."""


def update_contest(
    store: Store, slug: str, contest: Contest, *, actor: str, now: datetime, note: str = ""
) -> Contest:
    """Replace the definition: settings, dates, pages."""
    return change_contest(store, slug, contest=contest, actor=actor, now=now, note=note)


def launch_contest(
    store: Store, slug: str, *, at: datetime | None = None, actor: str, now: datetime
) -> Contest:
    """Open a contest now or at a time."""
    launched = replace(get_contest(store, slug), launched_at=at or now)
    return change_contest(store, slug, contest=launched, actor=actor, now=now, note="launch")


def change_contest(
    store: Store,
    slug: str,
    *,
    contest: Contest | None = None,
    data: Mapping[str, str] | None = None,
    solution: str | None = None,
    metric: str | None = None,
    actor: str,
    now: datetime,
    note: str = "",
) -> Contest:
    """Replace parts of a contest, as one new version.

    Parameters
    ----------
    contest
        The new definition; its slug must stay.
    data
        All data files: name to digest of a file that ``store.files`` holds.
    solution, metric
        Digests of a new ``solution.csv`` and of the host's own metric.

    Raises
    ------
    InvalidContest
        When the slug differs.
    ScoresWouldChange
        When entries are scored and the change would score them differently.
    """
    with store.writing() as session:
        row = contest_row(session, slug, lock=True)
        before = current_version(session, row)
        after = contest or contest_of_version(store, before)
        if after.slug != slug:
            raise InvalidContest(f"contest.slug must stay {slug!r}, got {after.slug!r}")
        files = changed_files(session, before, after, now, data, solution, metric)
        version = add_version(session, store, row, after, files, actor, now, note)
        if _scores_differently(before, version):
            _check_nothing_scored(session, row)
        row.version = version.number
        _keep_boards_true(session, store, row, contest_of_version(store, before), after)
        differences = _differences(before, version)
        details = {"version": version.number, "note": note, "changed": differences}
        record(session, slug, actor, "contest changed", details, now)
        return after


def refuse_unscorable_change(
    store: Store,
    slug: str,
    *,
    contest: Contest | None = None,
    data: Mapping[str, str] | None = None,
    solution: str | None = None,
    metric: str | None = None,
    now: datetime,
    is_complete: bool = False,
) -> None:
    """Try a change of truth, sample or metric out before anything is written down.

    Parameters
    ----------
    contest, data, solution, metric
        As in `change_contest`.
    is_complete
        Try it also where the contest is not open: nothing more will be added.

    Raises
    ------
    InvalidContest
        The changed contest could not be scored.
    """
    with store.reading() as session:
        before = current_version(session, contest_row(session, slug))
        old = contest_of_version(store, before)
        after = contest or old
        held = changed_files(session, before, old, now, None, None, None)
        files = changed_files(session, before, after, now, data, solution, metric)
    is_open = after.launched_at is not None
    opens = is_open and old.launched_at is None
    if (is_open or is_complete) and (opens or _tried(old, held) != _tried(after, files)):
        refuse_unscorable_files(store, after, files)


def _tried(contest: Contest, files: ContestFiles) -> tuple[str, frozenset[str]]:
    """Return what decides whether truth and sample submission can be scored."""
    kept = {key: digest for key, (digest, _) in files.items()}
    metric = next((digest for key, digest in kept.items() if key[0] == METRIC), None)
    parts = ((SOLUTION, SOLUTION_NAME), (DATA, SAMPLE_NAME))
    tables = frozenset(f"{kind} {kept.get((kind, name))}" for kind, name in parts)
    return metric_digest(contest, metric), tables


def changed_files(
    session: Session,
    before: VersionRow,
    after: Contest,
    now: datetime,
    data: Mapping[str, str] | None,
    solution: str | None,
    metric: str | None,
) -> ContestFiles:
    """Return the files of the next version: those given, else those of the version before."""
    rows = session.scalars(select(ContestFileRow).where(ContestFileRow.version_id == before.id))
    files = {(row.kind, row.name): (row.digest, row.modified_at) for row in rows}
    if data is not None:
        files = {key: found for key, found in files.items() if key[0] != DATA}
        files |= {(DATA, name): (digest, now) for name, digest in data.items()}
    if solution is not None:
        files[SOLUTION, SOLUTION_NAME] = (solution, now)
    if metric is not None:
        files = {key: found for key, found in files.items() if key[0] != METRIC}
        files[METRIC, after.metric.file or "metric.py"] = (metric, now)
    return files


def _scores_differently(before: VersionRow, after: VersionRow) -> bool:
    return (before.metric_digest, before.solution_digest) != (
        after.metric_digest,
        after.solution_digest,
    )


def _check_nothing_scored(session: Session, contest: ContestRow) -> None:
    scored = select(EntryRow.id).where(
        EntryRow.contest_id == contest.id, EntryRow.status == Status.SCORED.value
    )
    if session.scalar(scored.limit(1)) is not None:
        raise ScoresWouldChange(
            f"{contest.slug} has scored entries, and this change would score them differently; "
            f"'ripe contest rescore {contest.slug}' shows the new board first, then swaps"
        )


def _keep_boards_true(
    session: Session, store: Store, row: ContestRow, before: Contest, after: Contest
) -> None:
    """Let a moved deadline decide anew which entries are late, and boards follow new rules."""
    if before.deadline != after.deadline:
        _mark_late(session, row, after.deadline)
    ruling = ("deadline", "num_scored_submissions")
    if any(getattr(before, name) != getattr(after, name) for name in ruling):
        recount_contest(session, store, row)


def _mark_late(session: Session, row: ContestRow, deadline: datetime | None) -> None:
    participants = (
        EntryRow.contest_id == row.id,
        EntryRow.sandbox.is_(False),
        EntryRow.baseline.is_(False),
    )
    late = EntryRow.submitted_at > deadline if deadline is not None else false()
    session.execute(update(EntryRow).where(*participants).values(late=late))


def _differences(before: VersionRow, after: VersionRow) -> list[str]:
    names = ("definition", "pages", "metric_digest", "solution_digest")
    return [name for name in names if getattr(before, name) != getattr(after, name)]
