"""Metrics of how well predictions keep the order of the truth."""

from __future__ import annotations

import numpy as np

from competition.errors import MetricFailed
from competition.metrics.metric import Array, Floats, Metric


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


CORRELATION_METRICS = (
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
