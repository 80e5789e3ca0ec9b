"""Changing a contest: each change is a new version, and scored entries keep their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import false, select, update
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import InvalidContest
from competition.store.adding import add_version
from competition.store.audit import record
from competition.store.contests import contest_record
from competition.store.counting import recount_contest
from competition.store.opening import Store
from competition.store.rows import contest_row
from competition.store.schema import ContestRow, EntryRow, VersionRow
from competition.store.trials import Change, changed_files, refuse_unscorable_change
from competition.store.values import Status
from competition.store.versions import contest_of_version, current_version

__all__ = [
    "ContestChanged",
    "ScoresWouldChange",
    "change_contest",
    "launch_contest",
    "update_contest",
]

MOST_TRIALS = 5
"""So often a change is tried anew because somebody else was faster."""
AGAIN = "read it again, then send your change anew"


class ScoresWouldChange(InvalidContest):
    """Scored entries would get other scores: such a change goes through a rescore."""


class ContestChanged(InvalidContest):
    """Somebody else changed the contest since it was read: look again, then change it."""


def update_contest(
    store: Store,
    slug: str,
    contest: Contest,
    *,
    actor: str,
    now: datetime,
    note: str = "",
    expected_version: int | None = None,
) -> Contest:
    """Replace the definition: settings, dates, pages."""
    return change_contest(
        store,
        slug,
        contest=contest,
        actor=actor,
        now=now,
        note=note,
        expected_version=expected_version,
    )


def launch_contest(
    store: Store, slug: str, *, at: datetime | None = None, actor: str, now: datetime
) -> Contest:
    """Open a contest now or at a time, once it can be scored; what is open stays open as it is.

    Raises
    ------
    InvalidContest
        It has no solution, its truth or its sample submission cannot be scored, or it is to open
        later although participants have entries in it.
    ContestChanged
        Somebody else changed it meanwhile.
    """
    held = contest_record(store, slug)
    opened = held.contest.launched_at
    if opened is not None and opened <= now:
        if at is None:
            return held.contest
        if at > now and _has_entries(store, held.id):
            raise InvalidContest(
                f"{slug} is open and has entries, which opening it later would hide from those "
                "who sent them"
            )
    if not held.has_solution:
        raise InvalidContest(f"{slug} has no solution yet; add one before it opens")
    return update_contest(
        store,
        slug,
        replace(held.contest, launched_at=at or now),
        actor=actor,
        now=now,
        note="launch",
        expected_version=held.version,
    )


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
    expected_version: int | None = None,
    is_complete: bool = False,
) -> Contest:
    """Replace parts of a contest, as one new version.

    What is open, or opens by this, must be able to score its own truth and its sample submission,
    which is tried before anything is written down; before it opens, a contest may be put together
    piece by piece.

    Parameters
    ----------
    contest
        The new definition; its slug must stay.
    data
        All data files: name to digest of a file that ``store.files`` holds.
    solution, metric
        Digests of a new ``solution.csv`` and of the host's own metric.
    expected_version
        The version that the change was made from; without it, whichever holds is changed.
    is_complete
        Try the contest also where it is not open: nothing more will be added.

    Raises
    ------
    InvalidContest
        When the slug differs, or the changed contest could not be scored.
    ContestChanged
        When another version than the expected one holds.
    ScoresWouldChange
        When entries are scored and the change would score them differently.
    """
    change = Change(contest, data, solution, metric)
    for _ in range(MOST_TRIALS):
        tried = refuse_unscorable_change(store, slug, change, now=now, is_complete=is_complete)
        with store.writing() as session:
            row = contest_row(session, slug, lock=True)
            _refuse_other_version(row, expected_version)
            if row.version == tried:
                return _change(session, store, row, change, actor, now, note)
    raise ContestChanged(f"{slug} is being changed by others all the time; {AGAIN}")


def _has_entries(store: Store, contest_id: int) -> bool:
    entries = select(EntryRow.id).where(
        EntryRow.contest_id == contest_id,
        EntryRow.sandbox.is_(False),
        EntryRow.baseline.is_(False),
    )
    with store.reading() as session:
        return session.scalar(entries.limit(1)) is not None


def _refuse_other_version(row: ContestRow, expected: int | None) -> None:
    if expected is not None and row.version != expected:
        raise ContestChanged(f"{row.slug} was changed by somebody else meanwhile; {AGAIN}")


def _change(
    session: Session,
    store: Store,
    row: ContestRow,
    change: Change,
    actor: str,
    now: datetime,
    note: str,
) -> Contest:
    before = current_version(session, row)
    after = change.contest or contest_of_version(store, before)
    files = changed_files(session, before, after, change, now)
    version = add_version(session, store, row, after, files, actor, now, note)
    if _scores_differently(before, version):
        _check_nothing_scored(session, row)
    row.version = version.number
    _keep_boards_true(session, store, row, contest_of_version(store, before), after)
    differences = _differences(before, version)
    details = {"version": version.number, "note": note, "changed": differences}
    record(session, row.slug, actor, "contest changed", details, now)
    return after


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
