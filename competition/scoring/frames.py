"""Score a submission against a solution, both as tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.checks import Problem, are_unique, places_of, prediction_columns
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

Masks = Mapping[str, NDArray[np.bool_]]


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
    places = places_of(submission[contest.id_column], known)
    counts = np.bincount(places[places >= 0], minlength=len(known))
    if len(places) != len(known) or not (counts == 1).all():
        raise InvalidSubmission([_unlike_ids(int((places < 0).sum()), counts)])
    if not np.array_equal(places, np.arange(len(places))):
        submission = submission.iloc[np.argsort(places)].reset_index(drop=True)
    return AlignedPair(solution, submission)


def _require_columns(contest: Contest, solution: pd.DataFrame, submission: pd.DataFrame) -> None:
    for name in (contest.id_column, *contest.targets):
        if name not in solution:
            raise MetricFailed(f"the solution has no column {name!r}")
    for name in (contest.id_column, *prediction_columns(contest)):
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
    pair = align(contest, solution, submission)
    return score_pair(contest, metric, pair)


def score_pair(contest: Contest, metric: Metric, pair: AlignedPair) -> Scores:
    """Score aligned tables by a built-in metric and those beside it."""
    masks = usage_masks(pair.solution)
    prediction = predictions_of(contest, metric, pair)
    main = _split_scores(metric, truth_of(contest, metric, pair), prediction, masks)
    return Scores(**vars(main), beside=beside_scores(contest, metric, pair, prediction, masks))


def truth_of(contest: Contest, metric: Metric, pair: AlignedPair) -> Array:
    """Return the truth of an aligned pair as the metric takes it."""
    return truth_array(pair.solution, contest.targets, contest.labels, metric)


def predictions_of(contest: Contest, metric: Metric, pair: AlignedPair) -> Array:
    """Return the predictions of an aligned pair as the metric takes them."""
    columns = metric.prediction_columns(contest.targets, contest.labels)
    return prediction_array(pair.submission, columns, contest.labels, metric)


def beside_scores(
    contest: Contest, main: Metric, pair: AlignedPair, prediction: Array, masks: Masks
) -> dict[str, SplitScores]:
    """Score by every metric beside the main one."""
    scores = {}
    for name in contest.metric.beside:
        metric = get_metric(name)
        truth = truth_of(contest, metric, pair)
        given = _recoded(contest, main, metric, as_predicted_by(metric, main, prediction))
        scores[name] = _split_scores(metric, truth, given, masks)
    return scores


def _recoded(contest: Contest, main: Metric, beside: Metric, prediction: Array) -> Array:
    """Change label codes of the main metric into those of another."""
    if beside.predicts != "labels" or not contest.labels:
        return prediction
    if main.predicts == "labels":
        own = label_values(contest.labels, main)
        order = np.argsort(own)
        prediction = order[np.searchsorted(own, prediction, sorter=order)]
    return label_values(contest.labels, beside)[prediction]


def _split_scores(metric: Metric, truth: Array, prediction: Array, masks: Masks) -> SplitScores:
    every = {
        part: metric(truth, prediction) if mask.all() else metric(truth[mask], prediction[mask])
        for part, mask in masks.items()
    }
    return SplitScores(**every)


def row_losses(contest: Contest, metric: Metric, pair: AlignedPair) -> NDArray[np.float64] | None:
    """Return the loss of each solution row by the main metric, lower is better.

    Losses are computed for the public and the private part apart, as their scores are, so
    that the mean over a part gives the score of that part.

    Returns
    -------
    ndarray of shape (n_rows,), or None
        NaN where a row is ignored; None where the metric has no losses per row.
    """
    if metric.row_losses is None:
        return None
    truth, prediction = truth_of(contest, metric, pair), predictions_of(contest, metric, pair)
    masks = dict(usage_masks(pair.solution))
    if len(masks) > 1:
        del masks["overall"]
    losses = np.full(len(truth), np.nan)
    for mask in masks.values():
        losses[mask] = metric.losses(truth[mask], prediction[mask])
    return losses
