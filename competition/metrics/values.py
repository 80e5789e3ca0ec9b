"""Metrics of predicted numbers. Several columns are averaged as each docstring says."""

from __future__ import annotations

from typing import Any

import numpy as np

from competition.errors import MetricFailed, ParticipantVisibleError
from competition.metrics.metric import Array, Floats, Metric

INFINITY = float("inf")
SMALLEST = float(np.finfo(np.float64).tiny)


def _row_means(cells: Array) -> Floats:
    cells = np.asarray(cells, dtype=np.float64)
    return cells if cells.ndim == 1 else cells.mean(axis=1)


def _difference(truth: Array, prediction: Array) -> Floats:
    return np.asarray(prediction, dtype=np.float64) - np.asarray(truth, dtype=np.float64)


def absolute_errors(truth: Array, prediction: Array) -> Floats:
    """Absolute error of each row, in the unit of the target."""
    return _row_means(np.abs(_difference(truth, prediction)))


def mean_absolute_error(truth: Array, prediction: Array) -> float:
    """Mean absolute error over all cells."""
    return float(absolute_errors(truth, prediction).mean())


def median_absolute_error(truth: Array, prediction: Array) -> float:
    """Median absolute error, averaged over columns."""
    return float(np.mean(np.median(np.abs(_difference(truth, prediction)), axis=0)))


def squared_errors(truth: Array, prediction: Array) -> Floats:
    """Squared error of each row."""
    return _row_means(_difference(truth, prediction) ** 2)


def mean_squared_error(truth: Array, prediction: Array) -> float:
    """Mean squared error over all cells."""
    return float(squared_errors(truth, prediction).mean())


def root_mean_squared_error(truth: Array, prediction: Array) -> float:
    """Square root of the mean squared error over all cells."""
    return float(np.sqrt(mean_squared_error(truth, prediction)))


def mean_columnwise_rmse(truth: Array, prediction: Array) -> float:
    """Mean over columns of the root mean squared error."""
    return float(np.mean(np.sqrt(np.mean(_difference(truth, prediction) ** 2, axis=0))))


def _log_difference(truth: Array, prediction: Array) -> Floats:
    if np.min(truth) < 0:
        raise MetricFailed("RMSLE needs a truth that is >= 0")
    if np.min(prediction) < 0:
        raise ParticipantVisibleError("RMSLE needs predictions that are >= 0")
    return _difference(np.log1p(truth), np.log1p(prediction))


def squared_log_errors(truth: Array, prediction: Array) -> Floats:
    """Squared difference of ``ln(1 + x)`` in each row."""
    return _row_means(_log_difference(truth, prediction) ** 2)


def root_mean_squared_log_error(truth: Array, prediction: Array) -> float:
    """Root mean squared difference of ``ln(1 + x)``; negative values are an error."""
    return float(np.sqrt(squared_log_errors(truth, prediction).mean()))


def mean_columnwise_rmsle(truth: Array, prediction: Array) -> float:
    """Mean over columns of the root mean squared logarithmic error."""
    return float(np.mean(np.sqrt(np.mean(_log_difference(truth, prediction) ** 2, axis=0))))


def relative_errors(truth: Array, prediction: Array) -> Floats:
    """Absolute error of each row as a share of the truth.

    Raises
    ------
    MetricFailed
        A truth is 0.
    """
    if not np.all(truth):
        raise MetricFailed("MAPE needs a truth without 0; use SMAPE or MAE")
    return _row_means(np.abs(_difference(truth, prediction)) / np.abs(truth))


def mean_absolute_percentage_error(truth: Array, prediction: Array) -> float:
    """Mean absolute error as a share of the truth: 0.1 is ten percent."""
    return float(relative_errors(truth, prediction).mean())


def symmetric_errors(truth: Array, prediction: Array) -> Floats:
    """Absolute error over the mean of |truth| and |prediction|, in percent; 0 for 0 against 0."""
    distance = np.abs(_difference(truth, prediction))
    scale = (np.abs(truth) + np.abs(prediction)) / 2
    shares = np.divide(distance, scale, out=np.zeros_like(distance), where=scale > 0)
    return _row_means(100 * shares)


def symmetric_mean_absolute_percentage_error(truth: Array, prediction: Array) -> float:
    """Mean of `symmetric_errors`, from 0 to 200 percent."""
    return float(symmetric_errors(truth, prediction).mean())


def unexplained_shares(truth: Array, prediction: Array) -> Floats:
    """Squared error of each row over the variance of the truth.

    Raises
    ------
    MetricFailed
        The truth is constant.
    """
    values = np.asarray(truth, dtype=np.float64)
    if np.any(np.ptp(values, axis=0) == 0):
        raise MetricFailed("R2 needs a truth that is not constant")
    return _row_means(_difference(truth, prediction) ** 2 / values.var(axis=0))


