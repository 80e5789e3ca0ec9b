"""Which workers there are."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from competition.queue.limits import QueueLimits
from competition.store import Store
from competition.store.schema import WorkerRow

__all__ = ["count_workers", "note_worker", "note_worker_stopped"]


def note_worker(store: Store, name: str, now: datetime) -> None:
    """Note that a worker is there."""
    dialect = sqlite if store.is_sqlite else postgresql
    row = dialect.insert(WorkerRow).values(name=name, started_at=now, seen_at=now)
    again = {"seen_at": now, "stopped_at": None}
    with store.writing(durable=False) as session:
        session.execute(row.on_conflict_do_update(index_elements=["name"], set_=again))


def note_worker_stopped(store: Store, name: str, now: datetime) -> None:
    """Note that a worker has gone home."""
    with store.writing(durable=False) as session:
        session.execute(update(WorkerRow).where(WorkerRow.name == name).values(stopped_at=now))


def count_workers(store: Store, now: datetime, limits: QueueLimits | None = None) -> int:
    """Return how many workers were heard of within the time of a lease."""
    limits = limits or QueueLimits.from_environment(os.environ)
    since = now - timedelta(seconds=limits.lease_seconds)
    alive = (WorkerRow.stopped_at.is_(None), WorkerRow.seen_at >= since)
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(WorkerRow).where(*alive)) or 0
