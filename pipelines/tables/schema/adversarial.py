"""Adversarial validation: how well a classifier tells test rows from training rows.

References
----------
Pan, Pham, Dorairaj, Chen, Lee (2020). Adversarial validation approach to concept drift problem in
user targeting automation systems. arXiv:2004.03045.
DeLong, DeLong, Clarke-Pearson (1988). Comparing the areas under two or more correlated receiver
operating characteristic curves. Biometrics 44(3), doi:10.2307/2531595 (variance of an AUC).
Breiman (2001). Random forests. Machine Learning 45, doi:10.1023/A:1010933404324 (permutation
importance).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

from pipelines.tables.schema.coding import coded
from pipelines.tables.schema.values import Z_95, Shift

FOLDS = 3
LEAST_ROWS = 20
MOST_SHUFFLED = 24
SHUFFLES = 2
CLEAR_AUC = 0.55
TREES = {"max_iter": 40, "max_leaf_nodes": 15, "early_stopping": False}
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Telling:
    """A shift, and how much of its AUC each column carries (only where there is a shift)."""

    shift: Shift
    importances: dict[str, float]


def tell_apart(
    train: pd.DataFrame, test: pd.DataFrame, suspects: Sequence[str], seed: int
) -> Telling | None:
    """Cross-validate a classifier that tells test rows from training rows.

    Parameters
    ----------
    train, test : pandas.DataFrame, shapes (n_train, n_columns) and (n_test, n_columns)
        The same columns; rows that are independent of each other.
    suspects : sequence of str
        Columns in the order in which they are shuffled; no more than a few dozen are.
    seed : int

    Returns
    -------
    Telling or None
        None where a table has too few rows, or no column.
    """
    if min(len(train), len(test)) < LEAST_ROWS or not train.shape[1]:
        return None
    matrix, side = _matrix(train, test)
    aucs, variances, importances = [], [], np.zeros(0)
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(matrix, side)
    shuffled = [list(train.columns).index(name) for name in suspects[:MOST_SHUFFLED]]
    for place, (learned, held) in enumerate(splits):
        model = HistGradientBoostingClassifier(random_state=seed, **TREES)
        model.fit(matrix[learned], side[learned])
        auc, variance = area(model.predict_proba(matrix[held])[:, 1], side[held])
        aucs.append(auc)
        variances.append(variance)
        if place == 0 and auc > CLEAR_AUC:
            importances = _importances(model, matrix[held], side[held], shuffled, auc, seed)
    shift = _shift(aucs, variances, len(train), len(test))
    return Telling(shift, dict(zip(suspects, map(float, importances), strict=False)))


def _matrix(train: pd.DataFrame, test: pd.DataFrame) -> tuple[Scores, NDArray[np.int64]]:
    columns = [_filled(np.concatenate(_both(train, test, str(name)))) for name in train.columns]
    return np.column_stack(columns), np.repeat([0, 1], [len(train), len(test)])


def _filled(values: Scores) -> Scores:
    """Put missing values below all others, where a tree can split them off."""
    known = np.isfinite(values)
    return np.where(known, values, values[known].min() - 1.0 if known.any() else 0.0)


def _both(train: pd.DataFrame, test: pd.DataFrame, name: str) -> tuple[Scores, Scores]:
    left, right = coded(train[name], test[name])
    return left, np.empty(0) if right is None else right


def _shift(aucs: list[float], variances: list[float], train_rows: int, test_rows: int) -> Shift:
    auc = float(np.mean(aucs))
    half = Z_95 * float(np.sqrt(np.sum(variances))) / len(aucs)
    return Shift(auc, max(0.0, auc - half), min(1.0, auc + half), train_rows, test_rows)


def area(scores: Scores, side: NDArray[np.int64]) -> tuple[float, float]:
    """Return the area under the ROC curve and its variance after DeLong.

    Examples
    --------
    >>> area(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    (1.0, 0.0)
    """
    positive, negative = scores[side == 1], scores[side == 0]
    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    above = (ranks[:m] - rankdata(positive)) / n
    below = 1.0 - (ranks[m:] - rankdata(negative)) / m
    variance = np.var(above, ddof=1) / m + np.var(below, ddof=1) / n
    return float(above.mean()), float(variance)


def _importances(
    model: HistGradientBoostingClassifier,
    held: Scores,
    side: NDArray[np.int64],
    columns: Sequence[int],
    auc: float,
    seed: int,
) -> Scores:
    """Return the AUC lost by shuffling each column."""
    generator = np.random.default_rng(seed)
    return np.array([_loss(model, held, side, column, auc, generator) for column in columns])


def _loss(
    model: HistGradientBoostingClassifier,
    held: Scores,
    side: NDArray[np.int64],
    column: int,
    auc: float,
    generator: np.random.Generator,
) -> float:
    kept, left = held[:, column].copy(), []
    for _ in range(SHUFFLES):
        held[:, column] = generator.permutation(kept)
        left.append(area(model.predict_proba(held)[:, 1], side)[0])
    held[:, column] = kept
    return auc - float(np.mean(left))
