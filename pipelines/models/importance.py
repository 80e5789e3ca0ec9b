"""What each raw column is worth to fitted models: permutation importance out of fold.

References
----------
Breiman (2001). Random forests. Machine Learning 45, section 10. Fisher, Rudin, Dominici (2019).
All models are wrong, but many are useful. JMLR 20: permutation as a property of any model.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.folds import Fold
from pipelines.models.champion import FoldModel

Answers = NDArray[np.float64]
ScoreRows = Callable[[Answers, NDArray[np.int64]], float]

REPEATS = 5
MOST_ROWS_ANSWERED = 1_000_000
LEAST_ROWS = 200
MOST_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class ColumnImportance:
    """What is lost when a column says nothing.

    Attributes
    ----------
    column : str
    drop : float
        Mean loss of score over the repeats, positive where the column helps.
    spread : float
        Standard deviation over the repeats.
    """

    column: str
    drop: float
    spread: float


@dataclass(frozen=True)
class Importances:
    """Importances of columns, the greatest first.

    Attributes
    ----------
    columns : tuple of ColumnImportance
    repeats : int
    rows : int
        Rows that were looked at.
    of_rows : int
        Rows that some fold scores.
    score : float
        Of the rows looked at with nothing permuted.
    """

    columns: tuple[ColumnImportance, ...]
    repeats: int
    rows: int
    of_rows: int
    score: float


def permutation_importance(
    models: Sequence[FoldModel],
    folds: Sequence[Fold],
    rows: pd.DataFrame,
    columns: Sequence[str],
    score_rows: ScoreRows,
    *,
    greater_is_better: bool,
    seed: int,
    side_by_side: bool = True,
) -> Importances:
    """Permute one column at a time among each fold's scored rows, and score again.

    Every row is answered by the models that did not learn from it. Where the table is large, a
    sample of the scored rows is looked at, so that the cost is bounded.

    Parameters
    ----------
    models : sequence of FoldModel
        One per fold.
    folds : sequence of Fold
    rows : pandas.DataFrame, shape (n_rows, n_columns)
        Raw rows.
    columns : sequence of str
        The columns to permute.
    score_rows : callable
        ``score_rows(answers of the rows, rows)`` returns the metric.
    greater_is_better : bool
    seed : int
    side_by_side : bool
        Whether the permuted tables may be transformed as one: right where the features of a row
        do not depend on the rows beside it.
    """
    generator = np.random.default_rng(seed)
    scored = [fold.valid for fold in folds]
    looked = _sampled(scored, REPEATS * len(columns) + 1, generator)
    seen, places = np.unique(np.concatenate(looked), return_inverse=True)
    counts = np.bincount(places)
    total: dict[tuple[str, int], Answers] = {}
    ends = np.cumsum([len(valid) for valid in looked])[:-1]
    keys = [("", 0), *((column, repeat) for column in columns for repeat in range(REPEATS))]
    permuted = [None, *(column for column, _ in keys[1:])]
    for model, valid, own in zip(models, looked, np.split(places, ends), strict=True):
        told = _answers(model, rows.iloc[valid], permuted, generator, side_by_side)
        for key, answers in zip(keys, told, strict=True):
            total.setdefault(key, np.zeros((len(seen), answers.shape[1])))[own] += answers
    sign = 1.0 if greater_is_better else -1.0
    scores = {key: score_rows(answers / counts[:, None], seen) for key, answers in total.items()}
    found = [_importance(column, scores, sign) for column in columns]
    ordered = tuple(sorted(found, key=lambda one: -one.drop))
    of_rows = len(np.unique(np.concatenate(scored)))
    return Importances(ordered, REPEATS, len(seen), of_rows, scores[("", 0)])


def _sampled(
    valid: Sequence[NDArray[np.int64]], times: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Keep as many scored rows of each fold as may be answered so many times."""
    most = max(LEAST_ROWS, MOST_ROWS_ANSWERED // (times * len(valid)))
    return [
        rows if len(rows) <= most else np.sort(generator.choice(rows, most, replace=False))
        for rows in valid
    ]


def _answers(
    model: FoldModel,
    rows: pd.DataFrame,
    columns: Sequence[str | None],
    generator: np.random.Generator,
    side_by_side: bool,
) -> Iterator[Answers]:
    """Yield what a model answers when each column in turn is permuted; None permutes nothing.

    As many tables as fit into a bounded memory are answered as one.
    """
    at_once = max(1, MOST_CELLS_AT_ONCE // max(1, rows.size)) if side_by_side else 1
    for first in range(0, len(columns), at_once):
        batch = columns[first : first + at_once]
        yield from np.split(model.answers(_permuted(rows, batch, generator)), len(batch))


def _permuted(
    rows: pd.DataFrame, columns: Sequence[str | None], generator: np.random.Generator
) -> pd.DataFrame:
    """Return the rows once for each column, below each other, that column permuted in its turn."""
    size = len(rows)
    as_it_is = np.tile(np.arange(size), len(columns))
    orders: dict[str, NDArray[np.int64]] = {}
    for turn, column in enumerate(columns):
        if column is not None:
            order = orders.setdefault(column, as_it_is.copy())
            order[turn * size : (turn + 1) * size] = generator.permutation(size)
    table = rows.iloc[as_it_is].reset_index(drop=True)
    for name, order in orders.items():
        table[name] = rows[name].iloc[order].array
    return table


def _importance(column: str, scores: dict[tuple[str, int], float], sign: float) -> ColumnImportance:
    drops = [sign * (scores[("", 0)] - scores[(column, repeat)]) for repeat in range(REPEATS)]
    return ColumnImportance(column, float(np.mean(drops)), float(np.std(drops)))
