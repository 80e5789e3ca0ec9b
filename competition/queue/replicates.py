"""Scores on resampled test sets of the entries that stand on a board, one of each team.

They are computed when an entry is counted, and once for an entry that was counted before there
were any; a board reads them and scores nothing. They are kept as little-endian float32: its
rounding, 6e-8 of a score, is far below any interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from competition.board.resampling import Resampling, named_resampling, replicate_means
from competition.errors import MetricFailed
from competition.metrics import get_metric
from competition.queue.laddering import public_rows
from competition.queue.losses import load_losses
from competition.queue.materials import scoring_job
from competition.scoring import ScoringPool
from competition.store import Store
from competition.store.schema import (
    ContestRow,
    EntryRow,
    ReplicateRow,
    RowLossRow,
    StandingRow,
    VersionRow,
)
from competition.store.versions import contest_of_version

__all__ = ["keep_replicates", "kept_replicates", "load_replicates", "missing_replicates"]

Floats = NDArray[np.float64]
_STORED = np.dtype("<f4")


@dataclass(frozen=True)
class _Task:
    """An entry that stands on a board without replicates, and what they are made of."""

    entry: EntryRow
    version: VersionRow
    losses_digest: str | None


def keep_replicates(store: Store, ref: int, pool: ScoringPool) -> bool:
    """Compute and keep the replicates of an entry that stands on its board and has none.

    Where its metric allows none, that is noted, so that nobody tries again.

    Returns
    -------
    bool
        False when nothing was to be done: the entry does not stand on the board, or has its
        replicates.

    Raises
    ------
    MetricFailed
        The process that was to score the entry was lost.
    """
    with store.reading() as session:
        task = _task(session, ref)
    if task is None:
        return False
    found = _replicates(store, task, pool)
    with store.writing(durable=False) as session:
        _write(session, store, task, b"" if found is None else found.astype(_STORED).tobytes())
    return True


def missing_replicates(store: Store, slug: str | None = None, *, limit: int) -> list[int]:
    """Return entries that stand on a board without replicates, at most `limit`."""
    lacking = or_(ReplicateRow.team_id.is_(None), ~_holds())
    query = _standings(StandingRow.public_entry_id).where(lacking)
    if slug is not None:
        query = query.where(ContestRow.slug == slug)
    with store.reading() as session:
        return [ref for ref in session.scalars(query.limit(limit)) if ref is not None]


def kept_replicates(store: Store, slug: str) -> frozenset[tuple[int, int, int]]:
    """Return team, entry and version of each line of a public board that has replicates."""
    query = _standings(ReplicateRow.team_id, ReplicateRow.entry_id, ContestRow.version)
    with store.reading() as session:
        found = session.execute(query.where(ContestRow.slug == slug, _holds(), _any()))
        return frozenset((team, entry, version) for team, entry, version in found)


def load_replicates(store: Store, slug: str) -> Mapping[int, Floats]:
    """Return the replicates of a public board by team, each of shape ``(n_replicates,)``."""
    query = _standings(ReplicateRow.team_id, ReplicateRow.scores)
    with store.reading() as session:
        found = session.execute(query.where(ContestRow.slug == slug, _holds(), _any()))
        return {team: np.frombuffer(kept, _STORED).astype(np.float64) for team, kept in found}


def contest_resampling(session: Session, store: Store, version: VersionRow) -> Resampling:
    """Return the resampled test sets that all entries scored by one solution share."""
    rows = int(public_rows(session, store, version).sum())
    name = version.solution_digest
    return store.remembered(("resampling", name), lambda: named_resampling(name, rows))


def _standings(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Select from the ranked lines of all public boards, with the replicates that they have."""
    current = and_(VersionRow.contest_id == ContestRow.id, VersionRow.number == ContestRow.version)
    return (
        select(*columns)
        .select_from(StandingRow)
        .join(ContestRow, ContestRow.id == StandingRow.contest_id)
        .join(VersionRow, current)
        .outerjoin(ReplicateRow, ReplicateRow.team_id == StandingRow.team_id)
        .where(StandingRow.ranked, StandingRow.public_entry_id.is_not(None))
    )


def _holds() -> Any:
    """Whether kept replicates are those of the entry that stands, by the definition that holds."""
    return and_(
        ReplicateRow.entry_id == StandingRow.public_entry_id,
        ReplicateRow.metric_digest == VersionRow.metric_digest,
        ReplicateRow.solution_digest == VersionRow.solution_digest,
    )


def _any() -> Any:
    return ReplicateRow.scores != b""


def _task(session: Session, ref: int) -> _Task | None:
    lacking = or_(ReplicateRow.team_id.is_(None), ~_holds())
    query = (
        _standings(EntryRow, VersionRow, RowLossRow.digest)
        .join(EntryRow, EntryRow.id == StandingRow.public_entry_id)
        .outerjoin(RowLossRow, RowLossRow.entry_id == EntryRow.id)
        .where(EntryRow.id == ref, lacking)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else _Task(*found)


def _replicates(store: Store, task: _Task, pool: ScoringPool) -> Floats | None:
    contest = contest_of_version(store, task.version)
    if contest.metric.file is not None:
        return None
    if task.losses_digest is None:
        return _scored_again(store, task, pool)
    metric = get_metric(contest.metric.name, **contest.metric.parameters)
    with store.reading() as session:
        public = public_rows(session, store, task.version)
        resampling = contest_resampling(session, store, task.version)
    means = replicate_means(resampling, load_losses(store, task.losses_digest)[public])
    return np.asarray(metric.of_mean_loss(means), dtype=np.float64)


def _scored_again(store: Store, task: _Task, pool: ScoringPool) -> Floats | None:
    """Let a child score the entry on the resampled sets too: only there its file is read."""
    entry, version = task.entry, task.version
    with scoring_job(store, version.id, entry.digest, entry.file_name) as job:
        outcome = pool.score(replace(job, resampling=version.solution_digest))
    if outcome.lost:
        raise MetricFailed(outcome.message)
    return outcome.replicates


def _write(session: Session, store: Store, task: _Task, scores: bytes) -> None:
    dialect = sqlite if store.is_sqlite else postgresql
    kept = {
        "entry_id": task.entry.id,
        "metric_digest": task.version.metric_digest,
        "solution_digest": task.version.solution_digest,
        "scores": scores,
    }
    row = dialect.insert(ReplicateRow).values(team_id=task.entry.team_id, **kept)
    session.execute(row.on_conflict_do_update(index_elements=["team_id"], set_=kept))
