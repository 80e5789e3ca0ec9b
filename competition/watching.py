"""What a host sees of a stored contest: how sure its board is, and who may be probing it.

Both look at true scores and predictions, whatever the board shows, so they are for the host alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select

from competition.board import (
    Alarm,
    Confidence,
    Contender,
    Predictions,
    Resampling,
    board_confidence,
    draw_resampling,
    entry_replicates,
    probing_alarms,
    replicate_means,
)
from competition.checks import SubmissionForm, load_form, read_submission
from competition.definition import Contest
from competition.errors import CompetitionError
from competition.metrics import Metric, get_metric
from competition.queue import load_losses
from competition.queue.materials import scoring_job
from competition.scoring.arrays import prediction_array, truth_array, usage_masks
from competition.scoring.frames import align
from competition.store import (
    Entry,
    Status,
    Store,
    contest_record,
    get_entry,
    list_contest_entries,
    public_board,
    sample_submission,
    solution_file,
)
from competition.store.schema import RowLossRow
from competition.tables import read_table

__all__ = ["NoConfidence", "contest_alarms", "contest_confidence"]

PROBABILITIES = ("probability", "class_probabilities")


class NoConfidence(CompetitionError):
    """A contest's board has no intervals: its metric or its solution does not allow them."""


def contest_confidence(store: Store, slug: str) -> list[Confidence]:
    """Give the intervals and tie groups of the public board, best first.

    The resampled test sets are drawn from the contest's seed, so the same board always gets the
    same intervals. Kept row losses are used where the metric has them; else the entries that the
    board shows are read again.

    Raises
    ------
    NoConfidence
        The contest has a metric of its own, or no public row.
    """
    files = _files_of(store, slug)
    metric = _metric_of(files.contest)
    public = usage_masks(files.solution).get("public")
    if public is None:
        raise NoConfidence(
            f"the board of {slug} has no intervals: no row of its test set is public"
        )
    resampling = draw_resampling(np.random.default_rng(files.contest.seed), int(public.sum()))
    contenders = []
    for row in public_board(store, slug):
        if not row.is_baseline:
            entry = get_entry(store, row.entry_ref)
            replicates = _replicates(store, files, metric, public, resampling, entry)
            score = row.score if entry.true_public_score is None else entry.true_public_score
            contenders.append(Contender(row.team, score, entry.submitted_at, replicates))
    return board_confidence(contenders, greater_is_better=metric.greater_is_better)


def contest_alarms(store: Store, slug: str) -> list[Alarm]:
    """Look for signs of probing in all scored entries of participants."""
    files = _files_of(store, slug)
    return probing_alarms(list(_predictions(store, files)))


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


def _metric_of(contest: Contest) -> Metric:
    if contest.metric.file is not None:
        raise NoConfidence(
            f"the board of {contest.slug} has no intervals: they need a metric of the registry, "
            f"and {contest.metric.name} is the contest's own"
        )
    return get_metric(contest.metric.name, **contest.metric.parameters)


def _replicates(
    store: Store,
    files: _Files,
    metric: Metric,
    public: NDArray[np.bool_],
    resampling: Resampling,
    entry: Entry,
) -> NDArray[np.float64]:
    losses = _kept_losses(store, entry)
    if losses is not None:
        means = replicate_means(resampling, losses[public])
        return np.asarray(metric.of_mean_loss(means), dtype=np.float64)
    contest = files.contest
    columns = contest.prediction_columns
    submission = _submission(store, files, entry)
    truth = truth_array(files.solution, contest.targets, contest.labels, metric)
    prediction = prediction_array(submission, columns, contest.labels, metric)
    return entry_replicates(resampling, metric, truth[public], prediction[public])


def _kept_losses(store: Store, entry: Entry) -> NDArray[np.float64] | None:
    with store.reading() as session:
        query = select(RowLossRow.digest).where(RowLossRow.entry_id == entry.ref)
        digest = session.scalars(query).one_or_none()
    return None if digest is None else load_losses(store, digest)


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
