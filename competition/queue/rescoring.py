"""Rescoring: another solution, metric or split is tried first, seen, and then swapped in at once.

`propose_rescore` writes the new state down beside the one that holds, `rescore_entries` scores
every entry under it, `rescore_preview` shows who would move, and `apply_rescore` swaps scores,
boards and definition in one transaction. The old board is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.orm import Session

from competition.definition import Contest
from competition.errors import CompetitionError
from competition.queue.laddering import climb_again
from competition.queue.limits import QueueLimits
from competition.queue.losses import keep_losses
from competition.queue.materials import scoring_job
from competition.queue.old_boards import keep_board
from competition.queue.outcomes import checked, outcome_values
from competition.scoring import ScoringJob, ScoringOutcome, ScoringPool
from competition.store import Status, Store
from competition.store.adding import add_version
from competition.store.audit import record
from competition.store.changing import ContestChanged
from competition.store.counting import recount_contest
from competition.store.known_files import remember_file
from competition.store.rows import contest_row
from competition.store.schema import (
    ContestRow,
    EntryRow,
    RescoreRow,
    RowLossRow,
    VersionRow,
)
from competition.store.trials import Change, changed_files, refuse_unscorable_change
from competition.store.versions import contest_of_version, current_version

__all__ = ["RescoreNotReady", "apply_rescore", "propose_rescore", "rescore_entries"]

FINISHED = (Status.SCORED.value, Status.REJECTED.value, Status.FAILED.value)
_SWAPPED = ("status", "public_score", "private_score", "overall_score", "beside", "message")
_COLUMNS = (*_SWAPPED, "host_message")


class RescoreNotReady(CompetitionError):
    """The new scores cannot be swapped in yet."""


def propose_rescore(
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
) -> int:
    """Write down another definition, data, solution or metric without letting it hold yet.

    Parameters
    ----------
    contest, data, solution, metric
        As in `competition.store.change_contest`.

    Returns
    -------
    int
        The number by which the other functions know this proposal.

    Raises
    ------
    InvalidContest
        The proposed contest could not score its own truth or its sample submission.
    ContestChanged
        Somebody else changed the contest while it was tried.
    """
    change = Change(contest, data, solution, metric)
    tried = refuse_unscorable_change(store, slug, change, now=now, is_complete=True)
    with store.writing() as session:
        row = contest_row(session, slug, lock=True)
        if row.version != tried:
            raise ContestChanged(f"{slug} was changed by somebody else meanwhile; propose it anew")
        before = current_version(session, row)
        after = contest or contest_of_version(store, before)
        files = changed_files(session, before, after, change, now)
        version = add_version(session, store, row, after, files, actor, now, note)
        details = {"version": version.number, "note": note, "solution": version.solution_digest}
        record(session, slug, actor, "rescore proposed", details, now)
        return version.id


def rescore_entries(
    store: Store,
    version_id: int,
    *,
    pool: ScoringPool | None = None,
    slots: int = 1,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Score every finished entry under a proposal; continues where an earlier call stopped.

    Parameters
    ----------
    pool
        Scores entries in children; one is started where none is given.
    slots
        So many entries are scored side by side.
    progress
        Called with the number of entries done and of all that were missing.

    Returns
    -------
    int
        How many entries were scored by this call.
    """
    if pool is None:
        with ScoringPool() as own:
            return rescore_entries(
                store, version_id, pool=own, slots=slots, now=now, progress=progress
            )
    with store.reading() as session:
        version = session.get_one(VersionRow, version_id)
        refs = list(session.scalars(missing_entries(version)))
    with ThreadPoolExecutor(slots) as threads:
        tasks = [threads.submit(_rescore, store, version_id, ref, pool, now) for ref in refs]
        for done, task in enumerate(as_completed(tasks), start=1):
            task.result()
            if progress is not None:
                progress(done, len(refs))
    return len(refs)


