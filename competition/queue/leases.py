"""Who works on which entry: leases that end when a worker is no longer heard of.

Leases are compared with the clocks of the workers, which should agree within a third of the lease.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from competition.queue.limits import QueueLimits
from competition.store import Status, Store
from competition.store.schema import ContestRow, EntryRow, JobRow
from competition.store.versions import current_version

__all__ = ["Lease", "extend_lease", "give_back", "lease_entry"]


@dataclass(frozen=True)
class Lease:
    """The right to score one entry, held until ``until`` unless extended."""

    ref: int
    contest: str
    version_id: int
    upload: str
    file_name: str
    worker: str
    token: str
    attempt: int
    until: datetime


def lease_entry(
    store: Store, worker: str, now: datetime, limits: QueueLimits | None = None
) -> Lease | None:
    """Take the entry that waits longest; None when none waits.

    On PostgreSQL workers skip the rows that others are just taking. An entry whose workers died
    too often is given up on the way.
    """
    limits = limits or QueueLimits()
    if not _any_waits(store, now):
        return None
    with store.writing(durable=False) as session:
        while (job := _next_job(session, now)) is not None:
            if job.attempts < limits.max_attempts:
                return _leased(session, job, worker, now, limits)
            _give_up(session, job, now)
    return None


def extend_lease(
    store: Store, lease: Lease, now: datetime, limits: QueueLimits | None = None
) -> bool:
    """Say that the worker is alive; False when the lease was lost to another or withdrawn."""
    until = now + timedelta(seconds=(limits or QueueLimits()).lease_seconds)
    with store.writing(durable=False) as session:
        extended = session.scalars(
            update(JobRow)
            .where(JobRow.entry_id == lease.ref, JobRow.lease == lease.token)
            .values(leased_until=until)
            .returning(JobRow.entry_id)
        ).all()
    return bool(extended)


def give_back(
    store: Store,
    lease: Lease,
    now: datetime,
    *,
    error: str = "",
    limits: QueueLimits | None = None,
) -> bool:
    """Return an entry to the queue unscored; False when the lease was lost.

    Parameters
    ----------
    error
        What went wrong; the attempt then counts and the next one waits a while. Without it (the
        worker is asked to stop) the attempt does not count.
    """
    limits = limits or QueueLimits()
    with store.writing(durable=False) as session:
        job = held_job(session, lease)
        if job is None:
            return False
        release(session, job)
        job.last_error = error
        if not error:
            job.attempts -= 1
            return True
        job.not_before = now + timedelta(seconds=limits.retry_seconds)
        if job.attempts >= limits.max_attempts:
            _give_up(session, job, now)
        return True


def held_job(session: Session, lease: Lease) -> JobRow | None:
    """Return the locked job of a lease, or None when the lease was lost."""
    query = select(JobRow).where(JobRow.entry_id == lease.ref, JobRow.lease == lease.token)
    return session.scalar(query.with_for_update())


def release(session: Session, job: JobRow) -> None:
    """Let an entry wait again."""
    job.lease = job.worker = job.leased_at = job.leased_until = None
    session.get_one(EntryRow, job.entry_id).status = Status.PENDING.value


def _any_waits(store: Store, now: datetime) -> bool:
    with store.reading() as session:
        return bool(session.scalar(select(exists().where(*_waits(now)))))


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(JobRow.leased_until.is_(None), JobRow.leased_until < now)
    return (free, JobRow.not_before <= now)


def _next_job(session: Session, now: datetime) -> JobRow | None:
    oldest = select(JobRow).where(*_waits(now)).order_by(JobRow.queued_at, JobRow.entry_id)
    return session.scalar(oldest.limit(1).with_for_update(skip_locked=True))


def _leased(
    session: Session, job: JobRow, worker: str, now: datetime, limits: QueueLimits
) -> Lease:
    entry = session.get_one(EntryRow, job.entry_id)
    contest = session.get_one(ContestRow, entry.contest_id)
    job.attempts += 1
    job.worker, job.lease, job.leased_at = worker, secrets.token_hex(16), now
    job.leased_until = now + timedelta(seconds=limits.lease_seconds)
    entry.status = Status.SCORING.value
    return Lease(
        ref=entry.id,
        contest=contest.slug,
        version_id=current_version(session, contest).id,
        upload=entry.digest,
        file_name=entry.file_name,
        worker=worker,
        token=job.lease,
        attempt=job.attempts,
        until=job.leased_until,
    )


def _give_up(session: Session, job: JobRow, now: datetime) -> None:
    entry = session.get_one(EntryRow, job.entry_id)
    entry.status, entry.scored_at = Status.FAILED.value, now
    entry.message = "Scoring broke down; the host has been told why. This entry costs no quota."
    reason = job.last_error or "the worker was no longer heard of"
    entry.host_message = f"given up after {job.attempts} attempts; the last: {reason}"
    session.delete(job)
    session.flush()
