"""An entry's public score on the resampled test sets of its contest.

For metrics that are no mean of row losses; the others need only the losses that are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from competition.board.resampling import N_REPLICATES, named_resampling, replicate_scores
from competition.definition import Contest
from competition.metrics import Metric
from competition.scoring.arrays import prediction_array, truth_array, usage_masks
from competition.scoring.frames import AlignedPair

__all__ = ["PATIENCE_SECONDS", "public_replicates"]

PATIENCE_SECONDS = 5.0
"""A metric that would take longer for all replicates gets no intervals."""


def public_replicates(
    contest: Contest,
    metric: Metric,
    pair: AlignedPair,
    name: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> NDArray[np.float64] | None:
    """Score the public rows of an aligned pair on each resampled test set.

    Parameters
    ----------
    contest, metric, pair
        As in `score_frames`.
    name : str
        Names the resampled sets; entries that share it are compared row by row.
    patience_seconds : float
        How long all of it may take, judged by the processor's time for the first: on a busy
        machine a metric waits for its turn longer than it works.

    Returns
    -------
    float64 array, shape (n_replicates,), or None
        None without public rows, and where the metric takes too long.
    """
    public = usage_masks(pair.solution).get("public")
    if public is None:
        return None
    columns = metric.prediction_columns(contest.targets, contest.labels)
    truth = truth_array(pair.solution, contest.targets, contest.labels, metric)[public]
    prediction = prediction_array(pair.submission, columns, contest.labels, metric)[public]
    resampling = named_resampling(name, len(truth))

    def score(rows: NDArray[np.intp]) -> float:
        return metric(truth[rows], prediction[rows])

    if _seconds_of(lambda: score(resampling.rows)) * N_REPLICATES > patience_seconds:
        return None
    return replicate_scores(resampling, len(truth), score)


def _seconds_of(work: Callable[[], object]) -> float:
    """Return how long the processor works at something."""
    start = time.process_time()
    work()
    return time.process_time() - start
