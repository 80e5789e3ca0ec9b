"""Metrics of predicted probabilities and scores, all in float64."""

from __future__ import annotations

import numpy as np

from competition.errors import MetricFailed
from competition.metrics.metric import Array, Floats, Metric

CLIP = 1e-15
"""Kaggle keeps probabilities this far from 0 and 1 before it takes logarithms."""


def area_under_curve(truth: Array, prediction: Array) -> float:
    """Area under the receiver operating characteristic: ties count one half.

    Parameters
    ----------
    truth : array of shape (n_rows,)
        0 or 1.
    prediction : array of shape (n_rows,)
        Any score that grows with the chance of 1.

    Raises
    ------
    MetricFailed
        The truth holds one class only.

    Examples
    --------
    >>> area_under_curve(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    positive = truth == 1
    high, low = np.sort(prediction[positive]), np.sort(prediction[~positive])
    if not len(high) or not len(low):
        raise MetricFailed("AUC needs both classes in the truth, got only one")
    below = np.searchsorted(low, high, side="left").sum(dtype=np.float64)
    not_above = np.searchsorted(low, high, side="right").sum(dtype=np.float64)
    return float((below + not_above) / 2 / (len(high) * len(low)))


def mean_columnwise_auc(truth: Array, prediction: Array) -> float:
    """Mean over columns of the area under the curve; arrays of shape (n_rows, n_columns)."""
    return float(np.mean([area_under_curve(t, p) for t, p in _columns(truth, prediction)]))


def macro_auc(truth: Array, prediction: Array) -> float:
    """Mean over classes of the area under the curve of that class against the rest.

    Parameters
    ----------
    truth : array of shape (n_rows,)
        Class codes.
    prediction : array of shape (n_rows, n_classes)
        Probability of each class.
    """
    classes = range(prediction.shape[1])
    return float(
        np.mean([area_under_curve((truth == k).astype(int), prediction[:, k]) for k in classes])
    )


def log_losses(truth: Array, prediction: Array) -> Floats:
    """Negative log likelihood of each row under a predicted probability of 1, in nats.

    Shape (n_rows,); over several columns the mean of a row.
    """
    p = np.clip(np.asarray(prediction, dtype=np.float64), CLIP, 1 - CLIP)
    losses: Floats = -np.log(np.where(truth == 1, p, 1 - p))
    return losses if losses.ndim == 1 else losses.mean(axis=1)


def log_loss(truth: Array, prediction: Array) -> float:
    """Mean negative log likelihood, probabilities kept 1e-15 away from 0 and 1.

    Examples
    --------
    >>> round(log_loss(np.array([1, 0]), np.array([0.0, 0.5])), 2)
    17.62
    """
    return float(log_losses(truth, prediction).mean())


def multiclass_log_losses(truth: Array, prediction: Array) -> Floats:
    """Negative log likelihood of the true class in each row, in nats.

    Parameters
    ----------
    truth : array of shape (n_rows,)
        Class codes.
    prediction : array of shape (n_rows, n_classes)
        Clipped at 1e-15, then divided by the sum of the row.
    """
    p = np.clip(np.asarray(prediction, dtype=np.float64), CLIP, 1 - CLIP)
    chosen = p[np.arange(len(p)), truth.astype(np.intp)]
    return np.asarray(np.log(p.sum(axis=1)) - np.log(chosen), dtype=np.float64)


def multiclass_log_loss(truth: Array, prediction: Array) -> float:
    """Mean negative log likelihood of the true class."""
    return float(multiclass_log_losses(truth, prediction).mean())


def brier_losses(truth: Array, prediction: Array) -> Floats:
    """Squared distance of each probability from the 0 or 1 that happened."""
    return np.asarray((prediction - (truth == 1)) ** 2, dtype=np.float64)


def brier_score(truth: Array, prediction: Array) -> float:
    """Mean squared distance of probability and outcome."""
    return float(brier_losses(truth, prediction).mean())


def _gini(truth: Floats, order: Array) -> float:
    shares = np.cumsum(truth[order]) / truth.sum()
    return float(shares.sum() - (len(truth) + 1) / 2)


def normalized_gini(truth: Array, prediction: Array) -> float:
    """Gini of the truth ordered by prediction over that of the truth ordered by itself.

    Rows of equal prediction keep their order in the file, so with ties it is not
    ``2 AUC - 1`` and depends on that order.

    Raises
    ------
    MetricFailed
        A negative truth, or all truths equal.
    """
    values = np.asarray(truth, dtype=np.float64)
    if values.min() < 0 or np.ptp(values) == 0:
        raise MetricFailed("normalised Gini needs a truth that is >= 0 and not constant")
    by_prediction = np.argsort(-np.asarray(prediction, dtype=np.float64), kind="stable")
    by_truth = np.argsort(-values, kind="stable")
    return _gini(values, by_prediction) / _gini(values, by_truth)


def divergences(truth: Array, prediction: Array) -> Floats:
    """Kullback-Leibler divergence of each row, in nats.

    Parameters
    ----------
    truth, prediction : array of shape (n_rows, n_columns)
        Rows that sum to 1; both are clipped at 1e-15.
    """
    t = np.clip(np.asarray(truth, dtype=np.float64), CLIP, 1)
    p = np.clip(np.asarray(prediction, dtype=np.float64), CLIP, 1)
    return np.asarray((t * (np.log(t) - np.log(p))).sum(axis=1), dtype=np.float64)


def kl_divergence(truth: Array, prediction: Array) -> float:
    """Mean Kullback-Leibler divergence of true and predicted distributions.

    Raises
    ------
    MetricFailed
        A row of the truth does not sum to 1.
    """
    if not np.allclose(truth.sum(axis=1), 1, atol=1e-6):
        raise MetricFailed("KL divergence needs a truth whose rows sum to 1")
    return float(divergences(truth, prediction).mean())


def _cumulative_losses(truth: Array, cumulative: Floats) -> Floats:
    happened = np.arange(cumulative.shape[1]) >= truth[:, None]
    return np.asarray(((cumulative - happened) ** 2).mean(axis=1), dtype=np.float64)


def crps_losses(truth: Array, prediction: Array) -> Floats:
    """Mean squared distance of predicted and true cumulative probability, per row.

    Parameters
    ----------
    truth : array of shape (n_rows,)
        Index of the true level.
    prediction : array of shape (n_rows, n_levels)
        ``P(y <= level)``.
    """
    return _cumulative_losses(truth, np.asarray(prediction, dtype=np.float64))


def crps(truth: Array, prediction: Array) -> float:
    """Continuous ranked probability score over equally spaced levels.

    References
    ----------
    Matheson and Winkler 1976, doi 10.1287/mnsc.22.10.1087.
    """
    return float(crps_losses(truth, prediction).mean())


def ranked_probability_losses(truth: Array, prediction: Array) -> Floats:
    """As `crps_losses`, from probabilities of the ordered classes instead of cumulative ones."""
    return _cumulative_losses(truth, np.cumsum(np.asarray(prediction, dtype=np.float64), axis=1))


def ranked_probability_score(truth: Array, prediction: Array) -> float:
    """Ranked probability score over ordered classes, divided by their number."""
    return float(ranked_probability_losses(truth, prediction).mean())


def _columns(truth: Array, prediction: Array) -> list[tuple[Array, Array]]:
    if truth.ndim == 1:
        return [(truth, prediction)]
    return [(truth[:, k], prediction[:, k]) for k in range(truth.shape[1])]


INFINITY = float("inf")
PROBABILITY = (0.0, 1.0)

PROBABILITY_METRICS = (
    Metric(
        "auc",
        "Area under the ROC curve",
        area_under_curve,
        greater_is_better=True,
        predicts="probability",
        score_range=(0, 1),
        aliases=(
            "roc_auc",
            "Area Under Receiver Operating Characteristic Curve",
            "Roc Auc Score",
            "AUC-ROC",
        ),
    ),
    Metric(
        "macro_auc",
        "Area under the ROC curve, each class against the rest",
        macro_auc,
        greater_is_better=True,
        predicts="class_probabilities",
        score_range=(0, 1),
        prediction_range=PROBABILITY,
        aliases=("roc_auc_ovr", "multiclass_auc"),
    ),
    Metric(
        "mean_columnwise_auc",
        "Mean over columns of the area under the ROC curve",
        mean_columnwise_auc,
        greater_is_better=True,
        predicts="probability",
        score_range=(0, 1),
        aliases=("mcauc", "Mean Columnwise Area Under Receiver Operating Characteristic Curve"),
        max_columns=None,
    ),
    Metric(
        "log_loss",
        "Log loss",
        log_loss,
        greater_is_better=False,
        predicts="probability",
        score_range=(0, INFINITY),
        prediction_range=PROBABILITY,
        aliases=("LogLoss", "logarithmic loss", "binary_cross_entropy", "binary_log_loss"),
        row_losses=log_losses,
    ),
    Metric(
        "mean_columnwise_log_loss",
        "Mean over columns of the log loss",
        log_loss,
        greater_is_better=False,
        predicts="probability",
        score_range=(0, INFINITY),
        prediction_range=PROBABILITY,
        aliases=("Mean Columnwise Log Loss", "MeanColumnwiseLogLoss"),
        row_losses=log_losses,
        max_columns=None,
    ),
    Metric(
        "multiclass_log_loss",
        "Log loss over classes",
        multiclass_log_loss,
        greater_is_better=False,
        predicts="class_probabilities",
        score_range=(0, INFINITY),
        prediction_range=PROBABILITY,
        aliases=("Multiclass Loss", "MulticlassLoss", "Multi Class Log Loss", "cross_entropy"),
        row_losses=multiclass_log_losses,
    ),
    Metric(
        "brier_score",
        "Brier score",
        brier_score,
        greater_is_better=False,
        predicts="probability",
        score_range=(0, 1),
        prediction_range=PROBABILITY,
        aliases=("brier", "Brier Score Loss"),
        row_losses=brier_losses,
    ),
    Metric(
        "normalized_gini",
        "Normalised Gini index",
        normalized_gini,
        greater_is_better=True,
        predicts="values",
        score_range=(-1, 1),
        aliases=("gini", "normalised_gini", "Normalized Gini Index", "NormalizedGini"),
    ),
    Metric(
        "kl_divergence",
        "Kullback-Leibler divergence",
        kl_divergence,
        greater_is_better=False,
        predicts="distribution",
        score_range=(0, INFINITY),
        prediction_range=PROBABILITY,
        aliases=("kld", "Kullback-Leibler Divergence", "Kullback Leibler Divergence"),
        row_losses=divergences,
        min_columns=2,
        max_columns=None,
    ),
    Metric(
        "crps",
        "Continuous ranked probability score",
        crps,
        greater_is_better=False,
        predicts="cumulative_probabilities",
        score_range=(0, 1),
        prediction_range=PROBABILITY,
        aliases=("Continuous Ranked Probability Score",),
        row_losses=crps_losses,
    ),
    Metric(
        "ranked_probability_score",
        "Ranked probability score",
        ranked_probability_score,
        greater_is_better=False,
        predicts="class_probabilities",
        score_range=(0, 1),
        prediction_range=PROBABILITY,
        aliases=("rps",),
        row_losses=ranked_probability_losses,
    ),
)
