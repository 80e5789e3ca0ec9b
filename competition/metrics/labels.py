"""Metrics of predicted labels. Labels enter as integer codes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from competition.metrics.metric import Array, Floats, Metric

Average = Literal["binary", "micro", "macro", "weighted"]


def accuracy(truth: Array, prediction: Array) -> float:
    """Share of cells where the prediction equals the truth.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]))
    0.75
    """
    return float(np.mean(truth == prediction))


def wrong_rows(truth: Array, prediction: Array) -> Floats:
    """Share of wrong cells in each row, shape (n_rows,)."""
    wrong: Floats = (truth != prediction).astype(np.float64)
    return wrong if wrong.ndim == 1 else np.asarray(wrong.mean(axis=1))


def recalled_weights(truth: Array) -> Floats:
    """Weight of each row so that every class of the truth weighs the same; mean 1."""
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    weights: Floats = len(truth) / (len(counts) * counts)
    chosen: Floats = weights[codes]
    return chosen


def balanced_accuracy(truth: Array, prediction: Array) -> float:
    """Mean recall over the classes in the truth."""
    return float(1 - balanced_losses(truth, prediction).mean())


def balanced_losses(truth: Array, prediction: Array) -> Floats:
    """Return 0 for a right row, else a loss that weighs every class of the truth the same."""
    return wrong_rows(truth, prediction) * recalled_weights(truth)


def confusion_matrix(truth: Array, prediction: Array) -> Floats:
    """Count rows per (true class, predicted class).

    Returns
    -------
    ndarray of shape (n_classes, n_classes)
        Over the classes that occur in the truth or the prediction, in order.
    """
    classes, codes = np.unique(np.concatenate([truth, prediction]), return_inverse=True)
    k, n = len(classes), len(truth)
    counts = np.bincount(codes[:n] * k + codes[n:], minlength=k * k)
    return counts.reshape(k, k).astype(np.float64)


def _f_beta_of_counts(hits: Floats, true: Floats, predicted: Floats, beta: float) -> Floats:
    weighed = beta**2 * true + predicted
    return np.divide((1 + beta**2) * hits, weighed, out=np.zeros_like(weighed), where=weighed > 0)


def f_beta_binary(truth: Array, prediction: Array, beta: float = 1.0) -> float:
    """F-beta of the second label (code 1); 0 where it is neither true nor predicted."""
    hits = np.array([np.sum((truth == 1) & (prediction == 1))], dtype=np.float64)
    true, predicted = np.array([np.sum(truth == 1)]), np.array([np.sum(prediction == 1)])
    return float(_f_beta_of_counts(hits, true + 0.0, predicted + 0.0, beta)[0])


def f_beta_micro(truth: Array, prediction: Array, beta: float = 1.0) -> float:
    """F-beta of the counts pooled over classes: for one label a row, the accuracy."""
    table = confusion_matrix(truth, prediction)
    hits, total = np.array([np.trace(table)]), np.array([table.sum()])
    return float(_f_beta_of_counts(hits, total, total, beta)[0])


def f_beta_macro(truth: Array, prediction: Array, beta: float = 1.0) -> float:
    """Mean F-beta over the classes in the truth or the prediction."""
    table = confusion_matrix(truth, prediction)
    return float(np.mean(_f_beta_of_counts(np.diag(table), table.sum(1), table.sum(0), beta)))


def f_beta_weighted(truth: Array, prediction: Array, beta: float = 1.0) -> float:
    """Mean F-beta over the classes, weighted by their share of the truth."""
    table = confusion_matrix(truth, prediction)
    scores = _f_beta_of_counts(np.diag(table), table.sum(1), table.sum(0), beta)
    return float(np.average(scores, weights=table.sum(1)))


def matthews_correlation(truth: Array, prediction: Array) -> float:
    """Matthews correlation of any number of classes; 0 for a constant prediction.

    References
    ----------
    Gorodkin 2004, doi 10.1016/j.compbiolchem.2004.09.006.
    """
    table = confusion_matrix(truth, prediction)
    n, hits = table.sum(), np.trace(table)
    true, predicted = table.sum(1), table.sum(0)
    spread = (n**2 - predicted @ predicted) * (n**2 - true @ true)
    return float((hits * n - true @ predicted) / np.sqrt(spread)) if spread > 0 else 0.0


def quadratic_weighted_kappa(truth: Array, prediction: Array) -> float:
    """Cohen's kappa with squared distances as weights.

    Every integer between the lowest and the highest label counts, also those that never
    occur: distances are those of the codes. 1 where all rows agree on one single label.

    References
    ----------
    Cohen 1968, doi 10.1037/h0026256.

    Examples
    --------
    >>> round(quadratic_weighted_kappa(np.array([0, 1, 2, 4]), np.array([0, 2, 2, 4])), 3)
    0.941
    """
    t, p = truth.astype(np.float64), prediction.astype(np.float64)
    observed = np.sum((t - p) ** 2)
    expected = t @ t + p @ p - 2 * t.sum() * p.sum() / len(t)
    return float(1 - observed / expected) if observed > 0 else 1.0


def _right(mean_loss: Floats) -> Floats:
    return 1 - mean_loss


LABEL_METRICS = (
    Metric(
        "accuracy",
        "Accuracy",
        accuracy,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("Categorization Accuracy", "acc", "CategorizationAccuracy"),
        row_losses=wrong_rows,
        of_mean_loss=_right,
        max_columns=None,
    ),
    Metric(
        "balanced_accuracy",
        "Balanced accuracy",
        balanced_accuracy,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("Balanced Accuracy Score", "macro recall"),
        row_losses=balanced_losses,
        of_mean_loss=_right,
    ),
    Metric(
        "f_beta",
        "F-score of the second label",
        f_beta_binary,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("f1", "F1 Score", "F-Score Beta", "F-Score"),
        parameters={"beta": 1.0},
    ),
    Metric(
        "f_beta_micro",
        "F-score, micro average",
        f_beta_micro,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("f1_micro", "F-Score Beta (Micro)", "Micro F1 Score", "Micro-averaged F1-Score"),
        parameters={"beta": 1.0},
    ),
    Metric(
        "f_beta_macro",
        "F-score, macro average",
        f_beta_macro,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("f1_macro", "F-Score Beta (Macro)", "Macro F1 Score", "Macro F-Score"),
        parameters={"beta": 1.0},
    ),
    Metric(
        "f_beta_weighted",
        "F-score, weighted average",
        f_beta_weighted,
        greater_is_better=True,
        predicts="labels",
        score_range=(0, 1),
        aliases=("f1_weighted", "F-Score Beta (Weighted)", "Weighted F1 Score"),
        parameters={"beta": 1.0},
    ),
    Metric(
        "matthews_correlation",
        "Matthews correlation coefficient",
        matthews_correlation,
        greater_is_better=True,
        predicts="labels",
        score_range=(-1, 1),
        aliases=("mcc", "Matthews Correlation Coefficient", "Phi Coefficient"),
    ),
    Metric(
        "quadratic_weighted_kappa",
        "Quadratic weighted kappa",
        quadratic_weighted_kappa,
        greater_is_better=True,
        predicts="labels",
        score_range=(-1, 1),
        aliases=(
            "qwk",
            "Quadratic Weighted Kappa",
            "QuadraticWeightedKappa",
            "Cohen's Kappa Score (Quadratic)",
        ),
        uses_label_distance=True,
    ),
)
