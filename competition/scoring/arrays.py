"""From the columns of solution and submission to the arrays that metrics take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from competition.checks import label_codes
from competition.definition import Label
from competition.errors import InvalidSubmission, MetricFailed
from competition.metrics import Metric
from competition.metrics.metric import NEEDS_LABELS, NUMERIC, Array
from competition.problems import Problem

USAGES = ("public", "private", "ignored")
"""What the solution's column ``Usage`` may say, in any case."""


def truth_array(
    frame: pd.DataFrame, targets: Sequence[str], labels: Sequence[Label], metric: Metric
) -> Array:
    """Return the true values as the metric takes them.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, n_targets)
        Label codes, numbers, or text.

    Raises
    ------
    MetricFailed
        A true value is missing or no label of the contest.
    """
    columns = [_truth_column(frame[name], labels, metric) for name in targets]
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def _truth_column(cells: pd.Series, labels: Sequence[Label], metric: Metric) -> Array:
    if metric.predicts in NEEDS_LABELS and labels:
        return _codes(cells, labels, metric, f"the solution's column {cells.name!r}")
    if metric.predicts in NEEDS_LABELS or metric.predicts in NUMERIC:
        return _finite_numbers(cells)
    return cells.fillna("").astype("str").to_numpy(dtype=object)


def _finite_numbers(cells: pd.Series) -> Array:
    try:
        values = cells.to_numpy(dtype=np.float64)
    except (ValueError, TypeError):
        raise MetricFailed(f"the solution's column {cells.name!r} must hold numbers") from None
    if not np.isfinite(values).all():
        raise MetricFailed(f"the solution's column {cells.name!r} holds missing values")
    return values


def prediction_array(
    frame: pd.DataFrame, columns: Sequence[str], labels: Sequence[Label], metric: Metric
) -> Array:
    """Return the predictions as the metric takes them.

    Raises
    ------
    InvalidSubmission
        A prediction is no number or no label where one is wanted.
    """
    arrays = [_prediction_column(frame[name], labels, metric) for name in columns]
    one_column = len(arrays) == 1 and not metric.one_column_per_label
    return arrays[0] if one_column else np.column_stack(arrays)


def _prediction_column(cells: pd.Series, labels: Sequence[Label], metric: Metric) -> Array:
    if metric.predicts == "labels" and labels:
        try:
            return _codes(cells, labels, metric, f"column {cells.name!r}")
        except MetricFailed as error:
            raise InvalidSubmission([Problem("unknown_label", str(error))]) from None
    if metric.predicts in NUMERIC or metric.predicts == "labels":
        return _predicted_numbers(cells)
    return cells.fillna("").astype("str").to_numpy(dtype=object)


def _predicted_numbers(cells: pd.Series) -> NDArray[np.float64]:
    try:
        return cells.to_numpy(dtype=np.float64)
    except (ValueError, TypeError):
        problem = Problem("not_a_number", f"column {cells.name!r} must hold numbers")
        raise InvalidSubmission([problem]) from None


def _codes(cells: pd.Series, labels: Sequence[Label], metric: Metric, where: str) -> Array:
    codes = label_codes(cells, labels)
    if (codes < 0).any():
        unknown = str(cells.iloc[int(np.argmin(codes))])
        known = ", ".join(map(str, labels))
        raise MetricFailed(f"{where} must hold labels of the contest ({known}), got {unknown!r}")
    return label_values(labels, metric)[codes] if metric.uses_label_distance else codes


def label_values(labels: Sequence[Label], metric: Metric) -> NDArray[np.int64]:
    """Return the code of each label: its index, or its own value where distances count.

    Examples
    --------
    >>> from competition.metrics import get_metric
    >>> label_values([1, 2, 5], get_metric("quadratic_weighted_kappa")).tolist()
    [1, 2, 5]
    >>> label_values(["hard", "ripe"], get_metric("quadratic_weighted_kappa")).tolist()
    [0, 1]
    """
    if metric.uses_label_distance and all(type(label) is int for label in labels):
        return np.array(labels, dtype=np.int64)
    return np.arange(len(labels))


def as_predicted_by(beside: Metric, main: Metric, prediction: Array) -> Array:
    """Return predictions made for the main metric as another one takes them.

    Probabilities become the most probable label.

    Raises
    ------
    MetricFailed
        The other metric wants what the submission does not tell.
    """
    if beside.predicts == main.predicts:
        return prediction
    if not beside.can_stand_beside(main):
        raise MetricFailed(
            f"{beside.name} needs {beside.predicts}, but submissions hold {main.predicts}"
        )
    if main.predicts == "class_probabilities":
        return np.asarray(np.argmax(prediction, axis=1))
    return np.asarray(prediction >= 0.5, dtype=np.int64)


def usage_masks(solution: pd.DataFrame) -> dict[str, Any]:
    """Tell which rows count for each part of the board.

    Returns
    -------
    dict
        ``overall``, ``public`` and ``private``: boolean arrays of shape (n_rows,).

    Raises
    ------
    MetricFailed
        ``Usage`` holds a word other than Public, Private and Ignored, or ignores every row.
    """
    rows = len(solution)
    if "Usage" not in solution:
        return {"overall": np.ones(rows, dtype=bool)}
    codes = _usage_codes(solution["Usage"])
    if (codes < 0).any():
        unknown = solution["Usage"].iloc[int(np.argmin(codes))]
        raise MetricFailed(f"Usage must be Public, Private or Ignored, got {str(unknown)!r}")
    parts = {name: codes == USAGES.index(name) for name in ("public", "private")}
    masks = {"overall": parts["public"] | parts["private"], **parts}
    if not masks["overall"].any():
        raise MetricFailed("the solution's Usage ignores every row")
    return {name: mask for name, mask in masks.items() if mask.any()}


def _usage_codes(cells: pd.Series) -> NDArray[np.int64]:
    """Return the place of each cell among the usages, in any case; -1 where it is none."""
    usages = cells.astype("category").cat
    words = [str(word).lower() for word in usages.categories]
    places = [USAGES.index(word) if word in USAGES else -1 for word in words]
    return np.array([*places, -1])[usages.codes]
