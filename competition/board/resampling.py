"""The bootstrap of a test set: drawn once for a contest, shared by all its entries.

Every entry is scored on the same resampled test sets, so differences between entries are paired
and one entry needs no other. For a metric that is a function of a mean of row losses, all
replicates of an entry are one product of a matrix with its losses; any other metric is called
once per replicate.

References
----------
.. [1] B. Efron, R. Tibshirani (1993), An introduction to the bootstrap.
.. [2] P. Bickel, F. Götze, W. van Zwet (1997), Resampling fewer than n observations: gains,
   losses, and remedies for losses, Statistica Sinica 7:1-31.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.errors import MetricFailed
from competition.metrics import Metric

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

N_REPLICATES = 500
"""Enough for the ends of a 95 % interval to move by a tenth of its width between draws."""

MAX_ROWS = 10_000
"""Rows that are resampled at most; more only sharpen the spread that is then scaled."""


@dataclass(frozen=True)
class Resampling:
    """Which rows each replicate takes, and how often.

    Attributes
    ----------
    rows : int array, shape (n_sampled,)
        The rows that take part: all, or ``max_rows`` of them.
    weights : float32 array, shape (n_replicates, n_sampled)
        How often each replicate takes each of them; every line sums to ``n_sampled``.
    shrink : float
        ``sqrt(n_sampled / n_rows)``: what turns the spread over the sampled rows into that over
        all of them [2]_.
    """

    rows: Rows
    weights: NDArray[np.float32]
    shrink: float


def draw_resampling(
    rng: np.random.Generator,
    n_rows: int,
    *,
    n_replicates: int = N_REPLICATES,
    max_rows: int = MAX_ROWS,
) -> Resampling:
    """Draw the resampled test sets of a contest; the same generator state draws the same ones.

    Raises
    ------
    ValueError
        If there is no row or no replicate to draw.
    """
    if min(n_rows, n_replicates, max_rows) < 1:
        raise ValueError(
            "a bootstrap needs at least one row and one replicate, "
            f"but got {n_rows=}, {n_replicates=}, {max_rows=}"
        )
    sampled = min(n_rows, max_rows)
    rows = np.sort(rng.permutation(n_rows)[:sampled])
    weights = np.empty((n_replicates, sampled), dtype=np.float32)
    for line in weights:
        line[:] = np.bincount(rng.integers(0, sampled, sampled), minlength=sampled)
    return Resampling(rows, weights, math.sqrt(sampled / n_rows))


def named_resampling(name: str, n_rows: int) -> Resampling:
    """Draw the resampled test sets that bear a name: everywhere the same ones.

    Parameters
    ----------
    name : str
        Any text, such as the digest of a solution.
    n_rows : int
        Rows of the test set.
    """
    return draw_resampling(np.random.default_rng(list(name.encode())), n_rows)


def entry_replicates(
    resampling: Resampling, metric: Metric, truth: NDArray[Any], prediction: NDArray[Any]
) -> Floats:
    """Give an entry's score on each resampled test set, by the cheapest way its metric allows.

    Parameters
    ----------
    resampling : Resampling
    metric : Metric
    truth, prediction : array, shape (n_rows,) or (n_rows, n_columns)
        As the metric takes them.

    Returns
    -------
    float64 array, shape (n_replicates,)
    """
    if metric.row_losses is not None:
        means = replicate_means(resampling, metric.losses(truth, prediction))
        return np.asarray(metric.of_mean_loss(means), dtype=np.float64)
    return replicate_scores(
        resampling, len(truth), lambda rows: metric(truth[rows], prediction[rows])
    )


def replicate_means(resampling: Resampling, losses: Floats) -> Floats:
    """Give the mean loss on each resampled test set.

    Parameters
    ----------
    resampling : Resampling
    losses : float array, shape (n_rows,) or (n_rows, n_entries)
        Row losses; apply the metric's ``of_mean_loss`` to what comes back.

    Returns
    -------
    float64 array, shape (n_replicates,) or (n_replicates, n_entries)
    """
    centre = losses.mean(axis=0)
    deviation = (losses[resampling.rows] - centre).astype(np.float32)
    moved = (resampling.weights @ deviation).astype(np.float64) / len(resampling.rows)
    return np.asarray(centre + resampling.shrink * (moved - deviation.mean(axis=0)))


def replicate_scores(resampling: Resampling, n_rows: int, score: Callable[[Rows], float]) -> Floats:
    """Give the score on each resampled test set, for a metric that is no mean of row losses.

    Parameters
    ----------
    resampling : Resampling
    n_rows : int
        Rows of the whole test set.
    score : callable
        Gives the score on an array of row numbers, which may repeat. A replicate on which it
        fails with `MetricFailed` (one class alone, say) takes the whole score.

    Returns
    -------
    float64 array, shape (n_replicates,)
    """
    whole = score(np.arange(n_rows))
    sampled = whole if len(resampling.rows) == n_rows else score(resampling.rows)
    taken = (np.repeat(resampling.rows, line.astype(np.intp)) for line in resampling.weights)
    replicates = np.array([_score_or(sampled, score, rows) for rows in taken])
    return np.asarray(whole + resampling.shrink * (replicates - sampled))


def _score_or(otherwise: float, score: Callable[[Rows], float], rows: Rows) -> float:
    try:
        return score(rows)
    except MetricFailed:
        return otherwise
