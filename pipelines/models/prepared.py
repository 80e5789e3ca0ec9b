"""Features computed once per fold, ready for any number of trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from pipelines.features import Step, build_features
from pipelines.features.steps import Setting
from pipelines.folds import Fold

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Attributes
    ----------
    values : ndarray, shape (n_rows,) of int or (n_rows, n_targets) of float
        Class numbers, or values.
    classes : int
        Number of classes; 0 for values.
    """

    values: NDArray[Any]
    classes: int = 0

    @property
    def outputs(self) -> int:
        """Number of columns that a model answers with: classes, or targets."""
        return self.classes or int(self.values.shape[1])

    @property
    def one_column(self) -> NDArray[Any]:
        """What transformers that look at the target are given, shape (n_rows,)."""
        return self.values if self.classes else np.asarray(self.values[:, 0])


@dataclass(frozen=True)
class PreparedFold:
    """One fold's features, fitted on its training rows alone.

    Attributes
    ----------
    fold : Fold
    pipeline : sklearn.pipeline.Pipeline
        Fitted.
    learned, scored : ndarray, shapes (n_train, n_features) and (n_valid, n_features)
    test : ndarray, shape (n_test, n_features), or None
    names : tuple of str
        Names of the features.
    """

    fold: Fold
    pipeline: Pipeline
    learned: Matrix
    scored: Matrix
    test: Matrix | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class PreparedFolds:
    """All folds of a table, and its target."""

    folds: tuple[PreparedFold, ...]
    target: Target

    @property
    def rows(self) -> int:
        """Number of training rows."""
        return len(self.target.values)


def prepare_folds(
    recipe: Sequence[Step],
    setting: Setting,
    table: pd.DataFrame,
    target: Target,
    folds: Sequence[Fold],
    test: pd.DataFrame | None = None,
) -> PreparedFolds:
    """Fit the recipe inside each fold.

    Parameters
    ----------
    recipe : sequence of Step
    setting : Setting
    table : pandas.DataFrame, shape (n_rows, n_columns)
        Feature columns, and the group column where there is one.
    target : Target
    folds : sequence of Fold
    test : pandas.DataFrame, shape (n_test, n_columns), optional
    """
    return PreparedFolds(
        tuple(_prepare(recipe, setting, table, target, fold, test) for fold in folds), target
    )


def _prepare(
    recipe: Sequence[Step],
    setting: Setting,
    table: pd.DataFrame,
    target: Target,
    fold: Fold,
    test: pd.DataFrame | None,
) -> PreparedFold:
    pipeline = build_features(recipe, setting)
    learned = pipeline.fit_transform(table.iloc[fold.train], target.one_column[fold.train])
    return PreparedFold(
        fold,
        pipeline,
        learned,
        pipeline.transform(table.iloc[fold.valid]),
        None if test is None else pipeline.transform(test),
        tuple(map(str, pipeline.get_feature_names_out())),
    )
