"""Why an entry has no score yet, as a sentence."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from competition.queue.limits import QueueLimits
from competition.queue.presence import count_workers
from competition.store import Entry, Status, Store, get_entry
from competition.store.rows import contest_row
from competition.store.schema import EntryRow, JobRow

__all__ = ["entries_waiting", "why_pending"]


def why_pending(store: Store, ref: int, now: datetime, limits: QueueLimits | None = None) -> str:
    """Return one sentence that says where an entry is and what it waits for.

    The sentence holds nothing that its participant may not read.

    Raises
    ------
    UnknownEntry
        When there is no such entry.
    """
    limits = limits or QueueLimits.from_environment(os.environ)
    entry = get_entry(store, ref)
    with store.reading() as session:
        job = session.get(JobRow, ref)
        ahead = _count_ahead(session, job) if job is not None else 0
    if job is None:
        return _outcome(entry)
    if job.leased_until is not None:
        return _in_hand(job, now, limits)
    if job.not_before > now:
        seconds = (job.not_before - now).total_seconds()
        return (
            f"Attempt {job.attempts} of {limits.max_attempts} to score it broke down; "
            f"the next begins in {seconds:.0f} s."
        )
    return _in_queue(ahead, count_workers(store, now, limits))


def entries_waiting(store: Store, slug: str) -> tuple[int, int | None]:
    """Return how many entries of a contest have no outcome yet, and the oldest one's number."""
    waiting = [status.value for status in Status if status.is_open]
    query = select(func.count(), func.min(EntryRow.id))
    with store.reading() as session:
        contest = contest_row(session, slug)
        where = (EntryRow.contest_id == contest.id, EntryRow.status.in_(waiting))
        count, oldest = session.execute(query.where(*where)).one()
        return count, oldest


def _outcome(entry: Entry) -> str:
    at = f"{entry.scored_at:%Y-%m-%d %H:%M:%S} UTC" if entry.scored_at else ""
    if entry.status is Status.SCORED:
        return f"It is not waiting: it was scored at {at}."
    if entry.status is Status.CANCELLED:
        return "It is not waiting: it was withdrawn."
    return f"It is not waiting: {entry.message or entry.status}"


def _in_hand(job: JobRow, now: datetime, limits: QueueLimits) -> str:
    if job.leased_until is not None and job.leased_until < now:
        silent = (now - job.leased_until).total_seconds() + limits.lease_seconds
        return (
            f"Its worker was last heard of {silent:.0f} s ago; "
            "the next free worker takes the entry over."
        )
    since = (now - (job.leased_at or now)).total_seconds()
    return (
        f"It is being scored since {since:.0f} s (attempt {job.attempts} of {limits.max_attempts})."
    )


def _in_queue(ahead: int, workers: int) -> str:
    if not workers:
        return (
            "No scoring worker is running; it is scored as soon as the host starts one "
            "('ripe up' or 'ripe worker')."
        )
    entries = "No entry is" if not ahead else "1 entry is" if ahead == 1 else f"{ahead} entries are"
    running = "1 worker is" if workers == 1 else f"{workers} workers are"
    return f"{entries} ahead of it in the queue; {running} running."


def _count_ahead(session: Session, job: JobRow) -> int:
    earlier = or_(
        JobRow.queued_at < job.queued_at,
        (JobRow.queued_at == job.queued_at) & (JobRow.entry_id < job.entry_id),
    )
    return session.scalar(select(func.count()).select_from(JobRow).where(earlier)) or 0
