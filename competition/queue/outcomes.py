"""Writing down what scoring an entry gave: once, by the worker that holds its lease."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from competition.queue.laddering import show_ladder_score
from competition.queue.leases import Lease, held_job, release
from competition.queue.losses import keep_losses
from competition.scoring import Scores, ScoringOutcome
from competition.store import Status, Store
from competition.store.counting import count_entry
from competition.store.known_files import remember_file
from competition.store.rows import contest_row
from competition.store.schema import EntryRow, RowLossRow, VersionRow
from competition.store.versions import current_version

__all__ = ["BROKE_DOWN", "checked", "finish_entry", "outcome_values"]

BROKE_DOWN = "Scoring broke down; the host has been told why. This entry costs no quota."


def finish_entry(store: Store, lease: Lease, outcome: ScoringOutcome, now: datetime) -> bool:
    """Write down an entry's outcome and its team's new standing, in one transaction.

    Returns
    -------
    bool
        False, and nothing is changed, when the lease was lost: another worker has the entry, or
        it was withdrawn. An entry scored against a definition that no longer holds goes back to
        the queue.
    """
    outcome = checked(outcome)
    losses = keep_losses(store, outcome.row_losses) if outcome.row_losses is not None else None
    with store.writing() as session:
        contest = contest_row(session, lease.contest, share=True)
        job = held_job(session, lease)
        if job is None:
            return False
        version = current_version(session, contest)
        if not _scores_alike(session, lease, version):
            release(session, job)
            return True
        entry = session.get_one(EntryRow, lease.ref)
        entry.version_id, entry.scored_at = version.id, now
        for name, value in outcome_values(outcome).items():
            setattr(entry, name, value)
        entry.true_public_score = entry.public_score
        if losses is not None and outcome.row_losses is not None:
            remember_file(session, store, losses, now)
            rows = len(outcome.row_losses)
            session.merge(RowLossRow(entry_id=entry.id, digest=losses, rows=rows))
            session.flush()
            show_ladder_score(session, store, version, entry)
        session.delete(job)
        session.flush()
        count_entry(session, store, version, entry)
        return True


def checked(outcome: ScoringOutcome) -> ScoringOutcome:
    """Turn a score that is no finite number into a failure: it must never rank."""
    scores = outcome.scores
    if outcome.status != "scored":
        return outcome
    if scores is None:
        return ScoringOutcome("failed", message="scoring ended without a score")
    wrong = [value for value in _values(scores) if value is not None and not math.isfinite(value)]
    if wrong:
        return ScoringOutcome("failed", message=f"a score must be finite, got {wrong[0]}")
    return outcome


def _values(scores: Scores) -> tuple[float | None, ...]:
    return scores.overall, scores.public, scores.private


def _scores_alike(session: Session, lease: Lease, version: VersionRow) -> bool:
    scored = session.get_one(VersionRow, lease.version_id)
    return (scored.metric_digest, scored.solution_digest) == (
        version.metric_digest,
        version.solution_digest,
    )


def outcome_values(outcome: ScoringOutcome) -> dict[str, Any]:
    """Return what of an outcome is written down, by column."""
    scores = outcome.scores
    failed = outcome.status == "failed"
    return {
        "status": Status(outcome.status).value,
        "message": BROKE_DOWN if failed else outcome.message,
        "host_message": _told_host(outcome) if failed else outcome.output,
        "public_score": scores and scores.public,
        "private_score": scores and scores.private,
        "overall_score": scores and scores.overall,
        "beside": {name: asdict(found) for name, found in scores.beside.items()}
        if scores
        else None,
    }


def _told_host(outcome: ScoringOutcome) -> str:
    printed = f"\nthe metric printed:\n{outcome.output}" if outcome.output else ""
    return outcome.message + printed
