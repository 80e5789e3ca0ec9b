"""Versions of a contest: its definition as text, and the digests that decide scores."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from competition.definition import Contest, parse_contest
from competition.metrics import get_metric
from competition.store.opening import Store
from competition.store.schema import ContestRow, VersionRow

__all__ = ["contest_of_version", "current_contest", "current_version"]

DATA, SOLUTION, METRIC = "data", "solution", "metric"
"""Kinds of a contest's files."""

SAMPLE_NAME = "sample_submission.csv"
SOLUTION_NAME = "solution.csv"


def current_version(session: Session, contest: ContestRow) -> VersionRow:
    """Return the version row that holds now."""
    query = select(VersionRow).where(
        VersionRow.contest_id == contest.id, VersionRow.number == contest.version
    )
    return session.scalars(query).one()


def current_contest(session: Session, store: Store, contest: ContestRow) -> Contest:
    """Return the definition that holds now."""
    return contest_of_version(store, current_version(session, contest))


def contest_of_version(store: Store, version: VersionRow) -> Contest:
    """Return the definition of a version, which never changes and is parsed once."""
    return store.remembered(
        ("version", version.id),
        lambda: parse_contest(version.definition, pages=version.pages, is_stored=True),
    )


def greater_is_better(contest: Contest) -> bool:
    """Return the declared direction of a contest's metric."""
    declared = contest.metric.greater_is_better
    if declared is not None:
        return declared
    return get_metric(contest.metric.name, **contest.metric.parameters).greater_is_better


def metric_digest(contest: Contest, metric_file: str | None) -> str:
    """Return the SHA-256 of everything beside the solution that decides a score."""
    chosen = contest.metric
    parts = {
        "name": chosen.name,
        "parameters": dict(chosen.parameters),
        "beside": chosen.beside,
        "file": metric_file,
        "predicts": chosen.predicts,
        "greater_is_better": chosen.greater_is_better,
        "targets": contest.targets,
        "labels": contest.labels,
        "id": contest.id_column,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
