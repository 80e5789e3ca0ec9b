"""From what a model says to what a metric wants."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from competition.metrics import Metric
from pipelines.errors import PipelineError

ORDERED = frozenset({"quadratic_weighted_kappa"})


def decide(metric: Metric, answers: NDArray[np.float64], classes: int) -> NDArray[Any]:
    """Turn class probabilities or values into the form that a metric scores.

    Labels are the likeliest class; for a metric over ordered classes that weighs squared
    distances, the class of least expected squared distance, which is the rounded mean.

    Parameters
    ----------
    metric : competition.metrics.Metric
    answers : ndarray, shape (n_rows, n_outputs)
        Class probabilities where `classes`, else values.
    classes : int
        Number of classes; 0 for values.

    Returns
    -------
    ndarray
        Class numbers (n_rows,), probabilities of the second class (n_rows,), class probabilities
        (n_rows, n_classes), or values (n_rows,) or (n_rows, n_targets).

    Raises
    ------
    PipelineError
        When the metric wants what these models do not say.
    """
    if metric.predicts == "labels" and classes:
        return _labels(metric, answers)
    if metric.predicts == "probability" and classes == 2:
        return answers[:, 1]
    if metric.predicts == "class_probabilities" and classes:
        return np.asarray(answers / answers.sum(axis=1, keepdims=True))
    if metric.predicts == "cumulative_probabilities" and classes:
        return np.minimum(np.cumsum(answers, axis=1), 1.0)
    if metric.predicts == "values" and not classes:
        return _within(metric, answers[:, 0] if answers.shape[1] == 1 else answers)
    raise PipelineError(
        f"the metric {metric.name} scores {metric.predicts}, which these models do not predict"
    )


def _labels(metric: Metric, answers: NDArray[np.float64]) -> NDArray[np.int64]:
    if metric.name not in ORDERED:
        return np.asarray(answers.argmax(axis=1), np.int64)
    mean = answers @ np.arange(answers.shape[1]) / answers.sum(axis=1)
    return np.asarray(np.rint(mean), np.int64)


def _within(metric: Metric, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if metric.prediction_range is None else np.clip(values, *metric.prediction_range)