def apply_rescore(store: Store, version_id: int, *, actor: str, now: datetime) -> None:
    """Let a proposal hold: scores, boards and definition change in one transaction.

    Raises
    ------
    RescoreNotReady
        When entries lack their new score, or the contest was changed since the proposal.
    """
    with store.writing() as session:
        version = session.get_one(VersionRow, version_id)
        slug = session.get_one(ContestRow, version.contest_id).slug
        row = contest_row(session, slug, lock=True)
        _check_ready(session, row, version)
        keep_board(session, row, current_version(session, row), now)
        _swap_scores(session, version, now)
        row.version = version.number
        session.flush()
        climb_again(session, store, version)
        recount_contest(session, store, row)
        session.execute(delete(RescoreRow).where(RescoreRow.version_id == version.id))
        details = {"version": version.number, "solution": version.solution_digest}
        record(session, slug, actor, "rescore applied", details, now)


def missing_entries(version: VersionRow) -> Select[int]:
    """Select the finished entries that have no outcome under a proposal yet."""
    done = select(RescoreRow.entry_id).where(RescoreRow.version_id == version.id)
    return (
        select(EntryRow.id)
        .where(
            EntryRow.contest_id == version.contest_id,
            EntryRow.status.in_(FINISHED),
            EntryRow.id.not_in(done),
        )
        .order_by(EntryRow.id)
    )


def _rescore(store: Store, version_id: int, ref: int, pool: ScoringPool, now: datetime) -> None:
    with store.reading() as session:
        entry = session.get_one(EntryRow, ref)
    with scoring_job(store, version_id, entry.digest, entry.file_name) as job:
        outcome = checked(_tried(pool, job))
    losses = outcome.row_losses
    digest = keep_losses(store, losses) if losses is not None else None
    with store.writing() as session:
        if digest is not None:
            remember_file(session, store, digest, now)
        found = RescoreRow(
            version_id=version_id,
            entry_id=ref,
            losses_digest=digest,
            losses_rows=len(losses) if losses is not None else None,
            **outcome_values(outcome),
        )
        session.merge(found)


def _tried(pool: ScoringPool, job: ScoringJob) -> ScoringOutcome:
    """Score an entry, again where its process was lost, as often as the queue would."""
    outcome = pool.score(job)
    for _ in range(QueueLimits().max_attempts - 1):
        if outcome.lost:
            outcome = pool.score(job)
    return outcome


def _check_ready(session: Session, row: ContestRow, version: VersionRow) -> None:
    if version.based_on != row.version:
        raise RescoreNotReady(
            f"{row.slug} was changed since this rescore was proposed; propose it anew"
        )
    missing = len(session.scalars(missing_entries(version)).all())
    if missing:
        raise RescoreNotReady(
            f"{missing} entr{'y' if missing == 1 else 'ies'} of {row.slug} "
            "have no new score yet; score them first, then swap"
        )


def _swap_scores(session: Session, version: VersionRow, now: datetime) -> None:
    found = (
        RescoreRow.entry_id == EntryRow.id,
        RescoreRow.version_id == version.id,
        EntryRow.status.in_(FINISHED),
    )
    values = {name: getattr(RescoreRow, name) for name in _COLUMNS}
    values |= {"true_public_score": RescoreRow.public_score, "version_id": version.id}
    session.execute(
        update(EntryRow)
        .where(*found)
        .values(**values, scored_at=now)
        .execution_options(synchronize_session=False)
    )
    rescored = select(RescoreRow.entry_id).where(RescoreRow.version_id == version.id)
    session.execute(
        delete(RowLossRow)
        .where(RowLossRow.entry_id.in_(rescored))
        .execution_options(synchronize_session=False)
    )
    kept = select(RescoreRow.entry_id, RescoreRow.losses_digest, RescoreRow.losses_rows).where(
        RescoreRow.version_id == version.id, RescoreRow.losses_digest.is_not(None)
    )
    session.execute(insert(RowLossRow).from_select(["entry_id", "digest", "rows"], kept))
