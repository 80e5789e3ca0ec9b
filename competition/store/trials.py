"""What a change makes of a contest, and the trial that it passes before it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from competition.building import refuse_unscorable
from competition.definition import Contest, contest_problems
from competition.errors import InvalidContest
from competition.store.opening import Store
from competition.store.rows import contest_row
from competition.store.schema import ContestFileRow, VersionRow
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
    "Change",
    "ContestFiles",
    "changed_files",
    "refuse_broken_rules",
    "refuse_unscorable_change",
    "refuse_unscorable_files",
]

ContestFiles: TypeAlias = Mapping[tuple[str, str], tuple[str, datetime]]
"""(kind, name) to (digest, time of last change)."""


@dataclass(frozen=True)
class Change:
    """Parts of a contest to replace, as `change_contest` takes them; None keeps a part."""

    contest: Contest | None = None
    data: Mapping[str, str] | None = None
    solution: str | None = None
    metric: str | None = None


def refuse_unscorable_change(
    store: Store, slug: str, change: Change, *, now: datetime, is_complete: bool = False
) -> int:
    """Try a change of truth, sample or metric out before anything is written down.

    Parameters
    ----------
    is_complete
        Try it also where the contest is not open: nothing more will be added.

    Returns
    -------
    int
        The version that it was tried against.

    Raises
    ------
    InvalidContest
        The changed contest could not be scored.
    """
    with store.reading() as session:
        before = current_version(session, contest_row(session, slug))
        old = contest_of_version(store, before)
        after = change.contest or old
        held = changed_files(session, before, old, Change(), now)
        files = changed_files(session, before, after, change, now)
    _refuse_other_slug(slug, after)
    is_open = after.launched_at is not None
    opens = is_open and old.launched_at is None
    if (is_open or is_complete) and (opens or _tried(old, held) != _tried(after, files)):
        refuse_unscorable_files(store, after, files)
    return before.number


def _refuse_other_slug(slug: str, after: Contest) -> None:
    if after.slug != slug:
        raise InvalidContest(f"contest.slug must stay {slug!r}, got {after.slug!r}")


def _tried(contest: Contest, files: ContestFiles) -> tuple[str, frozenset[str]]:
    """Return what decides whether truth and sample submission can be scored."""
    kept = {key: digest for key, (digest, _) in files.items()}
    metric = next((digest for key, digest in kept.items() if key[0] == METRIC), None)
    parts = ((SOLUTION, SOLUTION_NAME), (DATA, SAMPLE_NAME))
    tables = frozenset(f"{kind} {kept.get((kind, name))}" for kind, name in parts)
    return metric_digest(contest, metric), tables


def changed_files(
    session: Session, before: VersionRow, after: Contest, change: Change, now: datetime
) -> ContestFiles:
    """Return the files of the next version: those given, else those of the version before."""
    rows = session.scalars(select(ContestFileRow).where(ContestFileRow.version_id == before.id))
    files = {(row.kind, row.name): (row.digest, row.modified_at) for row in rows}
    if change.data is not None:
        files = {key: found for key, found in files.items() if key[0] != DATA}
        files |= {(DATA, name): (digest, now) for name, digest in change.data.items()}
    if change.solution is not None:
        files[SOLUTION, SOLUTION_NAME] = (change.solution, now)
    if change.metric is not None:
        files = {key: found for key, found in files.items() if key[0] != METRIC}
        files[METRIC, after.metric.file or "metric.py"] = (change.metric, now)
    return files


def refuse_unscorable_files(store: Store, contest: Contest, files: ContestFiles) -> None:
    """Try whether stored files can be scored under a definition; without a solution none can yet.

    Raises
    ------
    InvalidContest
        They cannot.
    """
    refuse_broken_rules(contest)
    stored = {key: store.files.path(digest) for key, (digest, _) in files.items()}
    solution = stored.get((SOLUTION, SOLUTION_NAME))
    if solution is not None:
        metric = next((path for (kind, _), path in stored.items() if kind == METRIC), None)
        refuse_unscorable(contest, solution, stored.get((DATA, SAMPLE_NAME)), metric)


def refuse_broken_rules(contest: Contest) -> None:
    """Refuse what could not be read back."""
    problems = contest_problems(contest)
    if problems:
        raise InvalidContest(problems)