def r2_score(truth: Array, prediction: Array) -> float:
    """Share of the variance explained, averaged over columns."""
    return float(1 - unexplained_shares(truth, prediction).mean())


def pinball_losses(truth: Array, prediction: Array, quantile: float = 0.5) -> Floats:
    """Pinball loss of each row for one quantile in (0, 1)."""
    over = _difference(truth, prediction)
    return _row_means(np.maximum((1 - quantile) * over, -quantile * over))


def pinball_loss(truth: Array, prediction: Array, quantile: float = 0.5) -> float:
    """Mean pinball loss.

    References
    ----------
    Koenker and Bassett 1978, doi 10.2307/1913643.
    """
    return float(pinball_losses(truth, prediction, quantile).mean())


def poisson_deviances(truth: Array, prediction: Array) -> Floats:
    """Deviance of each row under a Poisson distribution with the predicted mean."""
    t = np.asarray(truth, dtype=np.float64)
    p = np.asarray(prediction, dtype=np.float64)
    if t.min() < 0:
        raise MetricFailed("Poisson deviance needs a truth that is >= 0")
    if p.min() <= 0:
        raise ParticipantVisibleError("Poisson deviance needs predictions that are > 0")
    logs = np.log(np.divide(t, p, out=np.ones_like(t), where=t > 0))
    return _row_means(2 * (t * logs - t + p))


def poisson_deviance(truth: Array, prediction: Array) -> float:
    """Mean Poisson deviance."""
    return float(poisson_deviances(truth, prediction).mean())


def pearson_correlation(truth: Array, prediction: Array) -> float:
    """Pearson's correlation; 0 where either side is constant."""
    t, p = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if np.ptp(t) == 0 or np.ptp(p) == 0:
        return 0.0
    t, p = _standardised(t), _standardised(p)
    return float(np.clip(t @ p, -1, 1))


def _standardised(values: Floats) -> Floats:
    centred = values / np.abs(values).max()
    centred = centred - centred.mean()
    return np.asarray(centred / (np.linalg.norm(centred) or 1.0), dtype=np.float64)


def spearman_correlation(truth: Array, prediction: Array) -> float:
    """Pearson's correlation of the ranks, ties at their mean rank; 0 for a constant side."""
    from scipy.stats import rankdata

    return pearson_correlation(rankdata(truth), rankdata(prediction))


def kendall_correlation(truth: Array, prediction: Array) -> float:
    """Kendall's tau-b; 0 where either side is constant."""
    from scipy.stats import kendalltau

    if np.ptp(truth) == 0 or np.ptp(prediction) == 0:
        return 0.0
    return float(kendalltau(truth, prediction, variant="b").statistic)


def concordance_index(truth: Array, prediction: Array) -> float:
    """Share of comparable pairs whose predicted times are in the true order.

    A pair is comparable when the earlier time was observed and the times differ, or they
    are equal and one of them was observed. Equal predictions count one half.

    Parameters
    ----------
    truth : array of shape (n_rows,) or (n_rows, 2)
        Time, and 1 where the event was observed at it (0: still running).
    prediction : array of shape (n_rows,)
        Predicted time; any score that grows with it.

    Raises
    ------
    MetricFailed
        No two rows can be compared.

    References
    ----------
    Harrell et al. 1982, doi 10.1001/jama.1982.03320430047030.
    """
    table = np.asarray(truth, dtype=np.float64)
    time, observed = (table, np.ones(len(table))) if table.ndim == 1 else table[:, :2].T
    predicted = np.asarray(prediction, dtype=np.float64).reshape(len(table))
    order = np.lexsort((-predicted, -observed, time))
    time, observed, predicted = time[order], observed[order] == 1, predicted[order]
    comparable = _comparable_pairs(time, observed)
    if comparable == 0:
        raise MetricFailed("the concordance index found no two rows to compare")
    below = _ordered_pairs(predicted, observed, ties=False)
    tied = _ordered_pairs(predicted, observed, ties=True) - below
    tied -= _equal_pairs(np.column_stack([time, predicted])[observed])
    return float((below + tied / 2) / comparable)


def _comparable_pairs(time: Floats, observed: Array) -> float:
    later = np.arange(len(time))[::-1]
    return float(later[observed].sum() - _equal_pairs(time[observed, None]))


