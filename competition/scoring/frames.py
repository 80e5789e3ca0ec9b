"""Score a submission against a solution, both as tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.checks import Problem, are_unique, places_of
from competition.definition import Contest
from competition.errors import InvalidSubmission, MetricFailed
from competition.metrics import Metric, get_metric
from competition.metrics.metric import Array
from competition.scoring.arrays import (
    as_predicted_by,
    label_values,
    prediction_array,
    truth_array,
    usage_masks,
)
from competition.scoring.scores import Scores, SplitScores

Losses = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class AlignedPair:
    """Solution and submission, row by row in the solution's order.

    Parameters
    ----------
    solution : pandas.DataFrame
        Id, targets and perhaps ``Usage``.
    submission : pandas.DataFrame
        Id and prediction columns.
    """

    solution: pd.DataFrame
    submission: pd.DataFrame


def align(contest: Contest, solution: pd.DataFrame, submission: pd.DataFrame) -> AlignedPair:
    """Bring the submission's rows into the order of the solution's ids.

    Raises
    ------
    MetricFailed
        The solution lacks a column, or holds an id twice.
    InvalidSubmission
        The submission lacks a column, or its ids are not exactly the solution's.
    """
    _require_columns(contest, solution, submission)
    known = pd.Index(solution[contest.id_column])
    if not are_unique(known):
        raise MetricFailed("the solution holds an id more than once")
    if _are_same(submission[contest.id_column], solution[contest.id_column]):
        return AlignedPair(solution, submission)
    places = places_of(submission[contest.id_column], known)
    counts = np.bincount(places[places >= 0], minlength=len(known))
    if len(places) != len(known) or not (counts == 1).all():
        raise InvalidSubmission([_unlike_ids(int((places < 0).sum()), counts)])
    order = np.empty_like(places)
    order[places] = np.arange(len(places))
    return AlignedPair(solution, submission.iloc[order].reset_index(drop=True))


def _are_same(ids: pd.Series, known: pd.Series) -> bool:
    """Tell whether integer ids stand in the same order already."""
    are_integers = ids.dtype.kind == known.dtype.kind == "i"
    return are_integers and np.array_equal(ids.to_numpy(), known.to_numpy())


def _require_columns(contest: Contest, solution: pd.DataFrame, submission: pd.DataFrame) -> None:
    for name in (contest.id_column, *contest.targets):
        if name not in solution:
            raise MetricFailed(f"the solution has no column {name!r}")
    for name in (contest.id_column, *contest.prediction_columns):
        if name not in submission:
            raise InvalidSubmission([Problem("missing_column", f"column {name!r} is missing")])


def _unlike_ids(unknown: int, counts: NDArray[np.intp]) -> Problem:
    message = (
        f"ids must be those of the test rows, each once: {(counts == 0).sum()} missing, "
        f"{unknown} unknown, {(counts > 1).sum()} more than once"
    )
    return Problem("missing_ids", message)


def score_frames(contest: Contest, solution: pd.DataFrame, submission: pd.DataFrame) -> Scores:
    """Score a submission by the contest's built-in metric and those beside it.

    Parameters
    ----------
    contest : Contest
        Columns, labels and metrics.
    solution : pandas.DataFrame
        Id, targets and ``Usage`` (without it, only the overall score is given).
    submission : pandas.DataFrame
        Id and prediction columns, rows in any order.

    Raises
    ------
    InvalidSubmission
        The submission cannot be aligned with the solution or holds no predictions.
    ParticipantVisibleError
        The metric refuses the predictions.
    MetricFailed
        The solution does not allow the metric.
    """
    metric = get_metric(contest.metric.name, **contest.metric.parameters)
    return score_pair(contest, metric, align(contest, solution, submission))


def score_pair(contest: Contest, metric: Metric, pair: AlignedPair) -> Scores:
    """Score aligned tables by a built-in metric and those beside it."""
    return _scores(contest, metric, pair, _rows_of(contest, metric, pair))


def score_with_losses(
    contest: Contest, metric: Metric, pair: AlignedPair
) -> tuple[Scores, Losses | None]:
    """Score aligned tables, and tell the loss of each row by the main metric.

    Losses are computed for the public and the private part apart, as their scores are, so
    that the mean over a part gives the score of that part.

    Returns
    -------
    scores : Scores
    losses : ndarray of shape (n_rows,), or None
        In the solution's order, lower is better, NaN where a row is ignored; None where the
        metric has no losses per row.
    """
    rows = _rows_of(contest, metric, pair)
    scores = _scores(contest, metric, pair, rows)
    return scores, None if metric.row_losses is None else _losses(metric, rows)


def score_beside(contest: Contest, pair: AlignedPair) -> dict[str, SplitScores]:
    """Score aligned tables by the built-in metrics beside a host's own one.

    Raises
    ------
    MetricFailed
        One of them wants something else than submissions hold.
    """
    scores = {}
    for name in contest.metric.beside:
        metric = get_metric(name)
        if metric.predicts != contest.predicts:
            raise MetricFailed(
                f"{name} needs {metric.predicts}, but submissions hold {contest.predicts}"
            )
        scores[name] = _split_scores(metric, _rows_of(contest, metric, pair))
    return scores


@dataclass(frozen=True)
class _Rows:
    """Truth and prediction as a metric takes them, whole and for each part."""

    truth: Array
    prediction: Array
    places: Mapping[str, Places | slice]

    def part(self, name: str) -> tuple[Array, Array]:
        return self.truth[self.places[name]], self.prediction[self.places[name]]


def _rows_of(contest: Contest, metric: Metric, pair: AlignedPair) -> _Rows:
    columns = metric.prediction_columns(contest.targets, contest.labels)
    return _Rows(
        truth_array(pair.solution, contest.targets, contest.labels, metric),
        prediction_array(pair.submission, columns, contest.labels, metric),
        {
            name: slice(None) if mask.all() else np.flatnonzero(mask)
            for name, mask in usage_masks(pair.solution).items()
        },
    )


def _scores(contest: Contest, metric: Metric, pair: AlignedPair, rows: _Rows) -> Scores:
    beside = {}
    for name in contest.metric.beside:
        other = get_metric(name)
        beside[name] = _split_scores(other, _recoded(contest, metric, other, pair, rows))
    return Scores(**vars(_split_scores(metric, rows)), beside=beside)


def _split_scores(metric: Metric, rows: _Rows) -> SplitScores:
    return SplitScores(**{name: metric(*rows.part(name)) for name in rows.places})


def _losses(metric: Metric, rows: _Rows) -> Losses:
    losses = np.full(len(rows.truth), np.nan)
    parts = [name for name in rows.places if name != "overall"] or ["overall"]
    for name in parts:
        losses[rows.places[name]] = metric.losses(*rows.part(name))
    return losses


def _recoded(
    contest: Contest, main: Metric, beside: Metric, pair: AlignedPair, rows: _Rows
) -> _Rows:
    """Change truth and prediction into those that a metric beside the main one takes."""
    prediction = as_predicted_by(beside, main, rows.prediction)
    if main.predicts == beside.predicts and main.uses_label_distance == beside.uses_label_distance:
        return rows
    if beside.predicts == "labels" and contest.labels:
        prediction = label_values(contest.labels, beside)[_indexes(contest, main, prediction)]
    truth = truth_array(pair.solution, contest.targets, contest.labels, beside)
    return _Rows(truth, prediction, rows.places)


def _indexes(contest: Contest, main: Metric, prediction: Array) -> Array:
    """Return predicted labels as their index among the contest's labels."""
    if main.predicts != "labels":
        return prediction
    own = label_values(contest.labels, main)
    order = np.argsort(own)
    return np.asarray(order[np.searchsorted(own, prediction, sorter=order)])
