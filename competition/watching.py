"""How sure the board of a stored contest is, and who may be probing it.

Intervals are made from true scores, whatever the board shows, and alarms from predictions: who may
see them is for `competition.visibility`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

import numpy as np
import pandas as pd
from sqlalchemy import select

from competition.board import (
    Alarm,
    Confidence,
    Contender,
    Predictions,
    board_confidence,
    probing_alarms,
)
from competition.checks import SubmissionForm, load_form, read_submission
from competition.definition import Contest
from competition.errors import CompetitionError
from competition.queue import (
    keep_replicates,
    kept_replicates,
    load_replicates,
    missing_replicates,
)
from competition.queue.materials import scoring_job
from competition.scoring.arrays import usage_masks
from competition.scoring.frames import align
from competition.scoring.pool import shared_pool
from competition.store import (
    BoardRow,
    ContestRecord,
    Entry,
    Status,
    Store,
    contest_record,
    list_contest_entries,
    public_board,
    sample_submission,
    solution_file,
)
from competition.store.schema import EntryRow, StandingRow
from competition.tables import read_table

__all__ = ["NoConfidence", "board_intervals", "contest_alarms", "contest_confidence"]

PROBABILITIES = ("probability", "class_probabilities")
MOST_TEAMS = 2000
"""Boards with more teams are shown without intervals: to rank their replicates takes seconds."""
_AT_ONCE = 1000

Intervals: TypeAlias = Mapping[int, Confidence]
"""Confidence by team id."""


class NoConfidence(CompetitionError):
    """A contest's board has no intervals: its metric or its solution does not allow them."""


def contest_confidence(store: Store, slug: str) -> list[Confidence]:
    """Give the intervals and tie groups of the public board, best first.

    The resampled test sets belong to the solution, so the same board always gets the same
    intervals. Entries are read from what their worker kept; one that lacks it is given it here.

    Raises
    ------
    NoConfidence
        The contest has a metric of its own or one that takes too long, or no public row.
    """
    record = contest_record(store, slug)
    _require_intervals(store, record.contest)
    while lacking := missing_replicates(store, slug, limit=_AT_ONCE):
        for ref in lacking:
            keep_replicates(store, ref, shared_pool())
    rows = public_board(store, slug)
    found = _intervals(store, record, rows)
    if not found and any(not row.is_baseline for row in rows):
        raise NoConfidence(
            f"the board of {slug} has no intervals: {record.contest.metric.name} takes too long "
            "to be computed on resampled test sets"
        )
    names = {row.team_id: row.team for row in rows}
    return [replace(line, team=names[team]) for team, line in found.items()]


def board_intervals(store: Store, slug: str, rows: Sequence[BoardRow]) -> Intervals:
    """Give the intervals of a whole public board from what is kept, by team id.

    Scores nothing, and remembers its answer until the board changes. A team without kept
    replicates has no interval; others are then ranked against its score as it is. Empty where no
    team has one, and above `MOST_TEAMS` teams.
    """
    if len(rows) > MOST_TEAMS:
        return {}
    latest = store.remembered(("intervals", slug), _Latest)
    key = (tuple((row.team_id, row.entry_ref) for row in rows), kept_replicates(store, slug))
    if latest.answer[0] != key:
        latest.answer = key, _intervals(store, contest_record(store, slug), rows)
    return latest.answer[1]


def contest_alarms(store: Store, slug: str) -> list[Alarm]:
    """Look for signs of probing in all scored entries of participants."""
    files = _files_of(store, slug)
    return probing_alarms(list(_predictions(store, files)))


@dataclass
class _Latest:
    """The last answer for a board, with what it was made of."""

    answer: tuple[object, Intervals] = field(default_factory=lambda: (None, {}))


def _require_intervals(store: Store, contest: Contest) -> None:
    why = ""
    if contest.metric.file is not None:
        why = f"they need a metric of the registry, and {contest.metric.name} is the contest's own"
    elif "public" not in usage_masks(read_table(solution_file(store, contest.slug).path)):
        why = "no row of its test set is public"
    if why:
        raise NoConfidence(f"the board of {contest.slug} has no intervals: {why}")


def _intervals(store: Store, record: ContestRecord, rows: Sequence[BoardRow]) -> Intervals:
    kept = load_replicates(store, record.contest.slug)
    if not kept:
        return {}
    length = len(next(iter(kept.values())))
    earned = _earned(store, record.id)
    contenders = [
        Contender(team, *earned[team], kept.get(team, np.full(length, earned[team][0])))
        for team in (row.team_id for row in rows if not row.is_baseline)
        if team in earned
    ]
    lines = board_confidence(contenders, greater_is_better=record.greater_is_better)
    return {int(line.team): line for line in lines if line.team in kept}


def _earned(store: Store, contest_id: int) -> dict[int, tuple[float, datetime]]:
    """Return the true public score of each team's entry on the board, and its time."""
    query = (
        select(StandingRow.team_id, EntryRow.true_public_score, EntryRow.submitted_at)
        .join(EntryRow, EntryRow.id == StandingRow.public_entry_id)
        .where(StandingRow.contest_id == contest_id, EntryRow.true_public_score.is_not(None))
    )
    with store.reading() as session:
        return {team: (score or 0.0, at) for team, score, at in session.execute(query)}


@dataclass(frozen=True)
class _Files:
    """What the entries of a contest are read and aligned by."""

    contest: Contest
    version_id: int
    solution: pd.DataFrame
    form: SubmissionForm


def _files_of(store: Store, slug: str) -> _Files:
    record = contest_record(store, slug)
    solution = read_table(solution_file(store, slug).path)
    form = load_form(record.contest, sample_submission(store, slug).path)
    return _Files(record.contest, record.version_id, solution, form)


def _predictions(store: Store, files: _Files) -> Iterator[Predictions]:
    columns = list(files.contest.prediction_columns)
    are_probabilities = files.contest.predicts in PROBABILITIES
    for entry in reversed(list_contest_entries(store, files.contest.slug)):
        if entry.status is Status.SCORED and not (entry.baseline or entry.sandbox):
            values = _submission(store, files, entry)[columns].to_numpy()
            values = values[:, 0] if len(columns) == 1 else values
            yield Predictions(entry.ref, entry.team, values, are_probabilities)


def _submission(store: Store, files: _Files, entry: Entry) -> pd.DataFrame:
    """Read an entry in the order of the solution's rows."""
    with scoring_job(store, files.version_id, entry.upload, entry.file_name) as job:
        frame = read_submission(job.submission, files.form)
    return align(files.contest, files.solution, frame).submission