def _equal_pairs(rows: Floats) -> float:
    if not len(rows):
        return 0.0
    counts = np.unique(rows, axis=0, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def _ordered_pairs(values: Floats, counted: Array, *, ties: bool) -> float:
    """Count pairs i < j with i counted and ``values[i] < values[j]`` (ties: also equal).

    Merges blocks of doubling width, every level as one sort over all blocks.
    """
    n, width, pairs = len(values), 1, 0.0
    places = np.arange(n)
    while width < n:
        block, right = places // (2 * width), (places // width) % 2 == 1
        order = np.lexsort((right != (not ties), values, block))
        left = (~right & counted)[order]
        before = np.cumsum(left) - np.repeat(
            np.cumsum(np.bincount(block[order], weights=left))
            - np.bincount(block[order], weights=left),
            np.bincount(block[order]),
        )
        pairs += float(before[right[order]].sum())
        width *= 2
    return pairs


def _one_minus(mean_loss: Any) -> Any:
    return 1 - mean_loss


VALUE_METRICS = (
    Metric(
        "rmse",
        "Root mean squared error",
        root_mean_squared_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("Root Mean Squared Error", "RootMeanSquaredError"),
        row_losses=squared_errors,
        of_mean_loss=np.sqrt,
        max_columns=None,
    ),
    Metric(
        "mse",
        "Mean squared error",
        mean_squared_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("Mean Squared Error", "MeanSquaredError"),
        row_losses=squared_errors,
        max_columns=None,
    ),
    Metric(
        "mae",
        "Mean absolute error",
        mean_absolute_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("Mean Absolute Error", "MeanAbsoluteError"),
        row_losses=absolute_errors,
        max_columns=None,
    ),
    Metric(
        "median_absolute_error",
        "Median absolute error",
        median_absolute_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("medae", "Median Absolute Error"),
        max_columns=None,
    ),
    Metric(
        "rmsle",
        "Root mean squared logarithmic error",
        root_mean_squared_log_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        prediction_range=(0, INFINITY),
        aliases=("Root Mean Squared Logarithmic Error", "Root Mean Squared Log Error"),
        row_losses=squared_log_errors,
        of_mean_loss=np.sqrt,
        max_columns=None,
    ),
    Metric(
        "mcrmse",
        "Mean over columns of the root mean squared error",
        mean_columnwise_rmse,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("Mean Columnwise Root Mean Squared Error", "mean_columnwise_rmse"),
        max_columns=None,
    ),
    Metric(
        "mean_columnwise_rmsle",
        "Mean over columns of the root mean squared logarithmic error",
        mean_columnwise_rmsle,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        prediction_range=(0, INFINITY),
        aliases=("mcrmsle", "Mean Columnwise Root Mean Squared Logarithmic Error"),
        max_columns=None,
    ),
    Metric(
        "mape",
        "Mean absolute percentage error",
        mean_absolute_percentage_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("Mean Absolute Percentage Error", "MeanAbsolutePercentageError"),
        row_losses=relative_errors,
        max_columns=None,
    ),
    Metric(
        "smape",
        "Symmetric mean absolute percentage error",
        symmetric_mean_absolute_percentage_error,
        greater_is_better=False,
        predicts="values",
        score_range=(0, 200),
        aliases=("Symmetric Mean Absolute Percentage Error", "SymmetricMAPE"),
        row_losses=symmetric_errors,
        max_columns=None,
    ),
    Metric(
        "r2",
        "Coefficient of determination",
        r2_score,
        greater_is_better=True,
        predicts="values",
        score_range=(-INFINITY, 1),
        aliases=("R2 Score", "R-squared", "coefficient of determination"),
        row_losses=unexplained_shares,
        of_mean_loss=_one_minus,
        max_columns=None,
    ),
    Metric(
        "pinball_loss",
        "Pinball loss",
        pinball_loss,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        aliases=("pinball", "Mean Pinball Loss", "quantile_loss"),
        row_losses=pinball_losses,
        parameters={"quantile": 0.5},
        max_columns=None,
    ),
    Metric(
        "poisson_deviance",
        "Mean Poisson deviance",
        poisson_deviance,
        greater_is_better=False,
        predicts="values",
        score_range=(0, INFINITY),
        prediction_range=(SMALLEST, INFINITY),
        aliases=("Mean Poisson Deviance",),
        row_losses=poisson_deviances,
    ),
    Metric(
        "pearson_correlation",
        "Pearson correlation",
        pearson_correlation,
        greater_is_better=True,
        predicts="values",
        score_range=(-1, 1),
        aliases=("pearson", "Pearson Correlation Coefficient", "Pearson's r"),
    ),
    Metric(
        "spearman_correlation",
        "Spearman rank correlation",
        spearman_correlation,
        greater_is_better=True,
        predicts="values",
        score_range=(-1, 1),
        aliases=("spearman", "Spearman Rank Correlation", "Spearman's rho"),
    ),
    Metric(
        "kendall_correlation",
        "Kendall rank correlation",
        kendall_correlation,
        greater_is_better=True,
        predicts="values",
        score_range=(-1, 1),
        aliases=("kendall", "Kendall's tau", "Kendall Tau Correlation"),
    ),
    Metric(
        "concordance_index",
        "Concordance index",
        concordance_index,
        greater_is_better=True,
        predicts="values",
        score_range=(0, 1),
        aliases=("c_index", "cindex", "Harrell's C", "Concordance Index"),
        max_columns=2,
        censored=True,
    ),
)
