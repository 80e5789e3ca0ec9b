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
)
